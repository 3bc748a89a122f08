//! Windows: event loops watch no descriptors.

/// Has no descriptor on this system: a thread waits for the mailbox instead.
pub(crate) struct SelfPipe;

impl SelfPipe {
    pub(crate) fn new() -> std::io::Result<SelfPipe> {
        Ok(SelfPipe)
    }

    pub(crate) fn wake(&self) {}

    pub(crate) fn drain(&self) {}

    pub(crate) fn descriptor(&self) -> Option<i32> {
        None
    }
}
