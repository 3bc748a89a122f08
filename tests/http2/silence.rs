//! A connection that does not answer any more is not used again.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use iplaygames::{Code, Outcome};
use serde_json::json;

use crate::fixture::{end, start, status};
use crate::support::http2::Server;
use crate::support::{ACTIVE, SESSION, TEST_TIMEOUT, options};

/// Starts a server whose first connection answers one request, reads one more and then neither
/// reads nor writes.
fn black_hole() -> (Server, std::sync::mpsc::Receiver<()>) {
    let (reached, reaches) = channel();
    let reached = Mutex::new(reached);
    let server = Server::start(move |peer, number| {
        peer.greet(&[]);
        if number > 1 {
            return peer.respond_to_all(ACTIVE);
        }
        let stream = peer.request().unwrap();
        peer.respond(stream, ACTIVE);
        peer.request();
        let _ = reached.lock().unwrap().send(());
        std::thread::sleep(2 * TEST_TIMEOUT);
    });
    (server, reaches)
}

#[test]
fn calls_after_an_attempt_that_timed_out_use_another_connection() {
    let (server, _reaches) = black_hole();
    let client = server.client(json!({"attempt_timeout_ms": 1000}));
    assert_eq!(status(&client).unwrap().attempts(), 1);
    assert_eq!(status(&client).unwrap().attempts(), 2, "the connection fell silent below this call");
    for _ in 0..5 {
        assert_eq!(status(&client).unwrap().attempts(), 1);
    }
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_start_that_timed_out_costs_the_next_start_nothing() {
    let (server, reaches) = black_hole();
    let client = server.client(json!({"timeout_ms": 1000}));
    status(&client).unwrap();
    let error = start(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::Unknown), "{error}");
    reaches.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(end(&client).unwrap().attempts(), 1);
    assert_eq!(server.connections(), 2);
}

#[test]
fn all_calls_on_a_silent_connection_go_to_another_one() {
    const THREADS: usize = 6;
    let (server, _reaches) = black_hole();
    let client = server.client(json!({"attempt_timeout_ms": 1000}));
    status(&client).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| assert_eq!(status(&client).unwrap().json(), ACTIVE));
        }
    });
    assert_eq!(status(&client).unwrap().attempts(), 1);
}

#[test]
fn submitted_calls_on_a_silent_connection_go_to_another_one() {
    let (server, _reaches) = black_hole();
    let client = server.client(json!({"attempt_timeout_ms": 1000}));
    status(&client).unwrap();
    let calls: Vec<_> =
        (0..6).map(|_| client.submit("get_session_status", SESSION, &options(), None).unwrap()).collect();
    let started = Instant::now();
    while !calls.iter().all(|call| call.try_result().unwrap().is_some()) {
        client.tick(Duration::from_millis(2)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT);
        std::thread::sleep(Duration::from_millis(2));
    }
    for call in &calls {
        assert_eq!(call.try_result().unwrap().unwrap().as_ref().unwrap().json(), ACTIVE);
    }
    assert_eq!(status(&client).unwrap().attempts(), 1);
}

#[test]
fn after_a_suspension_no_request_goes_out_on_the_connection_from_before() {
    let (server, _reaches) = black_hole();
    let client = server.client(json!({}));
    status(&client).unwrap();
    client.suspend().unwrap();
    assert_eq!(status(&client).unwrap_err().code(), Code::BUSY);
    client.resume().unwrap();
    assert_eq!(end(&client).unwrap().attempts(), 1);
    assert_eq!(server.connections(), 2);
}
