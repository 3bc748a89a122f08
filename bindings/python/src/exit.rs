//! Shuts the clients down when the interpreter exits, and waits until no thread is inside native
//! code. `guard.rs` counts those threads and says why the exit must wait for them.
//!
//! Handlers of `atexit` run in the reverse order of their registration, so those that were
//! registered before this module was imported run after the handler of this module. They may make
//! calls. Therefore the handler only notes that the exit has begun. `atexit` drops its handlers
//! when all have run; the destructor of [`ExitHandler`] then shuts the clients down. At that time
//! the interpreter still works, and its threads can still take the GIL.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::shared::ClientShared;
use crate::{boundary, exchange_queue, guard, modules};

/// How long the exit waits for the threads that are inside native code. Their calls are canceled,
/// so they only need the time to return.
const EXIT_GRACE: Duration = Duration::from_secs(5);

/// How long the exit waits until the journals are written and closed.
const JOURNAL_GRACE: Duration = Duration::from_secs(2);

static CLIENTS: Mutex<Vec<Weak<ClientShared>>> = Mutex::new(Vec::new());

/// Registers a client, so that the exit shuts it down.
pub(crate) fn register_client(client: &Arc<ClientShared>) {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if clients.len() == clients.capacity() {
        clients.retain(|client| client.strong_count() > 0);
    }
    clients.push(Arc::downgrade(client));
}

/// Set when the handlers of `atexit` run. Without it, a program that clears its handlers could make
/// no more calls.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// The handler of `atexit`. Only `atexit` refers to it, and the collector of garbage does not know
/// it, so it is dropped as soon as `atexit` drops it.
#[pyclass(frozen, module = "iplaygames_native._core")]
struct ExitHandler;

#[pymethods]
impl ExitHandler {
    /// Notes that the exit has begun, and makes the exception for later calls.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        boundary::catch(py, || {
            guard::make_refusal(py)?;
            HAS_BEGUN.store(true, Ordering::SeqCst);
            Ok(())
        })
    }
}

impl Drop for ExitHandler {
    fn drop(&mut self) {
        if HAS_BEGUN.load(Ordering::SeqCst) {
            // Without an interpreter there is no thread to wait for.
            boundary::catch_in_drop(|| {
                let _ = Python::try_attach(shut_down);
            });
        }
    }
}

fn shut_down(py: Python<'_>) {
    guard::start_exit();
    let clients = std::mem::take(&mut *CLIENTS.lock().unwrap_or_else(PoisonError::into_inner));
    py.detach(|| {
        let clients: Vec<_> = clients.iter().filter_map(Weak::upgrade).collect();
        for client in &clients {
            // A client that was closed before returns an error, which needs no handling.
            let _ = client.client.shutdown_calls(Duration::ZERO);
            client.end_workers();
            let _ = client.close_journal(Duration::ZERO);
        }
        // One time limit for all journals: a file may be locked by another program.
        let until = Instant::now() + JOURNAL_GRACE;
        for client in &clients {
            let _ = client.close_journal(until.saturating_duration_since(Instant::now()));
        }
        let started = Instant::now();
        while guard::has_active_threads() && started.elapsed() < EXIT_GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
        guard::finish_exit();
    });
}

/// Takes the locks of the queues and of loading. Registered with `os.register_at_fork`, as the next
/// two functions.
#[pyfunction]
fn before_fork(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        modules::before_fork(py);
        exchange_queue::before_fork();
        Ok(())
    })
}

/// Releases the locks.
#[pyfunction]
fn after_fork_in_parent(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        exchange_queue::after_fork_in_parent();
        modules::after_fork_in_parent();
        Ok(())
    })
}

/// Resets the count of active threads and the queues, and releases the locks.
#[pyfunction]
fn after_fork_in_child(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        guard::reset_after_fork();
        exchange_queue::after_fork_in_child();
        modules::after_fork_in_child();
        Ok(())
    })
}

/// Registers the exit and the fork handlers with Python.
pub(crate) fn install_handlers(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?.call_method1("register", (ExitHandler.into_pyobject(py)?,))?;
    // Systems without fork have no `register_at_fork`.
    if let Ok(register) = py.import("os")?.getattr("register_at_fork") {
        let handlers = pyo3::types::PyDict::new(py);
        handlers.set_item("before", wrap_pyfunction!(before_fork, module)?)?;
        handlers.set_item("after_in_parent", wrap_pyfunction!(after_fork_in_parent, module)?)?;
        handlers.set_item("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?)?;
        register.call((), Some(&handlers))?;
    }
    Ok(())
}
