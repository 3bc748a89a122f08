//! Through a proxy: the reqwest client, with everything switched off that would act on its own
//! (redirects, retries, cookies, decompression).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;

use super::payload::Payload;
use super::resolve::Resolver;
use super::transport::{POOL_IDLE, root_cause};
use crate::codes::Code;
use crate::config::{Config, ProxyChoice};
use crate::error::Error;

/// The way to one server that leads through a proxy.
pub(super) struct Proxied {
    client: reqwest::Client,
    address: String,
    /// Set once the server speaks HTTP/2: one connection then carries many calls.
    multiplexed: AtomicBool,
}

/// Whether calls go through a proxy: the one given, or the system's where it is meant for this server.
pub(super) fn is_wanted(config: &Config, address: &Uri) -> bool {
    match &config.proxy {
        ProxyChoice::Url(_) => true,
        ProxyChoice::None => false,
        // A proxy of the environment has no business with this machine's own servers.
        ProxyChoice::System => !config.loopback && Matcher::from_system().intercept(address).is_some(),
    }
}

impl Proxied {
    pub(super) fn new(config: &Config, tls: ClientConfig) -> Result<Proxied, Error> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(config.max_connections);
        if let ProxyChoice::Url(url) = &config.proxy {
            let proxy = reqwest::Proxy::all(url.clone())
                .map_err(|_| Error::invalid("/proxy", "The proxy's URL cannot be used."))?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| {
            Error::new(Code::INTERNAL, format!("The HTTP client cannot be made: {}", root_cause(&error)))
        })?;
        Ok(Proxied { client, address: config.base_url.clone(), multiplexed: AtomicBool::new(false) })
    }

    pub(super) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }

    pub(super) async fn send(
        &self,
        request: http::Request<Payload>,
    ) -> Result<http::Response<reqwest::Body>, reqwest::Error> {
        let request = request.map(reqwest::Body::wrap).try_into()?;
        let response = self.client.execute(request).await?;
        self.note_version(&response);
        Ok(response.into())
    }

    /// Opens a connection by asking for nothing in particular, without the key: reqwest makes none
    /// without a request.
    pub(super) async fn connect(&self) -> Result<(), reqwest::Error> {
        let response = self.client.head(&self.address).send().await?;
        self.note_version(&response);
        Ok(())
    }

    fn note_version(&self, response: &reqwest::Response) {
        let multiplexed = response.version() >= reqwest::Version::HTTP_2;
        self.multiplexed.store(multiplexed, Ordering::Relaxed);
    }
}
