//! What Linux and Android have and other systems do not.

/// Blocks SIGPIPE on the current thread until it is dropped, and consumes the signal if a write
/// has raised it. The mask and the pending signals are then what they were before.
///
/// Keeps SIGPIPE from the host while reqwest writes. reqwest writes to sockets with `writev`,
/// which raises the signal after the other side has closed the connection. The native transport
/// does not, and needs none of this.
pub(crate) struct SigpipeGuard {
    previous: Option<libc::sigset_t>,
}

impl SigpipeGuard {
    pub(crate) fn new() -> SigpipeGuard {
        let mut previous = set_of_sigpipe();
        // A signal that is pending already is the host's, and a further one changes nothing.
        let previous = (!is_pending()).then(|| {
            // SAFETY: both sets are valid; only the mask of this thread changes.
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set_of_sigpipe(), &mut previous) };
            previous
        });
        SigpipeGuard { previous }
    }
}

impl Drop for SigpipeGuard {
    fn drop(&mut self) {
        let Some(previous) = &self.previous else { return };
        // SAFETY: the sets and the time are valid. The wait takes a pending signal and returns at
        // once.
        unsafe {
            if is_pending() {
                let now = std::mem::zeroed();
                libc::sigtimedwait(&set_of_sigpipe(), std::ptr::null_mut(), &now);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, previous, std::ptr::null_mut());
        }
    }
}

fn set_of_sigpipe() -> libc::sigset_t {
    // SAFETY: sigemptyset makes the zeroed set a valid one.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGPIPE);
        set
    }
}

fn is_pending() -> bool {
    let mut pending = set_of_sigpipe();
    // SAFETY: the set is valid and is overwritten.
    unsafe { libc::sigpending(&mut pending) == 0 && libc::sigismember(&pending, libc::SIGPIPE) == 1 }
}
