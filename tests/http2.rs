//! What HTTP/2 means for the outcome of a call: refusals, resets, GOAWAY, silent connections, limits of streams and of
//! header lists. The server is written frame by frame, and its count of requests is the judge.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Client, Code, Error, Outcome, Reply};
use serde_json::json;
use support::http2::{INTERNAL_ERROR, MAX_CONCURRENT_STREAMS, NO_ERROR, Peer, REFUSED_STREAM, Server};
use support::*;

const ACTIVE: &str = r#"{"success":true,"data":{"status":"active"}}"#;
const ENDED: &str = r#"{"success":true,"message":"Session ended"}"#;
const SESSION: &str = r#"{"session_id": "abc123"}"#;

fn start(client: &Client) -> Result<Reply, Error> {
    client.call("start_a_game_session", START, &options())
}

fn status(client: &Client) -> Result<Reply, Error> {
    client.call("get_session_status", SESSION, &options())
}

fn end(client: &Client) -> Result<Reply, Error> {
    client.call("end_a_game_session", SESSION, &options())
}

fn counter() -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (Arc::clone(&count), count)
}

/// Starts a server that does `misbehave` with the first request and answers all others as starts. Returns it with its
/// count of whole requests.
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

// Bodies that are cut.

#[test]
fn a_body_that_is_cut_is_no_response_whatever_the_reason_says() {
    const EXPORT: &str = "transactions,of,a,month\n1,2,3,4\n";
    for announces in [true, false] {
        for by_reset in [true, false] {
            let server = Server::start(move |peer, _| {
                peer.greet(&[]);
                while let Some(stream) = peer.request() {
                    let mut fields = vec![(":status", "200"), ("content-type", "text/csv")];
                    if announces {
                        fields.push(("content-length", "10000"));
                    }
                    peer.headers(stream, &fields, false);
                    peer.data(stream, &EXPORT.repeat(160).as_bytes()[..5000], false);
                    match by_reset {
                        true => peer.reset(stream, NO_ERROR),
                        false => {
                            peer.go_away(stream, NO_ERROR);
                            return;
                        }
                    }
                }
            });
            let error = status(&server.client(json!({"max_retries": 0}))).unwrap_err();
            assert_eq!(error.code(), Code::CONNECTION_LOST, "{announces}, {by_reset}: {error}");
        }
    }
}

#[test]
fn an_end_whose_empty_body_is_cut_is_no_success() {
    for announces in [true, false] {
        for by_reset in [true, false] {
            let server = Server::start(move |peer, _| {
                peer.greet(&[]);
                while let Some(stream) = peer.request() {
                    let length = ("content-length", "42");
                    let fields = [(":status", "200"), length];
                    peer.headers(stream, &fields[..1 + usize::from(announces)], false);
                    match by_reset {
                        true => peer.reset(stream, NO_ERROR),
                        false => {
                            peer.go_away(stream, NO_ERROR);
                            return;
                        }
                    }
                }
            });
            let error = end(&server.client(json!({"max_retries": 0}))).unwrap_err();
            assert_eq!(
                (error.code(), error.outcome()),
                (Code::CONNECTION_LOST, Outcome::Unknown),
                "{announces}, {by_reset}: {error}"
            );
        }
    }
}

#[test]
fn a_body_that_is_longer_or_shorter_than_announced_is_no_response() {
    for announced in ["10", "100"] {
        let server = Server::start(move |peer, _| {
            peer.greet(&[]);
            while let Some(stream) = peer.request() {
                peer.headers(stream, &[(":status", "200"), ("content-length", announced)], false);
                peer.data(stream, ENDED.as_bytes(), true);
            }
        });
        let error = end(&server.client(json!({"max_retries": 0}))).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{announced}: {error}");
    }
}

#[test]
fn a_whole_response_before_a_reset_without_error_is_a_success() {
    for announces in [true, false] {
        let server = Server::start(move |peer, _| {
            peer.greet(&[]);
            while let Some(stream) = peer.request() {
                let length = STARTED.len().to_string();
                let fields = [(":status", "201"), ("content-length", length.as_str())];
                peer.headers(stream, &fields[..1 + usize::from(announces)], false);
                peer.data(stream, STARTED.as_bytes(), true);
                peer.reset(stream, NO_ERROR);
            }
        });
        assert_eq!(start(&server.client(json!({}))).unwrap().json(), STARTED);
    }
}

// A connection that does not answer any more.

/// Starts a server whose first connection answers one request, reads one more and then neither reads nor writes.
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
        std::thread::sleep(2 * HANG);
    });
    (server, reaches)
}

#[test]
fn calls_after_an_attempt_that_timed_out_use_another_connection() {
    let (server, _reaches) = black_hole();
    let client = server.client(json!({"attempt_timeout_ms": 300}));
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
    let client = server.client(json!({"timeout_ms": 400}));
    status(&client).unwrap();
    let error = start(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::Unknown), "{error}");
    reaches.recv_timeout(HANG).unwrap();
    assert_eq!(end(&client).unwrap().attempts(), 1);
    assert_eq!(server.connections(), 2);
}

#[test]
fn all_calls_on_a_silent_connection_go_to_another_one() {
    const THREADS: usize = 6;
    let (server, _reaches) = black_hole();
    let client = server.client(json!({"attempt_timeout_ms": 300}));
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
    let client = server.client(json!({"attempt_timeout_ms": 300}));
    status(&client).unwrap();
    let calls: Vec<_> =
        (0..6).map(|_| client.submit("get_session_status", SESSION, &options(), None).unwrap()).collect();
    let started = Instant::now();
    while !calls.iter().all(|call| call.poll().unwrap().is_some()) {
        client.tick(Duration::from_millis(2)).unwrap();
        assert!(started.elapsed() < HANG);
        std::thread::sleep(Duration::from_millis(2));
    }
    for call in &calls {
        assert_eq!(call.poll().unwrap().unwrap().as_ref().unwrap().json(), ACTIVE);
    }
    assert_eq!(status(&client).unwrap().attempts(), 1);
}

// How many streams a server allows.

/// Drives a client until the other side says so.
fn drive_until(client: &Client, signal: &std::sync::mpsc::Receiver<()>) {
    let started = Instant::now();
    while signal.try_recv().is_err() {
        client.drive(std::future::pending::<()>(), Duration::from_millis(5)).unwrap();
        assert!(started.elapsed() < HANG, "the server never says so");
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
    client.prewarm(HANG).unwrap();
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
        // A request may come before the client has read the settings. It is refused, as RFC 9113 asks for.
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
        client.prewarm(HANG).unwrap();
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

// The head of a response.

/// Fields of about `bytes` in all.
fn large_fields(bytes: usize) -> Vec<(&'static str, String)> {
    (0..bytes / 1000).map(|number| ("set-cookie", format!("{number:0>950}"))).collect()
}

/// Starts a server whose answer to every second request has a head of about `bytes`; those in between are answered
/// after it. The first request warms the connection.
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
    calls.iter().map(|call| call.wait(HANG).unwrap().unwrap().clone()).collect()
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
