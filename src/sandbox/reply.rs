//! An answer before it goes on the wire.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

pub(super) const JSON: &str = "application/json";

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = Reply { status, headers: HeaderMap::new(), body: body.into() };
        reply.header(http::header::CONTENT_TYPE, content_type);
        reply
    }

    pub(super) fn json(status: u16, document: &Value) -> Reply {
        Reply::new(status, JSON, document.to_string())
    }

    /// A no in the API's envelope.
    pub(super) fn refusal(status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({"success": false, "message": message}))
    }

    /// A no of the framework, outside the envelope.
    pub(super) fn bare(status: u16, message: &str) -> Reply {
        Reply::json(status, &json!({"message": message}))
    }

    /// Sets a header; a value that no header can have is left out.
    pub(super) fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(name, value);
        }
    }
}
