//! Builds the reqwest client that the configuration describes.

use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Proxy, Url};

use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::net::dial::intercept;
use crate::net::http1::head::MAX_HEADERS;
use crate::net::pool::POOL_IDLE;
use crate::net::resolve::Resolver;
use crate::net::tls::{self, LazyVerifier};
use crate::net::transport_error;

/// Builds a client that does what the native transport does: no redirects, no retries, no cookies,
/// no decompression. Also returns the host name that a connection resolves.
pub(super) fn build_client(
    config: &Config,
    roots: &Arc<LazyVerifier>,
    resolver: NameResolver,
) -> Result<(Client, Option<String>), Error> {
    let unusable = |error: &dyn std::fmt::Display| {
        Error::new(Code::INTERNAL, format!("The reqwest client cannot be set up: {error}"))
    };
    let mut tls = tls::client_config(roots).map_err(|error| unusable(&error))?;
    // HTTP/2 in hyper takes a body that was cut by RST_STREAM(NO_ERROR) as complete, and says
    // neither whether the server refused a stream nor which connection does not respond.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server: http::Uri = config
        .base_url
        .parse()
        .map_err(|error| Error::invalid("/base_url", format!("`base_url` cannot be used: {error}.")))?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(resolver)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(config.max_connections)
        .tcp_keepalive(crate::net::connect::KEEPALIVE)
        .http1_only()
        .http1_max_headers(MAX_HEADERS);
    let found = intercept(config, &server)?;
    let first_hop = found.as_ref().map_or(&server, |found| found.uri());
    let first_host = host_name(first_hop);
    if let Some(found) = &found {
        builder = builder.proxy(proxy(found)?);
    }
    let client = builder.build().map_err(|error| unusable(&transport_error::root_cause(&error)))?;
    Ok((client, first_host))
}

/// Returns the host of a URI, unless the host is an address.
fn host_name(uri: &http::Uri) -> Option<String> {
    let host = uri.host()?;
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    (!is_address).then(|| host.to_owned())
}

/// Returns reqwest's setting for a proxy.
fn proxy(found: &hyper_util::client::proxy::matcher::Intercept) -> Result<Proxy, Error> {
    // The address may contain a password, so the error does not repeat it.
    let unusable = || Error::invalid("/proxy", "The proxy's URL cannot be used.");
    let mut address = Url::parse(&found.uri().to_string()).map_err(|_| unusable())?;
    if let Some((user, password)) = found.raw_auth() {
        address.set_username(user).map_err(|()| unusable())?;
        address.set_password(Some(password)).map_err(|()| unusable())?;
    }
    let mut proxy = Proxy::all(address).map_err(|_| unusable())?;
    if let Some(authorization) = found.basic_auth() {
        proxy = proxy.custom_http_auth(authorization.clone());
    }
    Ok(proxy)
}

/// Lets reqwest resolve names as the native transport does: calls share a look-up, and its thread
/// belongs to the runtime of the client.
#[derive(Clone)]
pub(super) struct NameResolver(pub(super) Arc<Resolver>);

impl Resolve for NameResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolver.resolve(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}
