//! The proxy that a client uses, for every transport of this library.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::config::{Config, ProxyChoice};
use crate::error::Error;

/// Returns the proxy for this server, if there is one: of the configuration, or of the system.
pub(in crate::net) fn intercept(config: &Config, server: &Uri) -> Result<Option<Intercept>, Error> {
    let matcher = match &config.proxy {
        ProxyChoice::None => return Ok(None),
        // A proxy of the environment is not used for servers on this machine.
        ProxyChoice::System if config.loopback => return Ok(None),
        ProxyChoice::System => Matcher::from_system(),
        ProxyChoice::Url(url) => Matcher::builder().all(url.as_str()).build(),
    };
    let found = matcher.intercept(server);
    if found.is_none() && matches!(config.proxy, ProxyChoice::Url(_)) {
        // The configured proxy must not be bypassed.
        return Err(Error::invalid("/proxy", "The proxy's URL cannot be used."));
    }
    Ok(found)
}
