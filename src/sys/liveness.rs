//! What a look at a socket shows, on every system.

use std::io;

/// The state of an idle socket.
pub(crate) enum Liveness {
    /// Open, and no data to read.
    Idle,
    /// Open, with data to read.
    Readable,
    /// Closed or broken.
    Closed,
}

impl Liveness {
    /// Interprets the result of reading one byte without taking it.
    pub(crate) fn from_peek(read: io::Result<usize>) -> Liveness {
        match read {
            Ok(0) => Liveness::Closed,
            Ok(_) => Liveness::Readable,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Liveness::Idle,
            Err(_) => Liveness::Closed,
        }
    }
}
