//! Calls end with their time, and tell whether they were sent.

use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use iplaygames::{Code, Outcome};

use crate::fixture::{silent, status};

use crate::support::transport::expected;
use crate::support::{START, TEST_TIMEOUT, client_with, options};

#[test]
fn a_call_that_is_never_answered_ends_with_its_time() {
    let (port, sees) = silent();
    let client = client_with(port, r#", "timeout_ms": 100"#);
    for operation in ["start_a_game_session", "get_session_status", "end_a_game_session"] {
        let arguments = if operation.starts_with("start") { START } else { r#"{"session_id": "never"}"# };
        let error = client.call(operation, arguments, &options()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::Unknown), "{error}");
        assert!(error.elapsed() < TEST_TIMEOUT);
        sees.recv_timeout(TEST_TIMEOUT).unwrap();
    }
}

#[test]
fn a_call_that_gets_no_connection_was_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A queue of one, and the one is here: the system answers no other.
    // SAFETY: the socket is open and listens already.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let _first = TcpStream::connect(address).unwrap();
    // reqwest does not report how far an attempt got that is given up.
    let given_up = expected(Outcome::NotSent, Outcome::Unknown);
    for (more, code, outcome) in [
        (r#", "timeout_ms": 100"#, Code::TIMEOUT, given_up),
        (r#", "connect_timeout_ms": 100, "max_retries": 0"#, Code::CONNECT, Outcome::NotSent),
        (r#", "connect_timeout_ms": 50, "max_retries": 1"#, Code::CONNECT, Outcome::NotSent),
    ] {
        let error = client_with(address.port(), more).call("start_a_game_session", START, &options());
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (code, outcome), "{error}");
    }
}

#[test]
fn a_call_that_waits_for_a_free_connection_was_not_sent() {
    let (port, sees) = silent();
    let client = client_with(port, r#", "max_connections": 1"#);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| status(&client, "never"));
        sees.recv_timeout(TEST_TIMEOUT).unwrap();
        let mut options = options();
        options.timeout = Some(Duration::from_millis(100));
        let error = client.call("start_a_game_session", START, &options).unwrap_err();
        assert_eq!((error.code(), error.outcome(), error.attempts()), (Code::TIMEOUT, Outcome::NotSent, 0));
        client.close();
        assert_eq!(first.join().unwrap().unwrap_err().code(), Code::CANCELED);
    });
}
