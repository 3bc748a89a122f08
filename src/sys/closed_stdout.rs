//! Notices that standard output was closed when the program started. A module of the program
//! `iplaygames`, not of the library.
//!
//! Before `main`, Rust's runtime opens /dev/null in the place of a closed standard output. The tool
//! would print a result there and report success. So a function that runs earlier looks whether
//! standard output is open. Windows has no such replacement.

#[cfg(unix)]
pub(crate) use unix::restore;

/// Closes standard output again if it was closed.
#[cfg(not(unix))]
pub(crate) fn restore() {}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, Ordering};

    static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

    #[used]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static BEFORE_MAIN: extern "C" fn() = record;

    extern "C" fn record() {
        // SAFETY: the call has no pointers and changes nothing.
        let is_closed = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) == -1 };
        WAS_CLOSED.store(is_closed, Ordering::Relaxed);
    }

    /// Closes standard output again if it was closed.
    pub(crate) fn restore() {
        if WAS_CLOSED.load(Ordering::Relaxed) {
            // SAFETY: the descriptor is that of the runtime, which does not use it.
            unsafe { libc::close(libc::STDOUT_FILENO) };
        }
    }
}
