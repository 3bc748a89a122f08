//! The encoding of a request's method and body, the same for every transport.

use bytes::Bytes;

use crate::http_types::{Method, Request, RequestBody};
use crate::net::multipart;
use crate::net::transport_error::{self, TransportError};

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// Returns the method as the crate `http` has it.
pub(super) fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
    }
}

/// The encoded body of a request.
pub(super) enum EncodedBody {
    None,
    /// An empty body.
    Empty,
    Json(Bytes),
    Form {
        content_type: String,
        body: Bytes,
    },
}

impl EncodedBody {
    /// Encodes the body of a request.
    pub(super) fn of(parts: &Request) -> Result<EncodedBody, TransportError> {
        Ok(match &parts.body {
            RequestBody::None if matches!(parts.method, Method::Post | Method::Put) => EncodedBody::Empty,
            RequestBody::None => EncodedBody::None,
            RequestBody::Json(json) => EncodedBody::Json(json.clone()),
            RequestBody::File { field, file_name, content_type, content } => {
                let (content_type, body) =
                    multipart::encode(&boundary()?, field, file_name, content_type, content);
                EncodedBody::Form { content_type, body }
            }
        })
    }
}

/// Returns a random boundary of 32 hexadecimal digits.
fn boundary() -> Result<String, TransportError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| transport_error::internal(&error))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bits)))
}
