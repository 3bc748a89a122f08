//! Blocks signals on the threads of the library, because signals and their handlers belong to the
//! host.

/// Blocks all signals on the current thread of the library, so that handlers of the host run on
/// threads of the host.
pub(crate) fn block_all_signals() {
    // SAFETY: sigfillset makes the zeroed set a valid one; only this thread's mask changes.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
    }
}

/// Blocks SIGPIPE on this thread, so that a closed connection does not end a program that does not
/// handle the signal.
#[cfg(feature = "sandbox")]
pub(crate) fn block_sigpipe() {
    // SAFETY: the set is initialised before it is used, and only the mask of this thread changes.
    unsafe {
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &signals, std::ptr::null_mut());
    }
}
