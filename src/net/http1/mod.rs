//! HTTP/1.1: a codec that knows no I/O, and a connection that feeds it.

mod codec;
mod connection;
pub(super) mod head;
#[cfg(feature = "internals")]
pub(crate) mod internals;

pub(super) use connection::{Http1, Request};
