//! Calls against a server that always gives the same answer.

use iplaygames::Error;

use crate::support::{START, answering, client, options};

pub const STATUS: &str = r#"{"session_id": "abc123"}"#;

/// Calls an operation against a server that always answers so, without trying again.
pub fn call(operation: &str, arguments: &str, bytes: Vec<u8>) -> Result<String, Error> {
    let (port, _received) = answering(bytes);
    let mut options = options();
    options.max_retries = Some(0);
    client(port).call(operation, arguments, &options).map(iplaygames::Reply::into_json)
}

pub fn start(bytes: Vec<u8>) -> Result<String, Error> {
    call("start_a_game_session", START, bytes)
}
