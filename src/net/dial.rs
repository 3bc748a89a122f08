//! Makes a connection to the server: name, TCP, proxy, TLS.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::connect::connect;
use super::idle_time::DriveClock;
use super::resolve::Resolver;
use super::tls::LazyVerifier;
use super::transport_error::ProxyRefused;
use super::unwind::injection_point;
use crate::config::{Config, ProxyChoice};
use crate::error::Error;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections to one server.
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

    /// Returns whether requests are sent to a proxy itself, with the whole address, and not through
    /// a tunnel.
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
                stream = proxy.tunnel(stream, &self.server).await?;
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

    /// Opens a tunnel through the proxy.
    async fn tunnel(&self, stream: Stream, server: &Uri) -> Result<Stream, BoxError> {
        let status = Arc::new(AtomicU16::new(0));
        let probe = StatusProbe { stream, head: Vec::new(), status: Arc::clone(&status) };
        let mut tunnel = Tunnel::new(self.address.clone(), Preconnected(Some(probe)));
        if let Some(authorization) = &self.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        match tunnel.call(server.clone()).await {
            Ok(tunnel) => Ok(tunnel.into_inner().stream),
            // hyper-util's error does not have the status.
            Err(error) => match status.load(Ordering::Relaxed) {
                status @ 400..=499 => Err(ProxyRefused { status }.into()),
                _ => Err(error.into()),
            },
        }
    }
}

/// A connector whose connection exists already.
struct Preconnected(Option<StatusProbe>);

/// Forwards everything and stores the status of the first response that is read.
struct StatusProbe {
    stream: Stream,
    head: Vec<u8>,
    status: Arc<AtomicU16>,
}

impl StatusProbe {
    /// The length of `HTTP/1.1 200`.
    const STATUS_END: usize = 12;

    fn observe(&mut self, bytes: &[u8]) {
        let missing = Self::STATUS_END.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        if missing > 0
            && let Some(digits) = self.head.get(9..Self::STATUS_END)
            && let Ok(status) = std::str::from_utf8(digits).unwrap_or_default().parse()
        {
            self.status.store(status, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for StatusProbe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        if let Some(bytes) = buffer.filled().get(before..) {
            this.observe(bytes);
        }
        result
    }
}

impl AsyncWrite for StatusProbe {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl Service<Uri> for Preconnected {
    type Response = TokioIo<StatusProbe>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<StatusProbe>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
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

/// The descriptor of a socket that another object owns, to check whether data has arrived.
#[derive(Clone, Copy)]
pub(super) struct Socket {
    #[cfg(unix)]
    fd: std::os::fd::RawFd,
}

#[cfg(unix)]
impl Socket {
    fn of(tcp: &TcpStream) -> Socket {
        Socket { fd: std::os::fd::AsRawFd::as_raw_fd(tcp) }
    }

    /// Checks the socket with one system call, instead of polling the runtime. The connection that
    /// owns the descriptor must be open.
    pub(super) fn probe(self) -> Liveness {
        let mut byte = 0u8;
        // SAFETY: at most one byte is written, to a local; a descriptor that is not good is an
        // error.
        let read = unsafe {
            let place = std::ptr::from_mut(&mut byte).cast();
            libc::recv(self.fd, place, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT)
        };
        match read {
            0 => Liveness::Closed,
            1.. => Liveness::Readable,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => Liveness::Idle,
            _ => Liveness::Closed,
        }
    }
}

#[cfg(not(unix))]
impl Socket {
    fn of(_: &TcpStream) -> Socket {
        Socket {}
    }

    pub(super) fn probe(self) -> Liveness {
        Liveness::Unknown
    }
}

/// The state of an idle socket.
#[cfg_attr(not(unix), allow(dead_code))]
pub(super) enum Liveness {
    /// Open, and no data to read.
    Idle,
    Readable,
    Closed,
    /// This platform cannot tell without the runtime.
    #[cfg(not(unix))]
    Unknown,
}

/// A byte stream to the server.
pub(super) enum Stream {
    Plain(Tcp),
    Tls(Box<TlsStream<Stream>>),
}

impl Stream {
    pub(super) fn is_secure(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    pub(super) fn speaks_http2(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// A socket that is written to with `send` only. `writev` would raise SIGPIPE after the other side
/// has closed.
pub(super) struct Tcp(TcpStream);

macro_rules! forward {
    ($type:ty, $this:ident => $inner:expr) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_read(context, buffer)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_write(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_flush(context)
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                injection_point();
                let $this = self.get_mut();
                $inner.poll_shutdown(context)
            }
        }
    };
}

forward!(Tcp, this => Pin::new(&mut this.0));
forward!(Stream, this => this.inner());

impl Stream {
    fn inner(&mut self) -> Pin<&mut dyn AsyncReadWrite> {
        match self {
            Stream::Plain(tcp) => Pin::new(tcp),
            Stream::Tls(tls) => Pin::new(&mut **tls),
        }
    }
}

trait AsyncReadWrite: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> AsyncReadWrite for T {}
