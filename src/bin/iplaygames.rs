//! The program `iplaygames`. Its code is in `iplaygames::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(unix)]
    closed_stdout::restore();
    ExitCode::from(iplaygames::cli::run(std::env::args_os().skip(1)))
}

/// Before `main`, Rust's runtime opens /dev/null in the place of a closed standard output. The tool
/// would print a result there and report success. So a function that runs earlier looks whether
/// standard output is open.
#[cfg(unix)]
mod closed_stdout {
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
    pub(super) fn restore() {
        if WAS_CLOSED.load(Ordering::Relaxed) {
            // SAFETY: the descriptor is that of the runtime, which does not use it.
            unsafe { libc::close(libc::STDOUT_FILENO) };
        }
    }
}
