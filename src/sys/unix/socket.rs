//! Sockets.

#[cfg(feature = "native")]
pub(crate) use native::*;

/// Allows a listener on the port of one that has just closed.
#[cfg(feature = "sandbox")]
pub(crate) fn reuse_address(socket: &tokio::net::TcpSocket) -> std::io::Result<()> {
    socket.set_reuseaddr(true)
}

#[cfg(feature = "native")]
mod native {
    use std::io;
    use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};

    use tokio::net::{TcpSocket, TcpStream};

    use crate::sys::liveness::Liveness;

    /// Moves a socket to a descriptor above 2. A host that has closed its standard streams would
    /// otherwise write to the server.
    pub(crate) fn move_above_stdio(socket: TcpSocket) -> io::Result<TcpSocket> {
        if socket.as_raw_fd() > 2 {
            return Ok(socket);
        }
        // The clone has a number above 2.
        let moved = socket.as_fd().try_clone_to_owned()?;
        Ok(TcpSocket::from_std_stream(moved.into()))
    }

    /// The descriptor of a socket that another object owns, to check whether data has arrived.
    #[derive(Clone, Copy)]
    pub(crate) struct Socket(RawFd);

    impl Socket {
        pub(crate) fn of(tcp: &TcpStream) -> Socket {
            Socket(tcp.as_raw_fd())
        }

        /// Checks the socket with one system call, without a poll of the runtime. The connection
        /// that owns the descriptor must be open.
        #[inline]
        pub(crate) fn probe(self) -> Liveness {
            let mut byte = 0u8;
            // SAFETY: the call writes at most one byte, to a local variable. An invalid descriptor
            // is an error.
            let read = unsafe {
                let place = std::ptr::from_mut(&mut byte).cast();
                libc::recv(self.0, place, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT)
            };
            // Negative for an error.
            Liveness::from_peek(usize::try_from(read).map_err(|_| io::Error::last_os_error()))
        }
    }
}
