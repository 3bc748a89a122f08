//! SIGPIPE: a socket that the other side closed raises it when written to, and a game keeps the default
//! action, which ends the process. While a thread drives, it has the signal blocked.

#[cfg(unix)]
pub(super) struct NoPipeSignal {
    /// The thread's mask from before, if the signal was not blocked in it.
    before: Option<libc::sigset_t>,
    /// Whether one was waiting before: it is the host's, and stays.
    was_waiting: bool,
}

#[cfg(unix)]
impl NoPipeSignal {
    pub(super) fn new() -> NoPipeSignal {
        // SAFETY: the sets are plain data that sigemptyset makes valid; the calls only touch this
        // thread's mask and cannot fail with these arguments.
        unsafe {
            let set = pipe_only();
            let mut before = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, &mut before);
            let was_blocked = libc::sigismember(&before, libc::SIGPIPE) == 1;
            // One that was not blocked did not wait.
            NoPipeSignal {
                before: (!was_blocked).then_some(before),
                was_waiting: was_blocked && is_waiting(),
            }
        }
    }
}

#[cfg(unix)]
impl Drop for NoPipeSignal {
    fn drop(&mut self) {
        // SAFETY: as above. If none was waiting before, one that waits now is ours, and must be gone before
        // the mask is what it was; two that wait are one, so a host's own covers ours.
        unsafe {
            if !self.was_waiting {
                drain();
            }
            if let Some(before) = self.before {
                libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
            }
        }
    }
}

/// Keeps every signal away from a thread of our own: the host's handlers run on the host's threads.
#[cfg(unix)]
pub(super) fn block_all() {
    // SAFETY: sigfillset makes the zeroed set a valid one; only this thread's mask changes.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
    }
}

#[cfg(not(unix))]
pub(super) fn block_all() {}

/// Whether the signal waits to be unblocked.
#[cfg(unix)]
unsafe fn is_waiting() -> bool {
    // SAFETY: sigpending fills the set.
    unsafe {
        let mut waiting = std::mem::zeroed();
        libc::sigpending(&mut waiting);
        libc::sigismember(&waiting, libc::SIGPIPE) == 1
    }
}

#[cfg(unix)]
unsafe fn pipe_only() -> libc::sigset_t {
    // SAFETY: sigemptyset makes the zeroed set a valid one.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGPIPE);
        set
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
unsafe fn drain() {
    // SAFETY: the set is valid, and a zero time never waits.
    unsafe {
        let set = pipe_only();
        let none: libc::timespec = std::mem::zeroed();
        while libc::sigtimedwait(&set, std::ptr::null_mut(), &none) == libc::SIGPIPE {}
    }
}

#[cfg(target_vendor = "apple")]
unsafe fn drain() {
    // SAFETY: sigwait is called only when the signal is waiting, so it does not block.
    unsafe {
        if is_waiting() {
            let mut signal = 0;
            libc::sigwait(&pipe_only(), &mut signal);
        }
    }
}

#[cfg(not(unix))]
pub(super) struct NoPipeSignal;

#[cfg(not(unix))]
impl NoPipeSignal {
    pub(super) fn new() -> NoPipeSignal {
        NoPipeSignal
    }
}
