//! Counts the threads that are inside native code, and refuses new calls while the interpreter
//! exits.
//!
//! Before Python 3.14 a thread that takes the GIL after the interpreter has exited is ended at
//! once. That unwinds Rust and aborts the process. Therefore `exit.rs` waits until no thread is
//! inside native code.
//!
//! Two rules follow for every function of this crate. A function that releases the GIL, or that
//! runs Python code, which may release the GIL, holds a [`CallGuard`] from its first line until its
//! result is made. The refusal of a call runs no Python code.
//!
//! Only the thread that exits gets the refusal at once. Another thread is paused, and it stays
//! paused if the interpreter ends, as in Python 3.14: a loop that calls again after each error
//! would keep the GIL from the threads that the exit waits for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors;

/// How often a paused thread looks whether the interpreter has ended.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a thread stays paused after the exit has waited. If the interpreter works then, only
/// the handlers of `atexit` were run.
const PAUSE_AFTER_WAIT: Duration = Duration::from_millis(500);

static EXITING: AtomicBool = AtomicBool::new(false);
/// The thread that exits.
static EXITING_THREAD: OnceLock<ThreadId> = OnceLock::new();
/// When the exit had waited for the other threads.
static WAITED: OnceLock<Instant> = OnceLock::new();
/// The number of threads that are inside native code.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);
/// The number of forks between the first process and this one. A guard counts only in its own
/// process.
static FORK_GENERATION: AtomicUsize = AtomicUsize::new(0);
/// The exception for a refused call. It is made while Python can still make it.
static REFUSAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Counts this thread as inside native code, where it may release the GIL.
pub(crate) struct CallGuard {
    fork_generation: usize,
}

impl CallGuard {
    /// Returns a guard.
    ///
    /// # Errors
    ///
    /// Returns a `ClosedError` if the interpreter is exiting.
    pub(crate) fn enter(py: Python<'_>) -> PyResult<CallGuard> {
        CallGuard::try_enter().ok_or_else(|| {
            pause_other_thread(py);
            exiting_error(py)
        })
    }

    /// Returns a guard, or `None` if the interpreter is exiting.
    pub(crate) fn try_enter() -> Option<CallGuard> {
        // The count is raised before the flag is read; the exit sets the flag before it reads the
        // count. So at least one of the two threads sees the other.
        let guard = CallGuard { fork_generation: FORK_GENERATION.load(Ordering::SeqCst) };
        ACTIVE.fetch_add(1, Ordering::SeqCst);
        if is_exiting() { None } else { Some(guard) }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.fork_generation == FORK_GENERATION.load(Ordering::SeqCst) {
            ACTIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Pauses this thread unless it is the one that exits. Does not return if the interpreter ends.
fn pause_other_thread(py: Python<'_>) {
    if EXITING_THREAD.get().is_none_or(|exiting| *exiting == thread::current().id()) {
        return;
    }
    py.detach(|| {
        while WAITED.get().is_none_or(|waited| waited.elapsed() <= PAUSE_AFTER_WAIT) {
            thread::sleep(PAUSE);
            // SAFETY: the function needs no GIL and reads a flag that finalization clears first.
            while unsafe { pyo3::ffi::Py_IsInitialized() } == 0 {
                thread::park();
            }
        }
    });
}

/// Returns the exception for a call that is made while the interpreter exits.
pub(crate) fn exiting_error(py: Python<'_>) -> PyErr {
    match REFUSAL.get(py) {
        Some(refusal) => {
            // The exception is shared: it must not keep the frames of the calls before.
            let error = PyErr::from_value(refusal.bind(py).clone());
            error.set_traceback(py, None);
            error.set_context(py, None);
            error
        }
        None => PyRuntimeError::new_err("The interpreter is exiting: no calls can be made any more."),
    }
}

/// Returns whether the interpreter is exiting.
pub(crate) fn is_exiting() -> bool {
    EXITING.load(Ordering::SeqCst)
}

/// Makes the exception for refused calls, unless no client was made.
///
/// # Errors
///
/// Returns the exception of Python if the exception for refused calls cannot be made.
pub(crate) fn make_refusal(py: Python<'_>) -> PyResult<()> {
    if let Some(errors) = errors::loaded_module(py) {
        let refusal = errors.call_method0(intern!(py, "interpreter_exiting_error"))?;
        REFUSAL.get_or_init(py, || refusal.unbind());
    }
    Ok(())
}

/// Refuses new calls from now on. Called by the thread that exits.
pub(crate) fn start_exit() {
    EXITING_THREAD.get_or_init(|| thread::current().id());
    EXITING.store(true, Ordering::SeqCst);
}

/// Notes that the exit has waited for the threads inside native code.
pub(crate) fn finish_exit() {
    WAITED.get_or_init(Instant::now);
}

/// Returns whether any thread is inside native code.
pub(crate) fn has_active_threads() -> bool {
    ACTIVE.load(Ordering::SeqCst) > 0
}

/// Resets the count in a forked child, which has none of the parent's other threads.
pub(crate) fn reset_after_fork() {
    FORK_GENERATION.fetch_add(1, Ordering::SeqCst);
    ACTIVE.store(0, Ordering::SeqCst);
}
