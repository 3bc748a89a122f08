//! The handlers of `fork`.

use super::library::keep_loaded;

/// Whether a process can fork.
pub(crate) const CAN_FORK: bool = true;

/// Registers functions that run around each fork: `prepare` and `in_parent` in the process that
/// forks, `in_child` in the new one.
pub(crate) fn register_fork_handlers(
    prepare: extern "C" fn(),
    in_parent: extern "C" fn(),
    in_child: extern "C" fn(),
) {
    keep_loaded();
    // SAFETY: the handlers are functions of a library that is never unloaded from now on. If
    // registering fails for lack of memory, a child keeps its parent's number and must not use its
    // clients.
    unsafe { libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child)) };
}
