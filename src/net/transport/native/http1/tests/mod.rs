//! Tests of HTTP/1.1 with streams in memory: every position at which a response can be divided, the
//! end of connections, limits, sequences of responses, and random responses that hyper must read in
//! the same way.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::codec::MAX_CHUNK_OVERHEAD;
use super::input::READ_CHUNK;
use super::{EncodedRequest, Http1};
use crate::http_types::Response;
use crate::net::attempt_status::AttemptStatus;
use crate::net::transport::limits::{MAX_HEAD, MAX_HEADERS};
use crate::net::transport_error::{TransportError, TransportErrorKind};

mod codec;
mod connection;
mod head;
mod oracle;
mod random;
mod sequence;

/// A server that sends the given responses in pieces, each after its request, and then closes the
/// connection.
#[derive(Default)]
struct Script {
    /// The pieces that can be received now.
    pieces: VecDeque<Vec<u8>>,
    /// The responses to the requests after the next one.
    later: VecDeque<Vec<Vec<u8>>>,
    /// The number of received requests.
    requests: usize,
    /// The number of bytes that it receives before it resets the connection, if it does.
    takes: Option<usize>,
    /// Whether the next read returns pending, as between two pieces.
    pause: bool,
    /// Whether the server keeps the connection open at the end.
    stays_open: bool,
    /// The reader that waits for the next response.
    reader: Option<Waker>,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    /// Returns a server that sends one response.
    fn new(pieces: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Script {
        Script {
            pieces: pieces.into_iter().map(Into::into).filter(|piece: &Vec<u8>| !piece.is_empty()).collect(),
            ..Script::default()
        }
    }

    /// Returns a server that sends several responses.
    fn sequence(responses: impl IntoIterator<Item = Vec<Vec<u8>>>) -> Script {
        let mut later: VecDeque<Vec<Vec<u8>>> = responses.into_iter().collect();
        let first = later.pop_front().unwrap_or_default();
        Script { later, ..Script::new(first) }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.pause = !self.pause;
        if self.pause || (self.requests == 0 && self.takes.is_none()) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(mut piece) = self.pieces.pop_front() {
            let rest = piece.split_off(piece.len().min(buffer.remaining()));
            buffer.put_slice(&piece);
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
        } else if self.stays_open || !self.later.is_empty() {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let left = self.takes.unwrap_or(usize::MAX);
        if left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let taken = bytes.len().min(left);
        self.takes = self.takes.map(|left| left - taken);
        let requests = {
            let mut received = self.received.lock().unwrap();
            received.extend_from_slice(&bytes[..taken]);
            received.windows(4).filter(|four| four == b"\r\n\r\n").count()
        };
        if requests > self.requests && self.requests > 0 {
            let response = self.later.pop_front().unwrap_or_default();
            self.pieces.extend(response.into_iter().filter(|piece| !piece.is_empty()));
        }
        self.requests = requests;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const MAX_BODY: usize = 100_000;

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(in_time(future))
}

/// Runs a future with the time limit of a test.
async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(std::time::Duration::from_secs(60), future).await.expect("the test hangs")
}

fn request() -> EncodedRequest {
    EncodedRequest::new(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), Bytes::new())
}

/// Sends a request without content.
async fn ask(http1: &mut Http1<Script>) -> Result<Response, TransportError> {
    http1.round_trip(&request(), MAX_BODY, &AttemptStatus::default()).await
}

/// Returns the response to one request, and whether the connection can be reused.
async fn receive(script: Script) -> (Result<Response, TransportError>, bool) {
    let mut http1 = Http1::new(script, false);
    let response = ask(&mut http1).await;
    (response, http1.is_reusable())
}

/// Returns whether the connection can be reused when the server has sent everything.
async fn stays_reusable(script: Script) -> bool {
    let looks = 2 * script.pieces.len() + 2;
    let mut http1 = Http1::new(script, false);
    let answered = ask(&mut http1).await.is_ok();
    for _ in 0..looks {
        http1.poll_unsolicited();
    }
    answered && http1.is_reusable()
}

fn receive_pieces<P: Into<Vec<u8>>>(
    pieces: impl IntoIterator<Item = P>,
) -> (Result<Response, TransportError>, bool) {
    block_on(receive(Script::new(pieces)))
}

/// Returns the kind of the error that a response causes.
#[track_caller]
fn failure_of(bytes: impl Into<Vec<u8>>) -> TransportErrorKind {
    let (response, reusable) = receive_pieces([bytes]);
    assert!(!reusable);
    response.unwrap_err().kind
}

/// A response, its body, and whether the connection can be reused.
const WHOLE: [(&str, &str, bool); 10] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true),
    ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "", true),
    ("HTTP/1.1 204 No Content\r\n\r\n", "", true),
    ("HTTP/1.1 200\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "hello", false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false),
    ("HTTP/1.1 200 OK\r\n\r\nhello", "hello", false),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "hi",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n003;x=\"y\"\r\nllo\r\n0\r\n\r\n",
        "hello",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
        "hello",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "hello",
        false,
    ),
];
