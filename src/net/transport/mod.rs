//! The seam between calls and HTTP: [`Transport`] performs one attempt, from a request to a
//! response or a [`TransportError`]. Retries, time limits, connection limits and outcomes are above
//! it, in `retry_loop.rs`; each is written once, for all transports.
//!
//! `any.rs` is the transport that a client has: `native.rs`, which is the transport of this crate,
//! or one of the others.

pub(crate) mod any;
#[cfg(feature = "tls")]
mod body_receiver;
mod encoded_body;
mod host;
pub(super) mod limits;
#[cfg(feature = "native")]
pub(crate) mod native;
pub(crate) mod permits;
#[cfg(feature = "tls")]
mod proxy;
mod request_headers;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;

use http::HeaderValue;

use self::permits::Permit;
use super::attempt_status::AttemptStatus;
use super::roots_state::RootsState;
use super::transport_error::TransportError;
use crate::http_types::{Request, Response};

/// Performs attempts. Dropping the future of an attempt cancels the attempt.
///
/// A transport passes the send gate, [`AttemptStatus::try_send`], immediately before it writes or
/// hands over the first byte of a request, and sends nothing if the gate is closed. A transport
/// that can prove afterwards that the server did not act on the request calls
/// [`AttemptStatus::mark_not_sent`]. A transport that cannot prove it does nothing: the outcome is
/// then unknown. [`AttemptStatus::record_progress`] tells the time limits that a part of the
/// response has arrived.
pub(crate) trait Transport {
    /// Sends the request once and receives the complete response.
    async fn attempt(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
        permit: &mut Permit<'_>,
    ) -> Result<Response, TransportError>;

    /// Opens a connection for later calls.
    async fn connect(&self) -> Result<(), TransportError>;

    /// Returns whether all requests share one connection, so that no limit of connections applies.
    fn is_shared(&self) -> bool;

    /// Sends no more requests on the shared connection on which an attempt timed out.
    fn retire_connection(&self, _attempt: &AttemptStatus) {}

    /// Returns once whether tasks of this transport must run to close the connections of attempts
    /// that were dropped.
    fn take_unclosed(&self) -> bool {
        false
    }

    /// Closes the connections that were idle for too long.
    fn sweep(&self) {}

    /// Returns which root certificates are loaded.
    fn roots(&self) -> RootsState {
        RootsState::None
    }
}
