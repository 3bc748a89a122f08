//! The byte stream to a server: plain TCP, TLS, or TLS in a tunnel, and the check whether a socket
//! is still open. `dial.rs` opens the streams.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::unwind::injection_point;

/// A byte stream to the server.
pub(super) enum Stream {
    Plain(Tcp),
    Tls(Box<TlsStream<Stream>>),
}

impl Stream {
    /// Returns whether the stream uses TLS with the server or with a proxy.
    pub(super) fn is_secure(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Returns whether the server has chosen HTTP/2 in the TLS handshake.
    pub(super) fn speaks_http2(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// A socket that is written to with `send` only. `writev` would raise SIGPIPE after the other side
/// has closed.
pub(super) struct Tcp(pub(super) TcpStream);

macro_rules! forward {
    ($type:ty, $this:ident => $inner:expr) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_read(context, buffer)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_write(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_flush(context)
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_shutdown(context)
            }
        }
    };
}

forward!(Tcp, this => Pin::new(&mut this.0));
forward!(Stream, this => this.inner());

impl Stream {
    fn inner(&mut self) -> Pin<&mut dyn AsyncReadWrite> {
        match self {
            Stream::Plain(tcp) => Pin::new(tcp),
            Stream::Tls(tls) => Pin::new(&mut **tls),
        }
    }
}

trait AsyncReadWrite: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> AsyncReadWrite for T {}

/// The descriptor of a socket that another object owns, to check whether data has arrived.
#[derive(Clone, Copy)]
pub(super) struct Socket {
    #[cfg(unix)]
    fd: std::os::fd::RawFd,
}

#[cfg(unix)]
impl Socket {
    pub(super) fn of(tcp: &TcpStream) -> Socket {
        Socket { fd: std::os::fd::AsRawFd::as_raw_fd(tcp) }
    }

    /// Checks the socket with one system call, without a poll of the runtime. The connection that
    /// owns the descriptor must be open.
    pub(super) fn probe(self) -> Liveness {
        let mut byte = 0u8;
        // SAFETY: the call writes at most one byte, to a local variable. An invalid descriptor is
        // an error.
        let read = unsafe {
            let place = std::ptr::from_mut(&mut byte).cast();
            libc::recv(self.fd, place, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT)
        };
        match read {
            0 => Liveness::Closed,
            1.. => Liveness::Readable,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => Liveness::Idle,
            _ => Liveness::Closed,
        }
    }
}

#[cfg(not(unix))]
impl Socket {
    pub(super) fn of(_: &TcpStream) -> Socket {
        Socket {}
    }

    pub(super) fn probe(self) -> Liveness {
        Liveness::Unknown
    }
}

/// The state of an idle socket.
#[cfg_attr(not(unix), allow(dead_code))]
pub(super) enum Liveness {
    /// Open, and no data to read.
    Idle,
    /// Open, with data to read.
    Readable,
    /// Closed or broken.
    Closed,
    /// This platform needs the runtime to check a socket.
    #[cfg(not(unix))]
    Unknown,
}
