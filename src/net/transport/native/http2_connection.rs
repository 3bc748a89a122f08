//! The state of a shared HTTP/2 connection, and the task that polls it: the limit of streams,
//! PINGs, and the pace of reads and writes during a tick. `http2.rs` sends requests with it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use h2::{Ping, PingPong, client};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::http2_streams::{FrameScanner, OpenStreams};
use crate::net::deadline::{self, Deadline};
use crate::net::idle_time::DriveClock;
use crate::net::unwind::{self, injection_point};

/// The maximum number of streams before the settings of the server arrive. The number is the
/// default of h2.
pub(in crate::net) const STREAMS_BEFORE_SETTINGS: usize = 100;

/// The maximum number of bytes of one read during a tick with a budget, so that the tick can stop
/// between reads: about five small responses.
const READ_CHUNK: usize = 512;

/// The maximum number of requests that wait for the task of the connection during a tick with a
/// budget. The task sends all of them in one step, which takes about 3 µs per request.
const MAX_UNSENT: usize = 8;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The state that the handles and the task of the connection share.
pub(in crate::net) struct ConnectionState {
    pub(in crate::net) id: u64,
    pub(in crate::net) clock: Arc<DriveClock>,
    /// The number of calls that have a stream.
    pub(in crate::net) streams: AtomicUsize,
    /// SETTINGS_MAX_CONCURRENT_STREAMS of the server.
    pub(in crate::net) max_streams: AtomicUsize,
    /// Notified when a stream ends, when the limit changes and when the connection ends.
    pub(in crate::net) changed: Notify,
    pub(in crate::net) closed: AtomicBool,
    /// The permits to open a stream during a tick with a budget.
    pub(in crate::net) may_open: Semaphore,
    /// The number of permits that were used since the task of the connection ran.
    pub(in crate::net) unsent: AtomicUsize,
    /// Grows with every read that returned bytes.
    pub(in crate::net) reads: AtomicU64,
    pub(in crate::net) open: OpenStreams,
    /// The time without a byte from the server, while calls wait, after which a PING is sent.
    pub(in crate::net) ping_after: Duration,
}

/// The right to open a stream, until it is dropped.
pub(in crate::net) struct StreamPermit<'a>(&'a ConnectionState);

impl Drop for StreamPermit<'_> {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_one();
    }
}

impl ConnectionState {
    pub(in crate::net) fn new(clock: &Arc<DriveClock>, ping_after: Duration) -> ConnectionState {
        ConnectionState {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            clock: Arc::clone(clock),
            streams: AtomicUsize::new(0),
            max_streams: AtomicUsize::new(STREAMS_BEFORE_SETTINGS),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
            may_open: Semaphore::new(MAX_UNSENT),
            unsent: AtomicUsize::new(0),
            reads: AtomicU64::new(0),
            open: OpenStreams::default(),
            ping_after,
        }
    }

    pub(in crate::net) fn try_acquire(&self) -> Option<StreamPermit<'_>> {
        let max = self.max_streams.load(Ordering::Acquire);
        self.streams
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| (open < max).then_some(open + 1))
            .ok()
            .map(|_| StreamPermit(self))
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.may_open.close();
        self.changed.notify_waiters();
    }
}

/// Polls a connection until it ends.
pub(in crate::net) async fn run<S>(mut connection: client::Connection<S, Bytes>, state: Arc<ConnectionState>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Marks the connection as closed and wakes the calls that wait for a stream, also when the
    /// task is dropped or unwinds.
    struct CloseOnDrop(Arc<ConnectionState>);
    impl Drop for CloseOnDrop {
        fn drop(&mut self) {
            self.0.close();
        }
    }
    let state = CloseOnDrop(state);
    let pings = connection.ping_pong();
    let connection = poll_fn(|context| {
        if state.0.clock.is_over_budget() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.0.clock.record_poll();
        injection_point();
        let ended = Pin::new(&mut connection).poll(context).is_ready();
        injection_point();
        state.0.may_open.add_permits(state.0.unsent.swap(0, Ordering::Relaxed));
        let max = connection.max_concurrent_send_streams();
        if state.0.max_streams.swap(max, Ordering::AcqRel) != max {
            state.0.changed.notify_waiters();
        }
        if ended { Poll::Ready(()) } else { Poll::Pending }
    });
    // A panic of h2 ends this connection, and h2 reports the end to the streams.
    let guarded = unwind::catch(connection);
    match pings {
        // When either future ends, both are dropped. The drop of the connection ends its streams.
        Some(pings) => match select(pin!(guarded), pin!(keep_alive(pings, &state.0))).await {
            Either::Left(_) | Either::Right(_) => {}
        },
        None => drop(guarded.await),
    }
}

/// Sends a PING when the server is silent while calls wait. Returns when the server does not
/// respond.
async fn keep_alive(mut pings: PingPong, state: &ConnectionState) {
    let clock = &state.clock;
    let mut reads = state.reads.load(Ordering::Relaxed);
    loop {
        sleep(state.ping_after, clock).await;
        let before = std::mem::replace(&mut reads, state.reads.load(Ordering::Relaxed));
        if before != reads || state.streams.load(Ordering::Acquire) == 0 {
            continue;
        }
        let deadline = Deadline::after(state.ping_after, clock);
        let progress = || state.reads.load(Ordering::Relaxed);
        match deadline::timeout_at(deadline, clock, progress, pin!(pings.ping(Ping::opaque()))).await {
            Ok(Ok(_)) => {}
            // Any received byte shows that the server is alive.
            Err(_) if progress() != reads => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// Waits for `time`, not counting the time in which no thread drives.
async fn sleep(time: Duration, clock: &DriveClock) {
    let deadline = Deadline::after(time, clock);
    loop {
        let at = deadline.now(clock);
        if at <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(at).await;
    }
}

/// Records the frames that the server sends, and stops reading when the budget of a tick is used
/// up.
pub(in crate::net) struct MeteredStream<S> {
    inner: S,
    state: Arc<ConnectionState>,
    frames: FrameScanner,
}

impl<S> MeteredStream<S> {
    pub(in crate::net) fn new(stream: S, state: &Arc<ConnectionState>) -> MeteredStream<S> {
        MeteredStream { inner: stream, state: Arc::clone(state), frames: FrameScanner::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.clock.is_over_budget() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let limit = if self.state.clock.has_budget() { READ_CHUNK } else { usize::MAX };
        let mut part = buffer.take(limit);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        let read = part.filled().len();
        let MeteredStream { state, frames, .. } = &mut *self;
        frames.scan(part.filled(), &state.open);
        // SAFETY: `part` is the unfilled part of `buffer`, and so many bytes of it were filled just
        // now.
        unsafe { buffer.assume_init(read) };
        buffer.advance(read);
        if read > 0 {
            self.state.reads.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
