//! The mailbox: a queue of the tokens of calls that have completed. Any thread pushes tokens; a
//! thread of Python takes them. An event loop watches the mailbox's descriptor, which is readable
//! while the queue is not empty. A thread without an event loop waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::sys::SelfPipe;
use crate::time::{SIGNAL_POLL, duration_from_seconds};
use crate::{boundary, errors, guard};

/// The queue of a mailbox. Threads that Python does not know use it.
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
    /// Made when an event loop asks for its descriptor: other mailboxes need none.
    pipe: OnceLock<SelfPipe>,
}

#[derive(Default)]
struct State {
    tokens: Vec<u64>,
    /// Wakes a thread that drives the client while it waits for a token.
    waker: Option<Waker>,
}

impl Inbox {
    fn new() -> Inbox {
        Inbox { state: Mutex::new(State::default()), arrived: Condvar::new(), pipe: OnceLock::new() }
    }

    fn pipe(&self) -> std::io::Result<&SelfPipe> {
        if let Some(pipe) = self.pipe.get() {
            return Ok(pipe);
        }
        let pipe = self.pipe.get_or_init({
            let new = SelfPipe::new()?;
            || new
        });
        // A token that came before did not see the pipe.
        if !self.lock().tokens.is_empty() {
            pipe.wake();
        }
        Ok(pipe)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a token. Runs on any thread, never blocks and never calls Python.
    pub(crate) fn push(&self, token: u64) {
        let (was_empty, waker) = {
            let mut state = self.lock();
            let was_empty = state.tokens.is_empty();
            // A call that completes again before its token was taken needs no second token.
            if state.tokens.last() != Some(&token) {
                state.tokens.push(token);
            }
            (was_empty, state.waker.take())
        };
        if was_empty {
            if let Some(pipe) = self.pipe.get() {
                pipe.wake();
            }
            self.arrived.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Removes and returns all tokens.
    fn take(&self) -> Vec<u64> {
        // The pipe is drained first: a token that arrives after that makes it readable again.
        if let Some(pipe) = self.pipe.get() {
            pipe.drain();
        }
        std::mem::take(&mut self.lock().tokens)
    }

    /// Returns `Ready` if there is a token; otherwise wakes the task when a token arrives.
    pub(crate) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.tokens.is_empty() {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits until there is a token. Returns false if the time runs out.
    fn wait(&self, timeout: Duration) -> bool {
        let state = self.lock();
        let waited = self.arrived.wait_timeout_while(state, timeout, |state| state.tokens.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).0.tokens.is_empty()
    }
}

/// A queue of the tokens of calls that have completed.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Mailbox {
    pub(crate) inbox: Arc<Inbox>,
}

#[pymethods]
impl Mailbox {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Mailbox> {
        boundary::catch(py, || Ok(Mailbox { inbox: Arc::new(Inbox::new()) }))
    }

    /// Returns the descriptor that an event loop watches for reading.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        boundary::catch(py, || {
            let made = self.inbox.pipe();
            let pipe =
                made.map_err(|error| errors::resources_error(py, "The wake-up of an event loop", &error))?;
            pipe.descriptor().ok_or_else(|| {
                PyNotImplementedError::new_err("A mailbox has no descriptor on this system: use wait().")
            })
        })
    }

    /// Removes and returns all tokens.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        // While the interpreter exits, no call waits for a token.
        boundary::enter_or(py, PyList::empty(py), || PyList::new(py, self.inbox.take()))
    }

    /// Waits until there is a token, for at most `timeout` seconds. Returns whether there is one.
    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        boundary::enter(py, || {
            // `None` is later than the clock can represent.
            let deadline = Instant::now().checked_add(duration_from_seconds(py, "timeout", timeout)?);
            loop {
                let remaining = deadline
                    .map_or(SIGNAL_POLL, |deadline| deadline.saturating_duration_since(Instant::now()));
                if py.detach(|| self.inbox.wait(remaining.min(SIGNAL_POLL))) {
                    return Ok(true);
                }
                if remaining.is_zero() || guard::is_exiting() {
                    return Ok(false);
                }
                py.check_signals()?;
            }
        })
    }

    /// Adds a token.
    fn put(&self, py: Python<'_>, token: u64) -> PyResult<()> {
        boundary::catch(py, || {
            self.inbox.push(token);
            Ok(())
        })
    }
}
