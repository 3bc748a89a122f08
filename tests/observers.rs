//! What observes a call (a callback, a notifier, a logger) replaces no result when it panics, and
//! stops nothing else.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Call, Client, Event, LogLevel, LogLine};
use support::*;

const BUDGET: Duration = Duration::from_millis(1);

fn start(client: &Client, callback: Option<iplaygames::Callback>) -> Call {
    client.submit("start_a_game_session", START, &options(), callback).unwrap()
}

/// Ticks until something holds; what panics inside of a tick is caught. Returns how often one did.
fn tick_until(client: &Client, mut holds: impl FnMut() -> bool) -> usize {
    let (mut panics, started) = (0, Instant::now());
    while !holds() {
        panics += usize::from(catch_unwind(AssertUnwindSafe(|| client.tick(BUDGET).unwrap())).is_err());
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
    panics
}

fn assert_started(call: &Call) {
    assert_eq!(call.try_result().unwrap().unwrap().as_ref().unwrap().json(), STARTED);
}

#[test]
fn a_callback_that_panics_runs_once_and_costs_neither_its_result_nor_other_callbacks() {
    let (port, _received) = answering(json("201 Created", STARTED));
    let client = client(port);
    let (ran, others) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&ran);
    let panics = start(
        &client,
        Some(Box::new(move |_: Event<'_>| {
            counter.fetch_add(1, Ordering::SeqCst);
            panic!("the host's own");
        })),
    );
    let counter = Arc::clone(&others);
    let other = start(
        &client,
        Some(Box::new(move |_: Event<'_>| {
            counter.fetch_add(1, Ordering::SeqCst);
        })),
    );
    let done = || ran.load(Ordering::SeqCst) == 1 && others.load(Ordering::SeqCst) == 1;
    assert_eq!(tick_until(&client, done), 1, "the panic is the host's, on the thread that ticks");
    for _ in 0..5 {
        client.tick(BUDGET).unwrap();
    }
    assert!(done());
    assert_started(&panics);
    assert_started(&other);
    client.shutdown(TEST_TIMEOUT).unwrap();
}

#[test]
fn a_notifier_that_panics_costs_neither_its_result_nor_the_client() {
    for io_thread in [false, true] {
        let (port, _received) = answering(json("201 Created", STARTED));
        let client = client_with(port, &format!(r#", "io_thread": {io_thread}, "max_in_flight": 2"#));
        for _ in 0..3 {
            let call = start(&client, None);
            let told = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&told);
            call.notify(Arc::new(move || {
                counter.fetch_add(1, Ordering::SeqCst);
                panic!("the host's own");
            }))
            .unwrap();
            assert_eq!(tick_until(&client, || call.try_result().unwrap().is_some()), 0, "{io_thread}");
            assert_started(&call);
            // The I/O thread stores the result before it calls the notifier.
            tick_until(&client, || told.load(Ordering::SeqCst) >= 1);
        }
        assert_eq!(client.call("start_a_game_session", START, &options()).unwrap().json(), STARTED);
    }
}

#[test]
fn a_notifier_that_panics_does_not_end_a_watch() {
    let statuses = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&statuses);
    let port = serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let body = format!(r#"{{"success":true,"data":{{"status":"round {number}"}}}}"#);
            if std::io::Write::write_all(&mut stream, &json("200 OK", &body)).is_err() {
                return;
            }
        }
    });
    let client = client(port);
    let watch = client.watch_session("abc123", Duration::from_millis(10), None).unwrap();
    watch.notify(Arc::new(|| panic!("the host's own"))).unwrap();
    let mut updates = 0;
    tick_until(&client, || {
        updates += usize::from(watch.poll_update().is_some());
        updates >= 5
    });
    assert!(watch.try_result().unwrap().is_none());
}

#[test]
fn a_logger_that_panics_costs_no_result_and_no_later_line() {
    let (port, _received) = answering(json("201 Created", STARTED));
    let client = client(port);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let logger: iplaygames::Logger = Arc::new(move |line: &LogLine| {
        if let Ok(mut lines) = sink.lock() {
            lines.push(line.message.clone());
        }
        panic!("the host's own");
    });
    client.set_logger(Some(logger), Some(LogLevel::Info)).unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let reply = client.call("start_a_game_session", START, &options()).unwrap();
        assert_eq!(reply.json(), STARTED);
        ids.push(reply.call_id().to_owned());
        let call = start(&client, None);
        assert!(call.wait(TEST_TIMEOUT).unwrap().unwrap().is_ok());
        ids.push(call.id().to_owned());
        client.deliver_log();
    }
    let abandoned = start(&client, None);
    ids.push(abandoned.id().to_owned());
    drop(abandoned);
    client.close();
    let lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    for id in &ids {
        assert!(lines.iter().any(|line| line.contains(id)), "{id} in {lines:?}");
    }
}
