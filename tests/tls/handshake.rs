//! A connection whose TLS handshake fails is an error, and nothing is sent on it.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use iplaygames::{Code, Config, Outcome};
use serde_json::json;

use crate::fixture::{at, status};
use crate::support::transport::expected;
use crate::support::{TEST_TIMEOUT, answer, serve};

#[test]
fn a_server_that_answers_in_plain_http_is_a_tls_error_and_learns_nothing() {
    let (seen, bytes) = channel();
    let port = serve(move |mut stream| {
        let mut hello = vec![0; 4096];
        let length = stream.read(&mut hello).unwrap();
        hello.truncate(length);
        let _ = stream.write_all(&answer("400 Bad Request", "", "This is not a TLS port."));
        // What comes after the answer, until the client has gone.
        let _ = stream.read_to_end(&mut hello);
        let _ = seen.send(hello);
    });
    let client = at(port, json!({}));
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!(error.attempts(), 1);
    let bytes = bytes.recv_timeout(TEST_TIMEOUT).unwrap();
    // A TLS handshake record, and no word of the request.
    assert_eq!(bytes[0], 22);
    let text = String::from_utf8_lossy(&bytes);
    for word in ["test-key", "abc123", "game-sessions"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_is_no_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let port = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        let _ = stream.read(&mut [0; 4096]);
    });
    let error = status(&at(port, json!({"max_retries": 1}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
    // It may be a server that is just restarting: asked again, unlike one that is not trusted.
    assert_eq!((error.attempts(), connections.load(Ordering::SeqCst)), (2, 2));
}

#[test]
fn a_server_that_never_answers_the_handshake_is_no_connection() {
    let port = serve(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = status(&at(port, json!({"max_retries": 0, "connect_timeout_ms": 100}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
    let error = status(&at(port, json!({"max_retries": 0, "timeout_ms": 100}))).unwrap_err();
    // reqwest does not report how far an attempt got that is given up. On a busy machine the time
    // may be over before the attempt begins.
    let outcomes = expected(&[Outcome::NotSent][..], &[Outcome::NotSent, Outcome::Unknown]);
    assert_eq!(error.code(), Code::TIMEOUT, "{error}");
    assert!(outcomes.contains(&error.outcome()), "{error}");
}

#[test]
fn plain_http_to_another_machine_is_refused_before_there_is_a_client() {
    for base_url in ["http://api.iplaygames.ai", "http://192.0.2.1", "http://127.0.0.1.example.com"] {
        let config = json!({"api_key": "test-key-123", "base_url": base_url});
        let error = Config::from_json(&config.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/base_url")));
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}
