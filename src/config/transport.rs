//! The key `transport`: which transport performs the calls.

use std::fmt;
use std::sync::Arc;

use super::env::{Environment, TRANSPORT_ENV, read_environment};
use crate::error::Error;
use crate::host_transport::HostTransport;
use crate::json::ObjectReader;

/// The transport of a client.
#[derive(Clone, Default)]
pub(crate) enum TransportChoice {
    /// The transport of this crate.
    #[default]
    Native,
    /// reqwest, with a client that is configured like the native transport.
    #[cfg(feature = "reqwest")]
    Reqwest,
    /// reqwest, with a client of the host.
    #[cfg(feature = "reqwest")]
    ReqwestClient(GivenReqwestClient),
    /// Functions of the host.
    Host(Arc<dyn HostTransport>),
}

/// A reqwest client of the host.
#[cfg(feature = "reqwest")]
#[derive(Clone)]
pub(crate) struct GivenReqwestClient {
    pub(crate) client: reqwest::Client,
    /// The process in which the host gave the client: its connections belong to that process.
    pub(crate) generation: u64,
}

impl fmt::Debug for TransportChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TransportChoice::Native => "native",
            #[cfg(feature = "reqwest")]
            TransportChoice::Reqwest => "reqwest",
            #[cfg(feature = "reqwest")]
            TransportChoice::ReqwestClient(_) => "reqwest client of the host",
            TransportChoice::Host(_) => "host",
        })
    }
}

/// Reads the transport from the configuration, else from the environment.
pub(super) fn take_transport(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
) -> Result<TransportChoice, Error> {
    match reader.take_string("transport")? {
        Some(name) => parse(&name, "`transport`"),
        None => match read_environment(environment, TRANSPORT_ENV, "/transport")? {
            Some(name) if !name.is_empty() => {
                parse(&name, &format!("The environment variable {TRANSPORT_ENV}"))
            }
            _ => Ok(TransportChoice::default()),
        },
    }
}

fn parse(name: &str, source: &str) -> Result<TransportChoice, Error> {
    match name {
        "native" => Ok(TransportChoice::Native),
        #[cfg(feature = "reqwest")]
        "reqwest" => Ok(TransportChoice::Reqwest),
        #[cfg(not(feature = "reqwest"))]
        "reqwest" => Err(Error::invalid(
            "/transport",
            format!(
                "{source} is \"reqwest\", which this build of the library does not contain. Use \"native\"."
            ),
        )),
        _ => Err(Error::invalid(
            "/transport",
            format!("{source} is {name:?}. It must be \"native\" or \"reqwest\"."),
        )),
    }
}
