//! Opens connections to the server: name resolution, TCP, proxy, TLS. Contains no pool; `pool.rs`
//! uses it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::connect::connect;
use super::socks::Socks;
use super::stream::{Stream, Tcp};
use super::tunnel::{BoxError, open_tunnel};
use crate::codes::Code;
use crate::config::{Config, ProxyScheme};
use crate::error::Error;
use crate::net::idle_time::DriveClock;
use crate::net::resolve::Resolver;
use crate::net::tls::{self, LazyVerifier};
use crate::net::transport::proxy::{FoundProxy, intercept};
use crate::net::unwind::injection_point;
use crate::sys::Socket;

/// Opens connections to one server.
pub(in crate::net) struct Dialer {
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
    port: u16,
    protocol: ProxyProtocol,
}

enum ProxyProtocol {
    Http { tls: Option<Tls>, authorization: Option<HeaderValue> },
    Socks(Socks),
}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Dialer {
    pub(in crate::net) fn new(
        config: &Config,
        server: &Uri,
        roots: &Arc<LazyVerifier>,
        clock: &Arc<DriveClock>,
    ) -> Result<Dialer, Error> {
        let client_config = |certificate| {
            tls::client_config(roots, certificate)
                .map_err(|error| Error::new(Code::INTERNAL, format!("TLS cannot be set up: {error}")))
        };
        // The certificate of the client is for the server only.
        let proxy =
            intercept(config, server)?.map(|found| Proxy::new(&found, client_config(None)?)).transpose()?;
        let tls = Tls::for_address(server, client_config(config.client_certificate.as_ref())?)
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
    pub(in crate::net) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns whether requests are sent to a proxy itself, with the whole URL, and not through a
    /// tunnel.
    pub(in crate::net) fn asks_a_proxy(&self) -> bool {
        !self.is_secure()
            && self.proxy.as_ref().is_some_and(|proxy| matches!(proxy.protocol, ProxyProtocol::Http { .. }))
    }

    /// Returns the credentials for that proxy, which are sent with every request.
    pub(in crate::net) fn proxy_authorization(&self) -> Option<&HeaderValue> {
        match &self.proxy.as_ref()?.protocol {
            ProxyProtocol::Http { authorization, .. } if !self.is_secure() => authorization.as_ref(),
            _ => None,
        }
    }

    fn server_port(&self) -> u16 {
        self.server.port_u16().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// Opens a connection.
    pub(in crate::net) async fn dial(&self) -> Result<(Stream, Socket), BoxError> {
        let (host, port) = match &self.proxy {
            Some(proxy) => (bare_host(&proxy.address), proxy.port),
            None => (bare_host(&self.server), self.server_port()),
        };
        injection_point();
        let tcp = connect(&self.resolver, host, port, self.connect_timeout).await?;
        if self.tls.is_some() || self.proxy.as_ref().is_some_and(Proxy::is_secure) {
            // Otherwise the handshake would load them on this thread.
            self.roots.load_elsewhere().await?;
            injection_point();
        }
        let socket = Socket::of(&tcp);
        let mut stream = Stream::Plain(Tcp(tcp));
        if let Some(proxy) = &self.proxy {
            stream = self.pass(stream, proxy).await?;
        }
        injection_point();
        if let Some(tls) = &self.tls {
            stream = tls.connect_tls(stream, &self.clock).await?;
        }
        Ok((stream, socket))
    }

    /// Prepares the connection to a proxy: afterwards it leads to the server, or requests are sent
    /// to the proxy itself.
    async fn pass(&self, mut stream: Stream, proxy: &Proxy) -> Result<Stream, BoxError> {
        match &proxy.protocol {
            ProxyProtocol::Http { tls, authorization } => {
                if let Some(tls) = tls {
                    stream = tls.connect_tls(stream, &self.clock).await?;
                }
                if self.is_secure() {
                    stream =
                        open_tunnel(stream, &proxy.address, authorization.as_ref(), &self.server).await?;
                }
                Ok(stream)
            }
            ProxyProtocol::Socks(socks) => {
                let host = bare_host(&self.server);
                socks.connect(stream, &proxy.address, &self.resolver, host, self.server_port()).await
            }
        }
    }
}

impl Proxy {
    fn new(found: &FoundProxy, mut tls: ClientConfig) -> Result<Proxy, Error> {
        let address = found.intercept.uri().clone();
        let protocol = match found.scheme {
            ProxyScheme::Socks { version, proxy_resolves } => {
                ProxyProtocol::Socks(Socks::new(version, proxy_resolves, &found.intercept))
            }
            ProxyScheme::Http | ProxyScheme::Https => {
                // HTTP/2 is negotiated with the server only, not with the proxy.
                tls.alpn_protocols.clear();
                let tls = Tls::for_address(&address, tls).map_err(|error| {
                    Error::invalid("/proxy", format!("The proxy cannot be used: {error}."))
                })?;
                ProxyProtocol::Http { tls, authorization: found.intercept.basic_auth().cloned() }
            }
        };
        let port = address.port_u16().unwrap_or(found.scheme.default_port());
        Ok(Proxy { address, port, protocol })
    }

    fn is_secure(&self) -> bool {
        matches!(self.protocol, ProxyProtocol::Http { tls: Some(_), .. })
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
