//! The response body that hyper sends, which can be cut short or sent one byte at a time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::fault::TransportFault;
use super::faulty_stream::ConnControl;

/// The body of a response while it is sent.
pub(super) struct FaultBody {
    unsent: Bytes,
    /// The part of `Content-Length` that is not sent yet. Larger than `unsent` if the body is
    /// truncated.
    announced: u64,
    trickle: Option<Trickle>,
    /// Closes the connection after the last byte, if the fault demands it.
    control: Option<Arc<ConnControl>>,
}

struct Trickle {
    interval: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl FaultBody {
    pub(super) fn new(body: Bytes, fault: &TransportFault, control: &Arc<ConnControl>) -> FaultBody {
        let announced = body.len() as u64;
        let unsent = if fault.truncate { body.slice(..body.len() / 2) } else { body };
        let closes = fault.truncate || fault.close;
        let body = FaultBody {
            unsent,
            announced,
            trickle: fault
                .trickle
                .map(|interval| Trickle { interval, sleep: Box::pin(tokio::time::sleep(interval)) }),
            control: closes.then(|| Arc::clone(control)),
        };
        if body.is_end_stream() {
            // hyper never polls an empty body, so the connection closes after the head.
            body.close_after_flush();
        }
        body
    }

    fn close_after_flush(&self) {
        if let Some(control) = &self.control {
            control.close_after_flush();
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let Some(trickle) = &mut self.trickle else {
            return Poll::Ready(std::mem::take(&mut self.unsent));
        };
        if trickle.sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        trickle.sleep = Box::pin(tokio::time::sleep(trickle.interval));
        Poll::Ready(self.unsent.split_to(1))
    }
}

impl Body for FaultBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.unsent.is_empty() {
            if self.announced == 0 {
                return Poll::Ready(None);
            }
            // The rest of a truncated body never comes. The next flush closes the connection.
            self.close_after_flush();
            return Poll::Pending;
        }
        let Poll::Ready(chunk) = self.poll_next(cx) else { return Poll::Pending };
        self.announced -= chunk.len() as u64;
        if self.unsent.is_empty() {
            // hyper writes this chunk before it flushes, so the last chunk is sent too.
            self.close_after_flush();
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
