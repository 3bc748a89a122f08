//! How a call travels: connections, attempts, pauses, and who drives the I/O. Knows no game.

pub(crate) mod pulse;
pub(crate) mod reactor;
pub(crate) mod request;
pub(crate) mod retry;
mod signal;
pub(crate) mod tls;
pub(crate) mod transport;
