//! The transport that a client has.

use std::sync::Arc;

use http::HeaderValue;

use super::Transport;
use super::host::HostedTransport;
#[cfg(feature = "native")]
use super::native::NativeTransport;
use super::permits::Permit;
#[cfg(feature = "reqwest")]
use super::reqwest::ReqwestTransport;
#[cfg(not(feature = "native"))]
use crate::codes::Code;
use crate::config::{Config, TransportChoice};
use crate::error::Error;
use crate::http_types::{Request, Response};
use crate::net::attempt_status::AttemptStatus;
use crate::net::idle_time::DriveClock;
use crate::net::roots_state::RootsState;
#[cfg(feature = "reqwest")]
use crate::net::stdio_guard::StdioGuard;
use crate::net::transport_error::TransportError;
#[cfg(feature = "reqwest")]
use crate::sys;

/// The transport of a client. An enum and not a trait object: the future of an attempt is then a
/// part of its call's future and needs no allocation.
pub(crate) enum AnyTransport {
    #[cfg(feature = "native")]
    Native(Box<NativeTransport>),
    #[cfg(feature = "reqwest")]
    Reqwest(Box<ReqwestTransport>),
    Host(HostedTransport),
    /// Performs the attempts in the simulation.
    #[cfg(test)]
    Simulated(Box<dyn Simulate>),
}

/// A transport without sockets, for the simulation.
#[cfg(test)]
pub(crate) trait Simulate: Send + Sync {
    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        call_id: &'a HeaderValue,
        attempt: &'a AttemptStatus,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;
}

/// Calls the same method of whichever transport the client has.
macro_rules! forward {
    ($self:ident, $transport:ident => $call:expr, $simulated:expr) => {
        match $self {
            #[cfg(feature = "native")]
            AnyTransport::Native($transport) => $call,
            #[cfg(feature = "reqwest")]
            AnyTransport::Reqwest($transport) => $call,
            AnyTransport::Host($transport) => $call,
            #[cfg(test)]
            AnyTransport::Simulated(_) => $simulated,
        }
    };
}

impl AnyTransport {
    /// Creates the transport that the configuration selects.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for a proxy that cannot be used,
    /// and the errors of the transport.
    pub(crate) fn new(config: &Config, clock: &Arc<DriveClock>) -> Result<AnyTransport, Error> {
        match &config.transport {
            #[cfg(feature = "native")]
            TransportChoice::Native => {
                Ok(AnyTransport::Native(Box::new(NativeTransport::new(config, clock)?)))
            }
            #[cfg(feature = "reqwest")]
            TransportChoice::Reqwest | TransportChoice::ReqwestClient(_) => {
                Ok(AnyTransport::Reqwest(Box::new(ReqwestTransport::new(config, clock)?)))
            }
            #[cfg(not(feature = "native"))]
            TransportChoice::Native => Err(Error::new(
                Code::UNSUPPORTED,
                "This build of the library does not contain the transport `native`. Create the client with a \
                 transport of the host.",
            )),
            TransportChoice::Host(host) => Ok(AnyTransport::Host(HostedTransport::new(config, host))),
        }
    }
}

#[cfg(feature = "reqwest")]
impl AnyTransport {
    /// Keeps the signals of reqwest from the host, and its sockets off the standard streams, while
    /// the current thread drives. None for the other transports, which need neither.
    pub(crate) fn guard_host(&self) -> Option<(sys::SigpipeGuard, StdioGuard)> {
        matches!(self, AnyTransport::Reqwest(_)).then(|| (sys::SigpipeGuard::new(), StdioGuard::new()))
    }
}

impl Transport for AnyTransport {
    async fn attempt(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
        permit: &mut Permit<'_>,
    ) -> Result<Response, TransportError> {
        match self {
            #[cfg(feature = "native")]
            AnyTransport::Native(native) => native.attempt(request, call_id, attempt, permit).await,
            #[cfg(feature = "reqwest")]
            AnyTransport::Reqwest(reqwest) => reqwest.attempt(request, call_id, attempt, permit).await,
            AnyTransport::Host(host) => host.attempt(request, call_id, attempt, permit).await,
            #[cfg(test)]
            AnyTransport::Simulated(simulated) => simulated.attempt(request, call_id, attempt).await,
        }
    }

    async fn connect(&self) -> Result<(), TransportError> {
        forward!(self, transport => transport.connect().await, Ok(()))
    }

    fn is_shared(&self) -> bool {
        forward!(self, transport => transport.is_shared(), false)
    }

    fn retire_connection(&self, attempt: &AttemptStatus) {
        forward!(self, transport => transport.retire_connection(attempt), ());
    }

    fn take_unclosed(&self) -> bool {
        forward!(self, transport => transport.take_unclosed(), false)
    }

    fn sweep(&self) {
        forward!(self, transport => transport.sweep(), ());
    }

    fn roots(&self) -> RootsState {
        forward!(self, transport => transport.roots(), RootsState::None)
    }
}
