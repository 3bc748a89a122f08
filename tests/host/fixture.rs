//! Servers and calls that the tests of the host share.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use iplaygames::{Client, Error, Reply};

use crate::support::{Received, child, json, options, read_request, serve};

/// What the echo server answers for a session.
pub fn echo_of(session: &str) -> String {
    format!(r#"{{"success":true,"data":{{"status":"active","session_id":"{session}"}}}}"#)
}

pub fn session_of(request: &Received) -> String {
    request.line.split('/').nth(4).expect("a session's address").to_owned()
}

/// A server that answers with the session it was asked for, and counts its connections.
pub fn echo() -> (u16, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let port = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        while let Some(request) = read_request(&mut stream) {
            if stream.write_all(&json("200 OK", &echo_of(&session_of(&request)))).is_err() {
                return;
            }
        }
    });
    (port, connections)
}

/// A server that takes requests and never answers; what it was sent is counted down in the channel.
pub fn silent() -> (u16, std::sync::mpsc::Receiver<()>) {
    let (seen, sees) = channel();
    let port = serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            seen.send(()).unwrap();
        }
    });
    (port, sees)
}

pub fn status(client: &Client, session: &str) -> Result<Reply, Error> {
    let arguments = format!(r#"{{"session_id": "{session}"}}"#);
    client.call("get_session_status", &arguments, &options())
}

/// Asks for a session and expects the answer to that question.
pub fn ask(client: &Client, session: &str) {
    assert_eq!(status(client, session).unwrap().json(), echo_of(session));
}

/// Runs the rest of a test in a child that has an echo server outside of it. Answers the number of
/// connections the server saw, and what the child wrote.
pub fn with_echo_outside(test: &str) -> (usize, String) {
    let (port, connections) = echo();
    let wrote = child::run(test, &[("PORT", &port.to_string())]);
    (connections.load(Ordering::SeqCst), wrote)
}

pub fn port_outside() -> u16 {
    child::given("PORT").parse().unwrap()
}
