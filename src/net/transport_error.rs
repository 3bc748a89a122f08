//! The errors of attempts that received no response: their kinds and messages. `client/reply.rs`
//! converts them to the errors of calls.

#[cfg(feature = "tls")]
use std::error::Error as StdError;
use std::sync::Arc;
#[cfg(feature = "tls")]
use std::time::Duration;

use super::attempt_status::AttemptStatus;
#[cfg(feature = "tls")]
use super::resolve::DnsError;
#[cfg(feature = "tls")]
use super::resources;
#[cfg(feature = "tls")]
use super::socks_error::socks_failure;
#[cfg(feature = "tls")]
use super::tls::RootsError;
use crate::error::ErrorSource;
use crate::http_types::WriteError;

/// The error of an attempt that received no complete response.
#[derive(Clone, Debug)]
pub(crate) struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) message: String,
    /// The error of the system or of TLS that caused this one.
    pub(crate) source: Option<ErrorSource>,
}

/// The kinds of transport errors. Each has its error code and its retry rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    Resolve,
    Connect,
    /// No file descriptor, thread or memory is left for a connection.
    Resources,
    /// The proxy refused the tunnel to the server. A retry would be refused too.
    ProxyRefused,
    Tls,
    ConnectionClosed,
    InvalidHttp,
    TooLarge,
    /// The sink of the request cannot write the body.
    Write,
    AttemptTimeout,
    Timeout,
    Canceled,
    /// The journal cannot record the call. `is_transient`: it may be able to later.
    #[cfg_attr(not(feature = "journal"), allow(dead_code))]
    Journal {
        is_transient: bool,
    },
    Internal,
}

impl TransportError {
    #[cold]
    pub(crate) fn new(kind: TransportErrorKind, message: impl Into<String>) -> TransportError {
        TransportError { kind, message: message.into(), source: None }
    }

    #[cfg(feature = "tls")]
    fn with_source_of(mut self, error: &(dyn StdError + 'static)) -> TransportError {
        self.source = source_of(error);
        self
    }
}

#[cold]
pub(super) fn internal(error: &dyn std::fmt::Display) -> TransportError {
    TransportError::new(TransportErrorKind::Internal, format!("The request cannot be created: {error}"))
}

#[cold]
pub(super) fn invalid_http(reason: &dyn std::fmt::Display) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidHttp, format!("The response is not valid HTTP: {reason}"))
}

#[cold]
pub(super) fn too_large(status: u16, limit: usize) -> TransportError {
    TransportError::new(
        TransportErrorKind::TooLarge,
        format!("The response (HTTP {status}) is larger than `max_response_bytes` ({limit})."),
    )
}

/// Converts the error of the sink of a request.
#[cold]
pub(super) fn unwritten(error: WriteError) -> TransportError {
    let WriteError { message, source } = error;
    TransportError { kind: TransportErrorKind::Write, message, source: Some(Arc::new(source)) }
}

/// Returns the error of a connection that closed before the request was sent.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn not_sent(cause: &dyn std::fmt::Display) -> TransportError {
    TransportError::new(
        TransportErrorKind::ConnectionClosed,
        format!("The connection broke before the request was sent: {cause}"),
    )
}

/// Returns the error of a call that ended before its request was sent.
#[cold]
pub(super) fn called_off() -> TransportError {
    TransportError::new(TransportErrorKind::Canceled, "The call ended before its request was sent.")
}

/// Returns the error of a connection that was not established within `limit`.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn connected_too_slowly(limit: Duration) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        format!("No connection was established within {} ms.", limit.as_millis()),
    )
}

/// Converts the error of a connection that could not be established.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn unconnected(error: &(dyn StdError + 'static)) -> TransportError {
    describe_unconnected(error).with_source_of(error)
}

#[cfg(feature = "tls")]
fn describe_unconnected(error: &(dyn StdError + 'static)) -> TransportError {
    let cause = root_cause(error);
    if let Some(exhausted) = exhausted_resource(error) {
        return TransportError::new(
            TransportErrorKind::Resources,
            format!("No connection could be established: {exhausted}. {}", resources::ADVICE),
        );
    }
    if chain(error).any(|error| error.is::<DnsError>()) {
        return TransportError::new(
            TransportErrorKind::Resolve,
            format!("The host name could not be resolved: {cause}"),
        );
    }
    if let Some(roots) = chain(error).find_map(|error| error.downcast_ref::<RootsError>()) {
        return TransportError::new(TransportErrorKind::Tls, roots.to_string());
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return refused_by_tls(tls);
    }
    if let Some(refused) = chain(error).find_map(|error| error.downcast_ref::<ProxyRefused>()) {
        return TransportError::new(TransportErrorKind::ProxyRefused, refused.to_string());
    }
    if let Some(failure) = chain(error).find_map(socks_failure) {
        let kind = match failure.is_final {
            true => TransportErrorKind::ProxyRefused,
            false => TransportErrorKind::Connect,
        };
        return TransportError::new(kind, failure.message);
    }
    TransportError::new(TransportErrorKind::Connect, format!("No connection could be established: {cause}"))
}

/// Returns the reason if a connection failed because a resource of the process is exhausted.
#[cfg(feature = "tls")]
fn exhausted_resource(error: &(dyn StdError + 'static)) -> Option<String> {
    let in_chain = chain(error).find_map(|error| {
        let reason =
            error.downcast_ref::<DnsError>().filter(|error| error.is_exhausted()).map(ToString::to_string);
        reason.or_else(|| {
            let error = error.downcast_ref::<std::io::Error>()?;
            resources::is_exhausted(error).then(|| error.to_string())
        })
    });
    let hides_its_reason =
        |error: &(dyn StdError + 'static)| error.is::<DnsError>() || error.is::<RootsError>();
    match in_chain {
        None if chain(error).any(hides_its_reason) => resources::probe().map(|error| error.to_string()),
        found => found,
    }
}

/// Converts the error of an established connection.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn on_connection(error: &(dyn StdError + 'static), attempt: &AttemptStatus) -> TransportError {
    if let Some(tls) = chain(error).find_map(tls_error)
        && refuses_client_certificate(tls)
    {
        return refused_by_tls(tls).with_source_of(error);
    }
    let cause = root_cause(error);
    lost(&cause, attempt).with_source_of(error)
}

/// Returns the error of a connection that closed, before or after the request was sent.
#[cold]
pub(super) fn lost(cause: &str, attempt: &AttemptStatus) -> TransportError {
    let message = if attempt.may_be_sent() {
        "The connection broke before the complete response was received"
    } else {
        "The connection broke before the request was sent"
    };
    TransportError::new(TransportErrorKind::ConnectionClosed, format!("{message}: {cause}"))
}

#[cfg(feature = "tls")]
fn refused_by_tls(error: &rustls::Error) -> TransportError {
    let mut message = format!("The secure connection was refused: {error}");
    if let Some(advice) = certificate_advice(error).or_else(|| client_certificate_advice(error)) {
        message.push_str(". ");
        message.push_str(advice);
    }
    TransportError::new(TransportErrorKind::Tls, message)
}

/// Returns what to do about the client certificate, if the server asks for one or refuses it.
#[cfg(feature = "tls")]
fn client_certificate_advice(error: &rustls::Error) -> Option<&'static str> {
    use rustls::AlertDescription as Alert;
    match error {
        rustls::Error::AlertReceived(Alert::CertificateRequired) => Some(
            "The server requires a client certificate and received none. Set `client_cert_file` or \
             `client_cert_pem`.",
        ),
        // TLS 1.2 has no alert of its own for a missing certificate.
        rustls::Error::AlertReceived(Alert::HandshakeFailure) => {
            Some("If the server requires a client certificate, set `client_cert_file` or `client_cert_pem`.")
        }
        _ if refuses_client_certificate(error) => Some(
            "The server does not accept the client certificate. Check `client_cert_file` or \
             `client_cert_pem`.",
        ),
        _ => None,
    }
}

/// Returns what to do about the certificate of a server, if its error is one that certificates for
/// tests often have.
#[cfg(feature = "tls")]
fn certificate_advice(error: &rustls::Error) -> Option<&'static str> {
    use rustls::CertificateError as Problem;
    let rustls::Error::InvalidCertificate(problem) = error else { return None };
    match problem {
        Problem::UnknownIssuer => Some(
            "No trusted certificate has signed the server's certificate. If the server is yours, give the \
             certificate that signed it (for a self-signed one, itself) as `ca_file` or `ca_pem`.",
        ),
        Problem::NotValidForNameContext { presented, .. } if presented.is_empty() => Some(
            "The certificate has no subjectAltName; the common name does not count. Make one with: openssl \
             req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj /CN=localhost \
             -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
        ),
        // rustls has no variants for these errors of webpki.
        Problem::Other(other) => match other.to_string() {
            text if text.contains("CaUsedAsEndEntity") => Some(
                "The server uses the certificate of a certificate authority (CA:TRUE) as its own, which is \
                 what `openssl req -x509` makes. Make one for a server with: openssl req -x509 -newkey \
                 rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj /CN=localhost -addext \
                 basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
            ),
            text if text.contains("UnsupportedCertVersion") => Some(
                "The server's certificate has version 1. Make one with extensions (version 3): openssl req \
                 -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj /CN=localhost \
                 -addext basicConstraints=critical,CA:FALSE -addext \
                 subjectAltName=DNS:localhost,IP:127.0.0.1",
            ),
            _ => None,
        },
        _ => None,
    }
}

/// Returns whether a TLS error on an established connection refuses the client certificate. With
/// TLS 1.3 a server checks the client certificate after the client has finished the handshake. Any
/// other TLS error on a connection means that the connection is lost.
#[cfg(feature = "tls")]
fn refuses_client_certificate(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        error,
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
        )
    )
}

/// The proxy responded to CONNECT with a 4xx status.
#[cfg(feature = "tls")]
#[derive(Debug)]
pub(super) struct ProxyRefused {
    pub(super) status: u16,
}

#[cfg(feature = "tls")]
impl std::fmt::Display for ProxyRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The proxy refused to connect to the server (HTTP {}).", self.status)?;
        if self.status == 407 {
            f.write_str(" Check the user name and password in the proxy's URL.")?;
        }
        Ok(())
    }
}

#[cfg(feature = "tls")]
impl StdError for ProxyRefused {}

/// Returns an error and its chain of sources.
#[cfg(feature = "tls")]
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

#[cfg(feature = "tls")]
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns the TLS error in an error. It may be nested in I/O errors, and `source()` of an I/O
/// error does not return the nested error itself.
#[cfg(feature = "tls")]
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        chain(inner).find_map(tls_error)
    })
}

/// Returns the I/O error in an error. It may be nested as a TLS error may; h2 has a method of its
/// own for it.
#[cfg(feature = "tls")]
fn io_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a std::io::Error> {
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        return error.get_io();
    }
    let error = error.downcast_ref::<std::io::Error>()?;
    error.get_ref().and_then(|inner| chain(inner).find_map(io_error)).or(Some(error))
}

/// Returns the resolver's error in an error, or a copy of the TLS error or the I/O error. An I/O
/// error cannot be cloned: the copy has its kind and the code of the system, and no text of other
/// libraries.
#[cfg(feature = "tls")]
fn source_of(error: &(dyn StdError + 'static)) -> Option<ErrorSource> {
    if let Some(tls) = chain(error).find_map(tls_error) {
        return Some(Arc::new(tls.clone()));
    }
    if let Some(dns) = chain(error).find_map(|error| error.downcast_ref::<DnsError>()) {
        // The kind alone does not say why a name cannot be resolved, and there is no code.
        return dns.resolver_error().map(|error| Arc::clone(error) as ErrorSource);
    }
    let io = chain(error).find_map(io_error)?;
    Some(Arc::new(match io.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => std::io::Error::from(io.kind()),
    }))
}

#[cfg(all(test, feature = "tls"))]
mod tests;
