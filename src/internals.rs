//! Pieces of the inside, for this repository's own benchmarks and fuzzers, which want them without a socket. Nothing
//! here is promised to anyone.

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::AsyncReadExt as _;

use crate::Operation;
use crate::api::{arguments, reply};
use crate::error::Error;
use crate::message::{Answer, Body};
use crate::net;

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
