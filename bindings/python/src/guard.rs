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

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

static EXITING: AtomicBool = AtomicBool::new(false);
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
        CallGuard::try_enter().ok_or_else(|| exiting_error(py))
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

/// Returns the exception for a call that is made while the interpreter exits.
pub(crate) fn exiting_error(py: Python<'_>) -> PyErr {
    match REFUSAL.get(py) {
        Some(refusal) => PyErr::from_value(refusal.bind(py).clone()),
        None => PyRuntimeError::new_err("The interpreter is exiting: no calls can be made any more."),
    }
}

/// Returns whether the interpreter is exiting.
pub(crate) fn is_exiting() -> bool {
    EXITING.load(Ordering::SeqCst)
}

/// Refuses new calls from now on.
///
/// # Errors
///
/// Returns the exception of Python if the exception for refused calls cannot be made.
pub(crate) fn start_exit(py: Python<'_>) -> PyResult<()> {
    let refusal = py.import("iplaygames_native._errors")?.call_method0("interpreter_exiting_error")?;
    REFUSAL.get_or_init(py, || refusal.unbind());
    EXITING.store(true, Ordering::SeqCst);
    Ok(())
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
