//! Handles panics inside the library: they become errors (`net/unwind.rs`, `ffi/boundary.rs`), and
//! nothing is printed.
//!
//! The hook is installed by the C interface only. There it belongs to this library's own copy of
//! Rust's standard library. A Rust host shares its copy with this crate, and its hook stays as it
//! is.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    // const, and without a destructor to register: it must work while the thread ends.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Marks the thread as inside or outside of the library until the guard is dropped.
pub(crate) struct InsideGuard(u32);

impl InsideGuard {
    /// Marks the thread as inside the library.
    pub(crate) fn enter() -> InsideGuard {
        InsideGuard::set(DEPTH.try_with(Cell::get).unwrap_or(0) + 1)
    }

    /// Marks the thread as outside of the library, because it calls the host.
    #[cfg(feature = "capi")]
    pub(crate) fn leave() -> InsideGuard {
        InsideGuard::set(0)
    }

    fn set(depth: u32) -> InsideGuard {
        InsideGuard(DEPTH.try_with(|current| current.replace(depth)).unwrap_or(0))
    }

    /// Marks a thread of the library as inside for its whole lifetime.
    pub(crate) fn enter_permanently() {
        std::mem::forget(InsideGuard::enter());
    }
}

impl Drop for InsideGuard {
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|current| current.set(self.0));
    }
}

/// Installs a panic hook that prints nothing for a panic inside the library. Other panics go to the
/// previous hook.
#[cfg(feature = "capi")]
pub(crate) fn silence() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
                previous(info);
            }
        }));
    });
}

/// Runs a function. A panic becomes an error with the panic message.
pub(crate) fn run<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic_message(&*panic).to_owned();
        // The drop of a panic payload may panic again.
        std::mem::forget(panic);
        message
    })
}

/// Returns the text of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&'static str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "the panic has no message",
    }
}
