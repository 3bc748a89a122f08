//! The configuration of a client: its keys, their defaults and checks, and the environment
//! variables. An unknown key, and a value of the wrong type or out of range, is an error that names
//! the key. This file contains [`Config`]; each other file reads and checks related keys. `client`
//! and `net` use the result.

pub(crate) mod api_key;
mod base_url;
mod certificates;
#[cfg_attr(not(feature = "tls"), path = "no_client_certificate.rs")]
mod client_certificate;
#[cfg(feature = "tls")]
mod client_pem;
mod env;
mod headers;
#[cfg_attr(not(feature = "journal"), path = "no_journal.rs")]
mod journal;
mod limits;
mod no_proxy;
mod pem;
mod pem_file;
mod proxy;
mod proxy_scheme;
#[cfg(test)]
mod tests;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;
use crate::host_transport::HostTransport;
use crate::json::ObjectReader;
use crate::redact::Redactor;

pub use base_url::DEFAULT_BASE_URL;
pub(crate) use base_url::is_localhost_name;
#[cfg(feature = "sandbox")]
pub(crate) use base_url::is_loopback_host;
pub(crate) use certificates::{TrustedCertificates, check_trust_anchors, read_certificate_file};
pub(crate) use client_certificate::ClientCertificate;
pub use env::{API_KEY_ENV, BASE_URL_ENV, TRANSPORT_ENV};
pub(crate) use headers::take_headers;
#[cfg(feature = "journal")]
pub(crate) use journal::Durability;
pub(crate) use journal::JournalConfig;
pub(crate) use limits::{take_max_retries, take_timeout};
pub(crate) use proxy::ProxyChoice;
pub(crate) use proxy_scheme::ProxyScheme;
#[cfg(feature = "reqwest")]
pub(crate) use transport::GivenReqwestClient;
pub(crate) use transport::TransportChoice;

use api_key::take_authorization;
use base_url::take_base_url;
use certificates::take_certificates;
use client_certificate::take_client_certificate;
use env::Environment;
use headers::take_user_agent;
use journal::take_journal;
use limits::take_milliseconds;
use proxy::take_proxy;
use transport::take_transport;

/// All configuration keys.
const KEYS: &[&str] = &[
    "api_key",
    "base_url",
    "headers",
    "timeout_ms",
    "attempt_timeout_ms",
    "connect_timeout_ms",
    "max_retries",
    "max_connections",
    "max_in_flight",
    "io_thread",
    "max_response_bytes",
    "journal",
    "transport",
    "proxy",
    "ca_file",
    "ca_pem",
    "ca_only",
    "client_cert_file",
    "client_cert_pem",
    "client_key_file",
    "client_key_pem",
    "user_agent",
    "allow_insecure_http",
];

/// Older names of keys, which are still accepted, and the names that replaced them.
const RENAMED_KEYS: [(&str, &str); 2] = [("background", "io_thread"), ("only_these_cas", "ca_only")];

/// The configuration of a client. Its `Debug` shows no secret.
///
/// ```
/// use iplaygames::Config;
/// let config = Config::from_json(
///     r#"{"api_key": "secret", "timeout_ms": 5000, "headers": {"X-Player-Token": "hush"}}"#,
/// )?;
/// assert_eq!(config.base_url(), "https://api.iplaygames.ai");
/// assert!(!format!("{config:?}").contains("secret"));
/// let error = Config::from_json(r#"{"api_key": "secret", "timeout": 5}"#).unwrap_err();
/// assert_eq!(error.field(), Some("/timeout"));
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) base_url: String,
    pub(crate) loopback: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) max_connections: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) io_thread: bool,
    pub(crate) max_response_bytes: usize,
    pub(crate) journal: Option<JournalConfig>,
    pub(crate) transport: TransportChoice,
    pub(crate) proxy: ProxyChoice,
    pub(crate) certificates: TrustedCertificates,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) secrets: Arc<Redactor>,
}

impl Config {
    /// Parses a configuration: a JSON object with the keys listed in `iplaygames.h` and in the
    /// README. Empty text is an empty object. If `api_key` or `base_url` is absent, its environment
    /// variable is used.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) with [`field`](Error::field)
    /// pointing at the key.
    pub fn from_json(text: &str) -> Result<Config, Error> {
        Config::parse(text, &|name| std::env::var_os(name))
    }

    /// Returns the base URL of the server, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Selects a transport of the host, in place of the one that the key `transport` names.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) if `io_thread` is true: the
    /// functions of the host would run on a thread of the library.
    pub fn set_host_transport(&mut self, transport: Arc<dyn HostTransport>) -> Result<(), Error> {
        self.set_transport(TransportChoice::Host(transport))
    }

    /// Selects a transport of the host.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for functions of the host together
    /// with `io_thread`: they would run on a thread of the library.
    pub(crate) fn set_transport(&mut self, transport: TransportChoice) -> Result<(), Error> {
        if self.io_thread && matches!(transport, TransportChoice::Host(_)) {
            return Err(Error::invalid(
                "/io_thread",
                "`io_thread` cannot be used with a transport of the host, whose functions run only on threads \
                 of the host. Tick the client instead.",
            ));
        }
        self.transport = transport;
        Ok(())
    }

    fn parse(text: &str, environment: Environment<'_>) -> Result<Config, Error> {
        let mut reader = ObjectReader::parse(text, "The configuration")?;
        for (old, new) in RENAMED_KEYS {
            reader.rename(old, new)?;
        }
        reader.check_keys(KEYS)?;
        let mut secrets = Redactor::default();

        let (base_url, loopback) = take_base_url(&mut reader, environment)?;
        let authorization = take_authorization(&mut reader, environment, &base_url, &mut secrets)?;
        let max_response_bytes = reader.take_integer("max_response_bytes", 1..=1 << 30)?.unwrap_or(8 << 20);
        let max_connections = reader.take_integer("max_connections", 1..=4096)?.unwrap_or(32);
        let proxy = take_proxy(&mut reader, environment, (&base_url, loopback), &mut secrets)?;
        let mut config = Config {
            headers: take_headers(&mut reader, authorization.is_some(), &mut secrets)?,
            authorization,
            base_url,
            loopback,
            timeout: take_timeout(&mut reader)?.unwrap_or(Duration::from_secs(30)),
            attempt_timeout: take_milliseconds(&mut reader, "attempt_timeout_ms", 10_000)?,
            connect_timeout: take_milliseconds(&mut reader, "connect_timeout_ms", 5_000)?,
            max_retries: take_max_retries(&mut reader)?.unwrap_or(2),
            max_connections: max_connections as usize,
            max_in_flight: reader.take_integer("max_in_flight", 1..=1 << 20)?.unwrap_or(1024) as usize,
            io_thread: reader.take_bool("io_thread")?.unwrap_or(false),
            max_response_bytes: max_response_bytes as usize,
            journal: take_journal(&mut reader)?,
            transport: take_transport(&mut reader, environment)?,
            proxy,
            certificates: take_certificates(&mut reader, environment)?,
            client_certificate: take_client_certificate(&mut reader)?,
            secrets: Arc::new(secrets),
        };
        config.headers.insert(header::USER_AGENT, take_user_agent(&mut reader)?);
        debug_assert!(reader.finish().is_ok(), "every key of KEYS is taken");
        Ok(config)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config {
            authorization,
            base_url,
            loopback: _,
            headers,
            timeout,
            attempt_timeout,
            connect_timeout,
            max_retries,
            max_connections,
            max_in_flight,
            io_thread,
            max_response_bytes,
            journal,
            transport,
            proxy,
            certificates,
            client_certificate,
            secrets: _,
        } = self;
        f.debug_struct("Config")
            .field("api_key", &authorization.as_ref().map(|_| "[hidden]"))
            .field("base_url", base_url)
            .field("headers", &headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("timeout", timeout)
            .field("attempt_timeout", attempt_timeout)
            .field("connect_timeout", connect_timeout)
            .field("max_retries", max_retries)
            .field("max_connections", max_connections)
            .field("max_in_flight", max_in_flight)
            .field("io_thread", io_thread)
            .field("max_response_bytes", max_response_bytes)
            .field("journal", journal)
            .field("transport", transport)
            .field(
                "proxy",
                &match proxy {
                    ProxyChoice::System => "system",
                    ProxyChoice::None => "none",
                    ProxyChoice::Url(_) => "given",
                },
            )
            .field("ca_file", &certificates.file)
            .field("ca_pem", &certificates.pem.len())
            .field("ca_only", &certificates.only_these)
            .field("client_certificate", client_certificate)
            .finish()
    }
}
