//! The end of the interpreter. A thread that takes the GIL when the interpreter is gone is ended there and
//! then (before Python 3.14), which aborts the process when it unwinds Rust. So before that the clients are
//! shut down, and it is waited until the last thread has left this crate; later calls are refused.
//!
//! From this follows what every function of this crate keeps: where it lets go of the GIL or runs code of
//! Python's, which may let go of it at any place, it has a [`CallGuard`], from its first line until its answer is
//! made; and a refusal runs no code of Python's.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::boundary;
use crate::client::Shared;

/// How long the end of the interpreter waits for the threads that are in here. What they wait for has been
/// canceled: they need the time to get there, and no more.
const EXIT_GRACE: Duration = Duration::from_secs(5);

static EXITING: AtomicBool = AtomicBool::new(false);
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// How many forks ago the process began; a thread counts only in the process that it is in.
static FORKS: AtomicUsize = AtomicUsize::new(0);
/// What a call that comes too late is told: made while Python can still make it.
static REFUSAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static CLIENTS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Guard: this thread is inside native code, where it may release the GIL.
pub(crate) struct CallGuard {
    forks: usize,
}

impl CallGuard {
    /// Comes in, unless the interpreter is ending.
    pub(crate) fn enter(py: Python<'_>) -> PyResult<CallGuard> {
        CallGuard::try_enter().ok_or_else(|| refusal(py))
    }

    /// The same for what is as well left undone then.
    pub(crate) fn try_enter() -> Option<CallGuard> {
        // Counted first and looked at second, as the end says first and counts second: one sees the other.
        let inside = CallGuard { forks: FORKS.load(Ordering::SeqCst) };
        INSIDE.fetch_add(1, Ordering::SeqCst);
        if is_exiting() { None } else { Some(inside) }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.forks == FORKS.load(Ordering::SeqCst) {
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The exception for a call that comes too late.
pub(crate) fn refusal(py: Python<'_>) -> PyErr {
    match REFUSAL.get(py) {
        Some(refusal) => PyErr::from_value(refusal.bind(py).clone()),
        None => PyRuntimeError::new_err("The interpreter is ending: no calls can be made any more."),
    }
}

pub(crate) fn is_exiting() -> bool {
    EXITING.load(Ordering::SeqCst)
}

/// Remembers a client that the end shuts down if it is still there.
pub(crate) fn remember(client: &Arc<Shared>) {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if clients.len() == clients.capacity() {
        clients.retain(|client| client.strong_count() > 0);
    }
    clients.push(Arc::downgrade(client));
}

/// Ends what is open. Registered with `atexit`.
#[pyfunction]
fn at_exit(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || shut_down(py))
}

fn shut_down(py: Python<'_>) -> PyResult<()> {
    let refusal = py.import("iplaygames_native._errors")?.call_method0("at_exit")?;
    REFUSAL.get_or_init(py, || refusal.unbind());
    EXITING.store(true, Ordering::SeqCst);
    let clients = std::mem::take(&mut *CLIENTS.lock().unwrap_or_else(PoisonError::into_inner));
    py.detach(|| {
        for client in clients.iter().filter_map(Weak::upgrade) {
            // One that was closed before says so, and is as wanted.
            let _ = client.client.shutdown(Duration::ZERO);
        }
        let began = Instant::now();
        while INSIDE.load(Ordering::SeqCst) > 0 && began.elapsed() < EXIT_GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    Ok(())
}

/// In a forked child: the threads that were in here are not here any more.
#[pyfunction]
fn after_fork(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        FORKS.fetch_add(1, Ordering::SeqCst);
        INSIDE.store(0, Ordering::SeqCst);
        Ok(())
    })
}

pub(crate) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(at_exit, module)?,))?;
    // Where there is no fork there is nothing to register.
    if let Ok(register) = py.import("os")?.getattr("register_at_fork") {
        let hooks = pyo3::types::PyDict::new(py);
        hooks.set_item("after_in_child", wrap_pyfunction!(after_fork, module)?)?;
        register.call((), Some(&hooks))?;
    }
    Ok(())
}
