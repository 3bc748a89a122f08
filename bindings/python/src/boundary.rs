//! The boundary between Python and this module. Every function that Python calls runs its body in
//! [`enter`], [`enter_or`] or [`catch`]: the thread counts as inside native code (`guard.rs`), and
//! a panic becomes an `InternalError`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use pyo3::prelude::*;

use crate::errors;
use crate::guard::CallGuard;

thread_local! {
    /// The number of bodies that this thread is running.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The file and line of this thread's last panic.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the body of a function.
///
/// # Errors
///
/// Returns the error of the body, an `InternalError` if the body panics, and a `ClosedError` if the
/// interpreter is exiting.
pub(crate) fn enter<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let _guard = CallGuard::enter(py)?;
    catch(py, body)
}

/// Runs the body of a function; returns `default` without running it if the interpreter is exiting.
pub(crate) fn enter_or<T>(py: Python<'_>, default: T, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let Some(_guard) = CallGuard::try_enter() else { return Ok(default) };
    catch(py, body)
}

/// Runs the body of a function that neither releases the GIL nor runs Python code.
pub(crate) fn catch<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_panic(body).unwrap_or_else(|message| Err(errors::internal_error(py, &message)))
}

/// Runs `body`; returns the message of its panic as the error.
fn catch_panic<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    let _depth = DepthGuard::enter();
    // State that threads share is behind locks, and no section that holds a lock can leave it
    // inconsistent.
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let location = LOCATION.try_with(|location| location.take()).ok().flatten();
        let location = location.map_or_else(String::new, |location| format!(" ({location})"));
        let message = format!("A defect in this library: {}{location}.", panic_message(&*panic));
        // Dropping the payload of a panic may panic again.
        std::mem::forget(panic);
        message
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&'static str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "a panic without a message",
    }
}

/// Counts a body while it runs.
struct DepthGuard;

impl DepthGuard {
    fn enter() -> DepthGuard {
        DEPTH.set(DEPTH.get() + 1);
        DepthGuard
    }
}

impl Drop for DepthGuard {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Owns a value. A panic of the value's destructor goes to `sys.unraisablehook`.
pub(crate) struct CatchDrop<T>(ManuallyDrop<T>);

impl<T> CatchDrop<T> {
    pub(crate) fn new(value: T) -> CatchDrop<T> {
        CatchDrop(ManuallyDrop::new(value))
    }
}

impl<T> Deref for CatchDrop<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for CatchDrop<T> {
    fn drop(&mut self) {
        // SAFETY: the value is dropped once, here, and is not used after that.
        catch_in_drop(|| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}

/// Runs a part of a destructor. A destructor cannot raise, so a panic goes to `sys.unraisablehook`.
pub(crate) fn catch_in_drop(body: impl FnOnce()) {
    if let Err(message) = catch_panic(body) {
        // Without an interpreter there is no hook.
        let _ = Python::try_attach(|py| errors::internal_error(py, &message).write_unraisable(py, None));
    }
}

/// Installs a panic hook that prints nothing for panics that become errors: panics in a body, and
/// panics on the library's own threads. Other extension modules written in Rust have hooks of their
/// own.
pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_inside = DEPTH.try_with(Cell::get).is_ok_and(|depth| depth > 0);
            if is_inside {
                save_location(info);
            } else if !std::thread::current().name().is_some_and(|name| name.starts_with("iplaygames")) {
                previous(info);
            }
        }));
    });
}

fn save_location(info: &PanicHookInfo<'_>) {
    let location = info.location().map(|location| {
        // Only the file name: the directories are those of the machine that built this module.
        let file = location.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{file}:{}", location.line())
    });
    let _ = LOCATION.try_with(|slot| slot.replace(location));
}

/// Panics, for the tests, with or without the GIL.
#[cfg(feature = "test-hooks")]
#[pyfunction]
#[pyo3(name = "_panic_for_tests")]
pub(crate) fn panic_for_tests(py: Python<'_>, message: String, detached: bool) -> PyResult<()> {
    enter(py, || if detached { py.detach(|| panic!("{message}")) } else { panic!("{message}") })
}

/// Returns an object whose destructor panics, for the tests.
#[cfg(feature = "test-hooks")]
#[pyfunction]
#[pyo3(name = "_panic_in_drop_for_tests")]
pub(crate) fn panic_in_drop_for_tests(py: Python<'_>) -> PyResult<PanicInDrop> {
    enter(py, || Ok(PanicInDrop { _value: CatchDrop::new(Panicking) }))
}

#[cfg(feature = "test-hooks")]
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct PanicInDrop {
    _value: CatchDrop<Panicking>,
}

#[cfg(feature = "test-hooks")]
struct Panicking;

#[cfg(feature = "test-hooks")]
impl Drop for Panicking {
    fn drop(&mut self) {
        panic!("dropped");
    }
}
