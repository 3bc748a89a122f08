//! Unix systems: a pair of sockets.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;

/// A pair of sockets. A byte that is written to one end makes the other end readable.
pub(crate) struct SelfPipe {
    reader: UnixStream,
    writer: UnixStream,
}

impl SelfPipe {
    pub(crate) fn new() -> std::io::Result<SelfPipe> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(SelfPipe { reader, writer })
    }

    /// Makes the descriptor readable.
    pub(crate) fn wake(&self) {
        // A write fails only if the buffer is full, and then the descriptor is readable
        // already.
        let _ = (&self.writer).write(&[1]);
    }

    /// Reads all bytes, so that the descriptor is not readable any more.
    pub(crate) fn drain(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.reader).read(&mut bytes), Ok(64)) {}
    }

    /// Returns the descriptor that an event loop watches for reading.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        Some(self.reader.as_raw_fd())
    }
}
