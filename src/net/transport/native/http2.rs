//! A shared HTTP/2 connection, built on the h2 crate: opens streams, reads responses, and
//! classifies stream errors for the outcome of the call. The task in `http2_connection.rs` polls
//! the connection.
//!
//! The connection pool decides when a connection is made, shared and retired; see `pool.rs`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::Request;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite};

use super::http2_connection::{self, ConnectionState, MeteredStream, STREAMS_BEFORE_SETTINGS, StreamPermit};
use crate::http_types::{Response, SharedBodySink};
use crate::net::attempt_status::AttemptStatus;
use crate::net::deadline::{self, Deadline};
use crate::net::idle_time::DriveClock;
use crate::net::response_headers::{content_length, store_headers_and_lines};
use crate::net::transport::body_receiver::BodyReceiver;
use crate::net::transport::limits::MAX_HEAD;
use crate::net::transport_error::{self, TransportError, TransportErrorKind};
use crate::net::unwind::injection_point;

/// The maximum size of a head that fails only its own call. h2 decodes a head up to this size,
/// because all streams of a connection share the state of the header compression. A head of about
/// 1.2 times this size ends the connection.
const MAX_DECODED_HEAD: u32 = 1024 * 1024;

/// The size that a header adds to its name and value (RFC 9113, section 6.5.2).
const HEADER_OVERHEAD: usize = 32;

/// The time without a byte from the server, while calls wait, after which the client sends a PING.
/// The response to the PING has the same time limit.
const PING_AFTER: Duration = Duration::from_secs(5);

/// A handle to a connection. Clones refer to the same connection. The connection closes when the
/// last handle and the last stream are dropped.
#[derive(Clone)]
pub(in crate::net) struct Http2 {
    sender: SendRequest<Bytes>,
    state: Arc<ConnectionState>,
}

impl Http2 {
    /// Performs the HTTP/2 handshake and starts the connection's task.
    pub(in crate::net) async fn handshake<S>(stream: S, clock: &Arc<DriveClock>) -> Result<Http2, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Http2::handshake_with(stream, clock, PING_AFTER).await
    }

    async fn handshake_with<S>(
        stream: S,
        clock: &Arc<DriveClock>,
        ping_after: Duration,
    ) -> Result<Http2, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = Arc::new(ConnectionState::new(clock, ping_after));
        let stream = MeteredStream::new(stream, &state);
        let (sender, connection) = client::Builder::new()
            .enable_push(false)
            .max_header_list_size(MAX_DECODED_HEAD)
            .initial_max_send_streams(STREAMS_BEFORE_SETTINGS)
            .initial_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .handshake(stream)
            .await?;
        // h2 reports the end of the connection to its streams.
        tokio::spawn(http2_connection::run(connection, Arc::clone(&state)));
        Ok(Http2 { sender, state })
    }

    /// Returns the number of this connection in an [`AttemptStatus`].
    pub(in crate::net) fn id(&self) -> u64 {
        self.state.id
    }

    /// Returns whether the connection can open another stream, now or later.
    pub(in crate::net) fn is_open(&self) -> bool {
        let mut sender = self.sender.clone();
        let mut context = Context::from_waker(std::task::Waker::noop());
        !self.state.closed.load(Ordering::Acquire)
            && !matches!(sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Waits until the server allows another stream.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection ends first, or if the server allows no stream for
    /// `limit`. Nothing was sent then.
    async fn acquire(&self, limit: Duration) -> Result<StreamPermit<'_>, TransportError> {
        let state = &*self.state;
        let wait = async {
            loop {
                let mut changed = pin!(state.changed.notified());
                changed.as_mut().enable();
                if state.closed.load(Ordering::Acquire) {
                    return Err(transport_error::not_sent(&"the connection ended"));
                }
                if let Some(permit) = state.try_acquire() {
                    return Ok(permit);
                }
                if state.max_streams.load(Ordering::Acquire) > 0 {
                    changed.await;
                    continue;
                }
                let deadline = Deadline::after(limit, &state.clock);
                if deadline::timeout_at(deadline, &state.clock, || 0, changed).await.is_err() {
                    return Err(TransportError::new(
                        TransportErrorKind::Connect,
                        format!(
                            "The server has allowed no request on its connection for {} ms \
                             (SETTINGS_MAX_CONCURRENT_STREAMS is 0).",
                            limit.as_millis()
                        ),
                    ));
                }
            }
        };
        wait.await
    }

    /// Sends one request and reads the whole response. `limit` is the maximum wait for a server
    /// that allows no stream.
    pub(in crate::net) async fn round_trip(
        &self,
        mut request: Request<()>,
        content: Bytes,
        max_body: usize,
        limit: Duration,
        attempt: &AttemptStatus,
    ) -> Result<Response, TransportError> {
        let keeps_headers = request.extensions().get::<KeepsHeaders>().is_some();
        let sink = request.extensions_mut().remove::<SharedBodySink>();
        let _permit = self.acquire(limit).await?;
        injection_point();
        let budget_permit = match self.state.clock.has_budget() {
            // An error means that the connection ended, which `poll_ready` reports.
            true => self.state.may_open.acquire().await.ok(),
            false => None,
        };
        let mut sender = self.sender.clone();
        injection_point();
        poll_fn(|context| sender.poll_ready(context))
            .await
            .map_err(|error| transport_error::not_sent(&error))?;
        injection_point();
        if !attempt.try_send() {
            return Err(transport_error::called_off());
        }
        let (mut response, mut stream) = match sender.send_request(request, content.is_empty()) {
            Ok(opened) => opened,
            Err(error) => {
                attempt.mark_not_sent();
                return Err(transport_error::not_sent(&error));
            }
        };
        if let Some(permit) = budget_permit {
            permit.forget();
            self.state.unsent.fetch_add(1, Ordering::Relaxed);
        }
        let open = self.state.open.add(response.stream_id().into());
        // h2 sends the content as the flow control of the server allows. An error here also becomes
        // an error of the response.
        if !content.is_empty() && stream.send_data(content, true).is_err() {
            tokio::task::yield_now().await;
        }
        let mut heads = HeadSize::default();
        let response = poll_fn(|context| {
            injection_point();
            while let Poll::Ready(Some(Ok(interim))) = response.poll_informational(context) {
                heads.add(interim.headers())?;
                attempt.record_progress();
            }
            let response = ready!(Pin::new(&mut response).poll(context));
            // After the first part of a response, a reset does not show whether the server
            // processed the request.
            Poll::Ready(response.map_err(|error| stream_error(&error, open.has_response(), attempt)))
        })
        .await?;
        let _reset = ResetOnDrop(stream);
        let (head, body) = response.into_parts();
        heads.add(&head.headers)?;
        attempt.record_progress();
        let mut response = Response { status: head.status.as_u16(), ..Response::default() };
        let pairs = || head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        store_headers_and_lines(&mut response, pairs, keeps_headers);
        let length = content_length(&head.headers);
        let receiver = BodyReceiver::begin(&mut response, sink.as_ref(), length, max_body)?;
        read_body(body, length, &receiver, &mut response, attempt).await?;
        Ok(response)
    }
}

/// Marks a request whose response keeps its headers.
#[derive(Clone, Copy)]
pub(in crate::net) struct KeepsHeaders;

/// Resets a stream when its call ends, if its content has not been sent completely. For h2 a stream
/// is complete when the response has been received and the content is queued. h2 would wait until
/// the server accepts the rest, which may never happen, and keep the connection open. h2 itself
/// resets a stream without a response when it is dropped.
struct ResetOnDrop(SendStream<Bytes>);

impl Drop for ResetOnDrop {
    fn drop(&mut self) {
        self.0.send_reset(Reason::CANCEL);
    }
}

/// The size of the heads of one response.
#[derive(Default)]
struct HeadSize(usize);

impl HeadSize {
    /// Counts a head. The status counts as a header, which limits the number of interim responses.
    fn add(&mut self, headers: &HeaderMap) -> Result<(), TransportError> {
        let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        let content: usize = headers.iter().map(size).sum();
        self.0 = self.0.saturating_add(content + HEADER_OVERHEAD * (headers.len() + 1));
        if self.0 > MAX_HEAD {
            return Err(transport_error::invalid_http(&format_args!(
                "its head is longer than {MAX_HEAD} bytes"
            )));
        }
        Ok(())
    }
}

async fn read_body(
    mut body: RecvStream,
    content_length: Option<u64>,
    receiver: &BodyReceiver<'_>,
    response: &mut Response,
    attempt: &AttemptStatus,
) -> Result<(), TransportError> {
    while let Some(chunk) = body.data().await {
        injection_point();
        // An incomplete response does not count as a response, whatever the reason of the reset is.
        let chunk = chunk.map_err(|error| stream_error(&error, true, attempt))?;
        // Empty frames do not count as progress, because a server may send them without limit.
        if !chunk.is_empty() {
            attempt.record_progress();
        }
        receiver.add(response, &chunk)?;
        // This fails only for more bytes than were received.
        let _ = body.flow_control().release_capacity(chunk.len());
    }
    let is_bodiless = matches!(response.status, 204 | 304);
    let received = receiver.received(response);
    if !is_bodiless && content_length.is_some_and(|content_length| content_length != received) {
        return Err(transport_error::lost("the body is shorter than its Content-Length", attempt));
    }
    Ok(())
}

/// Converts the error of a stream. Marks the attempt as not sent if the server says that it did not
/// process the request (RFC 9113, section 8.7).
#[cold]
fn stream_error(error: &h2::Error, has_response: bool, attempt: &AttemptStatus) -> TransportError {
    if !has_response && is_refusal(error) {
        attempt.mark_not_sent();
        return TransportError::new(
            TransportErrorKind::ConnectionClosed,
            format!("The server did not accept the request: {error}"),
        );
    }
    if error.is_library() && !error.is_io() && error.is_reset() {
        // h2 rejects this response, and the connection stays open.
        return transport_error::invalid_http(&error);
    }
    transport_error::on_connection(error, attempt)
}

/// Returns whether the server says that it did not process the request: it refused the stream, or
/// it sent a GOAWAY whose last stream is an earlier one.
fn is_refusal(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    let gone = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
    error.is_remote() && (refused || gone)
}

#[cfg(test)]
mod tests;
