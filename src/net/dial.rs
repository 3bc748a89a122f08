//! Opens connections to the server: name resolution, TCP, proxy, TLS. Contains no pool; `pool.rs`
//! uses it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::connect::connect;
use super::idle_time::DriveClock;
use super::resolve::Resolver;
use super::stream::{Socket, Stream, Tcp};
use super::tls::LazyVerifier;
use super::tunnel::{BoxError, open_tunnel};
use super::unwind::injection_point;
use crate::config::{Config, ProxyChoice};
use crate::error::Error;

/// Opens connections to one server.
pub(super) struct Dialer {
    resolver: Resolver,
    connect_timeout: Duration,
    server: Uri,
    tls: Option<Tls>,
    proxy: Option<Proxy>,
    roots: Arc<LazyVerifier>,
    clock: Arc<DriveClock>,
}

/// Returns the host of an address, an IPv6 address without its brackets.
fn bare_host(address: &Uri) -> &str {
    address.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// The proxy that requests or tunnels go through.
struct Proxy {
    address: Uri,
    tls: Option<Tls>,
    authorization: Option<HeaderValue>,
}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Dialer {
    pub(super) fn new(
        config: &Config,
        server: &Uri,
        tls: ClientConfig,
        roots: &Arc<LazyVerifier>,
        clock: &Arc<DriveClock>,
    ) -> Result<Dialer, Error> {
        let proxy = intercept(config, server)?.map(|found| Proxy::new(&found, tls.clone())).transpose()?;
        let tls = Tls::for_address(server, tls)
            .map_err(|error| Error::invalid("/base_url", format!("`base_url` cannot be used: {error}.")))?;
        Ok(Dialer {
            resolver: Resolver::new(config.connect_timeout),
            connect_timeout: config.connect_timeout,
            server: server.clone(),
            tls,
            proxy,
            roots: Arc::clone(roots),
            clock: Arc::clone(clock),
        })
    }

    /// Returns whether the server speaks TLS, and so perhaps HTTP/2.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns whether requests are sent to a proxy itself, with the whole URL, and not through a
    /// tunnel.
    pub(super) fn asks_a_proxy(&self) -> bool {
        self.asked_proxy().is_some()
    }

    /// Returns the credentials for that proxy, which are sent with every request.
    pub(super) fn proxy_authorization(&self) -> Option<&HeaderValue> {
        self.asked_proxy()?.authorization.as_ref()
    }

    fn asked_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| !self.is_secure())
    }

    /// Opens a connection.
    pub(super) async fn dial(&self) -> Result<(Stream, Socket), BoxError> {
        let first = self.proxy.as_ref().map_or(&self.server, |proxy| &proxy.address);
        let port = match (first.port_u16(), first.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("https")) => 443,
            (None, _) => 80,
        };
        injection_point();
        let tcp = connect(&self.resolver, bare_host(first), port, self.connect_timeout).await?;
        if self.tls.is_some() || self.proxy.as_ref().is_some_and(|proxy| proxy.tls.is_some()) {
            // Otherwise the handshake would load them on this thread.
            self.roots.load_elsewhere().await?;
            injection_point();
        }
        let socket = Socket::of(&tcp);
        let mut stream = Stream::Plain(Tcp(tcp));
        if let Some(proxy) = &self.proxy {
            if let Some(tls) = &proxy.tls {
                stream = tls.connect_tls(stream, &self.clock).await?;
            }
            if self.is_secure() {
                stream =
                    open_tunnel(stream, &proxy.address, proxy.authorization.as_ref(), &self.server).await?;
            }
        }
        injection_point();
        if let Some(tls) = &self.tls {
            stream = tls.connect_tls(stream, &self.clock).await?;
        }
        Ok((stream, socket))
    }
}

/// Returns the proxy for this server, if there is one: of the configuration, or of the system.
fn intercept(config: &Config, server: &Uri) -> Result<Option<Intercept>, Error> {
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

impl Proxy {
    fn new(found: &Intercept, mut tls: ClientConfig) -> Result<Proxy, Error> {
        let address = found.uri().clone();
        let unusable = |why: &dyn std::fmt::Display| {
            Error::invalid("/proxy", format!("The proxy cannot be used: {why}."))
        };
        if !matches!(address.scheme_str(), Some("http" | "https")) {
            // A direct connection would bypass the proxy.
            return Err(unusable(
                &"the system names one for SOCKS, which is not spoken here; \
                 set `proxy` to an http or https URL, or to \"none\"",
            ));
        }
        // HTTP/2 is negotiated with the server only, not with the proxy.
        tls.alpn_protocols.clear();
        let tls = Tls::for_address(&address, tls).map_err(|error| unusable(&error))?;
        Ok(Proxy { address, tls, authorization: found.basic_auth().cloned() })
    }
}

impl Tls {
    /// Returns the TLS settings for this address, or None if it is not an https address.
    fn for_address(
        address: &Uri,
        config: ClientConfig,
    ) -> Result<Option<Tls>, rustls::pki_types::InvalidDnsNameError> {
        if address.scheme_str() != Some("https") {
            return Ok(None);
        }
        let name = ServerName::try_from(bare_host(address).to_owned())?;
        Ok(Some(Tls { connector: TlsConnector::from(Arc::new(config)), name }))
    }

    async fn connect_tls(&self, stream: Stream, clock: &DriveClock) -> io::Result<Stream> {
        let secured = clock.in_large_steps(self.connector.connect(self.name.clone(), stream)).await?;
        Ok(Stream::Tls(Box::new(secured)))
    }
}
