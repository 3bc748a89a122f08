//! The options of one call.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::config::{take_headers, take_max_retries, take_timeout};
use crate::error::Error;
use crate::json::ObjectReader;
use crate::redact::Redactor;

/// The options of one call. They override the configuration of the client.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// The time limit of the whole call, instead of the client's `timeout_ms`.
    pub timeout: Option<Duration>,
    /// The number of retries, instead of the client's `max_retries`.
    pub max_retries: Option<u32>,
    /// The id of the call, which is sent as `X-Request-Id`: 1 to 128 visible ASCII characters. If
    /// there is none, the client creates a random id.
    pub call_id: Option<String>,
    /// The headers of the call. They replace headers of the client that have the same name.
    pub headers: Option<CallHeaders>,
    /// Whether the reply has the headers of the response.
    pub keeps_headers: bool,
}

/// The headers of one call. Made by [`CallOptions::from_json`]. Its `Debug` omits the values, which
/// may be secret.
#[derive(Clone)]
pub struct CallHeaders(Arc<CheckedHeaders>);

struct CheckedHeaders {
    map: HeaderMap,
    secrets: Redactor,
}

impl std::fmt::Debug for CallHeaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.map.keys()).finish()
    }
}

impl CallHeaders {
    fn take(reader: &mut ObjectReader) -> Result<Option<CallHeaders>, Error> {
        let mut secrets = Redactor::default();
        // The API key is the client's own, so a call never sets `Authorization`.
        let map = take_headers(reader, true, &mut secrets)?;
        Ok((!map.is_empty()).then(|| CallHeaders(Arc::new(CheckedHeaders { map, secrets }))))
    }

    /// Adds the headers to those of a request, and their secrets to those of its client.
    pub(super) fn apply(&self, headers: &mut HeaderMap, secrets: &mut Arc<Redactor>) {
        headers.clone_from(&self.0.map);
        Arc::make_mut(secrets).add_all(&self.0.secrets);
    }
}

impl CallOptions {
    /// Parses options from JSON: `{"timeout_ms", "max_retries", "call_id", "headers",
    /// "keep_headers"}`. Empty text means no options.
    ///
    /// ```
    /// use iplaygames::CallOptions;
    /// let options = CallOptions::from_json(r#"{"timeout_ms": 500, "call_id": "match-7"}"#)?;
    /// assert_eq!(options.timeout, Some(std::time::Duration::from_millis(500)));
    /// assert_eq!(CallOptions::from_json(r#"{"retries": 1}"#).unwrap_err().field(), Some("/retries"));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) with [`field`](Error::field)
    /// pointing at the option.
    pub fn from_json(text: &str) -> Result<CallOptions, Error> {
        let mut reader = ObjectReader::parse(text, "The options")?;
        reader.check_keys(&["timeout_ms", "max_retries", "call_id", "headers", "keep_headers"])?;
        Ok(CallOptions {
            timeout: take_timeout(&mut reader)?,
            max_retries: take_max_retries(&mut reader)?,
            call_id: reader.take_string("call_id")?,
            headers: CallHeaders::take(&mut reader)?,
            keeps_headers: reader.take_bool("keep_headers")?.unwrap_or(false),
        })
    }
}
