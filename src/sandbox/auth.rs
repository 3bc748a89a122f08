//! Checks the bearer token of a request.

use http::header::{AUTHORIZATION, HeaderMap};

/// The result of checking a request's bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthResult {
    Ok,
    Missing,
    Wrong,
}

impl AuthResult {
    /// Compares the bearer token of a request with the API key.
    pub(super) fn check(headers: &HeaderMap, api_key: &str) -> AuthResult {
        let Some(value) = headers.get(AUTHORIZATION) else { return AuthResult::Missing };
        match value.to_str().ok().and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.trim() == api_key => {
                AuthResult::Ok
            }
            _ => AuthResult::Wrong,
        }
    }

    /// Returns the result as the command `requests` shows it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            AuthResult::Ok => "ok",
            AuthResult::Missing => "missing",
            AuthResult::Wrong => "wrong",
        }
    }
}
