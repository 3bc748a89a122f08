//! HTTP/1.1. `codec.rs` decodes responses and does no I/O, `head.rs` parses heads, `input.rs` holds the bytes that were
//! received and not yet decoded, and `connection.rs` sends requests and receives responses on a stream.
//!
//! All state of a response belongs to the decoders that are made for it. Between two responses a connection keeps
//! its stream, an empty input buffer and whether it can be used again.

mod codec;
mod connection;
pub(super) mod head;
mod input;

pub(super) use connection::{EncodedRequest, Http1};

#[cfg(test)]
mod tests;
