//! The base URL: the key `base_url`, its environment variable, its default and its checks.

use std::net::IpAddr;

use url::Url;

use super::env::{BASE_URL_ENV, Environment, read_environment, trim_outside_key};
use crate::error::Error;
use crate::json::ObjectReader;

/// The base URL of the API.
pub const DEFAULT_BASE_URL: &str = "https://api.iplaygames.ai";

/// Takes the base URL. Returns it without its trailing slash, and whether it is on this machine.
pub(super) fn take_base_url(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
) -> Result<(String, bool), Error> {
    let allow_insecure_http = reader.take_bool("allow_insecure_http")?.unwrap_or(false);
    if let Some(base_url) = reader.take_string("base_url")? {
        return check_base_url(&base_url, allow_insecure_http);
    }
    match read_environment(environment, BASE_URL_ENV, "/base_url")?.filter(|value| !value.is_empty()) {
        None => check_base_url(DEFAULT_BASE_URL, allow_insecure_http),
        Some(value) => check_base_url(trim_outside_key(&value), allow_insecure_http).map_err(|mut error| {
            let note = format!(" It is the value of the environment variable {BASE_URL_ENV}.");
            error.inner_mut().message.push_str(&note);
            error
        }),
    }
}

/// Returns the base URL without its trailing slash, and whether it is on this machine.
fn check_base_url(text: &str, allow_insecure_http: bool) -> Result<(String, bool), Error> {
    let invalid = |message: &str| Error::invalid("/base_url", message.to_owned());
    // The parser of URLs removes line breaks and tabs.
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(invalid("`base_url` must not contain white space or control characters."));
    }
    let url = Url::parse(text).map_err(|error| invalid(&format!("`base_url` is not a URL: {error}.")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("`base_url` must not contain a user name or a password."));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("`base_url` must have no query and no fragment."));
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if loopback || allow_insecure_http => {}
        "http" => {
            return Err(invalid(
                "`base_url` must use https: http would send the API key unencrypted. \
                 (http to this machine is allowed; `allow_insecure_http` allows it for other hosts.)",
            ));
        }
        _ => return Err(invalid("`base_url` must begin with https:// or http://.")),
    }
    if !url.has_host() {
        return Err(invalid("`base_url` has no host."));
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// Returns whether a host is this machine: a loopback address, `localhost`, or a name below
/// `localhost` (RFC 6761). An IPv6 address may be in brackets.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_localhost_name(host),
    }
}

/// Returns whether a name is `localhost` or a name below it, with or without a dot at its end.
pub(crate) fn is_localhost_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let (before, last) = name.rsplit_once('.').unwrap_or(("sub", name));
    last.eq_ignore_ascii_case("localhost") && !before.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_and_loopback_addresses_are_loopback() {
        for (url, loopback) in [
            ("http://localhost", true),
            ("http://LOCALHOST:8", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://localhost.", true),
            ("http://game.localhost:8", true),
            ("http://a.b.LOCALHOST.", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://[::ffff:7f01:203]:8", true),
            ("http://127.1", true),
            ("http://0x7f000001", true),
            ("https://[::ffff:10.0.0.1]", false),
            ("https://localhost..", false),
            ("https://notlocalhost", false),
            ("https://game.localhost.example", false),
            ("https://127.0.0.1.nip.example", false),
            ("https://localhost.example", false),
            ("https://[::2]", false),
        ] {
            assert_eq!(check_base_url(url, false).unwrap().1, loopback, "{url}");
        }
        assert!(check_base_url("http://10.0.0.1", true).is_ok());
    }
}
