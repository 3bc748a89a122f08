//! Converts an HTTP response to an error: redirects, invalid responses, refusals by the API, and
//! error responses of servers and proxies.

use serde_json::value::RawValue;

use crate::api::envelope::without_bom;
use crate::api::operation::Operation;
use crate::api::refusal;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::http_types::{Disposition, Outcome, Response};
use crate::json;

/// The maximum number of characters that an error keeps of a body that is not JSON.
const MAX_BODY_TEXT: usize = 512;
/// The maximum number of characters that an error message takes from the API.
const MAX_MESSAGE: usize = 1024;

/// Creates the error for a redirect.
pub(super) fn redirect(response: Response) -> Error {
    let status = response.status;
    let mut error = with_body(Code::REDIRECT, String::new(), response);
    let inner = error.inner_mut();
    inner.message =
        format!("The server responded with a redirect (HTTP {status}), and the client follows no redirects.");
    inner.outcome = Outcome::Unknown;
    error
}

/// Creates the error for a response that is not as documented.
pub(super) fn bad_response(response: Response, message: String) -> Error {
    let mut error = with_body(Code::BAD_RESPONSE, message, response);
    error.inner_mut().outcome = Outcome::Unknown;
    error
}

/// Creates the error for a refusal by the API, or for an error response of a server or a proxy.
pub(super) fn parse_failure(operation: &Operation, response: Response) -> Error {
    let status = response.status;
    let disposition = refusal::classify(operation, &response);
    if disposition == Disposition::Contradictory {
        return bad_response(response, format!("The response (HTTP {status}) contradicts itself."));
    }
    let code = match status {
        400 => Code::BAD_REQUEST,
        401 => Code::UNAUTHORIZED,
        403 => Code::FORBIDDEN,
        404 => Code::NOT_FOUND,
        409 => Code::CONFLICT,
        422 => Code::UNPROCESSABLE,
        429 => Code::RATE_LIMITED,
        503 => Code::UNAVAILABLE,
        200..=499 => Code::API,
        500..=599 => Code::SERVER,
        _ => Code::BAD_RESPONSE,
    };
    let message = body_text(&response.body)
        .and_then(|text| string_member(text, "message").or_else(|| string_member(text, "error")))
        .unwrap_or_else(|| status_line(status));
    let mut error = with_body(code, message, response);
    let inner = error.inner_mut();
    let unclear = disposition == Disposition::Unclear;
    inner.outcome = if unclear { Outcome::Unknown } else { Outcome::Rejected };
    inner.retryable = matches!(status, 408 | 425 | 429) || (status >= 500 && unclear);
    error
}

fn status_line(status: u16) -> String {
    match http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("HTTP {status} {reason}"),
        None => format!("HTTP {status}"),
    }
}

/// Creates an error with the status, the body and the request id of the response.
fn with_body(code: Code, message: String, response: Response) -> Error {
    let mut error = Error::new(code, message);
    let inner = error.inner_mut();
    inner.http_status = Some(response.status);
    inner.body = match body_text(&response.body) {
        Some("") => ErrorBody::None,
        Some(text) => {
            match json::get(text, "").ok().and_then(|json| RawValue::from_string(json.to_owned()).ok()) {
                Some(json) => ErrorBody::Json(json),
                None => ErrorBody::Text(text.chars().take(MAX_BODY_TEXT).collect()),
            }
        }
        None => {
            ErrorBody::Text(String::from_utf8_lossy(&response.body).chars().take(MAX_BODY_TEXT).collect())
        }
    };
    inner.request_id = response.request_id;
    error
}

fn string_member(json: &str, key: &str) -> Option<String> {
    let raw = member(json, key)?;
    let text: String = serde_json::from_str(raw).ok()?;
    (!text.trim().is_empty()).then(|| text.chars().take(MAX_MESSAGE).collect())
}

/// Returns the value of a member of a JSON object, as JSON.
fn member<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    json::get(json, &json::escape_token(key)).ok()
}

fn body_text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(without_bom(body)).ok()
}
