//! Loads modules of this package after its import: results, exceptions, resources.
//!
//! A fork copies the import locks of Python, and a child waits for ever for a module that another
//! thread was loading. So a fork waits while a client loads results, exceptions and the module that
//! logs. It does not wait for other modules: their imports may need the lock of `logging`, which a
//! thread that forks may hold.
//!
//! A module that was loaded stays the one that is used, also if a program takes it out of
//! `sys.modules`, as tests do with `mock.patch.dict`: with two copies of a class of exceptions,
//! `except` would not catch.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule, PySet};

const PACKAGE: &str = "iplaygames_native.";

/// The thread that loads or forks, and how often it does. A lock without memory that a fork could
/// copy in the middle of a change. Only threads that hold the GIL use it.
static OWNER: AtomicUsize = AtomicUsize::new(0);
static DEPTH: AtomicUsize = AtomicUsize::new(0);

/// How long a thread waits before it looks again.
const PAUSE: Duration = Duration::from_millis(1);

/// How long a fork or a load waits at most. Then it goes on without the lock.
const LIMIT: Duration = Duration::from_secs(5);

thread_local! {
    /// Whether this thread has taken the lock for a fork.
    static FORKS: Cell<bool> = const { Cell::new(false) };
}

fn this_thread() -> usize {
    // Its address: no other thread that lives has it, and it is not zero.
    FORKS.with(|forks| std::ptr::from_ref(forks) as usize)
}

/// Takes the lock. Returns false if another thread keeps it for too long.
fn lock(py: Python<'_>) -> bool {
    let (me, until) = (this_thread(), Instant::now() + LIMIT);
    while OWNER.load(Ordering::Acquire) != me
        && OWNER.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire).is_err()
    {
        if Instant::now() > until {
            return false;
        }
        py.detach(|| std::thread::sleep(PAUSE));
    }
    DEPTH.fetch_add(1, Ordering::Relaxed);
    true
}

fn unlock() {
    if DEPTH.fetch_sub(1, Ordering::Relaxed) == 1 {
        OWNER.store(0, Ordering::Release);
    }
}

/// Waits for a load that is under way, and keeps others from beginning one. Runs before a fork, on
/// the thread that forks.
pub(crate) fn before_fork(py: Python<'_>) {
    let is_locked = lock(py);
    FORKS.with(|forks| forks.set(is_locked));
}

/// Lets modules be loaded again. Runs after a fork in the parent.
pub(crate) fn after_fork_in_parent() {
    if FORKS.with(|forks| forks.replace(false)) {
        unlock();
    }
}

/// Lets modules be loaded again. Runs after a fork in the child, which has no other threads.
pub(crate) fn after_fork_in_child() {
    if FORKS.with(|forks| forks.replace(false)) {
        unlock();
    } else {
        DEPTH.store(0, Ordering::Relaxed);
        OWNER.store(0, Ordering::Release);
    }
}

/// Runs `load_modules`, which must take no lock of Python code. A fork waits meanwhile.
pub(crate) fn under_lock(py: Python<'_>, load_modules: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
    let is_locked = lock(py);
    let loaded = load_modules();
    if is_locked {
        unlock();
    }
    loaded
}

/// Loads a module of this package, such as `_errors`, or returns it if it was loaded.
pub(crate) fn load<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    static LOADED: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let loaded = LOADED.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    for (name, module) in loaded.copy()? {
        if !modules.contains(&name)? {
            modules.set_item(name, module)?;
        }
    }
    let name = format!("{PACKAGE}{name}");
    if let Some(module) = loaded.get_item(&name)? {
        return Ok(module.cast_into::<PyModule>()?);
    }
    // What a program has put there itself is not kept.
    let before = PySet::new(py, modules.keys())?;
    let module = py.import(&name)?;
    for (name, module) in modules.copy()? {
        let is_ours = name.extract::<&str>().is_ok_and(|name| name.starts_with(PACKAGE));
        if is_ours
            && !before.contains(&name)?
            && module.is_instance_of::<PyModule>()
            && !is_initializing(&module)
        {
            loaded.set_item(name, module)?;
        }
    }
    Ok(module)
}

/// Returns whether another thread is loading the module, which may fail.
fn is_initializing(module: &Bound<'_, PyAny>) -> bool {
    let spec = module.getattr(intern!(module.py(), "__spec__"));
    spec.and_then(|spec| spec.getattr(intern!(module.py(), "_initializing"))?.is_truthy()).unwrap_or(false)
}
