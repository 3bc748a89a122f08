//! Internal functions for the benchmarks and fuzzers of this repository, which use them without a
//! socket. They are not part of the public API and may change at any time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use crate::Operation;
use crate::api::{arguments, response};
use crate::error::Error;
use crate::http_types::{RequestBody, Response};
use crate::json;
use crate::net;

pub use crate::net::internals::{Http2Outcome, request_http2};

/// Checks the body of a response with a 2xx status, as every call does.
pub fn check_response(operation: &'static Operation, body: Vec<u8>) -> Result<String, Error> {
    response::parse(operation, Response { status: 200, body, ..Response::default() }, None)
}

/// Returns the target and the body of the request for the given arguments. A file is returned as
/// given.
pub fn prepare(operation: &'static Operation, arguments: &str) -> Result<(Bytes, Option<Bytes>), Error> {
    let parts = arguments::prepare(operation, arguments)?;
    Ok(match parts.body {
        RequestBody::None => (parts.target, None),
        RequestBody::Json(content) | RequestBody::File { content, .. } => (parts.target, Some(content)),
    })
}

/// A response that was received over HTTP/1.1: status, body, and whether the connection can be
/// reused.
pub type Http1Response = (u16, Vec<u8>, bool);

/// Parses the bytes of a response. They are received in two pieces, and then the connection ends.
pub fn read_http1(first: &[u8], second: &[u8], max_body: usize) -> Result<Http1Response, String> {
    let stream = tokio::io::join(first.chain(second), tokio::io::sink());
    round_trip(&mut net::BareConnection::new(stream, false), max_body)
}

/// Reads several responses on one connection, each after its request, until the connection cannot
/// be reused. The bytes are received in pieces with the lengths of `piece_lengths`, which repeat. A
/// piece ends where a response ends. After the last response the server closes the connection if
/// `closes` is true. Returns an error for a response that is incomplete or invalid.
pub fn read_http1_sequence(
    responses: &[&[u8]],
    piece_lengths: &[u8],
    closes: bool,
    max_body: usize,
) -> Vec<Result<Http1Response, String>> {
    let stream = ScriptedStream { responses, piece_lengths, closes, unread: b"", pieces: 0 };
    let mut connection = net::BareConnection::new(stream, true);
    let mut read = Vec::new();
    for _ in responses {
        let mut response = round_trip(&mut connection, max_body);
        connection.poll_unsolicited();
        if let Ok((_, _, is_reusable)) = &mut response {
            *is_reusable = connection.is_reusable();
        }
        read.push(response);
        if !connection.is_reusable() {
            break;
        }
    }
    read
}

fn round_trip<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut net::BareConnection<S>,
    max_body: usize,
) -> Result<Http1Response, String> {
    let head = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    let answer = connection
        .round_trip(head, max_body)
        .now_or_never()
        .ok_or("The response is incomplete.")?
        .map_err(|failure| failure.message)?;
    Ok((answer.status, answer.body, connection.is_reusable()))
}

/// An in-memory server that sends a response after each write.
struct ScriptedStream<'a> {
    responses: &'a [&'a [u8]],
    piece_lengths: &'a [u8],
    closes: bool,
    /// The bytes of the current response that are not read yet.
    unread: &'a [u8],
    /// The number of pieces that have been read.
    pieces: usize,
}

impl AsyncRead for ScriptedStream<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            let ended = self.closes && self.responses.is_empty();
            return if ended { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let length = match self.piece_lengths {
            [] => usize::MAX,
            lengths => usize::from(lengths[self.pieces % lengths.len()]) + 1,
        };
        let (piece, rest) = self.unread.split_at(length.min(buffer.remaining()).min(self.unread.len()));
        buffer.put_slice(piece);
        self.unread = rest;
        self.pieces += 1;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ScriptedStream<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let [response, later @ ..] = self.responses {
            (self.unread, self.responses) = (response, later);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Returns the value at a JSON pointer, as it is in `text`.
///
/// # Errors
///
/// Returns an error if `text` is not JSON, if `pointer` is not a JSON pointer, or if there is no
/// value.
pub fn json_at<'a>(text: &'a str, pointer: &str) -> Result<&'a str, JsonError> {
    json::get(text, pointer).map_err(|missing| match missing {
        json::PointerError::NotJson(_) => JsonError::NotJson,
        json::PointerError::BadPointer => JsonError::BadPointer,
        json::PointerError::Absent => JsonError::Absent,
    })
}

/// The reason why [`json_at`] returns no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// The text is not JSON, or it is nested too deeply.
    NotJson,
    /// The pointer is not one of RFC 6901.
    BadPointer,
    /// The document has no value there.
    Absent,
}

/// Returns a key as one reference token of a JSON pointer, with its slash.
pub fn json_pointer_step(key: &str) -> String {
    json::escape_token(key)
}

/// Returns the members of a JSON object in order, or an error for a repeated key or too deep
/// nesting.
pub fn json_members(text: &str) -> Result<Vec<(String, &str)>, Error> {
    let members = json::parse_object(text, "The document")?;
    Ok(members.into_iter().map(|(key, value)| (key.into_owned(), value.get())).collect())
}

/// Returns JSON without the white space between its tokens.
pub fn json_compact(text: &str) -> String {
    let mut compact = String::new();
    json::push_compact(&mut compact, text);
    compact
}

/// Returns whether the nesting depth of a JSON document is within the limit.
pub fn json_is_shallow(text: &str) -> bool {
    json::is_within_max_depth(text)
}

/// Returns a text as a JSON string.
pub fn json_quote(text: &str) -> String {
    let mut quoted = String::new();
    json::write_string(&mut quoted, text);
    quoted
}
