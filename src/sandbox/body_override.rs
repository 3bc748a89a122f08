//! The response body that a fault sends in place of the real one.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::error::Error;
use crate::json::ObjectReader;

use super::response::{Response, set_header};

/// The largest `oversize_bytes`: 256 MiB. A client accepts less, and a small machine has more
/// memory.
const MAX_SIZE: u64 = 256 << 20;
/// The smallest `oversize_bytes`. A smaller document has no room for the padding.
const MIN_SIZE: u64 = 64;

/// A body that replaces the body of a response.
#[derive(Debug)]
pub(super) enum BodyOverride {
    Bytes(Bytes),
    Empty,
    /// A JSON document of this size.
    Padded(usize),
    /// The API's envelope of an error, with this message.
    Envelope(String),
    /// An HTML page with this title.
    Page(String),
}

impl BodyOverride {
    /// Parses the members of a fault that concern the body. `status` is the fault's status, if it
    /// has one.
    pub(super) fn parse(
        reader: &mut ObjectReader,
        status: Option<StatusCode>,
    ) -> Result<Option<BodyOverride>, Error> {
        let message = reader.take_string("message")?;
        let envelope = reader.take_bool("envelope")?;
        if status.is_none() && (message.is_some() || envelope.is_some()) {
            let key = if message.is_some() { "message" } else { "envelope" };
            return Err(Error::invalid(format!("/{key}"), format!("`{key}` needs `status`.")));
        }
        match (parse_explicit(reader)?, status) {
            (Some(body), _) => Ok(Some(body)),
            (None, None) => Ok(None),
            (None, Some(status)) => {
                let message =
                    message.unwrap_or_else(|| status.canonical_reason().unwrap_or("Fault").to_owned());
                Ok(Some(match envelope {
                    Some(true) => BodyOverride::Envelope(message),
                    _ => BodyOverride::Page(format!("{} {message}", status.as_u16())),
                }))
            }
        }
    }

    /// Replaces the body of a response, and the content type if the new body is a page.
    pub(super) fn apply_to(&self, response: &mut Response) {
        *response.body_mut() = match self {
            BodyOverride::Bytes(bytes) => bytes.clone(),
            BodyOverride::Empty => Bytes::new(),
            BodyOverride::Padded(size) => padded_document(*size).into(),
            BodyOverride::Envelope(message) => {
                json!({"success": false, "message": message}).to_string().into()
            }
            BodyOverride::Page(title) => {
                set_header(response, http::header::CONTENT_TYPE, "text/html; charset=utf-8");
                let title = title.replace('&', "&amp;").replace('<', "&lt;");
                format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n")
                    .into()
            }
        };
    }
}

/// Parses the member that states the body itself, of which there can be one.
fn parse_explicit(reader: &mut ObjectReader) -> Result<Option<BodyOverride>, Error> {
    let text = reader.take_string("body")?.map(|text| BodyOverride::Bytes(text.into()));
    let decoded = match reader.take_string("body_base64")? {
        None => None,
        Some(text) => {
            let bytes = BASE64_STANDARD.decode(text).map_err(|problem| {
                Error::invalid("/body_base64", format!("`body_base64` is not base64: {problem}."))
            })?;
            Some(BodyOverride::Bytes(bytes.into()))
        }
    };
    let empty = reader.take_bool("empty")?.unwrap_or(false).then_some(BodyOverride::Empty);
    let padded = reader
        .take_integer("oversize_bytes", MIN_SIZE..=MAX_SIZE)?
        .map(|size| BodyOverride::Padded(size as usize));
    let mut bodies = [("body", text), ("body_base64", decoded), ("empty", empty), ("oversize_bytes", padded)]
        .into_iter()
        .filter_map(|(key, body)| Some((key, body?)));
    let first = bodies.next();
    match bodies.next() {
        None => Ok(first.map(|(_, body)| body)),
        Some((key, _)) => Err(Error::invalid(
            format!("/{key}"),
            format!("`{key}` would be a second body. A response has one body."),
        )),
    }
}

/// Returns a JSON object of exactly `size` bytes.
fn padded_document(size: usize) -> String {
    let (start, end) = (r#"{"success":true,"padding":""#, r#""}"#);
    let mut document = String::with_capacity(size);
    document.push_str(start);
    document.extend(std::iter::repeat_n('x', size.saturating_sub(start.len() + end.len())));
    document.push_str(end);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_document_is_json_of_the_requested_size() {
        for size in [64, 65, 10_000] {
            let document = padded_document(size);
            assert_eq!(document.len(), size);
            assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
        }
    }
}
