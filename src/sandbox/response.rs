//! Builders of the sandbox's HTTP responses.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// A response before it is sent.
pub(super) type Response = http::Response<Bytes>;

/// Returns a response with a content type and a body.
pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set_header(&mut response, http::header::CONTENT_TYPE, content_type);
    response
}

/// Returns a response with a JSON document.
pub(super) fn json(status: u16, document: &Value) -> Response {
    new(status, JSON, document.to_string())
}

/// Returns an error in the API's envelope, `{"success": false, "message": …}`.
pub(super) fn api_error(status: u16, message: &str) -> Response {
    json(status, &json!({"success": false, "message": message}))
}

/// Returns an error as the API's web framework sends it, `{"message": …}`.
pub(super) fn framework_error(status: u16, message: &str) -> Response {
    json(status, &json!({"message": message}))
}

/// Sets a header. A value that a header cannot have is ignored.
pub(super) fn set_header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}
