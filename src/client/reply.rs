//! The reply to a call that succeeded, and how the report of the attempts becomes a reply or an
//! error.

use std::time::Duration;

use super::file_sink::FileSink;
use crate::api::operation::Operation;
use crate::api::{refusal, response};
use crate::codes::Code;
use crate::error::Error;
use crate::http_types::{Disposition, Idempotency, Outcome};
use crate::net::call_cell::CallReport;
use crate::net::transport_error::{TransportError, TransportErrorKind};
use crate::redact::Redactor;

/// The reply to a call that succeeded. Its `Debug` omits the document, which may contain a session
/// token.
#[derive(Clone)]
pub struct Reply {
    json: String,
    http_status: Option<u16>,
    attempts: u32,
    elapsed: Duration,
    call_id: String,
    request_id: Option<String>,
    headers: Option<String>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Reply { json, http_status, attempts, elapsed, call_id, request_id, headers: _ } = self;
        f.debug_struct("Reply")
            .field("bytes", &json.len())
            .field("http_status", http_status)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("call_id", call_id)
            .field("request_id", request_id)
            .finish()
    }
}

impl Reply {
    /// Returns the reply of `Client::prewarm`, which does not come from the server.
    fn of_prewarm(elapsed: Duration) -> Reply {
        Reply {
            json: format!("{{\"success\":true,\"elapsed_ms\":{}}}", elapsed.as_millis()),
            http_status: None,
            attempts: 1,
            elapsed,
            call_id: String::new(),
            request_id: None,
            headers: None,
        }
    }

    /// Returns the JSON document of the server, byte for byte.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the JSON document of the server without copying it.
    pub fn into_json(self) -> String {
        self.json
    }

    /// Returns the HTTP status of the response.
    pub fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// Returns the number of attempts.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the time of the call, including the pauses between attempts.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the id of the call, which is sent as `X-Request-Id`.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Returns the id that the server gave to the request, if it sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the headers of the response, one per line, if the option
    /// [`keeps_headers`](crate::CallOptions::keeps_headers) of the call is set.
    pub fn headers(&self) -> Option<&str> {
        self.headers.as_deref()
    }
}

/// Adds the operation and the call id to an error, and redacts its secrets.
#[cold]
pub(crate) fn with_context(
    mut error: Error,
    operation: &str,
    call_id: Option<&str>,
    secrets: &Redactor,
) -> Error {
    let inner = error.inner_mut();
    inner.operation = Some(operation.to_owned());
    if inner.call_id.is_none() {
        inner.call_id = call_id.map(str::to_owned);
    }
    error.redact(secrets);
    error
}

/// Converts the report of a call to its reply or its error. `echo` is the argument that the
/// response must repeat, `file` that of a download.
pub(crate) fn into_reply(
    operation: &'static Operation,
    report: CallReport,
    call_id: String,
    echo: Option<&str>,
    file: Option<&FileSink>,
) -> Result<Reply, Error> {
    let CallReport { result, attempts, elapsed, may_be_done, was_refused, retry_after } = report;
    let (result, http_status, request_id, headers) = match result {
        Ok(mut response) => {
            let (status, request_id) = (response.status, response.request_id.clone());
            let headers = response.headers.take();
            let was_ended_before = operation.idempotency == Idempotency::Idempotent
                && may_be_done
                && status == 404
                && refusal::classify(operation, &response) == Disposition::Refused;
            // An earlier attempt may have ended the session. The session does not exist now, which
            // is what the caller asked for.
            let result = if was_ended_before {
                Ok(r#"{"success":true,"already_ended":true}"#.to_owned())
            } else {
                match file {
                    Some(file) if matches!(status, 200..=299) => file.save(operation, response),
                    _ => response::parse(operation, response, echo),
                }
            };
            (result, Some(status), request_id, headers)
        }
        Err(failure) => {
            let outcome = match (may_be_done, was_refused) {
                (true, _) => Outcome::Unknown,
                (false, true) => Outcome::Rejected,
                (false, false) => Outcome::NotSent,
            };
            (Err(transport_failure(failure, outcome)), None, None, None)
        }
    };
    match result {
        Ok(json) => Ok(Reply { json, http_status, attempts, elapsed, call_id, request_id, headers }),
        Err(mut error) => {
            if let Some(file) = file {
                file.discard();
            }
            let inner = error.inner_mut();
            inner.attempts = attempts;
            inner.elapsed = elapsed;
            inner.call_id = Some(call_id);
            inner.retry_after = retry_after;
            if may_be_done && operation.idempotency != Idempotency::Safe {
                // The last response says nothing about earlier attempts. A safe operation changes
                // nothing, so it keeps its outcome.
                inner.outcome = Outcome::Unknown;
            }
            Err(error)
        }
    }
}

/// Converts a failure of the transport to an error.
#[cold]
fn transport_failure(failure: TransportError, outcome: Outcome) -> Error {
    let (code, retryable) = match failure.kind {
        TransportErrorKind::Resolve => (Code::RESOLVE, true),
        TransportErrorKind::Connect => (Code::CONNECT, true),
        TransportErrorKind::Resources => (Code::RESOURCES, true),
        TransportErrorKind::ProxyRefused => (Code::CONNECT, false),
        TransportErrorKind::Tls => (Code::TLS, false),
        TransportErrorKind::ConnectionClosed => (Code::CONNECTION_LOST, true),
        TransportErrorKind::InvalidHttp => (Code::BAD_RESPONSE, false),
        TransportErrorKind::TooLarge => (Code::RESPONSE_TOO_LARGE, false),
        TransportErrorKind::Write => (Code::FILE, false),
        TransportErrorKind::AttemptTimeout | TransportErrorKind::Timeout => (Code::TIMEOUT, true),
        TransportErrorKind::Canceled => (Code::CANCELED, false),
        TransportErrorKind::Journal { is_transient } => (Code::JOURNAL, is_transient),
        TransportErrorKind::Internal => (Code::INTERNAL, false),
    };
    let mut error = Error::new(code, failure.message);
    let inner = error.inner_mut();
    inner.retryable = retryable;
    inner.outcome = outcome;
    inner.source = failure.source;
    error
}

/// Converts the result of a prewarm. No request was sent.
pub(crate) fn prewarm_reply(
    result: Result<(), TransportError>,
    elapsed: Duration,
    secrets: &Redactor,
) -> Result<Reply, Error> {
    match result {
        Ok(()) => Ok(Reply::of_prewarm(elapsed)),
        Err(failure) => {
            let mut error = prewarm_error(failure, elapsed);
            error.redact(secrets);
            Err(error)
        }
    }
}

/// Converts the failure of a prewarm to an error.
#[cold]
fn prewarm_error(failure: TransportError, elapsed: Duration) -> Error {
    let mut error = transport_failure(failure, Outcome::NotSent);
    let inner = error.inner_mut();
    (inner.attempts, inner.elapsed) = (1, elapsed);
    error
}
