//! HTTP/1.1. `codec.rs` decodes responses and does no I/O, `head.rs` parses heads, `input.rs` holds
//! the bytes that were received and not yet decoded, and `connection.rs` sends requests and
//! receives responses on a stream.
//!
//! The decoders contain all state of a response. Between two responses a connection has only its
//! stream, an empty input buffer and a flag whether it is reusable.

mod codec;
mod connection;
pub(super) mod head;
mod input;

pub(in crate::net) use connection::{EncodedRequest, Http1};

#[cfg(test)]
mod tests;
