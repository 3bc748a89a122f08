//! Blocks signals on the threads of the library, because signals and their handlers belong to the
//! host. `dial::Tcp` avoids SIGPIPE.

/// Blocks all signals on the current thread of the library, so that handlers of the host run on
/// threads of the host.
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
