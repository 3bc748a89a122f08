//! Runs loom models. A model is a function that starts a few threads and checks their results. Loom
//! runs it once for each relevant order of the steps of these threads.
//!
//! The number of interruptions of a thread is not limited, so a model that passes is true for every
//! order of its steps. `LOOM_MAX_PREEMPTIONS` sets a bound, for a quick run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use loom::thread::JoinHandle;

/// The stack of a thread in a model, in words. The stack of the first thread of a model is small
/// and cannot be changed, so the function of the model runs on a thread with this stack.
const STACK: usize = 64 * 1024;

/// Runs a model in every order of its threads' steps, and prints how many executions that took.
///
/// # Panics
///
/// Panics if an execution panics, or if its threads deadlock.
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

/// Runs a model, as [`explore`], whose executions end in one of several cases. The model returns
/// the number of the case.
///
/// # Panics
///
/// Panics as [`explore`] does, and if no execution ends in one of the cases, because the model then
/// does not test this case.
pub(crate) fn explore_cases<const CASES: usize>(model: impl Fn() -> usize + Send + Sync + 'static) {
    let executions: Arc<[AtomicUsize; CASES]> = Arc::new([const { AtomicUsize::new(0) }; CASES]);
    let counted = Arc::clone(&executions);
    explore(move || {
        counted[model()].fetch_add(1, Ordering::Relaxed);
    });
    println!("executions that end in each case: {executions:?}");
    assert!(executions.iter().all(|count| count.load(Ordering::Relaxed) > 0), "a case was not reached");
}

/// A counter for the checks of a model. Loom explores each access, and each access reads the newest
/// value. The counter orders no other access, so that it does not hide a wrong memory order in the
/// library.
pub(crate) struct Counter(loom::sync::atomic::AtomicUsize);

impl Counter {
    pub(crate) fn new() -> Counter {
        Counter(loom::sync::atomic::AtomicUsize::new(0))
    }

    /// Adds one and returns the previous number.
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
        // A load may read an older value, so this is a read-modify-write operation.
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
