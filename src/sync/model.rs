//! Runs models. A model is a function that starts a few threads and checks what came of them; loom runs it once for
//! each order of their steps that matters.
//!
//! No bound limits how often a thread is interrupted, so a model that passes holds for every order of its steps.
//! `LOOM_MAX_PREEMPTIONS` sets a bound, for a quick run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use loom::thread::JoinHandle;

/// The stack of a thread in a model, in words. That of the model's first thread cannot be set and is small, so a
/// thread of this size runs the model's function.
const STACK: usize = 64 * 1024;

/// Runs a model in every order of its threads' steps, and prints how many executions that took.
///
/// # Panics
///
/// Panics where an execution panics, or ends with threads that wait for each other.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let executions = Arc::new(AtomicUsize::new(0));
    let (model, counted) = (Arc::new(model), Arc::clone(&executions));
    loom::model(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let model = Arc::clone(&model);
        join(spawn(move || model()));
    });
    println!("{name}: {} executions", executions.load(Ordering::Relaxed));
}

/// Runs a model, as [`explore`], whose executions end in one of several cases. The model returns the number of the case.
///
/// # Panics
///
/// Panics as [`explore`], and if no execution ends in one of the cases: the model does not show what it should.
pub(crate) fn explore_cases<const CASES: usize>(model: impl Fn() -> usize + Send + Sync + 'static) {
    let executions: Arc<[AtomicUsize; CASES]> = Arc::new([const { AtomicUsize::new(0) }; CASES]);
    let counted = Arc::clone(&executions);
    explore(move || {
        counted[model()].fetch_add(1, Ordering::Relaxed);
    });
    println!("executions that end in each case: {executions:?}");
    assert!(executions.iter().all(|count| count.load(Ordering::Relaxed) > 0), "a case was not reached");
}

/// A number that a model keeps for its checks. Loom explores each access, which reads the newest value. It orders
/// nothing else, so that it does not hide a wrong memory order of the product code.
pub(crate) struct Counter(loom::sync::atomic::AtomicUsize);

impl Counter {
    pub(crate) fn new() -> Counter {
        Counter(loom::sync::atomic::AtomicUsize::new(0))
    }

    /// Adds one and returns the number before.
    #[track_caller]
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Subtracts one.
    #[track_caller]
    pub(crate) fn subtract(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    #[track_caller]
    pub(crate) fn get(&self) -> usize {
        // Not a load, which may read an older value.
        self.0.fetch_add(0, Ordering::Relaxed)
    }
}

/// Starts a thread of a model, of which a model may have three.
pub(crate) fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    loom::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread of a model always starts")
}

/// Waits for a thread of a model and returns its result.
pub(crate) fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("loom ends the model where a thread panics")
}
