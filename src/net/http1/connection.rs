//! An HTTP/1.1 connection: sends a request, feeds the decoder until the response is complete, and knows whether
//! another request may follow. What a server sends unasked is found before the next request and ends the connection.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::codec::{DecodeError, Decoder, Event, READ_CHUNK};
use super::head::{BodyFraming, Head};
use crate::message::Answer;
use crate::net::attempt_status::AttemptStatus;
use crate::net::failure::{self, Failure};

/// The room behind the parts of a head whose length is known: for the call's id, the content's type and length, and
/// the content, where it is as short as most.
const ROOM_FOR_MORE: usize = 512;

/// A connection that speaks HTTP/1.1. A request that is not completed leaves it unusable.
pub(in crate::net) struct Http1<S> {
    stream: S,
    /// Whether the stream keeps what it takes, as TLS does.
    is_buffered: bool,
    decoder: Decoder,
    is_reusable: bool,
}

/// A request as it is sent.
pub(in crate::net) struct Request {
    /// The head, and the content if it is short. It has the API key in it.
    head: Vec<u8>,
    content: Bytes,
}

impl Request {
    /// Returns room for a head of about so many bytes, and for what is sent with it.
    pub(in crate::net) fn head(about: usize) -> Vec<u8> {
        Vec::with_capacity(about + ROOM_FOR_MORE)
    }

    /// Makes a request of a `head` with its empty line, and its content.
    pub(in crate::net) fn new(mut head: Vec<u8>, mut content: Bytes) -> Request {
        if content.len() <= READ_CHUNK {
            head.extend_from_slice(&content);
            content = Bytes::new();
        }
        Request { head, content }
    }

    /// Returns what is left when so much of it has been sent.
    fn rest(&self, sent: usize) -> &[u8] {
        match sent.checked_sub(self.head.len()) {
            None => &self.head[sent..],
            Some(of_content) => &self.content[of_content..],
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // The key does not stay in freed memory. (zeroize writes byte by byte, a tenth of a call's instructions.)
        self.head.fill(0);
        std::hint::black_box(&mut self.head);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    pub(in crate::net) fn new(stream: S, is_buffered: bool) -> Http1<S> {
        Http1 { stream, is_buffered, decoder: Decoder::new(), is_reusable: true }
    }

    /// Returns whether the stream, as TLS does, keeps what it took and what it received.
    pub(in crate::net) fn is_buffered(&self) -> bool {
        self.is_buffered
    }

    /// Returns whether another request may be sent.
    pub(in crate::net) fn is_reusable(&self) -> bool {
        self.is_reusable
    }

    /// Lets the stream take note of what concerns no call (over TLS a ticket, a close_notify). A response that comes
    /// unasked makes the connection unusable.
    pub(in crate::net) fn poll_unsolicited(&mut self) {
        if self.poll_fill(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.is_reusable = false;
        }
    }

    /// Sends a request and reads the whole response, whose body has `max_body` bytes at most.
    pub(in crate::net) async fn round_trip(
        &mut self,
        request: &Request,
        max_body: usize,
        attempt: &AttemptStatus,
    ) -> Result<Answer, Failure> {
        self.is_reusable = false;
        self.decoder.begin(max_body);
        let (head, is_whole) = match self.send(request, attempt).await? {
            Sent::Whole => (self.read_head(attempt).await?, true),
            Sent::Part => (self.read_head(attempt).await?, false),
            Sent::Answered(head) => (head, false),
        };
        attempt.record_progress();
        let Head { mut answer, body, keep_alive } = *head;
        if let BodyFraming::Length(length) = body
            && length <= max_body as u64
        {
            // One byte more: the text that leaves through the C interface ends with a NUL.
            answer.body.reserve_exact(length as usize + 1);
        }
        self.read_body(&mut answer, max_body, attempt).await?;
        self.is_reusable = is_whole && keep_alive && self.decoder.is_drained();
        self.decoder.shrink();
        Ok(answer)
    }

    /// Hands the request over. A server may respond before it has received all of it, and receive no more then.
    async fn send(&mut self, request: &Request, attempt: &AttemptStatus) -> Result<Sent, Failure> {
        let mut sent = 0;
        poll_fn(|context| {
            loop {
                let rest = request.rest(sent);
                let step = if rest.is_empty() {
                    Pin::new(&mut self.stream).poll_flush(context).map_ok(|()| 0)
                } else {
                    if !attempt.try_send() {
                        return Poll::Ready(Err(failure::called_off()));
                    }
                    Pin::new(&mut self.stream).poll_write(context, rest)
                };
                // A stream with a buffer takes bytes, and nothing is known of what left it.
                if sent == 0 && !self.is_buffered && !matches!(step, Poll::Ready(Ok(1..))) {
                    attempt.mark_not_sent();
                }
                match step {
                    Poll::Ready(Ok(0)) if rest.is_empty() => return Poll::Ready(Ok(Sent::Whole)),
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(closed(attempt))),
                    Poll::Ready(Ok(taken)) => sent += taken,
                    // What the server sent before it closed may still be there to be read.
                    Poll::Ready(Err(_)) if attempt.may_be_sent() => return Poll::Ready(Ok(Sent::Part)),
                    // Not a byte of the request was taken.
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(failure::on_connection(&error, attempt)));
                    }
                    Poll::Pending => {
                        filled(ready!(self.poll_fill(context)), attempt)?;
                        if let Some(head) = self.decode_head()? {
                            return Poll::Ready(Ok(Sent::Answered(head)));
                        }
                    }
                }
            }
        })
        .await
    }

    async fn read_head(&mut self, attempt: &AttemptStatus) -> Result<Box<Head>, Failure> {
        loop {
            self.fill(attempt).await?;
            if let Some(head) = self.decode_head()? {
                return Ok(head);
            }
        }
    }

    fn decode_head(&mut self) -> Result<Option<Box<Head>>, Failure> {
        // No content comes before the head.
        match self.decoder.decode(&mut Vec::new()) {
            Ok(Event::Head(head)) => Ok(Some(head)),
            Ok(Event::Partial | Event::End) => Ok(None),
            Err(DecodeError::Invalid(why)) => Err(failure::not_http(&why)),
            Err(DecodeError::BodyTooLarge) => Err(failure::not_http(&"a body comes before its head")),
        }
    }

    /// Reads the body to its end.
    async fn read_body(
        &mut self,
        answer: &mut Answer,
        max_body: usize,
        attempt: &AttemptStatus,
    ) -> Result<(), Failure> {
        let status = answer.status;
        let failed = |error| match error {
            DecodeError::Invalid(why) => failure::not_http(&why),
            DecodeError::BodyTooLarge => failure::too_large(status, max_body),
        };
        loop {
            if let Event::End = self.decoder.decode(&mut answer.body).map_err(failed)? {
                return Ok(());
            }
            let received = match self.decoder.direct_limit(&answer.body) {
                Some(limit) => {
                    let body = &mut answer.body;
                    if body.capacity() - body.len() < limit {
                        body.reserve(limit);
                    }
                    let received = self.stream.read_buf(&mut (&mut *body).limit(limit)).await;
                    let received = received.map_err(|error| failure::on_connection(&error, attempt))?;
                    self.decoder.received_directly(received, &mut answer.body).map_err(failed)?;
                    received
                }
                None => {
                    let received = poll_fn(|context| self.poll_fill(context)).await;
                    received.map_err(|error| failure::on_connection(&error, attempt))?
                }
            };
            if received == 0 && !self.decoder.closed() {
                return Err(closed(attempt));
            }
            attempt.record_progress();
        }
    }

    async fn fill(&mut self, attempt: &AttemptStatus) -> Result<(), Failure> {
        filled(poll_fn(|context| self.poll_fill(context)).await, attempt)
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let buffer = self.decoder.buffer();
        let received = ready!(pin!(self.stream.read_buf(buffer)).poll(context))?;
        self.decoder.received(received);
        Poll::Ready(Ok(received))
    }
}

/// What became of a request that was to be sent.
enum Sent {
    Whole,
    /// The connection broke on the way.
    Part,
    /// The server did not wait for all of it.
    Answered(Box<Head>),
}

fn filled(received: io::Result<usize>, attempt: &AttemptStatus) -> Result<(), Failure> {
    match received {
        Ok(0) => Err(closed(attempt)),
        Ok(_) => Ok(()),
        Err(error) => Err(failure::on_connection(&error, attempt)),
    }
}

#[cold]
fn closed(attempt: &AttemptStatus) -> Failure {
    failure::lost("the server closed it", attempt)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
