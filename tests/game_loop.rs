//! Time and fairness in a loop: a slow loop times out as a fast one does, a pause costs no
//! connection, and callbacks do not wait behind traffic.

#![cfg(feature = "sandbox")]

mod support;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Call, Client, Code, Event, Outcome};
use serde_json::json;
use support::*;

/// A server that reads requests and never answers.
fn silent() -> u16 {
    serve(|mut stream| while read_request(&mut stream).is_some() {})
}

/// Longer than what counts of one gap.
const SLOW_FRAME: Duration = Duration::from_millis(120);

/// After so many slow frames a call of 300 ms has timed out: each counts 100 ms.
const FRAMES: usize = 10;

#[test]
fn a_loop_that_ticks_every_120_milliseconds_times_out() {
    let client = client_with(silent(), r#", "timeout_ms": 300, "max_retries": 0"#);
    let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
    let mut frames = 0;
    while call.try_result().unwrap().is_none() {
        client.tick(Duration::from_millis(2)).unwrap();
        std::thread::sleep(SLOW_FRAME);
        frames += 1;
        assert!(frames <= FRAMES, "no time-out after {frames} frames");
    }
    let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::Unknown), "{error}");
    assert!(frames >= 3, "of each frame only 100 ms count: {frames}");
}

#[test]
fn short_waits_with_long_gaps_between_them_time_out() {
    let client = client_with(silent(), r#", "timeout_ms": 300, "max_retries": 0"#);
    let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
    let mut waits = 0;
    let result = loop {
        if let Some(result) = call.wait(Duration::from_millis(1)).unwrap() {
            break result;
        }
        std::thread::sleep(SLOW_FRAME);
        waits += 1;
        assert!(waits <= FRAMES, "no time-out after {waits} waits");
    };
    assert_eq!(result.as_ref().unwrap_err().code(), Code::TIMEOUT);
}

#[test]
fn an_attempt_in_a_slow_loop_times_out_and_another_follows() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let port = serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            // Only the first one stays without an answer.
            if counter.fetch_add(1, Ordering::SeqCst) > 0
                && stream.write_all(&json("200 OK", ACTIVE)).is_err()
            {
                return;
            }
        }
    });
    let client = client_with(port, r#", "attempt_timeout_ms": 200"#);
    let call = client.submit("get_session_status", SESSION, &options(), None).unwrap();
    let mut frames = 0;
    while call.try_result().unwrap().is_none() {
        client.tick(Duration::from_millis(2)).unwrap();
        std::thread::sleep(SLOW_FRAME);
        frames += 1;
        assert!(frames <= 2 * FRAMES, "no second attempt after {frames} frames");
    }
    assert_eq!(call.try_result().unwrap().unwrap().as_ref().unwrap().attempts(), 2);
}

#[test]
fn a_pause_longer_than_the_connect_timeout_finds_the_connection() {
    if transport::is_native_only("its `connect_timeout_ms` goes on during a pause") {
        return;
    }
    const PAUSE: Duration = Duration::from_millis(600);
    let more = json!({"connect_timeout_ms": 200, "max_retries": 0});
    // Without TLS: one tick begins to connect.
    let (port, _received) = answering(json("200 OK", ACTIVE));
    let client = client_with(port, r#", "connect_timeout_ms": 200, "max_retries": 0"#);
    // With TLS: the handshake is under way.
    let (greets, greeted) = channel();
    let greets = Mutex::new(greets);
    let server = http2::Server::start(move |peer, _| {
        if peer.greet(&[]) {
            let _ = greets.lock().unwrap().send(());
            peer.respond_to_all(ACTIVE);
        }
    });
    let secure = server.client(more);
    let check = |client: &Client| {
        for ticks_before in [0, 1, 2, 3] {
            let call = client.submit("get_session_status", SESSION, &options(), None).unwrap();
            for _ in 0..ticks_before {
                client.tick(Duration::ZERO).unwrap();
            }
            std::thread::sleep(PAUSE);
            let started = Instant::now();
            while call.try_result().unwrap().is_none() {
                client.tick(Duration::from_millis(2)).unwrap();
                std::thread::sleep(Duration::from_millis(1));
                assert!(started.elapsed() < TEST_TIMEOUT);
            }
            let reply = call.try_result().unwrap().unwrap().as_ref().unwrap();
            assert_eq!(
                (reply.json(), reply.attempts()),
                (ACTIVE, 1),
                "{ticks_before} ticks before the pause"
            );
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| check(&client));
        scope.spawn(|| check(&secure));
    });
    greeted.recv_timeout(TEST_TIMEOUT).unwrap();
}

#[test]
fn callbacks_that_are_due_do_not_wait_behind_traffic() {
    const POLLED: usize = 200;
    const WANTED: usize = 300;
    const BUDGET: Duration = Duration::from_micros(200);
    let (_sandbox, client) = sandbox_and_client("");
    let submit = |callback| client.submit("list_games", "", &options(), callback).unwrap();
    let mut polled: Vec<Call> = (0..POLLED).map(|_| submit(None)).collect();
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut with_callback = HashMap::new();
    // When a call with a callback was first seen to have ended, in frames.
    let mut ended: HashMap<usize, usize> = HashMap::new();
    let (mut submitted, mut delivered, mut longest, started) = (0, 0, 0, Instant::now());
    for frame in 0.. {
        for _ in 0..5 {
            if with_callback.len() < 100 {
                let (sink, number) = (Arc::clone(&told), submitted);
                let callback = Box::new(move |_: Event<'_>| sink.lock().unwrap().push(number));
                with_callback.insert(number, submit(Some(callback)));
                submitted += 1;
            }
        }
        for (number, call) in &with_callback {
            if call.try_result().unwrap().is_some() {
                ended.entry(*number).or_insert(frame);
            }
        }
        client.tick(BUDGET).unwrap();
        for number in told.lock().unwrap().drain(..) {
            with_callback.remove(&number).unwrap();
            delivered += 1;
            longest = longest.max(frame - ended.remove(&number).unwrap_or(frame));
        }
        for call in &mut polled {
            if call.try_result().unwrap().is_some() {
                *call = submit(None);
            }
        }
        if delivered >= WANTED {
            break;
        }
        assert!(
            started.elapsed() < 2 * TEST_TIMEOUT,
            "{delivered} of {WANTED} callbacks after {frame} frames"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    // One at least in every tick, all of them unless the system takes the processor away meanwhile.
    assert!(longest <= 20, "a callback ran {longest} frames after its call had ended");
}
