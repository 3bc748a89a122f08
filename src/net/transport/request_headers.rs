//! The headers that every request of a client has, and its URL, the same for every transport.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;
use crate::http_types::Request;
use crate::net::transport_error::{self, TransportError};

/// The header with the call id.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the complete URL of a request.
pub(super) fn request_url(base_url: &str, request: &Request) -> Result<String, TransportError> {
    let target = std::str::from_utf8(&request.target).map_err(|error| transport_error::internal(&error))?;
    Ok(format!("{base_url}{target}"))
}

/// Sets the headers of one call, which replace headers of the client that have the same name.
#[cfg(any(feature = "native", feature = "reqwest"))]
pub(super) fn set_call_headers(headers: &mut HeaderMap, of_call: &HeaderMap) {
    for (name, value) in of_call {
        headers.insert(name, value.clone());
    }
}

/// Returns the headers of the configuration, with the API key and the accepted formats.
pub(super) fn request_headers(config: &Config) -> HeaderMap {
    let mut headers = config.headers.clone();
    // A strict server would refuse downloads and texts if only JSON were accepted.
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(authorization) = &config.authorization {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    headers
}
