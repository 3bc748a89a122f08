//! What Apple's systems have and other Unix systems do not.

/// Does nothing: sockets have `SO_NOSIGPIPE`.
pub(crate) struct SigpipeGuard;

impl SigpipeGuard {
    pub(crate) fn new() -> SigpipeGuard {
        SigpipeGuard
    }
}
