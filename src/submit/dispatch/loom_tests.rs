//! Loom models of callbacks that run while other threads end, abandon and submit calls.
//!
//! A model whose name ends with "is found" runs a faulty variant of the library, and must fail.

use std::sync::Weak;

use super::*;
use crate::log::Log;
use crate::net::driver::forked_child_error;
use crate::net::in_flight::InFlightGuard;
use crate::submit::call::{CallOwner, CallShared};
use crate::submit::event::{CallResult, Callback};
use crate::sync::model::{Counter, explore, explore_cases, join, spawn};
use crate::sync::thread::yield_now;

/// The observations of the callbacks of a model.
struct Seen {
    running: Counter,
    updates: Counter,
    ends: Counter,
    is_forgotten: Counter,
    /// How often the callback was dropped, which is when the finalizer of the C interface runs.
    drops: Counter,
}

/// Records when the callback that contains it is dropped.
struct DropProbe(Arc<Seen>);

impl Drop for DropProbe {
    fn drop(&mut self) {
        self.0.drops.add();
    }
}

impl Seen {
    fn new() -> Arc<Seen> {
        Arc::new(Seen {
            running: Counter::new(),
            updates: Counter::new(),
            ends: Counter::new(),
            is_forgotten: Counter::new(),
            drops: Counter::new(),
        })
    }

    fn callback(self: &Arc<Seen>) -> Callback {
        let probe = DropProbe(Arc::clone(self));
        Box::new(move |event| {
            let seen = &probe.0;
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

    /// Records that no callback may start from now on.
    fn abandon(&self) {
        assert_eq!(self.running.get(), 0, "a callback runs that was said not to run");
        self.is_forgotten.add();
    }
}

/// The client of the calls, which is already freed.
struct NoClient;

impl CallOwner for NoClient {
    fn count(&self, _: &str, _: &CallResult, _: u32) {}
    fn count_abandoned(&self) {}
    fn abandon(&self, _: u64) -> bool {
        true
    }
    fn remove_polled(&self, _: u64) {}
    #[cfg(feature = "capi")]
    fn deliver_log(&self) {}
}

/// Creates a submitted call that is not in the registry yet.
fn submitted(registry: &CallRegistry, id: u64, callback: Callback) -> Arc<SubmittedCall> {
    let shared = CallShared::new(
        id,
        crate::operation("list_games"),
        String::new(),
        None,
        Arc::default(),
        None,
        Arc::new(Log::new()),
        Arc::clone(&registry.completions),
        true,
    );
    SubmittedCall::without_client(Weak::<NoClient>::new(), InFlightGuard::without_driver(), callback, shared)
}

/// Creates a submitted call and adds it to the registry.
fn registered_call(registry: &CallRegistry, id: u64, callback: Callback) -> Arc<SubmittedCall> {
    let submitted = submitted(registry, id, callback);
    assert!(registry.add(&submitted));
    submitted.queue_end();
    submitted
}

/// Runs callbacks as [`Client::tick`](crate::Client::tick) does.
fn tick(registry: &CallRegistry) {
    if let Some(dispatch) = DispatchGuard::begin(registry) {
        while dispatch.dispatch_one() {}
    }
}

/// Returns which of three cases happened when a call was forgotten: before its callback, after it,
/// or while it ran.
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
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        let submitted = registered_call(&registry, 1, seen.callback());
        submitted.guard.cell().cancel();
        let ticker = {
            let registry = Arc::clone(&registry);
            spawn(move || tick(&registry))
        };
        let is_complete = submitted.abandon_with(|id| registry.abandon(id));
        if is_complete {
            seen.abandon();
        }
        join(ticker);
        assert!(registry.completions.is_empty(), "a callback still counts");
        assert_eq!(seen.drops.get(), 1, "how often the callback was dropped");
        case_of(is_complete, &seen)
    });
}

#[test]
fn an_end_that_comes_while_the_call_is_forgotten_is_delivered_once_or_never() {
    explore_cases::<3>(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        let submitted = registered_call(&registry, 1, seen.callback());
        let driver = {
            let (registry, request) = (Arc::clone(&registry), Arc::clone(submitted.guard.cell()));
            spawn(move || {
                request.fail_internally("the model ends it");
                tick(&registry);
            })
        };
        let is_complete = submitted.abandon_with(|id| registry.abandon(id));
        if is_complete {
            seen.abandon();
        }
        join(driver);
        tick(&registry);
        assert!(registry.completions.is_empty(), "a callback still counts");
        assert_eq!(seen.drops.get(), 1, "how often the callback was dropped");
        case_of(is_complete, &seen)
    });
}

#[test]
#[should_panic(expected = "a callback")]
fn a_delivery_that_takes_a_call_and_marks_it_as_running_in_two_steps_is_found() {
    explore(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        let submitted = registered_call(&registry, 1, seen.callback());
        submitted.guard.cell().cancel();
        let ticker = {
            let registry = Arc::clone(&registry);
            spawn(move || {
                let _delivery = DispatchGuard::begin(&registry).expect("no other thread runs callbacks");
                if let Some(submitted) = registry.with(|table| table.with_callback.remove(&1)) {
                    registry.with(|table| table.running.push(1));
                    if let (Some(callback), Some(result)) =
                        (submitted.take_callback(), submitted.take_result())
                    {
                        callback(Event::Done(result));
                    }
                    registry.with(|table| table.running.pop());
                }
            })
        };
        if submitted.abandon_with(|id| registry.abandon(id)) {
            seen.abandon();
        }
        join(ticker);
    });
}

#[test]
fn a_client_that_ends_while_a_callback_runs_reports_it() {
    explore_cases::<2>(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        for id in 1..=2 {
            registered_call(&registry, id, seen.callback()).guard.cell().cancel();
        }
        let ticker = {
            let registry = Arc::clone(&registry);
            spawn(move || tick(&registry))
        };
        let (forgotten, is_complete) = registry.forget_all();
        if is_complete {
            seen.abandon();
        }
        join(ticker);
        assert_eq!(seen.ends.get() + forgotten.len(), 2, "a call was neither delivered nor forgotten");
        assert!(registry.completions.is_empty(), "a callback still counts");
        usize::from(is_complete)
    });
}

#[test]
fn threads_that_tick_deliver_each_end_once_and_one_at_a_time() {
    explore(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        let watch = registered_call(&registry, 1, seen.callback());
        watch.shared.update(Err(forked_child_error()));
        watch.guard.cell().cancel();
        let other = registered_call(&registry, 2, seen.callback());
        let others = [0; 2].map(|_| {
            let registry = Arc::clone(&registry);
            spawn(move || tick(&registry))
        });
        other.guard.cell().cancel();
        others.into_iter().for_each(join);
        tick(&registry);
        assert_eq!(seen.updates.get(), 1);
        assert_eq!(seen.ends.get(), 2);
        assert!(registry.completions.is_empty(), "a callback still counts");
    });
}

#[test]
#[should_panic(expected = "two callbacks run at once")]
fn deliveries_on_two_threads_are_found() {
    explore(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        for id in 1..=2 {
            registered_call(&registry, id, seen.callback()).guard.cell().cancel();
        }
        let others = [0; 2].map(|_| {
            let registry = Arc::clone(&registry);
            spawn(move || {
                DispatchGuard { registry: &registry, process: fork::generation(), nested: true }
                    .dispatch_one();
            })
        });
        others.into_iter().for_each(join);
    });
}

#[test]
fn a_call_submitted_while_the_client_shuts_down_is_refused_or_its_callback_runs_before() {
    explore_cases::<2>(|| {
        let (registry, seen) = (Arc::new(CallRegistry::new()), Seen::new());
        let submitted = submitted(&registry, 1, seen.callback());
        let submitter = {
            let (registry, submitted) = (Arc::clone(&registry), Arc::clone(&submitted));
            spawn(move || {
                if registry.add(&submitted) {
                    submitted.queue_end();
                    return true;
                }
                submitted.abandon_with(|id| registry.abandon(id));
                false
            })
        };
        // As `Client::shutdown` does, whose driver cancels the call.
        registry.close();
        submitted.guard.cell().cancel();
        while !DispatchGuard::begin_or_join(&registry).is_some_and(|dispatch| dispatch.dispatch_all()) {
            yield_now();
        }
        let ends = seen.ends.get();
        seen.abandon();
        let is_accepted = join(submitter);
        assert_eq!(ends, usize::from(is_accepted), "ends that were delivered before the shutdown returned");
        assert!(registry.completions.is_empty(), "a callback still counts");
        usize::from(is_accepted)
    });
}
