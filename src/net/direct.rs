//! Straight to the server: connections that are made and kept here, and carried by hyper. An HTTP/1.1
//! connection belongs to one call at a time, which polls it itself, so that no task has to be woken for
//! another; an HTTP/2 connection is shared, and has a task.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::Uri;
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::payload::Payload;
use super::resolve::Resolver;
use super::transport::POOL_IDLE;

/// How long a silent connection stays before the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How often a kept connection that has something to be read is looked at before it is given up.
const LOOKS: usize = 16;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The way to one server.
pub(super) struct Direct {
    connector: HttpConnector<Resolver>,
    address: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connect_timeout: Duration,
    // Belongs to one reactor of one process; a fork never meets it.
    pool: Mutex<Pool>,
    /// Whether a first connection has shown what the server speaks. Until then others wait for it: over
    /// HTTP/2 it serves them all.
    known: AtomicBool,
    scout: Semaphore,
}

#[derive(Default)]
struct Pool {
    /// The one used last is at the end, and is used next.
    idle: Vec<Kept>,
    /// And when it was last asked for.
    shared: Option<(http2::SendRequest<Payload>, Instant)>,
}

/// Boxed: it is moved about in every call.
type Kept = Box<Single>;

impl Pool {
    /// The connections that have been idle for too long: they are the first ones.
    fn take_stale(&mut self) -> Vec<Kept> {
        match self.idle.iter().position(|single| single.is_young()) {
            Some(0) => Vec::new(),
            Some(first_young) => self.idle.drain(..first_young).collect(),
            None => std::mem::take(&mut self.idle),
        }
    }
}

/// What a request is sent on.
pub(super) enum Connection {
    Single(Kept),
    Shared(http2::SendRequest<Payload>),
}

/// An HTTP/1.1 connection. Dropped, it closes.
pub(super) struct Single {
    pub(super) sender: http1::SendRequest<Payload>,
    carrier: Carrier,
    socket: Socket,
    secure: bool,
    since: Instant,
}

/// What moves an HTTP/1.1 connection along when it is polled.
pub(super) struct Carrier {
    connection: http1::Connection<TokioIo<Stream>, Payload>,
    ended: bool,
}

/// Why there is no connection.
pub(super) enum NoConnection {
    TimedOut,
    Failed(Cause),
}

impl Direct {
    pub(super) fn new(
        address: Uri,
        tls: Option<(TlsConnector, ServerName<'static>)>,
        connect_timeout: Duration,
    ) -> Direct {
        let mut connector = HttpConnector::new_with_resolver(Resolver);
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_keepalive(Some(KEEPALIVE));
        Direct {
            connector,
            address,
            tls,
            connect_timeout,
            pool: Mutex::default(),
            known: AtomicBool::new(false),
            scout: Semaphore::new(1),
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one connection carries every call.
    pub(super) fn is_shared(&self) -> bool {
        self.pool().shared.is_some()
    }

    /// A connection to send on: a kept one that is known to be alive, or a new one.
    pub(super) async fn connection(&self) -> Result<Connection, NoConnection> {
        if let Some(kept) = self.kept().await {
            return Ok(kept);
        }
        let _scout = if self.tls.is_some() && !self.known.load(Ordering::Acquire) {
            // The semaphore is never closed; were it, everyone would go ahead.
            let permit = self.scout.acquire().await.ok();
            if let Some(kept) = self.kept().await {
                return Ok(kept);
            }
            permit.filter(|_| !self.known.load(Ordering::Acquire))
        } else {
            None
        };
        // Boxed: what is large and rare must not make every call larger.
        let made = tokio::time::timeout(self.connect_timeout, Box::pin(self.connect())).await;
        // Also after a failure: who waited then tries for himself.
        self.known.store(true, Ordering::Release);
        match made {
            Err(_) => Err(NoConnection::TimedOut),
            Ok(made) => made.map_err(NoConnection::Failed),
        }
    }

    /// Keeps a connection for the next call, if it can serve one.
    pub(super) fn give_back(&self, mut single: Kept) {
        // The last of an answer may still have to be taken note of. And who sends on it next moves it along
        // himself, and need not be woken by it.
        single.carrier.poll(&mut Context::from_waker(Waker::noop()));
        if !single.is_usable() {
            return;
        }
        single.since = Instant::now();
        let mut pool = self.pool();
        let stale = pool.take_stale();
        pool.idle.push(single);
        drop(pool);
        // Closed with no lock held.
        drop(stale);
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self) {
        let stale = self.pool().take_stale();
        drop(stale);
    }

    async fn kept(&self) -> Option<Connection> {
        if let Some(sender) = self.shared() {
            // One turn, so that what the server has said meanwhile is known.
            tokio::task::yield_now().await;
            if !sender.is_closed() {
                return Some(Connection::Shared(sender));
            }
            let mut pool = self.pool();
            // Another call may have made a new one by now.
            if pool.shared.as_ref().is_some_and(|(sender, _)| sender.is_closed()) {
                self.forget_shared(&mut pool);
            }
        }
        loop {
            let mut single = self.pool().idle.pop()?;
            if single.is_young() && single.is_alive().await {
                return Some(Connection::Single(single));
            }
        }
    }

    fn shared(&self) -> Option<http2::SendRequest<Payload>> {
        let mut pool = self.pool();
        let (sender, asked_for) = pool.shared.as_mut()?;
        if std::mem::replace(asked_for, Instant::now()).elapsed() < POOL_IDLE {
            return Some(sender.clone());
        }
        self.forget_shared(&mut pool);
        None
    }

    /// What it still carries it carries to the end.
    fn forget_shared(&self, pool: &mut Pool) {
        pool.shared = None;
        self.known.store(false, Ordering::Release);
    }

    async fn connect(&self) -> Result<Connection, Cause> {
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await?;
        let tcp = connector.call(self.address.clone()).await?.into_inner();
        let socket = Socket::of(&tcp);
        let stream = match &self.tls {
            None => Stream::Plain(Tcp(tcp)),
            Some((connector, name)) => {
                Stream::Tls(Box::new(connector.connect(name.clone(), Tcp(tcp)).await?))
            }
        };
        if stream.speaks_http2() {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            // How it ends, its requests are told.
            tokio::spawn(async { drop(connection.await) });
            self.pool().shared = Some((sender.clone(), Instant::now()));
            return Ok(Connection::Shared(sender));
        }
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let carrier = Carrier { connection, ended: false };
        let secure = self.tls.is_some();
        Ok(Connection::Single(Box::new(Single { sender, carrier, socket, secure, since: Instant::now() })))
    }
}

impl Single {
    fn is_young(&self) -> bool {
        self.since.elapsed() < POOL_IDLE
    }

    /// Whether the server has not closed it, as far as this machine knows.
    async fn is_alive(&mut self) -> bool {
        for _ in 0..LOOKS {
            match self.socket.look() {
                Look::Quiet => return self.is_usable(),
                // Over TLS there may be something that concerns no call (a ticket, a farewell); a turn makes
                // it known to the runtime. Without TLS there is nothing that a server could have to say.
                Look::Something if self.secure => self.take_a_turn().await,
                Look::Something | Look::Closed => return false,
                #[cfg(not(unix))]
                Look::Unknown => {
                    self.take_a_turn().await;
                    return self.is_usable();
                }
            }
        }
        // What nobody reads: better a new connection than a lost call.
        false
    }

    async fn take_a_turn(&mut self) {
        tokio::task::yield_now().await;
        self.carrier.poll(&mut Context::from_waker(Waker::noop()));
    }

    fn is_usable(&self) -> bool {
        !self.carrier.ended && self.sender.is_ready()
    }

    /// What sends and what moves, to be used side by side.
    pub(super) fn parts(&mut self) -> (&mut http1::SendRequest<Payload>, &mut Carrier) {
        (&mut self.sender, &mut self.carrier)
    }
}

impl Carrier {
    fn poll(&mut self, context: &mut Context<'_>) {
        // Why it ended, whoever waits for an answer on it is told.
        self.ended = self.ended || Pin::new(&mut self.connection).poll(context).is_ready();
    }

    /// Moves the connection along until the work that depends on it is done.
    pub(super) async fn carry<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        poll_fn(|context| {
            self.poll(context);
            work.as_mut().poll(context)
        })
        .await
    }
}

/// Says of a socket that another object owns whether anything came in.
#[derive(Clone, Copy)]
struct Socket {
    #[cfg(unix)]
    fd: std::os::fd::RawFd,
}

#[cfg(unix)]
impl Socket {
    fn of(tcp: &TcpStream) -> Socket {
        Socket { fd: std::os::fd::AsRawFd::as_raw_fd(tcp) }
    }

    /// One system call, instead of a turn of the runtime that asks for all of them. Used only beside the
    /// connection that owns the descriptor.
    fn look(self) -> Look {
        let mut byte = 0u8;
        // SAFETY: at most one byte is written, to a local; a descriptor that is not good is an error.
        let read = unsafe {
            let place = std::ptr::from_mut(&mut byte).cast();
            libc::recv(self.fd, place, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT)
        };
        match read {
            0 => Look::Closed,
            1.. => Look::Something,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => Look::Quiet,
            _ => Look::Closed,
        }
    }
}

#[cfg(not(unix))]
impl Socket {
    fn of(_: &TcpStream) -> Socket {
        Socket {}
    }

    fn look(self) -> Look {
        Look::Unknown
    }
}

/// What a socket says of itself.
#[cfg_attr(not(unix), allow(dead_code))]
enum Look {
    /// Open, and nothing to be read.
    Quiet,
    Something,
    Closed,
    /// Here the runtime has to look.
    #[cfg(not(unix))]
    Unknown,
}

/// The bytes' way to the server.
enum Stream {
    Plain(Tcp),
    Tls(Box<TlsStream<Tcp>>),
}

impl Stream {
    fn speaks_http2(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// A socket that is never written to with `writev`, which raises SIGPIPE when the other side has closed;
/// `send` can be told not to, and is.
struct Tcp(TcpStream);

macro_rules! forward {
    ($type:ty, $this:ident => $inner:expr) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
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
                let $this = self.get_mut();
                $inner.poll_write(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                $inner.poll_flush(context)
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                $inner.poll_shutdown(context)
            }
        }
    };
}

forward!(Tcp, this => Pin::new(&mut this.0));
forward!(Stream, this => this.inner());

impl Stream {
    fn inner(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Stream::Plain(tcp) => Pin::new(tcp),
            Stream::Tls(tls) => Pin::new(&mut **tls),
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}
