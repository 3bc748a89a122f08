//! A TCP stream that can be closed after a response, in the middle of one, or with a reset. hyper
//! has no way to be told to do that, so the stream below hyper does it.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

/// Tells a [`FaultyStream`] when and how to close.
#[derive(Debug, Default)]
pub(super) struct ConnControl {
    close_after_flush: AtomicBool,
    reset_on_close: AtomicBool,
}

impl ConnControl {
    /// Makes the stream close as soon as everything that was written is sent.
    pub(super) fn close_after_flush(&self) {
        self.close_after_flush.store(true, Ordering::Relaxed);
    }

    /// Makes the stream send RST instead of FIN when it closes.
    pub(super) fn reset_on_close(&self) {
        self.reset_on_close.store(true, Ordering::Relaxed);
    }
}

/// A TCP stream with a [`ConnControl`]. Dropping the stream ends the connection, even if a forked
/// child holds a copy of the socket.
pub(super) struct FaultyStream {
    stream: TokioIo<TcpStream>,
    control: Arc<ConnControl>,
}

impl FaultyStream {
    pub(super) fn new(stream: TcpStream, control: Arc<ConnControl>) -> FaultyStream {
        FaultyStream { stream: TokioIo::new(stream), control }
    }
}

impl Read for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for FaultyStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    /// hyper calls this when it has written everything. An error makes it close the connection.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.control.close_after_flush.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        let stream = self.stream.inner();
        if self.control.reset_on_close.load(Ordering::Relaxed) {
            // Fails only if the connection has already ended.
            let _ = stream.set_zero_linger();
        } else {
            shutdown(&stream.into());
        }
    }
}

/// Shuts a socket down in both directions. Closing the descriptor does not end the connection while
/// a forked child holds a copy.
pub(super) fn shutdown(socket: &SockRef<'_>) {
    // Fails if the connection has already ended. The socket is closed next.
    let _ = socket.shutdown(Shutdown::Both);
}
