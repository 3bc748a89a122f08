//! Secure connections that break or were closed by the server.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use iplaygames::{Code, Outcome};
use serde_json::json;

use crate::fixture::at;
use crate::support::tls::{Authority, secure};
use crate::support::{START, STARTED, TEST_TIMEOUT, close_and_deliver, json, options, read_request, serve};

#[test]
fn a_tls_error_in_the_middle_of_a_response_is_a_lost_connection() {
    let authority = Authority::new("Test CA");
    let config = authority.certify("127.0.0.1").config(&["http/1.1"]);
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let status = r#"{"success": true, "data": {"session_id": "abc123", "status": "active"}}"#;
    let port = serve(move |stream| {
        let mut stream = secure(&config, stream);
        while let Some(request) = read_request(&mut stream) {
            let start = request.line.contains("/start ");
            if counter.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) || start {
                // Half a response, and then a record that cannot be decrypted.
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").unwrap();
                stream.flush().unwrap();
                stream.sock.write_all(&[23, 3, 3, 0, 32]).unwrap();
                stream.sock.write_all(&[7; 32]).unwrap();
                let _ = stream.sock.read_to_end(&mut Vec::new());
                return;
            }
            stream.write_all(&json("200 OK", status)).unwrap();
        }
    });
    let client = at(port, json!({"ca_pem": authority.pem(), "ca_only": true}));
    for operation in ["get_session_status", "end_a_game_session"] {
        let reply = client.call(operation, r#"{"session_id": "abc123"}"#, &options()).unwrap();
        assert_eq!(reply.attempts(), 2, "{operation}");
    }
    let before = requests.load(Ordering::SeqCst);
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), before + 1);
}

#[test]
fn a_start_on_a_secure_connection_that_was_closed_goes_out_once_on_a_new_one() {
    for (farewell, io_thread) in [(true, false), (false, false), (true, true), (false, true)] {
        let authority = Authority::new("Test CA");
        let config = authority.certify("127.0.0.1").config(&["http/1.1"]);
        let started = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&started);
        let (closed, is_closed) = channel();
        let port = serve(move |stream| {
            // One answer a connection, and no word in it that the connection will be closed.
            let mut stream = secure(&config, stream);
            if read_request(&mut stream).is_some() {
                counter.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&json("201 Created", STARTED)).unwrap();
                if farewell {
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                }
                close_and_deliver(stream.sock);
                closed.send(()).unwrap();
            }
        });
        let given = json!({"ca_pem": authority.pem(), "ca_only": true, "io_thread": io_thread});
        let client = at(port, given);
        for round in 1..=50 {
            let reply = client.call("start_a_game_session", START, &options()).unwrap();
            assert_eq!(reply.attempts(), 1, "{round}, {farewell}, {io_thread}");
            is_closed.recv_timeout(TEST_TIMEOUT).unwrap();
        }
        assert_eq!(started.load(Ordering::SeqCst), 50);
    }
}
