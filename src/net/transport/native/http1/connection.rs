//! One HTTP/1.1 connection: sends a request, receives its response and decides whether another
//! request may follow. Maps errors of the stream and of the decoders to the failures of an attempt.
//! Decodes nothing itself; see `codec.rs`. `pool.rs` keeps the connections.
//!
//! A response is read to its end and not beyond. Bytes that a server sends without a request are
//! found before the next request is sent, and end the connection.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::codec::{BodyDecoder, DecodeError, HeadDecoder, Need};
use super::head::{BodyFraming, Head};
use super::input::{InputBuffer, READ_CHUNK};
use crate::http_types::{Response, SharedBodySink};
use crate::net::attempt_status::AttemptStatus;
use crate::net::transport_error::{self, TransportError};

/// Spare capacity for the parts of a request whose length is unknown when the head is allocated:
/// the call id, the content type and length, and a small content.
const SPARE_FOR_REQUEST: usize = 512;

/// An HTTP/1.1 connection. It is not reusable after a round trip that failed or was dropped.
pub(in crate::net) struct Http1<S> {
    stream: S,
    is_buffered: bool,
    input: InputBuffer,
    is_reusable: bool,
}

/// A request in the format of HTTP/1.1.
pub(in crate::net) struct EncodedRequest {
    /// The head, and the content if it is small enough to be copied into the same write.
    head: Vec<u8>,
    content: Bytes,
    keeps_headers: bool,
    /// Where the body of a successful response goes.
    sink: Option<SharedBodySink>,
}

impl EncodedRequest {
    /// Returns an empty vector with capacity for a head of about `length` bytes and a small
    /// content.
    pub(in crate::net) fn head(length: usize) -> Vec<u8> {
        Vec::with_capacity(length + SPARE_FOR_REQUEST)
    }

    /// Returns the request with this head, which ends with an empty line, and this content.
    pub(in crate::net) fn new(mut head: Vec<u8>, mut content: Bytes) -> EncodedRequest {
        if content.len() <= READ_CHUNK {
            head.extend_from_slice(&content);
            content = Bytes::new();
        }
        EncodedRequest { head, content, keeps_headers: false, sink: None }
    }

    /// Sets whether the response keeps its headers.
    pub(in crate::net) fn keeping_headers(mut self, keeps_headers: bool) -> EncodedRequest {
        self.keeps_headers = keeps_headers;
        self
    }

    /// Sets where the body of a successful response goes.
    pub(in crate::net) fn with_sink(mut self, sink: Option<SharedBodySink>) -> EncodedRequest {
        self.sink = sink;
        self
    }

    /// Returns the bytes to write next after `sent` bytes.
    fn rest(&self, sent: usize) -> &[u8] {
        match sent.checked_sub(self.head.len()) {
            None => &self.head[sent..],
            Some(sent_of_content) => &self.content[sent_of_content..],
        }
    }
}

impl Drop for EncodedRequest {
    fn drop(&mut self) {
        // The API key must not stay in freed memory. `zeroize` is not used: it writes byte by byte,
        // which is a tenth of the instructions of a call.
        self.head.fill(0);
        std::hint::black_box(&mut self.head);
    }
}

/// The result of sending a request.
enum Sent {
    Complete,
    /// The connection closed before the complete request was sent.
    Partial,
    /// The server responded before the complete request was sent.
    Responded(Box<Head>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    /// Returns a connection on a new stream. `is_buffered` says whether the stream buffers data
    /// itself, as TLS does. It is then unknown how many of the accepted bytes were sent.
    pub(in crate::net) fn new(stream: S, is_buffered: bool) -> Http1<S> {
        Http1 { stream, is_buffered, input: InputBuffer::default(), is_reusable: true }
    }

    /// Returns whether the stream itself buffers written and received data, as TLS does.
    pub(in crate::net) fn is_buffered(&self) -> bool {
        self.is_buffered
    }

    /// Returns whether another request may be sent.
    pub(in crate::net) fn is_reusable(&self) -> bool {
        self.is_reusable
    }

    /// Reads data that belongs to no request. TLS processes tickets and alerts internally. Any
    /// other data, or the end of the stream, makes the connection unusable.
    pub(in crate::net) fn poll_unsolicited(&mut self) {
        if self.poll_fill(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.is_reusable = false;
        }
    }

    /// Sends a request and receives the whole response. A body in memory may have `max_body` bytes.
    pub(in crate::net) async fn round_trip(
        &mut self,
        request: &EncodedRequest,
        max_body: usize,
        attempt: &AttemptStatus,
    ) -> Result<Response, TransportError> {
        // Bytes of an earlier response must not be parsed as part of this response.
        if !std::mem::replace(&mut self.is_reusable, false) {
            return Err(transport_error::lost("an earlier response ended the connection", attempt));
        }
        let mut heads = HeadDecoder::new(request.keeps_headers);
        let (head, is_sent) = match self.send_request(request, &mut heads, attempt).await? {
            Sent::Complete => (self.receive_head(&mut heads, attempt).await?, true),
            Sent::Partial => (self.receive_head(&mut heads, attempt).await?, false),
            Sent::Responded(head) => (*head, false),
        };
        attempt.record_progress();
        let Head { mut response, framing, keep_alive, ambiguous } = head;
        let sink = SharedBodySink::of_status(request.sink.as_ref(), response.status);
        if let Some(sink) = sink {
            let length = if let BodyFraming::Length(length) = framing { Some(length) } else { None };
            sink.begin(length).map_err(transport_error::unwritten)?;
        }
        let mut decoder = BodyDecoder::new(framing, sink.is_none().then_some(max_body));
        loop {
            let decoded = decoder.decode(&mut self.input, &mut response.body);
            let need = decoded.map_err(|error| decode_failure(&error, response.status, max_body))?;
            if let Some(sink) = sink
                && !response.body.is_empty()
            {
                sink.write(&response.body).map_err(transport_error::unwritten)?;
                decoder.discard(&mut response.body);
                // Other calls go on, and a tick can stop: it checks its budget between two polls.
                tokio::task::yield_now().await;
            }
            let received = match need {
                Need::Nothing => break,
                Need::Input => poll_fn(|context| self.poll_fill(context)).await,
                Need::Body(limit) => self.stream.read_buf(&mut (&mut response.body).limit(limit)).await,
            };
            match received {
                Ok(0) if decoder.ends_with_connection() => break,
                received => check_received(received, attempt)?,
            };
            attempt.record_progress();
        }
        if sink.is_some() {
            // The memory of the parts.
            response.body = Vec::new();
        }
        self.is_reusable =
            is_sent && keep_alive && !ambiguous && !decoder.is_ambiguous() && self.input.is_empty();
        self.input.shrink();
        Ok(response)
    }

    /// Sends a request. A server may respond before it has received the complete request, and then
    /// stop receiving.
    async fn send_request(
        &mut self,
        request: &EncodedRequest,
        heads: &mut HeadDecoder,
        attempt: &AttemptStatus,
    ) -> Result<Sent, TransportError> {
        let mut sent = 0;
        poll_fn(|context| {
            loop {
                let rest = request.rest(sent);
                let step = if rest.is_empty() {
                    Pin::new(&mut self.stream).poll_flush(context).map_ok(|()| 0)
                } else {
                    if !attempt.try_send() {
                        return Poll::Ready(Err(transport_error::called_off()));
                    }
                    Pin::new(&mut self.stream).poll_write(context, rest)
                };
                // For a buffered stream it is unknown how many bytes were sent.
                if sent == 0 && !self.is_buffered && !matches!(step, Poll::Ready(Ok(1..))) {
                    attempt.mark_not_sent();
                }
                match step {
                    Poll::Ready(Ok(0)) if rest.is_empty() => return Poll::Ready(Ok(Sent::Complete)),
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(closed(attempt))),
                    Poll::Ready(Ok(taken)) => sent += taken,
                    // A response that the server sent before it closed the connection may still be
                    // readable.
                    Poll::Ready(Err(_)) if attempt.may_be_sent() => return Poll::Ready(Ok(Sent::Partial)),
                    // No byte of the request was accepted.
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(transport_error::on_connection(&error, attempt)));
                    }
                    Poll::Pending => {
                        check_received(ready!(self.poll_fill(context)), attempt)?;
                        if let Some(head) = heads.decode(&mut self.input).map_err(head_failure)? {
                            return Poll::Ready(Ok(Sent::Responded(Box::new(head))));
                        }
                    }
                }
            }
        })
        .await
    }

    async fn receive_head(
        &mut self,
        heads: &mut HeadDecoder,
        attempt: &AttemptStatus,
    ) -> Result<Head, TransportError> {
        loop {
            check_received(poll_fn(|context| self.poll_fill(context)).await, attempt)?;
            if let Some(head) = heads.decode(&mut self.input).map_err(head_failure)? {
                return Ok(head);
            }
        }
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        pin!(self.stream.read_buf(self.input.spare())).poll(context)
    }
}

/// Returns an error unless bytes were received.
fn check_received(received: io::Result<usize>, attempt: &AttemptStatus) -> Result<(), TransportError> {
    match received {
        Ok(0) => Err(closed(attempt)),
        Ok(_) => Ok(()),
        Err(error) => Err(transport_error::on_connection(&error, attempt)),
    }
}

#[cold]
fn closed(attempt: &AttemptStatus) -> TransportError {
    transport_error::lost("the server closed it", attempt)
}

#[cold]
fn head_failure(error: DecodeError) -> TransportError {
    transport_error::invalid_http(&error)
}

#[cold]
fn decode_failure(error: &DecodeError, status: u16, max_body: usize) -> TransportError {
    match error {
        DecodeError::BodyTooLarge => transport_error::too_large(status, max_body),
        DecodeError::OutOfMemory(_) => TransportError::new(
            transport_error::TransportErrorKind::TooLarge,
            format!("The response (HTTP {status}) is too large: {error}."),
        ),
        error => transport_error::invalid_http(error),
    }
}
