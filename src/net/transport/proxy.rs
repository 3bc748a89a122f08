//! The proxy that a client uses, for every transport of this library.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::config::{Config, ProxyChoice, ProxyScheme};
use crate::error::Error;

/// The greatest length of the user name, the password and the server's name together, for SOCKS5.
/// hyper-util puts all messages of a handshake into one buffer of limited size.
const MAX_SOCKS5_TEXT: usize = 249;

/// A proxy, and the protocol that it speaks.
pub(in crate::net) struct FoundProxy {
    pub(in crate::net) intercept: Intercept,
    pub(in crate::net) scheme: ProxyScheme,
}

/// Returns the proxy for this server, if there is one: of the configuration, or of the system.
///
/// # Errors
///
/// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for a proxy that cannot be used. A
/// direct connection would bypass it.
pub(in crate::net) fn intercept(config: &Config, server: &Uri) -> Result<Option<FoundProxy>, Error> {
    let matcher = match &config.proxy {
        ProxyChoice::None => return Ok(None),
        // A proxy of the environment is not used for servers on this machine.
        ProxyChoice::System if config.loopback => return Ok(None),
        ProxyChoice::System => Matcher::from_system(),
        ProxyChoice::Url(url) => Matcher::builder().all(url.as_str()).build(),
    };
    match matcher.intercept(server) {
        Some(intercept) => check(intercept, server).map(Some),
        None if matches!(config.proxy, ProxyChoice::Url(_)) => Err(unusable("its URL is not valid")),
        None => Ok(None),
    }
}

fn check(intercept: Intercept, server: &Uri) -> Result<FoundProxy, Error> {
    let Some(scheme) = intercept.uri().scheme_str().and_then(ProxyScheme::from_name) else {
        return Err(unusable("its scheme is unknown"));
    };
    match (scheme, intercept.raw_auth()) {
        (ProxyScheme::Socks { .. }, Some((user, password)))
            if user.len() + password.len() + server.host().map_or(0, str::len) > MAX_SOCKS5_TEXT =>
        {
            return Err(unusable(&format!(
                "its user name and password are too long: with the name of the server they may have \
                 {MAX_SOCKS5_TEXT} bytes",
            )));
        }
        _ => {}
    }
    Ok(FoundProxy { intercept, scheme })
}

/// Returns the error of a proxy. It does not repeat the URL, which may contain a password.
fn unusable(problem: &str) -> Error {
    Error::invalid("/proxy", format!("The proxy of `proxy` or of the environment cannot be used: {problem}."))
}
