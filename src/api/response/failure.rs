//! Converts an HTTP response to an error: redirects, invalid responses, refusals by the API, and
//! error responses of servers and proxies.

use serde_json::value::RawValue;

use crate::api::envelope::without_bom;
use crate::api::operation::Operation;
use crate::api::refusal;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::escape::escape_controls;
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

/// Creates the error for a successful response in a content coding.
pub(super) fn encoded_response(mut response: Response) -> Error {
    let coding = content_coding(&response).unwrap_or_default();
    // The bytes cannot be read.
    response.body.clear();
    bad_response(
        response,
        format!(
            "The response has the content coding {coding:?}, although the request accepts none. Check the \
             server and the proxies in front of it."
        ),
    )
}

/// Returns the content coding of a body, such as `gzip`; None if the body is not encoded.
pub(super) fn content_coding(response: &Response) -> Option<String> {
    let coding = response.content_encoding.as_deref()?;
    let is_plain =
        |coding: &str| matches!(coding.trim(), "") || coding.trim().eq_ignore_ascii_case("identity");
    // The value is part of a message.
    (!coding.split(',').all(is_plain)).then(|| coding.trim().chars().take(64).collect())
}

/// Creates the error for a refusal by the API, or for an error response of a server or a proxy.
pub(super) fn parse_failure(operation: &Operation, mut response: Response) -> Error {
    let status = response.status;
    let coding = content_coding(&response);
    if coding.is_some() {
        // The status is enough for a code, but the body cannot be read.
        response.body.clear();
    }
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
        .unwrap_or_else(|| match coding {
            Some(coding) => format!("{} (with a body in the content coding {coding:?})", status_line(status)),
            None => status_line(status),
        });
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
    let text: String = text.trim_end_matches(['\r', '\n']).chars().take(MAX_MESSAGE).collect();
    // The message is shown by hosts in every language; the body keeps the characters.
    (!text.trim().is_empty()).then(|| escape_controls(&text).into_owned())
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
