//! Builds the reqwest client of a configuration: TLS, the proxy, names and connections like those
//! of the native transport. A client of the host is not changed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::proxy_settings::{check_client_certificate, reqwest_proxy};
use crate::codes::Code;
use crate::config::{Config, ProxyScheme};
use crate::error::Error;
use crate::net::resolve::Resolver;
use crate::net::tls::{self, LazyVerifier};
use crate::net::transport::limits::{KEEPALIVE, MAX_HEADERS, POOL_IDLE};
use crate::net::transport::proxy::intercept;
use crate::net::transport_error;

/// The settings of the clients of one transport.
pub(super) struct ClientSettings {
    tls: rustls::ClientConfig,
    proxy: Option<reqwest::Proxy>,
    resolver: NameResolver,
    connect_timeout: Duration,
    max_idle: usize,
    /// The host name that a connection resolves: that of the server or of its proxy. None for an
    /// address.
    pub(super) first_host: Option<String>,
}

/// Returns the settings that a configuration makes. Prepares `resolver` for its proxy.
pub(super) fn client_settings(
    config: &Config,
    roots: &Arc<LazyVerifier>,
    resolver: &mut NameResolver,
) -> Result<ClientSettings, Error> {
    let mut tls =
        tls::client_config(roots, config.client_certificate.as_ref()).map_err(|error| unusable(&error))?;
    // HTTP/2 in hyper takes a body that was cut by RST_STREAM(NO_ERROR) as complete, and says
    // neither whether the server refused a stream nor which connection does not respond.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server: http::Uri = config
        .base_url
        .parse()
        .map_err(|error| Error::invalid("/base_url", format!("`base_url` cannot be used: {error}.")))?;
    let found = intercept(config, &server)?;
    if let Some(found) = &found {
        check_client_certificate(config, found)?;
        resolver.prepare(found.scheme);
    }
    Ok(ClientSettings {
        tls,
        first_host: host_name(found.as_ref().map_or(&server, |found| found.intercept.uri())),
        proxy: found.map(|found| reqwest_proxy(&found.intercept)).transpose()?,
        resolver: resolver.clone(),
        connect_timeout: config.connect_timeout,
        max_idle: config.max_connections,
    })
}

impl ClientSettings {
    /// Builds a client that does what the native transport does: no redirects, no retries, no
    /// cookies, no decompression.
    pub(super) fn build(&self) -> Result<Client, Error> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(self.resolver.clone())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(self.max_idle)
            .tcp_keepalive(KEEPALIVE)
            .http1_only()
            .http1_max_headers(MAX_HEADERS);
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        builder.build().map_err(|error| unusable(&transport_error::root_cause(&error)))
    }
}

#[cold]
fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::new(Code::INTERNAL, format!("The reqwest client cannot be set up: {error}"))
}

/// Returns the host of a URI, unless the host is an address.
fn host_name(uri: &http::Uri) -> Option<String> {
    let host = uri.host()?;
    let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    (!is_address).then(|| host.to_owned())
}

/// Lets reqwest resolve names as the native transport does: calls share a look-up, and its thread
/// belongs to the runtime of the client.
#[derive(Clone)]
pub(super) struct NameResolver {
    pub(super) resolver: Arc<Resolver>,
    /// Whether IPv4 addresses precede the others.
    ipv4_first: bool,
}

impl NameResolver {
    pub(super) fn new(config: &Config) -> NameResolver {
        let resolver = Arc::new(Resolver::new(config.connect_timeout));
        NameResolver { resolver, ipv4_first: false }
    }

    /// Prepares for a proxy.
    fn prepare(&mut self, proxy: ProxyScheme) {
        // reqwest gives the first address of the server to the proxy.
        self.ipv4_first = matches!(proxy, ProxyScheme::Socks { version: 4, proxy_resolves: false });
    }
}

impl Resolve for NameResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let NameResolver { resolver, ipv4_first } = self.clone();
        Box::pin(async move {
            // reqwest also asks for addresses, with the brackets of a URL.
            let host = name.as_str().trim_start_matches('[').trim_end_matches(']');
            let mut addresses = resolver.resolve(host).await?;
            if ipv4_first {
                // Stable: the order within a family stays.
                addresses.sort_by_key(SocketAddr::is_ipv6);
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
