//! The queue between the core and a transport that is a Python callable. The core adds requests on
//! the thread that drives a call, without the GIL; the worker threads of `_transport.py` take them.
//! So the core never runs Python code, and a callable may block.
//!
//! The states of all queues are behind one lock, which a thread holds while it forks. So the lock
//! is free in the child, where every queue starts again without requests and workers.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use iplaygames::{Exchange, ExchangeId, HostRequest, HostTransport};

/// How long a worker that is not the last one waits for a request before it ends.
const MAX_IDLE: Duration = Duration::from_secs(10);

type States = HashMap<u64, State>;

static STATES: LazyLock<Mutex<States>> = LazyLock::new(Mutex::default);

fn lock() -> MutexGuard<'static, States> {
    STATES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request, and the exchange to answer.
pub(crate) struct QueuedRequest {
    pub(crate) exchange: Exchange,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    requests: VecDeque<QueuedRequest>,
    /// The worker threads, with those that are being started.
    workers: usize,
    /// The workers that wait for a request.
    idle: usize,
    has_driver: bool,
    /// Wakes the driver thread when the queue is closed.
    waker: Option<Waker>,
}

/// The queue of a client.
pub(crate) struct ExchangeQueue {
    id: u64,
    max_workers: usize,
    arrived: Condvar,
}

impl ExchangeQueue {
    /// Creates a queue for at most `max_workers` worker threads.
    pub(crate) fn new(max_workers: usize) -> Arc<ExchangeQueue> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        lock().insert(id, State::default());
        Arc::new(ExchangeQueue { id, max_workers: max_workers.max(1), arrived: Condvar::new() })
    }

    /// Returns whether the caller must start the first worker thread, and whether it must start the
    /// driver thread. Each is true once in a process.
    pub(crate) fn reserve_threads(&self, needs_driver: bool) -> (bool, bool) {
        let mut states = lock();
        let Some(state) = states.get_mut(&self.id) else { return (false, false) };
        let starts_worker = state.workers == 0;
        state.workers += usize::from(starts_worker);
        let starts_driver = needs_driver && !std::mem::replace(&mut state.has_driver, needs_driver);
        (starts_worker, starts_driver)
    }

    /// Takes a reservation of the driver thread back, because it could not be started.
    pub(crate) fn release_driver(&self) {
        if let Some(state) = lock().get_mut(&self.id) {
            state.has_driver = false;
        }
    }

    /// Takes a reservation of a worker back, because it could not be started.
    pub(crate) fn release_worker(&self) {
        if let Some(state) = lock().get_mut(&self.id) {
            state.workers -= 1;
        }
    }

    /// Waits for a request. Returns it, and whether the caller must start another worker, so that
    /// there is one that waits. Returns `None` if the queue is closed, or if this worker was idle
    /// for long and others wait.
    pub(crate) fn take(&self) -> Option<(QueuedRequest, bool)> {
        let mut states = lock();
        loop {
            let state = states.get_mut(&self.id)?;
            if let Some(request) = state.requests.pop_front() {
                let starts_worker = state.idle == 0 && state.workers < self.max_workers;
                state.workers += usize::from(starts_worker);
                return Some((request, starts_worker));
            }
            state.idle += 1;
            let (relocked, waited) =
                self.arrived.wait_timeout(states, MAX_IDLE).unwrap_or_else(PoisonError::into_inner);
            states = relocked;
            let state = states.get_mut(&self.id)?;
            state.idle -= 1;
            if waited.timed_out() && state.requests.is_empty() && state.idle > 0 {
                state.workers -= 1;
                return None;
            }
        }
    }

    /// Ends the workers and the driver thread. Requests that no worker has taken are dropped.
    pub(crate) fn close(&self) {
        let state = lock().remove(&self.id);
        self.arrived.notify_all();
        // The exchanges are dropped after the lock.
        if let Some(waker) = state.and_then(|mut state| state.waker.take()) {
            waker.wake();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        !lock().contains_key(&self.id)
    }

    /// Returns `Ready` if the queue is closed; otherwise wakes the task when it is closed.
    pub(crate) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut states = lock();
        let Some(state) = states.get_mut(&self.id) else { return Poll::Ready(()) };
        let previous = state.waker.replace(context.waker().clone());
        drop(states);
        drop(previous);
        Poll::Pending
    }
}

impl HostTransport for ExchangeQueue {
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
        let headers = request.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = QueuedRequest {
            exchange,
            method: request.method.to_owned(),
            url: request.url.to_owned(),
            headers: headers.collect(),
            body: request.body.to_vec(),
        };
        let refused = match lock().get_mut(&self.id) {
            Some(state) => {
                state.requests.push_back(request);
                None
            }
            None => Some(request),
        };
        self.arrived.notify_one();
        // A closed queue drops the exchange after the lock: its call then ends.
        drop(refused);
    }

    fn cancel(&self, exchange: ExchangeId) {
        let mut states = lock();
        let Some(state) = states.get_mut(&self.id) else { return };
        let found = state.requests.iter().position(|request| request.exchange.id() == exchange);
        let canceled = found.and_then(|index| state.requests.remove(index));
        drop(states);
        drop(canceled);
    }
}

thread_local! {
    /// The lock, while this thread forks.
    static FORK_GUARD: RefCell<Option<MutexGuard<'static, States>>> = const { RefCell::new(None) };
}

/// Takes the lock. Runs before a fork, on the thread that forks.
pub(crate) fn before_fork() {
    let guard = lock();
    FORK_GUARD.with(|slot| *slot.borrow_mut() = Some(guard));
}

/// Releases the lock. Runs after a fork in the parent.
pub(crate) fn after_fork_in_parent() {
    FORK_GUARD.with(|slot| drop(slot.borrow_mut().take()));
}

/// Releases the lock, and empties all queues. Runs after a fork in the child.
pub(crate) fn after_fork_in_child() {
    let Some(mut states) = FORK_GUARD.with(|slot| slot.borrow_mut().take()) else { return };
    for state in states.values_mut() {
        // Not dropped: the exchanges and the waker belong to the driver of the parent.
        std::mem::forget(std::mem::take(state));
    }
}
