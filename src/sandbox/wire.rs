//! Where bytes leave: a connection that can be cut behind an answer or in the middle of one, and a body
//! that says when. HTTP has no words for that, so the server's own library cannot be told.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::fault::Delivery;

/// What the answering side can tell the connection under it.
#[derive(Debug, Default)]
pub(super) struct Switch {
    cut: AtomicBool,
    reset: AtomicBool,
}

impl Switch {
    /// Close as soon as all that was written so far is sent.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// When closing, send RST instead of FIN.
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

/// A TCP connection with a [`Switch`]. It ends when it is dropped, in forked children too.
pub(super) struct Wire {
    stream: TokioIo<TcpStream>,
    switch: Arc<Switch>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, switch: Arc<Switch>) -> Wire {
        Wire { stream: TokioIo::new(stream), switch }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    /// Called when nothing is left to write: the moment to cut.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.cut.load(Ordering::Relaxed) {
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

impl Drop for Wire {
    fn drop(&mut self) {
        let stream = self.stream.inner();
        if self.switch.reset.load(Ordering::Relaxed) {
            // Fails only on a connection that is gone already.
            let _ = stream.set_zero_linger();
        } else {
            hang_up(stream);
        }
    }
}

/// Ends a socket for good. Closing does not while a forked child still holds its copy.
#[cfg(unix)]
pub(super) fn hang_up(socket: &impl std::os::fd::AsRawFd) {
    // SAFETY: the borrowed socket is open; whatever shutdown answers, it is about to be closed.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
}

#[cfg(not(unix))]
pub(super) fn hang_up<T>(_socket: &T) {}

/// An answer's body on its way out.
pub(super) struct Payload {
    /// What is still to be sent.
    left: Bytes,
    /// What `Content-Length` says of that: more than `left` in a truncated answer.
    promised: u64,
    drip: Option<Drip>,
    /// Told to cut when the last byte is out.
    switch: Option<Arc<Switch>>,
}

struct Drip {
    every: Duration,
    pause: Pin<Box<Sleep>>,
}

impl Payload {
    pub(super) fn new(body: Bytes, delivery: &Delivery, switch: &Arc<Switch>) -> Payload {
        let left = if delivery.truncate { body.slice(..body.len() / 2) } else { body.clone() };
        let cuts = delivery.truncate || delivery.close;
        let payload = Payload {
            left,
            promised: body.len() as u64,
            drip: delivery.drip.map(|every| Drip { every, pause: Box::pin(tokio::time::sleep(every)) }),
            switch: cuts.then(|| Arc::clone(switch)),
        };
        if payload.is_end_stream() {
            // An empty body is never asked for its bytes: the head is all, and is written next.
            payload.cut();
        }
        payload
    }

    fn cut(&self) {
        if let Some(switch) = &self.switch {
            switch.cut();
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let Some(drip) = &mut self.drip else { return Poll::Ready(std::mem::take(&mut self.left)) };
        if drip.pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        drip.pause = Box::pin(tokio::time::sleep(drip.every));
        Poll::Ready(self.left.split_to(1))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            if self.promised == 0 {
                return Poll::Ready(None);
            }
            // Truncated: the rest never comes. The flush that follows cuts the connection.
            self.cut();
            return Poll::Pending;
        }
        let Poll::Ready(piece) = self.next(cx) else { return Poll::Pending };
        self.promised -= piece.len() as u64;
        if self.left.is_empty() {
            // This piece is taken over before anything is flushed.
            self.cut();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.promised == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
