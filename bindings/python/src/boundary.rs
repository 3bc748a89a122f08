//! The boundary between Python and this module. Every function that Python calls runs its body in here:
//! the thread counts as inside native code (`exit.rs`), and a panic becomes an `InternalError`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use pyo3::prelude::*;

use crate::errors;
use crate::exit::CallGuard;

thread_local! {
    /// How many bodies this thread is running.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic of this thread happened: a file and a line.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the body of a function, unless the interpreter is ending.
pub(crate) fn enter<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let _guard = CallGuard::enter(py)?;
    catch(py, body)
}

/// Runs the body of a function that returns `late` and does nothing while the interpreter is ending.
pub(crate) fn enter_or<T>(py: Python<'_>, late: T, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let Some(_guard) = CallGuard::try_enter() else { return Ok(late) };
    catch(py, body)
}

/// Runs the body of a function that neither releases the GIL nor runs Python code.
pub(crate) fn catch<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    caught(body).unwrap_or_else(|message| Err(errors::internal(py, &message)))
}

/// Runs `body`; returns the message of its panic.
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    let _depth = Depth::enter();
    // What a body shares with others is behind locks whose sections leave it whole.
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let place = LOCATION.try_with(|place| place.take()).ok().flatten();
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        let message = format!("A defect in this library: {}{place}.", panic_message(&*panic));
        // Dropping what a panic carries may panic again.
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
struct Depth;

impl Depth {
    fn enter() -> Depth {
        DEPTH.set(DEPTH.get() + 1);
        Depth
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Drops its value so that a panic goes to `sys.unraisablehook`.
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
        // SAFETY: dropped once, here, and never used again.
        catch_in_drop(|| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}

/// Runs a part of a destructor, which has no caller to raise to: a panic goes to `sys.unraisablehook`.
pub(crate) fn catch_in_drop(body: impl FnOnce()) {
    if let Err(message) = caught(body) {
        // Without an interpreter there is no hook either.
        let _ = Python::try_attach(|py| errors::internal(py, &message).write_unraisable(py, None));
    }
}

/// Makes panics silent that become errors: those inside a body, and those on threads of this library. The hook
/// belongs to this module alone, as every module in Rust has its own.
pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_inside = DEPTH.try_with(Cell::get).is_ok_and(|depth| depth > 0);
            if is_inside {
                remember_location(info);
            } else if !std::thread::current().name().is_some_and(|name| name.starts_with("iplaygames")) {
                previous(info);
            }
        }));
    });
}

fn remember_location(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|location| {
        // The name alone: the folders are those of the machine that built this.
        let file = location.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{file}:{}", location.line())
    });
    let _ = LOCATION.try_with(|slot| slot.replace(place));
}

/// Panics, for the tests: with the GIL, or without it.
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
