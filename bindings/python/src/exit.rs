//! Shuts the clients down when the interpreter exits, and waits until no thread is inside native
//! code. `guard.rs` counts those threads and says why the exit must wait for them.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::shared::ClientShared;
use crate::{boundary, exchange_queue, guard};

/// How long the exit waits for the threads that are inside native code. Their calls are canceled,
/// so they only need the time to return.
const EXIT_GRACE: Duration = Duration::from_secs(5);

static CLIENTS: Mutex<Vec<Weak<ClientShared>>> = Mutex::new(Vec::new());

/// Registers a client, so that the exit shuts it down.
pub(crate) fn register_client(client: &Arc<ClientShared>) {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if clients.len() == clients.capacity() {
        clients.retain(|client| client.strong_count() > 0);
    }
    clients.push(Arc::downgrade(client));
}

/// Shuts all clients down. Registered with `atexit`.
#[pyfunction]
fn at_exit(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || shut_down(py))
}

fn shut_down(py: Python<'_>) -> PyResult<()> {
    guard::start_exit(py)?;
    let clients = std::mem::take(&mut *CLIENTS.lock().unwrap_or_else(PoisonError::into_inner));
    py.detach(|| {
        for client in clients.iter().filter_map(Weak::upgrade) {
            // A client that was closed before returns an error, which needs no handling.
            let _ = client.client.shutdown(Duration::ZERO);
            client.end_workers();
        }
        let started = Instant::now();
        while guard::has_active_threads() && started.elapsed() < EXIT_GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    Ok(())
}

/// Takes the lock of the queues. Registered with `os.register_at_fork`, as the next two functions.
#[pyfunction]
fn before_fork(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        exchange_queue::before_fork();
        Ok(())
    })
}

/// Releases the lock of the queues.
#[pyfunction]
fn after_fork_in_parent(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        exchange_queue::after_fork_in_parent();
        Ok(())
    })
}

/// Resets the count of active threads, and the queues.
#[pyfunction]
fn after_fork_in_child(py: Python<'_>) -> PyResult<()> {
    boundary::catch(py, || {
        guard::reset_after_fork();
        exchange_queue::after_fork_in_child();
        Ok(())
    })
}

/// Registers the exit and the fork handlers with Python.
pub(crate) fn install_handlers(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(at_exit, module)?,))?;
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
