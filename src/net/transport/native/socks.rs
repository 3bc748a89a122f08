//! Opens a connection to the server through a SOCKS proxy, on a given stream. Contains no settings
//! of proxies; `dial.rs` selects the proxy.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tower_service::Service as _;
use zeroize::Zeroizing;

use super::stream::Stream;
use super::tunnel::{BoxError, Preconnected};
use crate::net::resolve::Resolver;

/// How to speak with a SOCKS proxy.
pub(in crate::net) struct Socks {
    version: u8,
    /// Whether the proxy resolves the name of the server.
    proxy_resolves: bool,
    /// The user name and the password.
    credentials: Option<(Zeroizing<String>, Zeroizing<String>)>,
}

impl Socks {
    pub(in crate::net) fn new(version: u8, proxy_resolves: bool, found: &Intercept) -> Socks {
        let owned = |text: &str| Zeroizing::new(text.to_owned());
        let credentials = found.raw_auth().map(|(user, password)| (owned(user), owned(password)));
        Socks { version, proxy_resolves, credentials }
    }

    /// Asks the proxy at the other end of `stream` for a connection to a server: a name, or an
    /// address without brackets.
    pub(in crate::net) async fn connect(
        &self,
        stream: Stream,
        proxy: &Uri,
        resolver: &Resolver,
        host: &str,
        port: u16,
    ) -> Result<Stream, BoxError> {
        let server = self.destination(resolver, host, port).await?;
        let stream = Preconnected::new(stream);
        let connected: TokioIo<Stream> = if self.version == 4 {
            SocksV4::new(proxy.clone(), stream).call(server).await?
        } else {
            let mut socks = SocksV5::new(proxy.clone(), stream);
            if let Some((user, password)) = &self.credentials {
                socks = socks.with_auth(user.to_string(), password.to_string());
            }
            socks.call(server).await?
        };
        Ok(connected.into_inner())
    }

    /// Returns the URI of the server: with its name if the proxy resolves it, else with its
    /// address. (hyper-util would resolve the name on this thread, which would wait for it.)
    async fn destination(&self, resolver: &Resolver, host: &str, port: u16) -> Result<Uri, BoxError> {
        let host = match host.parse() {
            Ok(address) => uri_host(address),
            Err(_) if self.proxy_resolves => host.to_owned(),
            Err(_) => {
                let addresses = resolver.resolve(host).await?;
                let usable = addresses
                    .iter()
                    .map(std::net::SocketAddr::ip)
                    .find(|ip| self.version != 4 || ip.is_ipv4());
                uri_host(usable.ok_or("the server has no IPv4 address, and a SOCKS4 proxy connects to no other. Use a socks5 proxy.")?)
            }
        };
        Ok(Uri::builder().scheme("https").authority(format!("{host}:{port}")).path_and_query("/").build()?)
    }
}

fn uri_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
