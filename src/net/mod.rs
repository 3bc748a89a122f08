//! How a call travels: connections, attempts, pauses, and who drives the I/O. Knows no game.

mod dial;
pub(crate) mod failure;
mod head;
mod http1;
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
pub(crate) mod watch;
