//! The outcome of a start whose stream is refused, reset, or cut by a GOAWAY.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iplaygames::{Code, Outcome};
use serde_json::json;

use crate::fixture::{counter, start};
use crate::support::STARTED;
use crate::support::frames::{INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM};
use crate::support::http2::{Peer, Server};

/// Starts a server that does `misbehave` with the first request and answers all others as starts.
/// Returns it with its count of whole requests.
fn misbehaving(misbehave: impl Fn(&mut Peer, u32) + Send + Sync + 'static) -> (Server, Arc<AtomicUsize>) {
    let (counter, requests) = counter();
    let server = Server::start(move |peer, _| {
        if !peer.greet(&[]) {
            return;
        }
        while let Some(stream) = peer.request() {
            match counter.fetch_add(1, Ordering::SeqCst) {
                0 => misbehave(peer, stream),
                _ => peer.respond(stream, STARTED),
            }
        }
    });
    (server, requests)
}

/// The parts of a response that can come before a reset.
const PARTS: [&str; 4] = ["103", "headers", "data", "headers with an empty body to come"];

fn send_part(peer: &mut Peer, stream: u32, part: &str) {
    match part {
        "103" => peer.headers(stream, &[(":status", "103"), ("link", "</a>; rel=preload")], false),
        "headers" => peer.headers(stream, &[(":status", "201"), ("content-length", "500")], false),
        "data" => {
            peer.headers(stream, &[(":status", "201")], false);
            peer.data(stream, &STARTED.as_bytes()[..50], false);
        }
        _ => peer.headers(stream, &[(":status", "200")], false),
    }
}

#[test]
fn a_start_whose_stream_is_refused_before_any_response_is_sent_again() {
    let (server, requests) = misbehaving(|peer, stream| peer.reset(stream, REFUSED_STREAM));
    let reply = start(&server.client(json!({}))).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (STARTED, 2));
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[test]
fn a_start_whose_stream_is_refused_without_retries_was_not_sent() {
    let (server, _requests) = misbehaving(|peer, stream| peer.reset(stream, REFUSED_STREAM));
    let error = start(&server.client(json!({"max_retries": 0}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::NotSent), "{error}");
}

#[test]
fn a_start_that_is_reset_after_a_part_of_its_response_is_sent_once_and_unknown() {
    for part in PARTS {
        for reason in [REFUSED_STREAM, NO_ERROR, INTERNAL_ERROR] {
            let (server, requests) = misbehaving(move |peer, stream| {
                send_part(peer, stream, part);
                peer.reset(stream, reason);
            });
            let error = start(&server.client(json!({}))).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{part}, {reason}: {error}");
            assert_eq!((error.code(), error.attempts()), (Code::CONNECTION_LOST, 1), "{part}, {reason}");
            assert_eq!(requests.load(Ordering::SeqCst), 1, "{part}, {reason}");
        }
    }
}

#[test]
fn a_start_that_is_reset_with_another_reason_is_sent_once_and_unknown() {
    for reason in [NO_ERROR, INTERNAL_ERROR] {
        let (server, requests) = misbehaving(move |peer, stream| peer.reset(stream, reason));
        let error = start(&server.client(json!({}))).unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{reason}: {error}");
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_start_above_the_last_stream_of_a_goaway_is_sent_again_on_another_connection() {
    let (server, requests) = misbehaving(|peer, _| peer.go_away(0, NO_ERROR));
    let reply = start(&server.client(json!({}))).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (STARTED, 2));
    assert_eq!((requests.load(Ordering::SeqCst), server.connections()), (2, 2));
}

#[test]
fn a_start_that_a_goaway_cuts_after_a_part_of_its_response_is_sent_once_and_unknown() {
    for part in PARTS {
        for last_is_below in [true, false] {
            let (server, requests) = misbehaving(move |peer, stream| {
                send_part(peer, stream, part);
                peer.go_away(if last_is_below { 0 } else { stream }, NO_ERROR);
                if !last_is_below {
                    peer.close();
                }
            });
            let error = start(&server.client(json!({}))).unwrap_err();
            assert_eq!(
                (error.outcome(), error.attempts()),
                (Outcome::Unknown, 1),
                "{part}, {last_is_below}: {error}"
            );
            assert_eq!(requests.load(Ordering::SeqCst), 1, "{part}, {last_is_below}");
        }
    }
}

#[test]
fn a_start_that_a_goaway_with_an_error_cuts_is_sent_once_and_unknown() {
    for (last_is_below, reason) in [(false, NO_ERROR), (false, INTERNAL_ERROR), (true, INTERNAL_ERROR)] {
        let (server, requests) = misbehaving(move |peer, stream| {
            peer.go_away(if last_is_below { 0 } else { stream }, reason);
            peer.close();
        });
        let error = start(&server.client(json!({}))).unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{reason}: {error}");
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }
}
