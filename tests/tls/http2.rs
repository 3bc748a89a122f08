//! Calls share an HTTP/2 connection, and none fails when the server closes it between calls.

use iplaygames::Client;
use serde_json::{Value, json};

use crate::fixture::{at, status};
use crate::http2_server::{Http2, Leave};
use crate::support::length::rounds;
use crate::support::tls::Authority;
use crate::support::transport::is_native_only;
use crate::support::{ACTIVE, SESSION, START, STARTED, options};

const ONLY_HTTP1: &str = "it speaks HTTP/1.1 only";

fn http2(together: usize, more: Value) -> (Http2, Client) {
    let authority = Authority::new("Test CA");
    let server = Http2::new(&authority.certify("127.0.0.1"), together);
    let mut given = json!({"ca_pem": authority.pem(), "ca_only": true});
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let client = at(server.port, given);
    (server, client)
}

#[test]
fn a_session_starts_is_checked_and_ends_over_http2() {
    if is_native_only(ONLY_HTTP1) {
        return;
    }
    let (server, client) = http2(1, json!({}));
    assert_eq!(client.call("start_a_game_session", START, &options()).unwrap().json(), STARTED);
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(client.call("end_a_game_session", SESSION, &options()).unwrap().json(), ACTIVE);
    assert_eq!(server.connections(), 1);
}

#[test]
fn calls_of_many_threads_share_one_http2_connection() {
    if is_native_only(ONLY_HTTP1) {
        return;
    }
    const THREADS: usize = 8;
    // They are answered only when all of them are there, and `max_connections` is no limit to
    // streams.
    let (server, client) = http2(THREADS, json!({"max_connections": 1}));
    status(&client).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let reply =
                    client.call("get_session_status", r#"{"session_id": "together"}"#, &options()).unwrap();
                assert_eq!((reply.json(), reply.attempts()), (ACTIVE, 1));
            });
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_first_calls_of_many_threads_share_one_http2_connection_too() {
    if is_native_only(ONLY_HTTP1) {
        return;
    }
    const THREADS: usize = 8;
    let (server, client) = http2(THREADS, json!({"max_connections": 1}));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let reply =
                    client.call("get_session_status", r#"{"session_id": "together"}"#, &options()).unwrap();
                assert_eq!(reply.json(), ACTIVE);
            });
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_goaway_between_calls_fails_no_call() {
    if is_native_only(ONLY_HTTP1) {
        return;
    }
    for how in [Leave::Close, Leave::Announce] {
        let (server, client) = http2(1, json!({}));
        for round in 1..=rounds(30, 8) {
            // A start is never repeated once it may have been done: so it must not go out in vain.
            // An announcement leaves the first one the right to go where it was; the second knows
            // better.
            for _ in 0..2 {
                let reply = client.call("start_a_game_session", START, &options());
                assert_eq!(reply.unwrap().json(), STARTED, "{how:?}, round {round}");
            }
            assert_eq!(server.connections(), round, "{how:?}");
            server.leave(how);
        }
    }
}

#[test]
fn a_stream_the_server_refused_was_not_done_and_goes_again() {
    if is_native_only(ONLY_HTTP1) {
        return;
    }
    let (_server, client) = http2(1, json!({}));
    // A call that is never repeated once it may have been done.
    let arguments = r#"{"id": "refused"}"#;
    let reply = client.call("opt_in_operator_to_a_platformnetwork_promotion", arguments, &options()).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (ACTIVE, 2));
}
