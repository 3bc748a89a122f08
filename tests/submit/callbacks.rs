//! A callback or a notifier runs when it should, as often as it should, and what it holds is
//! dropped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Call, Client, Code, Event, Outcome};

use crate::fixture::{FRAME, Fixture};
use crate::support::{TEST_TIMEOUT, options};

#[test]
fn a_callback_runs_exactly_once_on_the_thread_that_ticks() {
    let fixture = Fixture::new("");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let callback = Box::new(move |event: Event<'_>| {
        let Event::Done(result) = event else { panic!("no news of a plain call") };
        sink.lock().unwrap().push((std::thread::current().id(), result.is_ok()));
    });
    let call = fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let mut ran = 0;
    let started = Instant::now();
    while ran == 0 && started.elapsed() < TEST_TIMEOUT {
        ran += fixture.client.tick(FRAME).unwrap();
    }
    for _ in 0..10 {
        ran += fixture.client.tick(FRAME).unwrap();
    }
    assert_eq!((ran, seen.lock().unwrap().as_slice()), (1, [(std::thread::current().id(), true)].as_slice()));
    assert!(call.try_result().unwrap().unwrap().is_ok());
}

#[test]
fn a_detached_call_lives_until_its_callback_has_run() {
    let fixture = Fixture::new(r#", "max_in_flight": 1"#);
    let count = Arc::new(AtomicUsize::new(0));
    for round in 1..=3 {
        let counter = Arc::clone(&count);
        let callback = Box::new(move |_: Event<'_>| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
        let busy = fixture.client.submit("list_games", "", &options(), None).unwrap_err();
        assert_eq!((busy.code(), busy.outcome(), busy.retryable()), (Code::BUSY, Outcome::NotSent, true));
        fixture.tick_until("the callback", || count.load(Ordering::SeqCst) == round);
    }
}

#[test]
fn a_tick_inside_a_callback_does_nothing_and_a_blocking_call_works() {
    let fixture = Fixture::new("");
    let (client, done) = (fixture.client.clone(), Arc::new(Mutex::new(None)));
    let sink = Arc::clone(&done);
    let callback = Box::new(move |_: Event<'_>| {
        let ticked = client.tick(FRAME).unwrap();
        let called = client.call("list_games", "", &options()).is_ok();
        *sink.lock().unwrap() = Some((ticked, called));
    });
    fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
    fixture.tick_until("the callback", || done.lock().unwrap().is_some());
    assert_eq!(*done.lock().unwrap(), Some((0, true)));
}

#[test]
fn a_budget_of_zero_is_at_most_one_callback() {
    let fixture = Fixture::new("");
    let calls: Vec<Call> = (0..5)
        .map(|_| {
            let callback = Box::new(|_: Event<'_>| ());
            fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap()
        })
        .collect();
    let started = Instant::now();
    let mut ran = Vec::new();
    while ran.len() < 5 && started.elapsed() < TEST_TIMEOUT {
        match fixture.client.tick(Duration::ZERO).unwrap() {
            0 => {}
            count => ran.push(count),
        }
    }
    assert_eq!(ran, [1; 5]);
    drop(calls);
}

/// Says when it is dropped, and whether a blocking call was possible there.
struct Witness {
    client: Mutex<Option<Client>>,
    dropped: Arc<Mutex<Vec<Option<Code>>>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let client = self.client.lock().unwrap().take();
        let code = client.and_then(|client| client.call("list_games", "", &options()).err());
        self.dropped.lock().unwrap().push(code.map(|error| error.code()));
    }
}

#[test]
fn what_a_callback_holds_is_dropped_outside_of_the_runtime() {
    let fixture = Fixture::new(r#", "io_thread": true"#);
    let id = &fixture.start();
    let dropped = Arc::new(Mutex::new(Vec::new()));
    for round in 0..100 {
        let client = Mutex::new(Some(fixture.client.clone()));
        let witness = Witness { client, dropped: Arc::clone(&dropped) };
        let callback = Box::new(move |_: Event<'_>| {
            let _ = &witness;
        });
        let watch = fixture.client.watch_session(id, Duration::from_millis(10), Some(callback)).unwrap();
        // The background is reading, looking and ringing meanwhile.
        std::thread::sleep(Duration::from_micros(37 * round));
        drop(watch);
    }
    assert_eq!(*dropped.lock().unwrap(), [None; 100]);
}

#[test]
fn what_the_callbacks_of_a_client_hold_is_dropped_with_it() {
    let fixture = Fixture::new("");
    let dropped = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..3 {
        let witness = Witness { client: Mutex::new(None), dropped: Arc::clone(&dropped) };
        let callback = Box::new(move |_: Event<'_>| {
            let _ = &witness;
            panic!("called back");
        });
        fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
    }
    drop(fixture.client);
    assert_eq!(dropped.lock().unwrap().len(), 3);
}

#[test]
fn a_notifier_runs_at_each_change_and_at_the_end() {
    let fixture = Fixture::new("");
    let id = &fixture.start();
    let told = Arc::new(AtomicUsize::new(0));
    let watch = fixture.client.watch_session(id, Duration::from_millis(10), None).unwrap();
    // Nothing of it is told while nobody drives, so what came before the notifier is made to come
    // first.
    fixture.tick_until("the news", || watch.poll_update().is_some());
    let count = Arc::clone(&told);
    watch.notify(Arc::new(move || _ = count.fetch_add(1, Ordering::SeqCst))).unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 0);
    assert_eq!(watch.notify(Arc::new(|| {})).unwrap_err().code(), Code::UNSUPPORTED);
    fixture.control(r#"{"command": "advance_clock", "seconds": 100000}"#);
    fixture.tick_until("the end", || told.load(Ordering::SeqCst) > 0);
    assert!(watch.try_result().unwrap().unwrap().as_ref().unwrap().json().contains("expired"));

    let late = fixture.submit("list_games", "");
    fixture.tick_until("the answer", || late.try_result().unwrap().is_some());
    let count = Arc::clone(&told);
    late.notify(Arc::new(move || _ = count.fetch_add(10, Ordering::SeqCst))).unwrap();
    assert!(told.load(Ordering::SeqCst) >= 10, "an end that came before is told at once");
}

#[test]
fn a_call_with_a_callback_takes_no_notifier() {
    let fixture = Fixture::new("");
    let call = fixture.client.submit("list_games", "", &options(), Some(Box::new(|_| {}))).unwrap();
    assert_eq!(call.notify(Arc::new(|| {})).unwrap_err().code(), Code::UNSUPPORTED);
}
