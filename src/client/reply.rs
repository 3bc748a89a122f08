//! The reply to a call that succeeded, and how the report of the attempts becomes a reply or an error.

use std::time::Duration;

use crate::api::operation::Operation;
use crate::api::{refusal, reply};
use crate::codes::Code;
use crate::config::Secrets;
use crate::error::Error;
use crate::message::{Disposition, Outcome, Repeat};
use crate::net::call_cell::CallReport;
use crate::net::failure::{Failure, FailureKind};

/// The reply to a call that succeeded. Its `Debug` leaves the document out: a session's token may be in it.
#[derive(Clone)]
pub struct Reply {
    json: String,
    http_status: Option<u16>,
    attempts: u32,
    elapsed: Duration,
    call_id: String,
    request_id: Option<String>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Reply { json, http_status, attempts, elapsed, call_id, request_id } = self;
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
    /// Returns the reply of `Client::prewarm`, which the library makes itself.
    pub(super) fn of_prewarm(elapsed: Duration) -> Reply {
        Reply {
            json: format!("{{\"success\":true,\"elapsed_ms\":{}}}", elapsed.as_millis()),
            http_status: None,
            attempts: 1,
            elapsed,
            call_id: String::new(),
            request_id: None,
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

    /// Returns the time of the call, with the pauses between attempts.
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
}

/// Adds the operation and the call id to an error, and hides secrets in it.
#[cold]
pub(crate) fn with_context(
    mut error: Error,
    operation: &str,
    call_id: Option<&str>,
    secrets: &Secrets,
) -> Error {
    let facts = error.facts_mut();
    facts.operation = Some(operation.to_owned());
    if facts.call_id.is_none() {
        facts.call_id = call_id.map(str::to_owned);
    }
    error.hide(secrets);
    error
}

/// Converts the report of a call to its reply or its error. `echo` is the argument that the response must repeat.
pub(crate) fn into_reply(
    operation: &'static Operation,
    report: CallReport,
    call_id: String,
    echo: Option<&str>,
) -> Result<Reply, Error> {
    let CallReport { result, attempts, elapsed, may_be_done, was_refused, retry_after } = report;
    let (result, http_status, request_id) = match result {
        Ok(answer) => {
            let (status, request_id) = (answer.status, answer.request_id.clone());
            let gone = operation.repeat == Repeat::End
                && may_be_done
                && status == 404
                && refusal::classify(operation, &answer) == Disposition::Refused;
            // An earlier attempt may have ended the session. It does not exist now, as the caller asked.
            let result = if gone {
                Ok(r#"{"success":true,"already_ended":true}"#.to_owned())
            } else {
                reply::read(operation, answer, echo)
            };
            (result, Some(status), request_id)
        }
        Err(failure) => {
            let outcome = match (may_be_done, was_refused) {
                (true, _) => Outcome::Unknown,
                (false, true) => Outcome::Rejected,
                (false, false) => Outcome::NotSent,
            };
            (Err(error_of(failure, outcome)), None, None)
        }
    };
    match result {
        Ok(json) => Ok(Reply { json, http_status, attempts, elapsed, call_id, request_id }),
        Err(mut error) => {
            let facts = error.facts_mut();
            facts.attempts = attempts;
            facts.elapsed = elapsed;
            facts.call_id = Some(call_id);
            facts.retry_after = retry_after;
            if may_be_done && operation.repeat != Repeat::Read {
                // The last response says nothing of the attempts before it. A read has changed nothing.
                facts.outcome = Outcome::Unknown;
            }
            Err(error)
        }
    }
}

/// Converts a failure of the transport to an error.
#[cold]
fn error_of(failure: Failure, outcome: Outcome) -> Error {
    let (code, retryable) = match failure.kind {
        FailureKind::Resolve => (Code::RESOLVE, true),
        FailureKind::Connect => (Code::CONNECT, true),
        FailureKind::ProxyRefused => (Code::CONNECT, false),
        FailureKind::Tls => (Code::TLS, false),
        FailureKind::Lost => (Code::CONNECTION_LOST, true),
        FailureKind::NotHttp => (Code::BAD_RESPONSE, false),
        FailureKind::TooLarge => (Code::RESPONSE_TOO_LARGE, false),
        FailureKind::AttemptTimeout | FailureKind::Timeout => (Code::TIMEOUT, true),
        FailureKind::Canceled => (Code::CANCELED, false),
        FailureKind::Internal => (Code::INTERNAL, false),
    };
    let mut error = Error::new(code, failure.message);
    let facts = error.facts_mut();
    facts.retryable = retryable;
    facts.outcome = outcome;
    error
}

/// Converts the failure of `Client::prewarm` to an error. The server was asked nothing.
#[cold]
pub(super) fn error_of_prewarm(failure: Failure, elapsed: Duration) -> Error {
    let mut error = error_of(failure, Outcome::NotSent);
    let facts = error.facts_mut();
    (facts.attempts, facts.elapsed) = (1, elapsed);
    error
}
