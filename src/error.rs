//! The one error type, and the one document that it becomes in C, C++ and Python.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::codes::Code;
use crate::http_types::Outcome;
use crate::json::ObjectError;
use crate::redact::Redactor;

/// A failed call: what went wrong, whether the call may have been done, and whether to try again.
///
/// The same facts as the JSON error document of the C interface; [`Error::to_json`] writes it.
/// Never contains the API key, a secret header's value (see the README) or a proxy's password, in
/// whatever spelling a server repeats it.
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

/// Everything an error says. Crate-internal: the accessors of [`Error`] are the public face.
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
}

/// How many characters of a body that is not JSON an error holds.
const MAX_BODY_TEXT: usize = 512;

/// The body that came with a failure.
#[derive(Clone, Debug)]
pub(crate) enum ErrorBody {
    None,
    /// The body was JSON: kept byte for byte.
    Json(Box<RawValue>),
    /// It was not: its first 512 characters.
    Text(String),
}

impl Error {
    /// A failure before anything was sent.
    // Cold: what leads here is laid out of the way of what goes well.
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
        }))
    }

    /// A bad argument; `field` is a JSON pointer to it.
    #[cold]
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Error {
        let mut error = Error::new(Code::INVALID_ARGUMENT, message);
        error.0.field = Some(field.into());
        error
    }

    pub(crate) fn inner_mut(&mut self) -> &mut ErrorInner {
        &mut self.0
    }

    /// What went wrong, as a code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What went wrong, in words: the API's own where it gave any.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that was called, where there was one.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Whether the call may have been done.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may work later.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long it took, pauses included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The HTTP status of the last answer, if one came.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The server's own id of the request, if it sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Our id of the call, sent as `X-Request-Id`; the same for all its attempts.
    pub fn call_id(&self) -> Option<&str> {
        self.0.call_id.as_deref()
    }

    /// How long the server asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// A JSON pointer to the argument that is wrong, such as `/currency`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The answer's body, if it was JSON: byte for byte.
    pub fn body_json(&self) -> Option<&str> {
        match &self.0.body {
            ErrorBody::Json(raw) => Some(raw.get()),
            _ => None,
        }
    }

    /// The first 512 characters of the answer's body, if it was not JSON.
    pub fn body_text(&self) -> Option<&str> {
        match &self.0.body {
            ErrorBody::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Replaces every secret that the error quotes: a server may echo what it was sent.
    pub(crate) fn hide(&mut self, secrets: &Redactor) {
        let ErrorInner { message, field, request_id, body, .. } = &mut *self.0;
        secrets.redact(message);
        for text in [field, request_id].into_iter().flatten() {
            secrets.redact(text);
        }
        match body {
            ErrorBody::None => {}
            ErrorBody::Text(text) if text.chars().count() < MAX_BODY_TEXT => secrets.redact(text),
            ErrorBody::Text(text) => secrets.redact_cut(text),
            ErrorBody::Json(raw) => {
                if let Some(redacted) = secrets.redact_json(raw.get()) {
                    // The redacted text is JSON. Were it not, none of it would be shown.
                    *body = match RawValue::from_string(redacted) {
                        Ok(raw) => ErrorBody::Json(raw),
                        Err(_) => ErrorBody::Text("[hidden]".to_owned()),
                    };
                }
            }
        }
    }

    /// The error document: `{"success": false, "error": {…}}`.
    pub fn to_json(&self) -> String {
        // Named one by one, so that a new fact does not compile until the document has it.
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
        } = &*self.0;
        let mut out = String::with_capacity(512 + message.len());
        out.push_str("{\"success\":false,\"error\":{\"code\":");
        out.push_str(&code.value().to_string());
        let mut text = |key: &str, value: Option<&str>| {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            match value {
                Some(value) => push_quoted(&mut out, value),
                None => out.push_str("null"),
            }
        };
        text("name", Some(code.name()));
        text("message", Some(message));
        text("operation", operation.as_deref());
        text("outcome", Some(outcome.as_str()));
        text("field", field.as_deref());
        text("request_id", request_id.as_deref());
        text("call_id", call_id.as_deref());
        let mut bare = |key: &str, value: Option<String>| {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            out.push_str(value.as_deref().unwrap_or("null"));
        };
        bare("retryable", Some(retryable.to_string()));
        bare("attempts", Some(attempts.to_string()));
        bare("elapsed_ms", Some(elapsed.as_millis().to_string()));
        bare("http_status", http_status.map(|status| status.to_string()));
        bare("retry_after_ms", retry_after.map(|wait| wait.as_millis().to_string()));
        match body {
            ErrorBody::None => out.push_str(",\"body\":null"),
            ErrorBody::Json(raw) => {
                out.push_str(",\"body\":");
                out.push_str(raw.get());
            }
            ErrorBody::Text(body_text) => {
                out.push_str(",\"body\":null,\"body_text\":");
                push_quoted(&mut out, body_text);
            }
        }
        out.push_str("}}");
        out
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    // What needs no escapes, as nearly all does, is copied.
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.reserve(text.len() + 2);
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Writing text into a String cannot fail; were it to, an empty string keeps the document whole.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(field) = &self.0.field {
            write!(f, " ({field})")?;
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

impl std::error::Error for Error {}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Error {
        Error::invalid(error.pointer, error.message)
    }
}
