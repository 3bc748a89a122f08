//! The headers of every request: the key `headers` with its checks, and the key `user_agent`.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::json::{ObjectReader, ZeroizingMap, escape_token};
use crate::redact::Redactor;

/// Takes the headers of the host. With `has_key` the client sets `Authorization`.
pub(crate) fn take_headers(
    reader: &mut ObjectReader,
    has_key: bool,
    secrets: &mut Redactor,
) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let members = match reader.take_value("headers") {
        None => return Ok(headers),
        Some(Value::Object(members)) => ZeroizingMap(members),
        Some(_) => return Err(Error::invalid("/headers", "`headers` must be an object of strings.")),
    };
    for (name, value) in &members.0 {
        let at = format!("/headers{}", escape_token(name));
        let Value::String(value) = value else {
            return Err(Error::invalid(at, format!("The header {name:?} must be a string.")));
        };
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::invalid(at.clone(), format!("{name:?} is not a valid header name.")))?;
        if let Some(reason) = reserved_header(&parsed, has_key) {
            return Err(Error::invalid(at, format!("The header {name:?} cannot be set: {reason}.")));
        }
        if let Some(problem) = header_value_problem(value) {
            return Err(Error::invalid(at, format!("The value of the header {name:?} {problem}.")));
        }
        let header = secret_header(&[value]).ok_or_else(|| {
            Error::invalid(
                at.clone(),
                format!("The header {name:?} has a value that a header cannot contain."),
            )
        })?;
        secrets.add_header(parsed.as_str(), value);
        if headers.insert(parsed, header).is_some() {
            return Err(Error::invalid(at, format!("The header {name:?} is given twice.")));
        }
    }
    Ok(headers)
}

/// Takes the product of the host, and returns the value of the header `User-Agent`.
pub(super) fn take_user_agent(reader: &mut ObjectReader) -> Result<HeaderValue, Error> {
    let prefix = reader.take_string("user_agent")?;
    let library = concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"));
    if prefix
        .as_deref()
        .is_some_and(|prefix| prefix.starts_with([' ', '\t']) || prefix.ends_with([' ', '\t']))
    {
        return Err(Error::invalid(
            "/user_agent",
            "`user_agent` begins or ends with a space or a tab. Remove it.",
        ));
    }
    let text = match prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix} {library}"),
        _ => library.to_owned(),
    };
    HeaderValue::from_str(&text).map_err(|_| {
        Error::invalid("/user_agent", "`user_agent` has a character that a header cannot contain.")
    })
}

/// Returns why a text cannot be the value of a header, or None if it can.
pub(super) fn header_value_problem(text: &str) -> Option<&'static str> {
    if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
        Some("begins or ends with a space or a tab")
    } else if text.contains(|character: char| character.is_ascii_control() && character != '\t') {
        Some("contains a control character (perhaps a line break from a file)")
    } else if !text.is_ascii() {
        Some("contains a character that is not ASCII (perhaps a byte order mark or a zero-width space)")
    } else {
        None
    }
}

/// Creates a header value whose bytes are overwritten when its last clone is dropped.
pub(super) fn secret_header(parts: &[&str]) -> Option<HeaderValue> {
    // The buffer is allocated once: a vector that grows leaves a copy of the secret in its old
    // memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns why a header is reserved for the client, or None if the host may set it.
fn reserved_header(name: &HeaderName, has_key: bool) -> Option<&'static str> {
    match name.as_str() {
        "authorization" if has_key => Some("`api_key` sets it"),
        "host" | "accept" | "accept-encoding" => Some("the client sets it"),
        "user-agent" => Some("use `user_agent`"),
        "x-request-id" => Some("it contains the id of the call; use the option `call_id`"),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "transfer-encoding"
        | "upgrade" | "expect" => Some("it is specific to the connection"),
        "proxy-authorization" => Some("put the user and password into `proxy`"),
        name if name.starts_with("content-") => Some("it depends on the body"),
        _ => None,
    }
}
