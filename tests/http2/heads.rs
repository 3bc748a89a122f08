//! Heads of responses have a limit, which one call alone feels.

use iplaygames::{Client, Code, Error, Outcome, Reply};
use serde_json::json;

use crate::fixture::{start, status};
use crate::support::http2::Server;
use crate::support::{ACTIVE, SESSION, TEST_TIMEOUT, options};

/// Fields of about `bytes` in all.
fn large_fields(bytes: usize) -> Vec<(&'static str, String)> {
    (0..bytes / 1000).map(|number| ("set-cookie", format!("{number:0>950}"))).collect()
}

/// Starts a server whose answer to every second request has a head of about `bytes`; those in
/// between are answered after it. The first request warms the connection.
fn large_heads(bytes: usize, status: &'static str) -> Server {
    Server::start(move |peer, _| {
        peer.greet(&[]);
        let fields = large_fields(bytes);
        let Some(stream) = peer.request() else { return };
        peer.respond(stream, ACTIVE);
        loop {
            let (Some(large), Some(beside)) = (peer.request(), peer.request()) else { return };
            let mut head = vec![(":status", status)];
            head.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
            peer.headers(large, &head, false);
            match status {
                "200" => peer.data(large, ACTIVE.as_bytes(), true),
                _ => peer.respond(large, ACTIVE),
            }
            peer.respond(beside, ACTIVE);
        }
    })
}

/// Makes two calls at the same time; the server gives one of them the large head.
fn two_calls(client: &Client) -> Vec<Result<Reply, Error>> {
    let calls = [(); 2].map(|()| client.submit("get_session_status", SESSION, &options(), None).unwrap());
    calls.iter().map(|call| call.wait(TEST_TIMEOUT).unwrap().unwrap().clone()).collect()
}

/// Makes two calls at the same time, twice on one connection.
fn beside_a_large_head(server: &Server) -> Vec<Result<Reply, Error>> {
    let client = server.client(json!({"max_retries": 0}));
    status(&client).unwrap();
    let mut results = two_calls(&client);
    results.extend(two_calls(&client));
    assert_eq!(server.connections(), 1, "{results:?}");
    results
}

#[test]
fn heads_of_up_to_64_kilobytes_are_read() {
    for bytes in [17_000, 40_000, 60_000] {
        for result in beside_a_large_head(&large_heads(bytes, "200")) {
            assert_eq!(result.unwrap().json(), ACTIVE, "{bytes}");
        }
    }
}

#[test]
fn a_longer_head_fails_its_own_call_and_no_other() {
    for bytes in [70_000, 200_000, 500_000] {
        for status in ["200", "103"] {
            for pair in beside_a_large_head(&large_heads(bytes, status)).chunks(2) {
                let failed: Vec<&Error> = pair.iter().filter_map(|result| result.as_ref().err()).collect();
                assert_eq!(failed.len(), 1, "{bytes}, {status}: {pair:?}");
                assert_eq!(failed[0].code(), Code::BAD_RESPONSE, "{bytes}, {status}: {}", failed[0]);
            }
        }
    }
}

#[test]
fn a_server_that_sends_interim_responses_without_end_does_not_keep_the_call() {
    let server = Server::start(|peer, _| {
        peer.greet(&[]);
        let Some(stream) = peer.request() else { return };
        while peer.is_open() {
            peer.headers(stream, &[(":status", "103"), ("link", "</a>; rel=preload")], false);
        }
    });
    let error = start(&server.client(json!({}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn a_server_that_sends_empty_frames_without_end_does_not_keep_the_call_beyond_its_time() {
    let server = Server::start(|peer, _| {
        peer.greet(&[]);
        let Some(stream) = peer.request() else { return };
        peer.headers(stream, &[(":status", "200")], false);
        while peer.is_open() {
            peer.data(stream, b"", false);
        }
    });
    let error = start(&server.client(json!({"timeout_ms": 500}))).unwrap_err();
    // h2 may end the connection before the time is up.
    assert!(matches!(error.code(), Code::TIMEOUT | Code::CONNECTION_LOST), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
}
