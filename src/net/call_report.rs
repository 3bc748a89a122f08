//! The result of a call as the network layer reports it. `client/reply.rs` converts it.

use std::time::Duration;

use super::transport_error::TransportError;
use crate::http_types::Response;

/// The result of a call, before it becomes a reply or an error.
#[derive(Clone, Debug)]
pub(crate) struct CallReport {
    pub(crate) result: Result<Response, TransportError>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// Whether the server may have acted on a request without a clear response: on any attempt if
    /// the result is a failure, on an earlier attempt if it is a response.
    pub(crate) may_be_done: bool,
    /// Whether an earlier response refused the request: so it was sent.
    pub(crate) was_refused: bool,
    /// The time of `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
}
