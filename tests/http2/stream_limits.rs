//! How many streams a server allows is respected.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Client, Code, Outcome};
use serde_json::json;

use crate::fixture::{counter, start, status};
use crate::support::frames::{MAX_CONCURRENT_STREAMS, REFUSED_STREAM};
use crate::support::http2::Server;
use crate::support::{ACTIVE, STARTED, TEST_TIMEOUT};

/// Drives a client until the other side says so.
fn drive_until(client: &Client, signal: &std::sync::mpsc::Receiver<()>) {
    let started = Instant::now();
    while signal.try_recv().is_err() {
        client.drive(std::future::pending::<()>(), Duration::from_millis(5)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT, "the server never says so");
    }
}

#[test]
fn a_server_that_allows_no_stream_at_first_gets_the_call_when_it_does() {
    let (known, is_known) = channel();
    let known = Mutex::new(known);
    let (early, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (early_count, count) = (Arc::clone(&early), Arc::clone(&requests));
    let server = Server::start(move |peer, _| {
        peer.greet(&[(MAX_CONCURRENT_STREAMS, 0)]);
        peer.until_settings_are_known();
        let _ = known.lock().unwrap().send(());
        early_count.fetch_add(usize::from(peer.has_more(Duration::from_millis(300))), Ordering::SeqCst);
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        while let Some(stream) = peer.request() {
            count.fetch_add(1, Ordering::SeqCst);
            peer.respond(stream, STARTED);
        }
    });
    let client = server.client(json!({}));
    client.prewarm(TEST_TIMEOUT).unwrap();
    drive_until(&client, &is_known);
    let reply = start(&client).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (STARTED, 1));
    assert_eq!(early.load(Ordering::SeqCst), 0, "nothing is sent while no stream is allowed");
    assert_eq!((requests.load(Ordering::SeqCst), server.connections()), (1, 1));
}

#[test]
fn a_start_on_a_server_that_never_allows_a_stream_was_not_sent_and_other_connections_are_tried() {
    let server = Server::start(|peer, _| {
        peer.greet(&[(MAX_CONCURRENT_STREAMS, 0)]);
        // A request may come before the client has read the settings. It is refused, as RFC 9113
        // asks for.
        while let Some(stream) = peer.request() {
            peer.reset(stream, REFUSED_STREAM);
        }
    });
    let client = server.client(json!({"connect_timeout_ms": 300, "max_retries": 2}));
    let error = start(&client).unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 3), "{error}");
    assert!(matches!(error.code(), Code::CONNECT | Code::CONNECTION_LOST), "{error}");
    assert!(server.connections() >= 2, "{} connections", server.connections());
}

#[test]
fn calls_beyond_the_servers_limit_of_streams_wait_for_their_turn() {
    const CALLS: usize = 8;
    for limit in [1, 3] {
        let (known, is_known) = channel();
        let known = Mutex::new(known);
        let (most, most_seen) = counter();
        let server = Server::start(move |peer, _| {
            peer.greet(&[(MAX_CONCURRENT_STREAMS, limit)]);
            peer.until_settings_are_known();
            let _ = known.lock().unwrap().send(());
            let mut open = Vec::new();
            loop {
                // As many as come, before one is answered.
                while open.is_empty() || peer.has_more(Duration::from_millis(20)) {
                    let Some(stream) = peer.request() else { return };
                    open.push(stream);
                    most.fetch_max(open.len(), Ordering::SeqCst);
                }
                peer.respond(open.remove(0), ACTIVE);
            }
        });
        let client = server.client(json!({"max_retries": 0}));
        client.prewarm(TEST_TIMEOUT).unwrap();
        drive_until(&client, &is_known);
        std::thread::scope(|scope| {
            for _ in 0..CALLS {
                scope.spawn(|| assert_eq!(status(&client).unwrap().json(), ACTIVE));
            }
        });
        let most = most_seen.load(Ordering::SeqCst);
        assert!(
            (1..=limit as usize).contains(&most),
            "{most} streams were open at once, {limit} are allowed"
        );
        assert_eq!(server.connections(), 1);
    }
}
