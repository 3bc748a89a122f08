//! The headers that every request of a client has, the same for every transport.

use http::header::{self, HeaderMap, HeaderValue};

use crate::config::Config;

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
