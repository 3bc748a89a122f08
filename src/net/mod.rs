//! How a call travels: connections, attempts, pauses, and who drives the I/O. Knows no game.

pub(crate) mod attempt_status;
mod connect;
mod deadline;
mod dial;
pub(crate) mod failure;
mod http1;
mod http2;
pub(crate) mod idle_time;
#[cfg(feature = "internals")]
pub(crate) mod internals;
mod multipart;
mod pool;
pub(crate) mod reactor;
pub(crate) mod request;
mod resolve;
pub(crate) mod retry;
mod signal;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod unwind;
