//! The options of one call.

use std::time::Duration;

use crate::config::{take_max_retries, take_timeout};
use crate::error::Error;
use crate::json::ObjectReader;

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
}

impl CallOptions {
    /// Parses options from JSON: `{"timeout_ms", "max_retries", "call_id"}`. Empty text means no
    /// options.
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
        reader.check_keys(&["timeout_ms", "max_retries", "call_id"])?;
        Ok(CallOptions {
            timeout: take_timeout(&mut reader)?,
            max_retries: take_max_retries(&mut reader)?,
            call_id: reader.take_string("call_id")?,
        })
    }
}
