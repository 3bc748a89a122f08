//! What the other Unix systems have in place of `linux.rs` and `apple.rs`.

/// Does nothing: reqwest was not tried on these systems. A host that uses it there ignores SIGPIPE.
pub(crate) struct SigpipeGuard;

impl SigpipeGuard {
    pub(crate) fn new() -> SigpipeGuard {
        SigpipeGuard
    }
}
