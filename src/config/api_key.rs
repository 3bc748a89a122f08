//! The API key: the key `api_key`, its environment variable, its checks and its header.

use http::header::HeaderValue;
use zeroize::Zeroizing;

use super::base_url::DEFAULT_BASE_URL;
use super::env::{API_KEY_ENV, Environment, read_environment};
use super::headers::{header_value_problem, secret_header};
use crate::error::Error;
use crate::json::ObjectReader;
use crate::redact::Redactor;

pub(crate) use super::env::trim_outside_key;

/// Takes the API key, and returns the value of the header `Authorization`. Only the default server
/// needs a key.
pub(super) fn take_authorization(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
    base_url: &str,
    secrets: &mut Redactor,
) -> Result<Option<HeaderValue>, Error> {
    let api_key = match reader.take_secret_string("api_key")? {
        Some(key) if key.is_empty() => {
            return Err(Error::invalid("/api_key", "`api_key` is empty. Give the key, or remove the entry."));
        }
        Some(key) => Some(key),
        None => read_environment(environment, API_KEY_ENV, "/api_key")?
            .filter(|key| !key.is_empty())
            .map(|key| match trim_outside_key(&key) {
                "" => Err(Error::invalid(
                    "/api_key",
                    format!("{API_KEY_ENV} contains only white space. Set it to the API key, or unset it."),
                )),
                trimmed => Ok(Zeroizing::new(trimmed.to_owned())),
            })
            .transpose()?,
    };
    if api_key.is_none() && base_url == DEFAULT_BASE_URL {
        return Err(Error::invalid(
            "/api_key",
            format!(
                "{DEFAULT_BASE_URL} needs an API key: give `api_key` or set {API_KEY_ENV}. \
                 (A game should not contain the key: set `base_url` to your own relay instead.)"
            ),
        ));
    }
    api_key.as_ref().map(|key| bearer_header(key, secrets)).transpose()
}

fn bearer_header(key: &str, secrets: &mut Redactor) -> Result<HeaderValue, Error> {
    let invalid = |problem: &str| Error::invalid("/api_key", format!("The API key {problem}."));
    if let Some(problem) = header_value_problem(key) {
        return Err(invalid(problem));
    }
    if key.contains('\t') {
        return Err(invalid("contains a tab"));
    }
    let value = secret_header(&["Bearer ", key])
        .ok_or_else(|| invalid("contains a character that a header cannot contain"))?;
    secrets.add(key);
    Ok(value)
}
