//! Functions of the inside for this repository's benchmarks and fuzz targets, which call them without a socket. They
//! are not part of the public interface and may change in any version.

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::AsyncReadExt as _;

use crate::Operation;
use crate::api::{arguments, reply};
use crate::error::{self, Error};
use crate::json;
use crate::message::{Answer, Body};
use crate::net::internals as net;

pub use crate::net::internals::{Http1Decoder, Http1Response, Http2Outcome, ask_http2};

/// Checks a body that came with a good status, as every call's answer is.
pub fn check_answer(operation: &'static Operation, body: Vec<u8>) -> Result<String, Error> {
    reply::read(operation, Answer { status: 200, body, ..Answer::default() }, None)
}

/// The address and the body that arguments become; a file as it was given.
pub fn prepare(operation: &'static Operation, arguments: &str) -> Result<(Bytes, Option<Bytes>), Error> {
    let parts = arguments::prepare(operation, arguments)?;
    Ok(match parts.body {
        Body::None => (parts.target, None),
        Body::Json(content) | Body::File { content, .. } => (parts.target, Some(content)),
    })
}

/// What of bytes read over HTTP/1.1 was an answer: status and body; and whether the connection outlives it. They come
/// in two pieces, and then the connection ends.
pub fn read_http1(first: &[u8], second: &[u8], most: usize) -> Result<(u16, Vec<u8>, bool), String> {
    let head = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    let stream = tokio::io::join(first.chain(second), tokio::io::sink());
    let (answer, outlives) = net::ask_once(stream, head, most)
        .now_or_never()
        .ok_or("bytes in memory have to be waited for")?
        .map_err(|failure| failure.message)?;
    Ok((answer.status, answer.body, outlives))
}

/// Returns the value at a JSON pointer as it stands in `text`.
///
/// # Errors
///
/// When `text` is not JSON, when `pointer` is not a pointer, and when there is no value.
pub fn json_at<'a>(text: &'a str, pointer: &str) -> Result<&'a str, JsonError> {
    json::at(text, pointer).map_err(|missing| match missing {
        json::Missing::NotJson(_) => JsonError::NotJson,
        json::Missing::BadPointer => JsonError::BadPointer,
        json::Missing::Absent => JsonError::Absent,
    })
}

/// Why [`json_at`] found no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// The text is not JSON, or is nested too deep.
    NotJson,
    /// The pointer is not one of RFC 6901.
    BadPointer,
    /// The document has no value there.
    Absent,
}

/// Returns whether nothing in a document is nested deeper than allowed.
pub fn json_is_shallow(text: &str) -> bool {
    json::is_shallow(text)
}

/// Returns the members of an object that has no key twice, in order.
///
/// # Errors
///
/// When `text` is not such an object.
pub fn json_entries(text: &str) -> Result<Vec<(String, &str)>, Error> {
    let entries = json::entries(text, "The text")?;
    Ok(entries.into_iter().map(|(key, value)| (key.into_owned(), value.get())).collect())
}

/// Returns JSON without the white space between its parts.
pub fn json_compact(text: &str) -> String {
    let mut compact = String::new();
    json::push_compact(&mut compact, text);
    compact
}

/// Returns a text as a JSON string.
pub fn json_quote(text: &str) -> String {
    let mut quoted = String::new();
    error::push_quoted(&mut quoted, text);
    quoted
}

/// Returns one step of a JSON pointer, with its slash.
pub fn json_pointer_step(key: &str) -> String {
    json::pointer_step(key)
}
