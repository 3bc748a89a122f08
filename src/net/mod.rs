//! How a call travels: connections, attempts, pauses, and who drives the I/O. Knows no game.

mod dial;
mod payload;
mod pool;
pub(crate) mod pulse;
pub(crate) mod reactor;
pub(crate) mod request;
mod resolve;
pub(crate) mod retry;
mod signal;
pub(crate) mod tls;
pub(crate) mod transport;
