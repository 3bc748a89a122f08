//! A watch whose readings fail is not silent: it reports the failure, keeps its state, and goes on
//! or ends as asked.

mod support;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use iplaygames::{Call, Client, Code, Event, LogLevel, LogLine, WatchOptions};
use support::*;

/// A server whose answers fail as long as `fails`, and its client.
struct Fixture {
    client: Client,
    fails: Arc<AtomicBool>,
    readings: Arc<AtomicUsize>,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    fn new() -> Fixture {
        let (fails, readings) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (failing, count) = (Arc::clone(&fails), Arc::clone(&readings));
        let port = serve(move |mut stream| {
            while read_request(&mut stream).is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                let bytes = match failing.load(Ordering::SeqCst) {
                    true => answer("500 Internal Server Error", "", "<html>"),
                    false => json("200 OK", ACTIVE),
                };
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Fixture::at(port, fails, readings)
    }

    fn at(port: u16, fails: Arc<AtomicBool>, readings: Arc<AtomicUsize>) -> Fixture {
        let client = client_with(port, r#", "max_retries": 0"#);
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&warnings);
        let logger: iplaygames::Logger = Arc::new(move |line: &LogLine| {
            if line.level == LogLevel::Warn {
                sink.lock().unwrap().push(line.message.clone());
            }
        });
        client.set_logger(Some(logger), Some(LogLevel::Warn)).unwrap();
        Fixture { client, fails, readings, warnings }
    }

    fn watch(&self, max_failures: Option<u32>, callback: Option<iplaygames::Callback>) -> Call {
        let mut options = WatchOptions::every(Duration::from_millis(10));
        options.max_failures = max_failures;
        self.client.watch_session_with("abc123", &options, callback).unwrap()
    }

    fn tick_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            self.client.tick(Duration::from_millis(1)).unwrap();
            assert!(started.elapsed() < TEST_TIMEOUT, "{what} never came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn warnings_of(&self, watch: &Call) -> Vec<String> {
        self.client.deliver_log();
        let warnings = self.warnings.lock().unwrap();
        warnings.iter().filter(|line| line.contains(watch.id())).cloned().collect()
    }
}

#[test]
fn a_watch_that_cannot_read_reports_the_error_once_and_goes_on() {
    let fixture = Fixture::new();
    let watch = fixture.watch(None, None);
    let mut updates = Vec::new();
    fixture.tick_until("nine failed readings", || {
        updates.extend(watch.poll_update().map(|update| (update, watch.watch_state().failures)));
        watch.watch_state().failures >= 9
    });
    assert_eq!(updates.len(), 1, "{updates:?}");
    let (update, failures) = &updates[0];
    assert_eq!(update.as_ref().unwrap_err().code(), Code::SERVER);
    assert!(*failures >= 3, "{failures} readings had failed");
    assert!(watch.try_result().unwrap().is_none(), "the watch goes on");
    let state = watch.watch_state();
    assert_eq!(state.last_error.unwrap().code(), Code::SERVER);
    assert_eq!(state.last_read_at, None);
    assert!(fixture.readings.load(Ordering::SeqCst) >= 9);
    let warnings = fixture.warnings_of(&watch);
    let reported: Vec<_> = warnings.iter().filter(|line| line.contains("readings in a row")).collect();
    assert_eq!(reported.len(), 1, "{warnings:?}");
}

#[test]
fn a_watch_that_keeps_readings_returns_each_of_them() {
    let fixture = Fixture::new();
    let mut options = WatchOptions::every(Duration::from_millis(10));
    options.max_failures = Some(5);
    options.keep_readings = true;
    let watch = fixture.client.watch_session_with("abc123", &options, None).unwrap();
    fixture.tick_until("the end", || watch.try_result().unwrap().is_some());
    let readings: Vec<_> = std::iter::from_fn(|| watch.poll_reading()).collect();
    assert_eq!(readings.len(), 5, "{readings:?}");
    assert!(readings.iter().all(|reading| reading.as_ref().is_err_and(|error| error.code() == Code::SERVER)));
    assert_eq!(readings.len(), fixture.readings.load(Ordering::SeqCst));
}

#[test]
fn a_watch_whose_readings_nobody_takes_keeps_the_last_64() {
    let fixture = Fixture::new();
    let mut options = WatchOptions::every(Duration::from_millis(10));
    options.keep_readings = true;
    let watch = fixture.client.watch_session_with("abc123", &options, None).unwrap();
    fixture.tick_until("70 readings", || watch.watch_state().failures >= 70);
    assert_eq!(std::iter::from_fn(|| watch.poll_reading()).count(), 64);
    drop(watch);
    let other = fixture.watch(Some(2), None);
    fixture.tick_until("the end", || other.try_result().unwrap().is_some());
    assert!(other.poll_reading().is_none(), "readings are kept only on request");
}

#[test]
fn a_watch_of_a_server_that_is_gone_reports_that_once_and_goes_on() {
    // Bound and not listening: the port is nobody else's, and refuses.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let fixture = Fixture::at(port, Arc::default(), Arc::default());
    let watch = fixture.watch(None, None);
    let mut updates = Vec::new();
    fixture.tick_until("six failed readings", || {
        updates.extend(watch.poll_update());
        watch.watch_state().failures >= 6
    });
    let codes: Vec<Code> = updates.iter().map(|update| update.as_ref().unwrap_err().code()).collect();
    assert_eq!(codes, [Code::CONNECT]);
    assert!(watch.try_result().unwrap().is_none());
}

#[test]
fn a_watch_with_a_callback_is_told_of_failed_readings_once() {
    let fixture = Fixture::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let callback = Box::new(move |event: Event<'_>| {
        let (is_end, result) = match event {
            Event::Update(result) => (false, result),
            Event::Done(result) => (true, result),
        };
        let code = result.as_ref().map_or_else(|error| error.code(), |_| Code::OK);
        sink.lock().unwrap().push((is_end, code));
    });
    let watch = fixture.watch(Some(6), Some(callback));
    fixture.tick_until("the end", || told.lock().unwrap().iter().any(|(is_end, _)| *is_end));
    assert_eq!(*told.lock().unwrap(), [(false, Code::SERVER), (true, Code::SERVER)]);
    assert_eq!(fixture.readings.load(Ordering::SeqCst), 6);
    assert_eq!(watch.watch_state().failures, 6);
}

#[test]
fn max_failures_ends_a_watch_with_the_last_error() {
    for max in [1, 3, 5] {
        let fixture = Fixture::new();
        let watch = fixture.watch(Some(max), None);
        fixture.tick_until("the end", || watch.try_result().unwrap().is_some());
        assert_eq!(watch.try_result().unwrap().unwrap().as_ref().unwrap_err().code(), Code::SERVER);
        assert_eq!(fixture.readings.load(Ordering::SeqCst), max as usize);
        assert_eq!(watch.watch_state().failures, max);
    }
}

#[test]
fn a_reading_that_succeeds_after_failures_were_reported_is_an_update() {
    let fixture = Fixture::new();
    fixture.fails.store(false, Ordering::SeqCst);
    let before = SystemTime::now();
    let watch = fixture.watch(None, None);
    let mut updates = Vec::new();
    for (fails, what) in [(false, "the first status"), (true, "the failure"), (false, "the recovery")] {
        fixture.fails.store(fails, Ordering::SeqCst);
        let wanted = updates.len() + 1;
        fixture.tick_until(what, || {
            updates.extend(watch.poll_update().map(|update| update.map_err(|error| error.code())));
            updates.len() == wanted
        });
        let state = watch.watch_state();
        assert_eq!(state.last_error.is_some(), fails, "{what}");
        assert!(state.last_read_at.is_some_and(|at| at >= before), "{what}");
    }
    let statuses: Vec<Result<&str, Code>> = updates
        .iter()
        .map(|update| update.as_ref().map(|reply| reply.json()).map_err(|code| *code))
        .collect();
    assert_eq!(statuses, [Ok(ACTIVE), Err(Code::SERVER), Ok(ACTIVE)]);
    assert_eq!(watch.watch_state().failures, 0);
}

#[test]
fn one_or_two_failed_readings_are_no_update() {
    let fixture = Fixture::new();
    fixture.fails.store(false, Ordering::SeqCst);
    let watch = fixture.watch(None, None);
    fixture.tick_until("the first status", || watch.poll_update().is_some());
    for _ in 0..3 {
        fixture.fails.store(true, Ordering::SeqCst);
        fixture.tick_until("a failed reading", || watch.watch_state().failures >= 1);
        fixture.fails.store(false, Ordering::SeqCst);
        let failures = watch.watch_state().failures;
        fixture.tick_until("a good reading", || watch.watch_state().failures == 0);
        assert!(failures >= 3 || watch.poll_update().is_none());
    }
}
