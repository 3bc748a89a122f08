//! Signals are the host's, and so are its handlers. SIGPIPE needs no care here: see `dial::Tcp`.

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
