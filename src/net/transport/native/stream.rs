//! The byte stream to a server: plain TCP, TLS, or TLS in a tunnel. `dial.rs` opens the streams.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::net::unwind::injection_point;

/// A byte stream to the server.
pub(in crate::net) enum Stream {
    Plain(Tcp),
    Tls(Box<TlsStream<Stream>>),
}

impl Stream {
    /// Returns whether the stream uses TLS with the server or with a proxy.
    pub(in crate::net) fn is_secure(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Returns whether the server has chosen HTTP/2 in the TLS handshake.
    pub(in crate::net) fn speaks_http2(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// A socket that is written to with `send` only. `writev` would raise SIGPIPE after the other side
/// has closed.
pub(in crate::net) struct Tcp(pub(in crate::net) TcpStream);

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
