//! The proxy of a reqwest client, and the errors of reqwest's connections to proxies.
//! `transport/proxy.rs` selects the proxy.

use std::error::Error as StdError;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::SocksV4;
use hyper_util::client::proxy::matcher::Intercept;
use percent_encoding::NON_ALPHANUMERIC;
use reqwest::{Proxy, Url};
use tower_service::Service;
use zeroize::Zeroizing;

use crate::config::{Config, ProxyScheme};
use crate::error::Error;
use crate::net::transport::proxy::FoundProxy;
use crate::net::transport_error;

/// Refuses a client certificate together with a proxy that speaks TLS: reqwest would present the
/// certificate to the proxy as well.
pub(super) fn check_client_certificate(config: &Config, proxy: &FoundProxy) -> Result<(), Error> {
    match config.client_certificate {
        Some(_) if proxy.scheme == ProxyScheme::Https => Err(Error::invalid(
            "/proxy",
            "A client certificate and an https proxy cannot be used together with the transport `reqwest`, \
             which would present the certificate to the proxy. Use the transport `native`.",
        )),
        _ => Ok(()),
    }
}

/// Returns reqwest's setting for a proxy.
pub(super) fn reqwest_proxy(found: &Intercept) -> Result<Proxy, Error> {
    // The address may contain a password, so the error does not repeat it.
    let unusable = || Error::invalid("/proxy", "The proxy's URL cannot be used.");
    let mut address = Url::parse(&found.uri().to_string()).map_err(|_| unusable())?;
    if let Some((user, password)) = found.raw_auth() {
        // The setters leave `%` as it is, and reqwest decodes it.
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        address.set_username(&encode(user)).map_err(|()| unusable())?;
        address.set_password(Some(&Zeroizing::new(encode(password)))).map_err(|()| unusable())?;
    }
    let mut proxy = Proxy::all(address).map_err(|_| unusable())?;
    if let Some(authorization) = found.basic_auth() {
        proxy = proxy.custom_http_auth(authorization.clone());
    }
    Ok(proxy)
}

/// Returns the error of the connection to a SOCKS proxy if an error contains one, which `source()`
/// does not return; otherwise the error itself.
pub(super) fn connection_error<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    type Socks4Error = <SocksV4<HttpConnector> as Service<http::Uri>>::Error;
    let found = transport_error::chain(error).find_map(|error| match error.downcast_ref() {
        Some(Socks4Error::Inner(inner)) => Some(inner as &'a (dyn StdError + 'static)),
        _ => None,
    });
    found.unwrap_or(error)
}
