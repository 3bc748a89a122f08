//! The proxy: the key `proxy`, and the secrets in the proxy variables of the system.

use std::ffi::OsString;

use url::Url;
use zeroize::Zeroizing;

use super::env::Environment;
use super::proxy_scheme::ProxyScheme;
use crate::error::Error;
use crate::json::ObjectReader;
use crate::redact::Redactor;

/// The environment variables for the proxies of the system. Their passwords are secret too.
const PROXY_ENVS: &[&str] =
    &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The proxy that requests go through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// The proxy of the environment, except for a server on this machine.
    System,
    /// No proxy, even if the environment has one.
    None,
    /// The proxy with this URL.
    Url(Url),
}

/// Takes the proxy. Adds the passwords in its URL, or in the variables of the system, to `secrets`.
pub(super) fn take_proxy(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
    secrets: &mut Redactor,
) -> Result<ProxyChoice, Error> {
    let Some(text) = reader.take_secret_string("proxy")? else {
        for name in PROXY_ENVS {
            if let Some(Ok(text)) = environment(name).map(OsString::into_string) {
                add_proxy_credentials(&Zeroizing::new(text), secrets);
            }
        }
        return Ok(ProxyChoice::System);
    };
    if *text == "none" {
        return Ok(ProxyChoice::None);
    }
    // The text may contain a password, so the message shows neither the text nor the parser's
    // error.
    let invalid = || Error::invalid("/proxy", format!("`proxy` must be {}, or \"none\".", ProxyScheme::URLS));
    let url = Url::parse(&text).map_err(|_| invalid())?;
    if ProxyScheme::from_name(url.scheme()).is_none() || !url.has_host() {
        return Err(invalid());
    }
    add_proxy_credentials(url.as_str(), secrets);
    Ok(ProxyChoice::Url(url))
}

/// Adds the user name and the password of a proxy URL to the redactor. The URL may have no scheme.
fn add_proxy_credentials(address: &str, secrets: &mut Redactor) {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((credentials, _)) = authority.rsplit_once('@') else { return };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let decode = |text: &str| {
        Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
    };
    secrets.add(if password.is_empty() { user } else { password });
    secrets.add_credentials(&decode(user), &decode(password));
}
