//! The errors of attempts that received no response: their kinds and messages. `client/reply.rs`
//! converts them to the errors of calls.

use std::error::Error as StdError;
use std::time::Duration;

use super::attempt_status::AttemptStatus;
use super::resolve::DnsError;
use super::socks_error::socks_failure;
use super::tls::RootsError;

/// The error of an attempt that received no complete response.
#[derive(Clone, Debug)]
pub(crate) struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) message: String,
}

/// The kinds of transport errors. Each has its error code and its retry rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    Resolve,
    Connect,
    /// The proxy refused the tunnel to the server. A retry would be refused too.
    ProxyRefused,
    Tls,
    ConnectionClosed,
    InvalidHttp,
    TooLarge,
    AttemptTimeout,
    Timeout,
    Canceled,
    Internal,
}

impl TransportError {
    #[cold]
    pub(crate) fn new(kind: TransportErrorKind, message: impl Into<String>) -> TransportError {
        TransportError { kind, message: message.into() }
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

/// Returns the error of a connection that closed before the request was sent.
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
#[cold]
pub(super) fn connected_too_slowly(limit: Duration) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        format!("No connection was established within {} ms.", limit.as_millis()),
    )
}

/// Converts the error of a connection that could not be established.
#[cold]
pub(super) fn unconnected(error: &(dyn StdError + 'static)) -> TransportError {
    let cause = root_cause(error);
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

/// Converts the error of an established connection.
#[cold]
pub(super) fn on_connection(error: &(dyn StdError + 'static), attempt: &AttemptStatus) -> TransportError {
    if let Some(tls) = chain(error).find_map(tls_error)
        && refuses_client_certificate(tls)
    {
        return refused_by_tls(tls);
    }
    let cause = root_cause(error);
    lost(&cause, attempt)
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

fn refused_by_tls(error: &rustls::Error) -> TransportError {
    use rustls::AlertDescription as Alert;
    let advice = match error {
        rustls::Error::AlertReceived(Alert::CertificateRequired) => {
            ". The server requires a client certificate and received none. Set `client_cert_file` or \
             `client_cert_pem`."
        }
        // TLS 1.2 has no alert of its own for a missing certificate.
        rustls::Error::AlertReceived(Alert::HandshakeFailure) => {
            ". If the server requires a client certificate, set `client_cert_file` or `client_cert_pem`."
        }
        _ if refuses_client_certificate(error) => {
            ". The server does not accept the client certificate. Check `client_cert_file` or \
             `client_cert_pem`."
        }
        _ => "",
    };
    TransportError::new(
        TransportErrorKind::Tls,
        format!("The secure connection was refused: {error}{advice}"),
    )
}

/// Returns whether a TLS error on an established connection refuses the client certificate. With
/// TLS 1.3 a server checks the client certificate after the client has finished the handshake. Any
/// other TLS error on a connection means that the connection is lost.
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
#[derive(Debug)]
pub(super) struct ProxyRefused {
    pub(super) status: u16,
}

impl std::fmt::Display for ProxyRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The proxy refused to connect to the server (HTTP {}).", self.status)?;
        if self.status == 407 {
            f.write_str(" Check the user name and password in the proxy's URL.")?;
        }
        Ok(())
    }
}

impl StdError for ProxyRefused {}

/// Returns an error and its chain of sources.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns the TLS error in an error. It may be nested in I/O errors, and `source()` of an I/O
/// error does not return the nested error itself.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        chain(inner).find_map(tls_error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(description: rustls::AlertDescription) -> TransportErrorKind {
        let error = rustls::Error::AlertReceived(description);
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        on_connection(&error, &AttemptStatus::default()).kind
    }

    #[test]
    fn a_tls_error_after_the_handshake_is_a_lost_connection() {
        use rustls::AlertDescription as Alert;
        for description in
            [Alert::InternalError, Alert::BadRecordMac, Alert::UserCanceled, Alert::DecryptError]
        {
            assert_eq!(alert(description), TransportErrorKind::ConnectionClosed, "{description:?}");
        }
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert_eq!(
            on_connection(&error, &AttemptStatus::default()).kind,
            TransportErrorKind::ConnectionClosed
        );
    }

    #[test]
    fn a_tls_error_that_refuses_the_client_or_the_handshake_is_a_tls_failure() {
        use rustls::AlertDescription as Alert;
        for description in [Alert::CertificateRequired, Alert::UnknownCA, Alert::AccessDenied] {
            assert_eq!(alert(description), TransportErrorKind::Tls, "{description:?}");
        }
        let error = rustls::Error::AlertReceived(Alert::HandshakeFailure);
        assert_eq!(unconnected(&error).kind, TransportErrorKind::Tls);
    }
}
