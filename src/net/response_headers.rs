//! The headers of a response that calls need. Every transport stores them here.

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, HeaderMap};

use super::transport::limits::MAX_HEAD;
use super::transport_error::{self, TransportError};
use crate::http_types::Response;

/// Stores the headers that calls need in a response, and all headers as lines if the caller wants
/// them.
pub(super) fn store_headers_and_lines<'a, H: Iterator<Item = (&'a str, &'a [u8])>>(
    response: &mut Response,
    headers: impl Fn() -> H,
    keeps_headers: bool,
) {
    store_headers(response, headers());
    if keeps_headers {
        store_lines(response, headers());
    }
}

/// Stores the headers that calls need in a response. Of a repeated header, the first value counts.
pub(super) fn store_headers<'a>(response: &mut Response, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
    let mut date = None;
    for (name, value) in headers {
        // The length is compared first, because nearly all headers are ignored.
        let field = match name.len() {
            4 if equals(name, "date") => {
                date.get_or_insert(value);
                continue;
            }
            11 if equals(name, "retry-after") => &mut response.retry_after,
            12 if equals(name, "content-type") => {
                response.content_type.get_or_insert_with(|| content_type(value));
                continue;
            }
            12 if equals(name, "x-request-id") => &mut response.request_id,
            16 if equals(name, "content-encoding") => &mut response.content_encoding,
            19 if equals(name, "content-disposition") => &mut response.content_disposition,
            _ => continue,
        };
        field.get_or_insert_with(|| text(value));
    }
    if response.retry_after.is_some() {
        response.date = date.map(text);
    }
}

/// Checks the size of the headers of another library, which has parsed them.
pub(super) fn check_size<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), TransportError> {
    // Each line has a colon, a blank, CR and LF.
    let size: usize = headers.map(|(name, value)| name.len() + value.len() + 4).sum();
    if size > MAX_HEAD {
        return Err(transport_error::invalid_http(&format_args!("its head is longer than {MAX_HEAD} bytes")));
    }
    Ok(())
}

#[cold]
fn store_lines<'a>(response: &mut Response, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name);
        lines.push_str(": ");
        lines.push_str(&String::from_utf8_lossy(value));
        lines.push_str("\r\n");
    }
    response.headers = Some(lines);
}

fn equals(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// Returns the text of a header. Bytes that are not UTF-8 are replaced.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn content_type(value: &[u8]) -> Cow<'static, str> {
    // Nearly all responses have this type.
    const JSON: &str = "application/json";
    if value == JSON.as_bytes() { Cow::Borrowed(JSON) } else { Cow::Owned(text(value)) }
}

/// Returns the value of Content-Length, if it is a number.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
