//! The connections to the server: made when they are needed, and kept for the next call. An HTTP/1.1 connection
//! belongs to one call at a time, which moves it along itself, so that no task has to be woken for another; an
//! HTTP/2 connection is shared and has a task.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::deadline::{self, Deadline};
use super::dial::{Dialer, Look, Socket, Stream};
use super::failure::{self, Failure};
use super::http1::Http1;
use super::http2::Http2;
use super::idle_time::DriveClock;
use super::unwind::injection_point;

/// How long an idle connection is kept.
pub(super) const POOL_IDLE: Duration = Duration::from_secs(20);

/// How often a kept connection that has something to be read is looked at before it is given up.
const LOOKS: usize = 16;

/// The connections to one server.
pub(super) struct Pool {
    pub(super) dialer: Dialer,
    pub(super) connect_timeout: Duration,
    clock: Arc<DriveClock>,
    // Belongs to one driver of one process; a fork never meets it.
    connections: Mutex<Connections>,
    /// Whether a first connection has shown what the server speaks. Until then others wait for it: over
    /// HTTP/2 it serves them all.
    known: AtomicBool,
    scout: Semaphore,
}

#[derive(Default)]
struct Connections {
    /// The one used last is at the end, and is used next.
    idle: Vec<Kept>,
    /// And when it was last asked for.
    shared: Option<(Http2, Instant)>,
}

/// Boxed: it is moved about in every call.
type Kept = Box<Single>;

impl Connections {
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
    Shared(Http2),
}

/// An HTTP/1.1 connection. Dropped, it closes.
pub(super) struct Single {
    pub(super) http1: Http1<Stream>,
    socket: Socket,
    since: Instant,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, connect_timeout: Duration, clock: Arc<DriveClock>) -> Pool {
        Pool {
            dialer,
            connect_timeout,
            clock,
            connections: Mutex::default(),
            known: AtomicBool::new(false),
            scout: Semaphore::new(1),
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one connection carries every call.
    pub(super) fn is_shared(&self) -> bool {
        self.connections().shared.is_some()
    }

    /// A connection to send on: a kept one that is known to be alive, or a new one.
    pub(super) async fn connection(&self) -> Result<Connection, Failure> {
        if let Some(kept) = self.kept().await {
            return Ok(kept);
        }
        let _scout = if self.dialer.is_secure() && !self.known.load(Ordering::Acquire) {
            // The semaphore is never closed; were it, everyone would go ahead.
            let permit = self.scout.acquire().await.ok();
            injection_point();
            if let Some(kept) = self.kept().await {
                return Ok(kept);
            }
            permit.filter(|_| !self.known.load(Ordering::Acquire))
        } else {
            None
        };
        // Boxed: what is large and rare must not make every call larger.
        let deadline = Deadline::after(self.connect_timeout, &self.clock);
        let made = deadline::timeout_at(deadline, &self.clock, || 0, pin!(Box::pin(self.connect()))).await;
        injection_point();
        // Also after a failure: who waited then tries for himself.
        self.known.store(true, Ordering::Release);
        match made {
            Err(_) => Err(failure::connected_too_slowly(self.connect_timeout)),
            Ok(made) => made,
        }
    }

    /// Keeps a connection for the next call, if it can serve one.
    pub(super) fn give_back(&self, mut single: Kept) {
        if single.http1.is_buffered() {
            // A farewell may have come along with the answer.
            single.http1.poll_unsolicited();
        }
        if !single.http1.is_reusable() {
            return;
        }
        single.since = Instant::now();
        let mut connections = self.connections();
        let stale = connections.take_stale();
        connections.idle.push(single);
        drop(connections);
        // Closed with no lock held.
        drop(stale);
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self) {
        let stale = self.connections().take_stale();
        drop(stale);
    }

    async fn kept(&self) -> Option<Connection> {
        if let Some(http2) = self.shared() {
            // One turn, so that what the server has said meanwhile is known.
            tokio::task::yield_now().await;
            injection_point();
            if http2.is_open() {
                return Some(Connection::Shared(http2));
            }
            self.retire(http2.id());
        }
        loop {
            let mut single = self.connections().idle.pop()?;
            if single.is_young() && single.is_alive().await {
                return Some(Connection::Single(single));
            }
        }
    }

    fn shared(&self) -> Option<Http2> {
        let mut connections = self.connections();
        let (http2, asked_for) = connections.shared.as_mut()?;
        if std::mem::replace(asked_for, Instant::now()).elapsed() < POOL_IDLE {
            return Some(http2.clone());
        }
        self.forget_shared(&mut connections);
        None
    }

    /// Sends no more requests on the shared connection of that number: it is closed, or does not answer. Those
    /// that are on it stay there.
    pub(super) fn retire(&self, id: u64) {
        let mut connections = self.connections();
        // Another call may have made a new one by now.
        if connections.shared.as_ref().is_some_and(|(http2, _)| http2.id() == id) {
            self.forget_shared(&mut connections);
        }
    }

    /// What it still carries it carries to the end.
    fn forget_shared(&self, connections: &mut Connections) {
        connections.shared = None;
        self.known.store(false, Ordering::Release);
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let (stream, socket) = self.dialer.dial().await.map_err(|error| failure::unconnected(&*error))?;
        if stream.speaks_http2() {
            let http2 =
                Http2::handshake(stream, &self.clock).await.map_err(|error| failure::unconnected(&error))?;
            injection_point();
            self.connections().shared = Some((http2.clone(), Instant::now()));
            return Ok(Connection::Shared(http2));
        }
        let over_tls = stream.is_secure();
        let http1 = Http1::new(stream, over_tls);
        Ok(Connection::Single(Box::new(Single { http1, socket, since: Instant::now() })))
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
                Look::Quiet => return self.http1.is_reusable(),
                // Over TLS there may be something that concerns no call (a ticket, a farewell); a turn makes
                // it known to the runtime. Without TLS there is nothing that a server could have to say.
                Look::Something if self.http1.is_buffered() => self.take_a_turn().await,
                Look::Something | Look::Closed => return false,
                #[cfg(not(unix))]
                Look::Unknown => {
                    self.take_a_turn().await;
                    return self.http1.is_reusable();
                }
            }
        }
        // What nobody reads: better a new connection than a lost call.
        false
    }

    async fn take_a_turn(&mut self) {
        tokio::task::yield_now().await;
        injection_point();
        self.http1.poll_unsolicited();
    }
}
