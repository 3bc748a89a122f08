//! A call whose result is not taken is not lost in silence: it is counted, and logged with its id
//! and its outcome.

mod support;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Call, Client, Code, Event, LogLevel, LogLine, Outcome};
use serde_json::Value;
use support::*;

/// A server, its client, and the log lines of that client.
struct Fixture {
    client: Client,
    received: Receiver<Received>,
    lines: Arc<Mutex<Vec<(LogLevel, String)>>>,
}

impl Fixture {
    /// The server answers a start only if `answers`.
    fn new(answers: bool, more: &str) -> Fixture {
        let (seen, received) = channel();
        let seen = Mutex::new(seen);
        let port = serve(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                let _ = seen.lock().unwrap().send(request);
                if answers && stream.write_all(&json("201 Created", STARTED)).is_err() {
                    return;
                }
            }
        });
        let client = client_with(port, more);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let logger: iplaygames::Logger = Arc::new(move |line: &LogLine| {
            sink.lock().unwrap().push((line.level, line.message.clone()));
        });
        client.set_logger(Some(logger), Some(LogLevel::Info)).unwrap();
        Fixture { client, received, lines }
    }

    fn start(&self) -> Call {
        self.client.submit("start_a_game_session", START, &options(), None).unwrap()
    }

    /// Ticks until the server has the start of that id.
    fn tick_until_received(&self, id: &str) {
        let started = Instant::now();
        loop {
            self.client.tick(Duration::from_millis(1)).unwrap();
            if let Ok(request) = self.received.try_recv() {
                assert_eq!(request.header("x-request-id"), Some(id));
                return;
            }
            assert!(started.elapsed() < TEST_TIMEOUT);
        }
    }

    fn stat(&self, name: &str) -> u64 {
        let stats: Value = serde_json::from_str(&self.client.stats_json()).unwrap();
        stats[name].as_u64().unwrap_or_else(|| panic!("{name} in {stats}"))
    }

    /// Returns the one line that says that the result of that call was not taken.
    fn line_of(&self, id: &str) -> (LogLevel, String) {
        self.client.deliver_log();
        let lines = self.lines.lock().unwrap();
        let mut of_call =
            lines.iter().filter(|(_, line)| line.contains(id) && line.contains("was not taken"));
        let line = of_call.next().unwrap_or_else(|| panic!("no line for {id} in {lines:?}")).clone();
        assert!(of_call.next().is_none(), "{lines:?}");
        line
    }

    fn has_no_line(&self) -> bool {
        self.client.deliver_log();
        !self.lines.lock().unwrap().iter().any(|(_, line)| line.contains("was not taken"))
    }
}

#[test]
fn a_start_that_is_freed_after_it_was_sent_is_logged_as_unknown() {
    let fixture = Fixture::new(false, "");
    let call = fixture.start();
    let id = call.id().to_owned();
    fixture.tick_until_received(&id);
    assert!(call.abandon());
    let (level, line) = fixture.line_of(&id);
    assert_eq!(level, LogLevel::Warn);
    assert!(line.contains("start_a_game_session") && line.contains("unknown"), "{line}");
    assert_eq!((fixture.stat("abandoned"), fixture.stat("unknown"), fixture.stat("calls")), (1, 1, 1));
}

#[test]
fn a_start_that_is_freed_before_it_was_sent_is_logged_as_not_sent() {
    let fixture = Fixture::new(false, "");
    let call = fixture.start();
    let id = call.id().to_owned();
    drop(call);
    let (level, line) = fixture.line_of(&id);
    assert_eq!(level, LogLevel::Info);
    assert!(line.contains("not_sent"), "{line}");
    assert_eq!((fixture.stat("abandoned"), fixture.stat("unknown")), (1, 0));
    for _ in 0..5 {
        fixture.client.tick(Duration::from_millis(1)).unwrap();
    }
    assert!(fixture.received.try_recv().is_err());
}

#[test]
fn a_start_that_is_freed_after_it_succeeded_is_logged_with_its_session() {
    let fixture = Fixture::new(true, "");
    let call = fixture.start();
    let id = call.id().to_owned();
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    call.notify(Arc::new(move || flag.store(true, Ordering::SeqCst))).unwrap();
    let started = Instant::now();
    while !ended.load(Ordering::SeqCst) {
        fixture.client.tick(Duration::from_millis(1)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
    drop(call);
    let (level, line) = fixture.line_of(&id);
    assert_eq!(level, LogLevel::Warn);
    assert!(line.contains("abc123"), "{line}");
    assert!(!line.contains("https://games.example"), "{line}");
    assert_eq!((fixture.stat("abandoned"), fixture.stat("succeeded"), fixture.stat("unknown")), (1, 1, 0));
}

#[test]
fn a_call_whose_result_was_taken_is_not_abandoned() {
    let fixture = Fixture::new(true, "");
    let polled = fixture.start();
    assert!(polled.wait(TEST_TIMEOUT).unwrap().unwrap().is_ok());
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let callback = Box::new(move |_: Event<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    fixture.client.submit("start_a_game_session", START, &options(), Some(callback)).unwrap().detach();
    let started = Instant::now();
    while told.load(Ordering::SeqCst) == 0 {
        fixture.client.tick(Duration::from_millis(1)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
    let canceled = fixture.start();
    canceled.cancel().unwrap();
    assert!(canceled.try_result().unwrap().unwrap().is_err());
    drop((polled, canceled));
    assert!(fixture.has_no_line());
    assert_eq!((fixture.stat("abandoned"), fixture.stat("calls")), (0, 3));
}

#[test]
fn calls_that_end_with_their_client_are_counted_and_logged_with_their_outcome() {
    let fixture = Fixture::new(false, "");
    let never = || -> iplaygames::Callback { Box::new(|_| panic!("called back")) };
    let submit =
        |callback| fixture.client.submit("start_a_game_session", START, &options(), callback).unwrap();
    let polled = submit(None);
    let with_callback = submit(Some(never()));
    let detached = submit(Some(never()));
    let ids: Vec<String> = [&polled, &with_callback, &detached].map(|call| call.id().to_owned()).to_vec();
    detached.detach();
    let (mut received, started) = (0, Instant::now());
    while received < 3 {
        fixture.client.tick(Duration::from_millis(1)).unwrap();
        received += fixture.received.try_iter().count();
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
    let unsent = submit(None);
    fixture.client.close();
    for id in &ids[1..] {
        let (level, line) = fixture.line_of(id);
        assert_eq!(level, LogLevel::Warn);
        assert!(line.contains("unknown"), "{line}");
    }
    // The host still has these, and may ask for their results.
    for (call, outcome) in [(&polled, Outcome::Unknown), (&unsent, Outcome::NotSent)] {
        let lines = fixture.lines.lock().unwrap();
        let is_logged = |line: &str| line.contains(call.id()) && line.contains(outcome.as_str());
        assert!(lines.iter().any(|(_, line)| is_logged(line)), "{lines:?}");
        let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CANCELED, outcome), "{error}");
    }
    assert_eq!((fixture.stat("calls"), fixture.stat("unknown"), fixture.stat("abandoned")), (4, 3, 2));
}

#[test]
fn a_blocking_call_that_its_client_ends_is_not_abandoned() {
    let fixture = Fixture::new(false, "");
    std::thread::scope(|scope| {
        let call = scope.spawn(|| fixture.client.call("start_a_game_session", START, &options()));
        fixture.received.recv_timeout(TEST_TIMEOUT).unwrap();
        fixture.client.close();
        let error = call.join().unwrap().unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::Unknown));
    });
    assert_eq!((fixture.stat("calls"), fixture.stat("unknown"), fixture.stat("abandoned")), (1, 1, 0));
}
