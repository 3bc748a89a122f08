//! The error type of the library, and its JSON document, which the C interface and the bindings
//! use.

use std::error::Error as StdError;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::codes::Code;
use crate::escape::escape_controls;
use crate::http_types::Outcome;
use crate::json::{self, ObjectError};
use crate::redact::Redactor;

/// The error of a failed call: its code, its message, whether the server may have processed the
/// call, and whether a retry may succeed.
///
/// [`Error::to_json`] returns the same data as the JSON error document of the C interface. An error
/// never contains the API key, the value of a secret header (see the README) or a proxy password,
/// in any encoding in which a server repeats it.
///
/// ```
/// use iplaygames::{Code, Config, Outcome};
/// let error = Config::from_json(r#"{"api_key": "k", "base_url": "ftp://x"}"#).unwrap_err();
/// assert_eq!(error.code(), Code::INVALID_ARGUMENT);
/// assert_eq!(error.field(), Some("/base_url"));
/// assert_eq!(error.outcome(), Outcome::NotSent);
/// ```
#[derive(Clone)]
pub struct Error(Box<ErrorInner>);

/// The fields of an error. The accessors of [`Error`] are their public interface.
#[derive(Clone, Debug)]
pub(crate) struct ErrorInner {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) operation: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) retryable: bool,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) http_status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) call_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) field: Option<String>,
    pub(crate) body: ErrorBody,
    pub(crate) source: Option<ErrorSource>,
}

/// The cause of an error. Shared, because an error can be cloned and its cause cannot.
pub(crate) type ErrorSource = Arc<dyn StdError + Send + Sync>;

/// The maximum number of characters that an error keeps of a body that is not JSON.
const MAX_BODY_TEXT: usize = 512;

/// The body of an error response.
#[derive(Clone, Debug)]
pub(crate) enum ErrorBody {
    None,
    /// A JSON body, byte for byte.
    Json(Box<RawValue>),
    /// The first 512 characters of a body that is not JSON.
    Text(String),
}

impl Error {
    /// Creates an error of a call that was not sent.
    // Cold: the compiler moves the error paths out of the hot code.
    #[cold]
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Error {
        Error(Box::new(ErrorInner {
            code,
            message: message.into(),
            operation: None,
            outcome: Outcome::NotSent,
            retryable: false,
            attempts: 0,
            elapsed: Duration::ZERO,
            http_status: None,
            request_id: None,
            call_id: None,
            retry_after: None,
            field: None,
            body: ErrorBody::None,
            source: None,
        }))
    }

    /// Creates an error for an invalid argument. `field` is the JSON pointer to the argument.
    #[cold]
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Error {
        let mut error = Error::new(Code::INVALID_ARGUMENT, message);
        error.0.field = Some(field.into());
        error
    }

    pub(crate) fn inner_mut(&mut self) -> &mut ErrorInner {
        &mut self.0
    }

    /// Returns the error code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the error message: the message of the API if the response has one. Its control
    /// characters are escaped; the body has them as they were sent.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the operation of the call, if there was a call.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Returns whether the server may have processed the call.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Returns whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns the number of attempts.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the time of the call, including the pauses between attempts.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns the HTTP status of the last response, if there was a response.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Returns the id that the server gave to the request, if it sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns the id of the call, which all its attempts send as `X-Request-Id`.
    pub fn call_id(&self) -> Option<&str> {
        self.0.call_id.as_deref()
    }

    /// Returns the time after which the server allows a retry, if the response says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the JSON pointer to the invalid argument, such as `/currency`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns the body of the response byte for byte, if it is JSON.
    pub fn body_json(&self) -> Option<&str> {
        match &self.0.body {
            ErrorBody::Json(raw) => Some(raw.get()),
            _ => None,
        }
    }

    /// Returns the first 512 characters of the body of the response, if it is not JSON.
    pub fn body_text(&self) -> Option<&str> {
        match &self.0.body {
            ErrorBody::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Redacts every secret in the error: a server may repeat the request in its response.
    pub(crate) fn redact(&mut self, secrets: &Redactor) {
        let ErrorInner { message, field, request_id, body, source, .. } = &mut *self.0;
        secrets.redact(message);
        for text in [field, request_id].into_iter().flatten() {
            secrets.redact(text);
        }
        if source.as_ref().is_some_and(|source| contains_secret(&**source, secrets)) {
            // A cause has no text that could be replaced. The message says the same.
            *source = None;
        }
        match body {
            ErrorBody::None => {}
            ErrorBody::Text(text) if text.chars().count() < MAX_BODY_TEXT => secrets.redact(text),
            ErrorBody::Text(text) => secrets.redact_truncated(text),
            ErrorBody::Json(raw) => {
                if let Some(redacted) = secrets.redact_json(raw.get()) {
                    // The redacted text is always JSON. If it were not, the body would be hidden as
                    // a whole.
                    *body = match RawValue::from_string(redacted) {
                        Ok(raw) => ErrorBody::Json(raw),
                        Err(_) => ErrorBody::Text("[hidden]".to_owned()),
                    };
                }
            }
        }
    }

    /// Returns the error document: `{"success": false, "error": {…}}`.
    pub fn to_json(&self) -> String {
        // The pattern names every field, so that a new field does not compile until it is written
        // here.
        let ErrorInner {
            code,
            message,
            operation,
            outcome,
            retryable,
            attempts,
            elapsed,
            http_status,
            request_id,
            call_id,
            retry_after,
            field,
            body,
            // The message contains its text.
            source: _,
        } = &*self.0;
        let mut out = String::with_capacity(512 + message.len());
        out.push_str("{\"success\":false,\"error\":{\"code\":");
        out.push_str(&code.value().to_string());
        let mut write_text = |key: &str, value: Option<&str>| {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            match value {
                Some(value) => json::write_string(&mut out, value),
                None => out.push_str("null"),
            }
        };
        write_text("name", Some(code.name()));
        write_text("message", Some(message));
        write_text("operation", operation.as_deref());
        write_text("outcome", Some(outcome.as_str()));
        write_text("field", field.as_deref());
        write_text("request_id", request_id.as_deref());
        write_text("call_id", call_id.as_deref());
        let mut write_json = |key: &str, value: Option<String>| {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            out.push_str(value.as_deref().unwrap_or("null"));
        };
        write_json("retryable", Some(retryable.to_string()));
        write_json("attempts", Some(attempts.to_string()));
        write_json("elapsed_ms", Some(elapsed.as_millis().to_string()));
        write_json("http_status", http_status.map(|status| status.to_string()));
        write_json("retry_after_ms", retry_after.map(|wait| wait.as_millis().to_string()));
        match body {
            ErrorBody::None => out.push_str(",\"body\":null"),
            ErrorBody::Json(raw) => {
                out.push_str(",\"body\":");
                out.push_str(raw.get());
            }
            ErrorBody::Text(body_text) => {
                out.push_str(",\"body\":null,\"body_text\":");
                json::write_string(&mut out, body_text);
            }
        }
        out.push_str("}}");
        out
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escape_controls(&self.0.message))?;
        if let Some(field) = &self.0.field {
            write!(f, " ({})", escape_controls(field))?;
        }
        write!(f, " [{}", self.0.code.name())?;
        if let Some(status) = self.0.http_status {
            write!(f, ", HTTP {status}")?;
        }
        if self.0.attempts > 0 {
            write!(f, ", outcome {}", self.0.outcome.as_str())?;
        }
        f.write_str("]")
    }
}

impl StdError for Error {
    /// Returns the cause of an error of a connection: a [`std::io::Error`] with the kind and the
    /// code of the system's error, or a `rustls::Error`. For a name that cannot be resolved, it is
    /// the [`std::io::Error`] of the resolver. None if there is no such cause.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

// Nothing changes an error or its cause through a shared reference.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

/// Returns whether a text of a cause contains a secret.
fn contains_secret(source: &(dyn StdError + 'static), secrets: &Redactor) -> bool {
    [source.to_string(), format!("{source:?}")].into_iter().any(|text| {
        let mut redacted = text.clone();
        secrets.redact(&mut redacted);
        redacted != text
    })
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Error {
        Error::invalid(error.pointer, error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_source(source: impl StdError + Send + Sync + 'static) -> Error {
        let mut error = Error::new(Code::CONNECT, "No connection could be established");
        error.inner_mut().source = Some(Arc::new(source));
        error
    }

    #[test]
    fn a_clone_has_the_same_source() {
        let error = with_source(std::io::Error::from(std::io::ErrorKind::ConnectionReset)).clone();
        let source = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(source.kind(), std::io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_source_with_a_secret_is_dropped() {
        let mut secrets = Redactor::default();
        secrets.add("k3y-of-the-host");
        let mut harmless = with_source(std::io::Error::other("closed"));
        harmless.redact(&secrets);
        assert!(harmless.source().is_some());
        for text in ["the name k3y-of-the-host is unknown", "k3y-of-the-host"] {
            let mut error = with_source(std::io::Error::other(text));
            error.redact(&secrets);
            assert!(error.source().is_none(), "{text}");
            assert!(!format!("{error:?}").contains("k3y-of-the-host"));
        }
    }
}
