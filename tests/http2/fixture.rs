//! Calls and counters that the tests of HTTP/2 share.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use iplaygames::{Client, Error, Reply};

use crate::support::{SESSION, START, options};

pub const ENDED: &str = r#"{"success":true,"message":"Session ended"}"#;

pub fn start(client: &Client) -> Result<Reply, Error> {
    client.call("start_a_game_session", START, &options())
}

pub fn status(client: &Client) -> Result<Reply, Error> {
    client.call("get_session_status", SESSION, &options())
}

pub fn end(client: &Client) -> Result<Reply, Error> {
    client.call("end_a_game_session", SESSION, &options())
}

pub fn counter() -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (Arc::clone(&count), count)
}
