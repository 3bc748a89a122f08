//! Models of callbacks that are delivered while other threads end, forget and submit calls.
//!
//! A model named "… is found" runs a faulty variant of the product code, and must fail.

use super::super::*;
use super::*;
use crate::sync::model::{Counter, explore, explore_cases, join, spawn};
use crate::sync::thread::yield_now;

/// What the callbacks of a model saw.
struct Seen {
    running: Counter,
    updates: Counter,
    ends: Counter,
    is_forgotten: Counter,
}

impl Seen {
    fn new() -> Arc<Seen> {
        Arc::new(Seen {
            running: Counter::new(),
            updates: Counter::new(),
            ends: Counter::new(),
            is_forgotten: Counter::new(),
        })
    }

    fn callback(self: &Arc<Seen>) -> Callback {
        let seen = Arc::clone(self);
        Box::new(move |event| {
            assert_eq!(seen.is_forgotten.get(), 0, "a callback began after its call was forgotten");
            assert_eq!(seen.running.add(), 0, "two callbacks run at once");
            match event {
                Event::Update(_) => seen.updates.add(),
                Event::Done(_) => seen.ends.add(),
            };
            assert_eq!(seen.is_forgotten.get(), 0, "a callback runs that was said not to run");
            seen.running.subtract();
        })
    }

    /// Records that no callback may run from here on.
    fn forget(&self) {
        assert_eq!(self.running.get(), 0, "a callback runs that was said not to run");
        self.is_forgotten.add();
    }
}

/// Makes a submitted call, which is not on the board yet.
fn flight(flights: &Flights, id: u64, callback: Callback) -> Arc<Flight> {
    let track = Track {
        id,
        process: fork::generation(),
        operation: crate::operation("list_games").expect("the API has this operation"),
        call_id: String::new(),
        echo: None,
        secrets: Arc::default(),
        log: Arc::new(Log::new()),
        bell: Arc::clone(&flights.bell),
        has_callback: true,
        untold: AtomicBool::new(true),
        updates: Lock::new(UpdateQueue::default()),
        notify: OnceLock::new(),
    };
    Arc::new(Flight {
        core: Weak::new(),
        enrolled: Enrolled::without_reactor(),
        callback: Some(callback),
        result: OnceLock::new(),
        is_heard: AtomicBool::new(false),
        track: Arc::new(track),
    })
}

/// Makes the same, on the board.
fn flight_on_board(flights: &Flights, id: u64, callback: Callback) -> Arc<Flight> {
    let flight = flight(flights, id, callback);
    assert!(flights.add(&flight));
    flight.queue_end();
    flight
}

/// Delivers as [`Client::tick`] does.
fn tick(flights: &Flights) {
    if let Some(delivery) = Delivery::begin(flights) {
        while delivery.deliver_one() {}
    }
}

/// Returns in which of three cases a call was forgotten: before its callback, after it, or while it ran.
fn case_of(is_complete: bool, seen: &Seen) -> usize {
    match (is_complete, seen.ends.get()) {
        (true, 0) => 0,
        (true, 1) => 1,
        (false, 1) => 2,
        other => panic!("whether forgetting was complete, and how many ends were delivered: {other:?}"),
    }
}

#[test]
fn the_callback_of_a_forgotten_call_never_begins_and_one_that_runs_is_reported() {
    explore_cases::<3>(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        let flight = flight_on_board(&flights, 1, seen.callback());
        flight.enrolled.request().cancel();
        let ticker = {
            let flights = Arc::clone(&flights);
            spawn(move || tick(&flights))
        };
        let is_complete = flight.forget_on(Some(&flights));
        if is_complete {
            seen.forget();
        }
        join(ticker);
        assert_eq!(flights.bell.active.load(Ordering::Relaxed), 0, "callbacks that count as active");
        case_of(is_complete, &seen)
    });
}

#[test]
fn an_end_that_comes_while_the_call_is_forgotten_is_delivered_once_or_never() {
    explore_cases::<3>(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        let flight = flight_on_board(&flights, 1, seen.callback());
        let driver = {
            let (flights, request) = (Arc::clone(&flights), Arc::clone(flight.enrolled.request()));
            spawn(move || {
                request.fail_internally("the model ends it");
                tick(&flights);
            })
        };
        let is_complete = flight.forget_on(Some(&flights));
        if is_complete {
            seen.forget();
        }
        join(driver);
        tick(&flights);
        assert_eq!(flights.bell.active.load(Ordering::Relaxed), 0, "callbacks that count as active");
        case_of(is_complete, &seen)
    });
}

#[test]
#[should_panic(expected = "a callback")]
fn a_delivery_that_takes_a_call_and_marks_it_as_running_in_two_steps_is_found() {
    explore(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        let flight = flight_on_board(&flights, 1, seen.callback());
        flight.enrolled.request().cancel();
        let ticker = {
            let flights = Arc::clone(&flights);
            spawn(move || {
                let _delivery = Delivery::begin(&flights).expect("nobody else delivers");
                if let Some(flight) = flights.with(|board| board.with_callback.remove(&1)) {
                    flights.with(|board| board.running.push(1));
                    if let (Some(callback), Some(result)) = (&flight.callback, flight.take_result()) {
                        callback(Event::Done(result));
                    }
                    flights.with(|board| board.running.pop());
                }
            })
        };
        if flight.forget_on(Some(&flights)) {
            seen.forget();
        }
        join(ticker);
    });
}

#[test]
fn a_client_that_ends_while_a_callback_runs_reports_it() {
    explore_cases::<2>(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        for id in 1..=2 {
            flight_on_board(&flights, id, seen.callback()).enrolled.request().cancel();
        }
        let ticker = {
            let flights = Arc::clone(&flights);
            spawn(move || tick(&flights))
        };
        let (forgotten, is_complete) = flights.forget_all();
        if is_complete {
            seen.forget();
        }
        join(ticker);
        assert_eq!(seen.ends.get() + forgotten.len(), 2, "a call was neither delivered nor forgotten");
        assert_eq!(flights.bell.active.load(Ordering::Relaxed), 0, "callbacks that count as active");
        usize::from(is_complete)
    });
}

#[test]
fn threads_that_tick_deliver_each_end_once_and_one_at_a_time() {
    explore(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        let watch = flight_on_board(&flights, 1, seen.callback());
        watch.track.update(Err(of_parent()));
        watch.enrolled.request().cancel();
        let other = flight_on_board(&flights, 2, seen.callback());
        let others = [0; 2].map(|_| {
            let flights = Arc::clone(&flights);
            spawn(move || tick(&flights))
        });
        other.enrolled.request().cancel();
        others.into_iter().for_each(join);
        tick(&flights);
        assert_eq!(seen.updates.get(), 1);
        assert_eq!(seen.ends.get(), 2);
        assert_eq!(flights.bell.active.load(Ordering::Relaxed), 0, "callbacks that count as active");
    });
}

#[test]
#[should_panic(expected = "two callbacks run at once")]
fn deliveries_on_two_threads_are_found() {
    explore(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        for id in 1..=2 {
            flight_on_board(&flights, id, seen.callback()).enrolled.request().cancel();
        }
        let others = [0; 2].map(|_| {
            let flights = Arc::clone(&flights);
            spawn(move || {
                Delivery { flights: &flights, process: fork::generation(), nested: true }.deliver_one();
            })
        });
        others.into_iter().for_each(join);
    });
}

#[test]
fn a_call_submitted_while_the_client_shuts_down_is_refused_or_its_callback_runs_before() {
    explore_cases::<2>(|| {
        let (flights, seen) = (Arc::new(Flights::new()), Seen::new());
        let flight = flight(&flights, 1, seen.callback());
        let submitter = {
            let (flights, flight) = (Arc::clone(&flights), Arc::clone(&flight));
            spawn(move || {
                if flights.add(&flight) {
                    flight.queue_end();
                    return true;
                }
                flight.forget_on(Some(&flights));
                false
            })
        };
        // As `Client::shutdown` does, whose driver cancels the call.
        flights.shut();
        flight.enrolled.request().cancel();
        while !Delivery::begin_or_join(&flights).is_some_and(|delivery| delivery.deliver_all()) {
            yield_now();
        }
        let ends = seen.ends.get();
        seen.forget();
        let is_accepted = join(submitter);
        assert_eq!(ends, usize::from(is_accepted), "ends that were delivered before the shutdown returned");
        assert_eq!(flights.bell.active.load(Ordering::Relaxed), 0, "callbacks that count as active");
        usize::from(is_accepted)
    });
}
