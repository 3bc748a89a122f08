//! The connection pool: connections are made when they are needed and kept for the next calls. An
//! HTTP/1.1 connection belongs to one call at a time, whose own task reads and writes. An HTTP/2
//! connection is shared and has a task.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::dial::Dialer;
use super::http1::Http1;
use super::http2::Http2;
use super::stream::Stream;
use crate::net::deadline::{self, Deadline};
use crate::net::idle_time::DriveClock;
use crate::net::transport::limits::POOL_IDLE;
use crate::net::transport_error::{self, TransportError};
use crate::net::unwind::injection_point;
use crate::sys::{Liveness, Socket};

/// How often an idle connection with unread data is probed before it is closed.
const MAX_PROBES: usize = 16;

/// The connections to one server.
pub(in crate::net) struct Pool {
    pub(in crate::net) dialer: Dialer,
    pub(in crate::net) connect_timeout: Duration,
    clock: Arc<DriveClock>,
    // It belongs to the driver of one process, so it need not be fork-safe.
    connections: Mutex<Connections>,
    /// Whether a first connection has shown which protocol the server speaks. Until then the other
    /// calls wait for it: an HTTP/2 connection serves all of them.
    protocol_known: AtomicBool,
    connecting: Semaphore,
}

#[derive(Default)]
struct Connections {
    /// The connection used last is at the end, and is used next.
    idle: Vec<BoxedHttp1>,
    shared: Option<Shared>,
}

/// The HTTP/2 connection.
struct Shared {
    http2: Http2,
    last_used: Instant,
    /// As in [`Http1Connection`].
    resumes: u64,
}

/// Boxed, because every call moves it several times.
type BoxedHttp1 = Box<Http1Connection>;

impl Connections {
    /// Removes and returns the connections that were idle for too long: they are the first ones.
    fn take_stale(&mut self, resumes: u64) -> Vec<BoxedHttp1> {
        match self.idle.iter().position(|http1_connection| http1_connection.is_young(resumes)) {
            Some(0) => Vec::new(),
            Some(first_young) => self.idle.drain(..first_young).collect(),
            None => std::mem::take(&mut self.idle),
        }
    }
}

/// A connection for one request.
pub(in crate::net) enum Connection {
    Http1(BoxedHttp1),
    Http2(Http2),
}

/// An HTTP/1.1 connection, which closes when it is dropped.
pub(in crate::net) struct Http1Connection {
    pub(in crate::net) http1: Http1<Stream>,
    socket: Socket,
    since: Instant,
    /// How often the client had been resumed when a call last used the connection. After a longer
    /// sleep the other end may have forgotten the connection, and nothing on this machine shows
    /// that. So a connection from before the last resume carries no request.
    resumes: u64,
}

impl Pool {
    pub(in crate::net) fn new(dialer: Dialer, connect_timeout: Duration, clock: Arc<DriveClock>) -> Pool {
        Pool {
            dialer,
            connect_timeout,
            clock,
            connections: Mutex::default(),
            protocol_known: AtomicBool::new(false),
            connecting: Semaphore::new(1),
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether all calls share one connection.
    pub(in crate::net) fn is_shared(&self) -> bool {
        self.connections().shared.is_some()
    }

    /// Returns a connection for a request: an idle one that is alive, or a new one.
    pub(in crate::net) async fn connection(&self) -> Result<Connection, TransportError> {
        if let Some(reuse) = self.reuse().await {
            return Ok(reuse);
        }
        let _connecting = if self.dialer.is_secure() && !self.protocol_known.load(Ordering::Acquire) {
            // The semaphore is never closed.
            let permit = self.connecting.acquire().await.ok();
            injection_point();
            if let Some(reuse) = self.reuse().await {
                return Ok(reuse);
            }
            permit.filter(|_| !self.protocol_known.load(Ordering::Acquire))
        } else {
            None
        };
        // Boxed, because this future is large and rare.
        let deadline = Deadline::after(self.connect_timeout, &self.clock);
        let made = deadline::timeout_at(deadline, &self.clock, || 0, pin!(Box::pin(self.connect()))).await;
        injection_point();
        // Also after a failure: each waiting call then tries itself.
        self.protocol_known.store(true, Ordering::Release);
        match made {
            Err(_) => Err(transport_error::connected_too_slowly(self.connect_timeout)),
            Ok(made) => made,
        }
    }

    /// Keeps a connection for the next call, if it can serve one.
    pub(in crate::net) fn give_back(&self, mut http1_connection: BoxedHttp1) {
        if http1_connection.http1.is_buffered() {
            // A close_notify may already be buffered.
            http1_connection.http1.poll_unsolicited();
        }
        if !http1_connection.http1.is_reusable() {
            return;
        }
        http1_connection.since = Instant::now();
        http1_connection.resumes = self.clock.resumes();
        let mut connections = self.connections();
        let stale = connections.take_stale(self.clock.resumes());
        connections.idle.push(http1_connection);
        drop(connections);
        // Closed with no lock held.
        drop(stale);
    }

    /// Closes the connections that were idle for too long.
    pub(in crate::net) fn sweep(&self) {
        let stale = self.connections().take_stale(self.clock.resumes());
        drop(stale);
    }

    async fn reuse(&self) -> Option<Connection> {
        if let Some(http2) = self.shared() {
            // Lets the connection's task process the frames that have arrived.
            tokio::task::yield_now().await;
            injection_point();
            if http2.is_open() {
                return Some(Connection::Http2(http2));
            }
            self.retire(http2.id());
        }
        loop {
            let mut http1_connection = self.connections().idle.pop()?;
            if http1_connection.is_young(self.clock.resumes()) && http1_connection.is_alive().await {
                return Some(Connection::Http1(http1_connection));
            }
        }
    }

    fn shared(&self) -> Option<Http2> {
        let mut connections = self.connections();
        let shared = connections.shared.as_mut()?;
        let is_young = std::mem::replace(&mut shared.last_used, Instant::now()).elapsed() < POOL_IDLE;
        if is_young && shared.resumes == self.clock.resumes() {
            return Some(shared.http2.clone());
        }
        self.forget_shared(&mut connections);
        None
    }

    /// Sends no more requests on the HTTP/2 connection with this number: it is closed or does not
    /// respond. Requests that are on it stay there.
    pub(in crate::net) fn retire(&self, id: u64) {
        let mut connections = self.connections();
        // Another call may have made a new connection meanwhile.
        if connections.shared.as_ref().is_some_and(|shared| shared.http2.id() == id) {
            self.forget_shared(&mut connections);
        }
    }

    /// Forgets the HTTP/2 connection. Its streams go on to their end.
    fn forget_shared(&self, connections: &mut Connections) {
        connections.shared = None;
        self.protocol_known.store(false, Ordering::Release);
    }

    async fn connect(&self) -> Result<Connection, TransportError> {
        let (stream, socket) =
            self.dialer.dial().await.map_err(|error| transport_error::unconnected(&*error))?;
        if stream.speaks_http2() {
            let http2 = Http2::handshake(stream, &self.clock)
                .await
                .map_err(|error| transport_error::unconnected(&error))?;
            injection_point();
            let resumes = self.clock.resumes();
            let shared = Shared { http2: http2.clone(), last_used: Instant::now(), resumes };
            self.connections().shared = Some(shared);
            return Ok(Connection::Http2(http2));
        }
        let over_tls = stream.is_secure();
        let http1 = Http1::new(stream, over_tls);
        Ok(Connection::Http1(Box::new(Http1Connection {
            http1,
            socket,
            since: Instant::now(),
            resumes: self.clock.resumes(),
        })))
    }
}

impl Http1Connection {
    fn is_young(&self, resumes: u64) -> bool {
        self.resumes == resumes && self.since.elapsed() < POOL_IDLE
    }

    /// Returns whether the connection is open, as far as this machine knows.
    async fn is_alive(&mut self) -> bool {
        for _ in 0..MAX_PROBES {
            match self.socket.probe() {
                Liveness::Idle => return self.http1.is_reusable(),
                // Over TLS the data may be a session ticket or a close_notify, which is processed
                // here. Without TLS a server has nothing to send.
                Liveness::Readable if self.http1.is_buffered() => self.yield_once().await,
                Liveness::Readable | Liveness::Closed => return false,
            }
        }
        // The data stays unread: a new connection is safer.
        false
    }

    async fn yield_once(&mut self) {
        tokio::task::yield_now().await;
        injection_point();
        self.http1.poll_unsolicited();
    }
}
