//! Why an attempt brought no answer, in the words of a call.

use std::error::Error as StdError;
use std::time::Duration;

use super::attempt_status::AttemptStatus;
use super::resolve::Unresolved;

/// Why an attempt brought no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// The kinds of failure, each with its own code and its own rule for trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Resolve,
    Connect,
    Tls,
    Lost,
    NotHttp,
    TooLarge,
    AttemptTimeout,
    Timeout,
    Canceled,
    Internal,
}

impl Failure {
    #[cold]
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into() }
    }
}

#[cold]
pub(super) fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Internal, format!("The request cannot be made: {error}"))
}

#[cold]
pub(super) fn not_http(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::NotHttp, format!("The answer is not HTTP: {why}"))
}

#[cold]
pub(super) fn too_large(status: u16, limit: usize) -> Failure {
    Failure::new(
        FailureKind::TooLarge,
        format!("The answer (HTTP {status}) is larger than `max_response_bytes` ({limit})."),
    )
}

/// The call ended before its request was sent: nothing was written.
#[cold]
pub(super) fn called_off() -> Failure {
    Failure::new(FailureKind::Canceled, "The call ended before its request was sent.")
}

/// A connection took longer than it may.
#[cold]
pub(super) fn connected_too_slowly(limit: Duration) -> Failure {
    Failure::new(FailureKind::Connect, format!("No connection within {} ms.", limit.as_millis()))
}

/// Why there is no connection.
#[cold]
pub(super) fn unconnected(error: &(dyn StdError + 'static)) -> Failure {
    let cause = root_cause(error);
    if chain(error).any(|error| error.is::<Unresolved>()) {
        return Failure::new(FailureKind::Resolve, format!("The host name could not be resolved: {cause}"));
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return refused_by_tls(tls);
    }
    Failure::new(FailureKind::Connect, format!("No connection could be made: {cause}"))
}

/// Says what a failure on a connection is, and corrects what was seen from outside where the server itself
/// says that it did nothing.
#[cold]
pub(super) fn on_connection(error: &(dyn StdError + 'static), attempt: &AttemptStatus) -> Failure {
    if let Some(tls) = chain(error).find_map(tls_error) {
        return refused_by_tls(tls);
    }
    let cause = root_cause(error);
    if turned_away(error) {
        attempt.mark_not_sent();
        return Failure::new(FailureKind::Lost, format!("The server did not take the request: {cause}"));
    }
    lost(&cause, attempt)
}

/// The connection is gone.
#[cold]
pub(super) fn lost(cause: &str, attempt: &AttemptStatus) -> Failure {
    let what = if attempt.may_be_sent() {
        "The connection broke before the whole answer had come"
    } else {
        "The connection broke before the request was sent"
    };
    Failure::new(FailureKind::Lost, format!("{what}: {cause}"))
}

fn refused_by_tls(error: &rustls::Error) -> Failure {
    Failure::new(FailureKind::Tls, format!("The secure connection was refused: {error}"))
}

/// An error and what lies behind it.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

fn root_cause(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// TLS errors hide inside I/O errors, and those inside others: an I/O error names as its source what
/// its content names, never the content itself.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        chain(inner).find_map(tls_error)
    })
}

/// Whether an HTTP/2 server said that it did nothing with the request: it refused the stream, or went away
/// and named an earlier one as its last (RFC 9113, section 8.7).
fn turned_away(error: &(dyn StdError + 'static)) -> bool {
    chain(error).filter_map(|error| error.downcast_ref::<h2::Error>()).any(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let gone = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        error.is_remote() && (refused || gone)
    })
}
