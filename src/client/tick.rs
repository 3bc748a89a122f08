//! The methods of a client for the loop of the host: tick, how long the host may sleep, the waker,
//! suspending, and driving a future of the host.

use std::future::Future;
use std::time::Duration;

use super::Client;
use crate::error::Error;
use crate::net::idle_time::budget::Budget;
use crate::net::in_flight::shut_down_error;
use crate::submit::dispatch::DispatchGuard;
use crate::submit::event::Notify;

/// The longest sleep between two ticks while calls are in flight: only a tick sees sockets and
/// timers.
const MAX_SLEEP: Duration = Duration::from_millis(10);

impl Client {
    /// Returns whether a tick has nothing to do: two atomic loads.
    #[cfg(feature = "capi")]
    pub(crate) fn is_idle(&self) -> bool {
        (self.inner().registry.completions.is_empty() || self.inner().is_suspended())
            && self.inner().has_no_logger()
    }

    /// Performs the I/O of the calls in flight that needs no waiting, and runs the callbacks that
    /// are due, on this thread. Returns the number of callbacks that ran. A game calls it once a
    /// frame.
    ///
    /// With no call in flight it costs one atomic load. Otherwise it runs the callbacks that are
    /// due, and then alternates between I/O and callbacks until there is nothing to do or the
    /// budget is used up. It checks the budget between steps and between callbacks. With a budget
    /// of zero it does a little I/O and runs at most one callback. Inside a callback, or while
    /// another thread ticks, it does nothing.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN)(crate::Code::SHUT_DOWN) or
    /// [`Code::UNSUPPORTED`](crate::Code::UNSUPPORTED) if this thread cannot drive.
    pub fn tick(&self, budget: Duration) -> Result<u32, Error> {
        let inner = self.inner();
        if inner.registry.completions.is_empty() || inner.is_suspended() {
            return Ok(0);
        }
        let Some(dispatch) = DispatchGuard::begin(&inner.registry) else { return Ok(0) };
        let is_without_time = budget.is_zero();
        let mut budget = Budget::new(budget);
        let mut completed = 0;
        // Callbacks that are due run first: they must not wait for I/O.
        while dispatch.dispatch_one() {
            completed += 1;
            if budget.is_over() {
                break;
            }
        }
        if completed > 0 && !is_without_time && budget.is_over() {
            return Ok(completed);
        }
        let driver = inner.driver_in_use();
        loop {
            let progress = driver.as_ref().map_or(Ok(false), |driver| driver.poll_once(&budget));
            let mut has_delivered = false;
            while (completed == 0 || !budget.is_over()) && dispatch.dispatch_one() {
                completed += 1;
                has_delivered = true;
            }
            match progress {
                Ok(has_progressed) if (has_progressed || has_delivered) && !budget.is_over() => {
                    budget.end_turn()
                }
                // The callbacks that ran are reported; the next tick reports the error.
                Err(error) if completed == 0 => return Err(error),
                _ => return Ok(completed),
            }
        }
    }

    /// Drives the client on this thread until a future is ready or `timeout` has passed. Returns
    /// `None` after a timeout.
    ///
    /// A host can wait for several calls at once with this function, or for calls together with
    /// other events. The future must not call into the client; it may read state that a
    /// [`Call::notify`](crate::Call::notify) function has set.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let mut call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// let result = client.drive(&mut call, Duration::from_secs(5))?;
    /// assert!(result.is_some_and(|result| result.is_ok()));
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN)(crate::Code::SHUT_DOWN), and the errors of
    /// [`Client::call`](crate::Client::call) on a thread that cannot wait.
    pub fn drive<F: Future>(&self, future: F, timeout: Duration) -> Result<Option<F::Output>, Error> {
        let driver = self.inner().driver_in_use().ok_or_else(shut_down_error)?;
        driver.drive(async { tokio::time::timeout(timeout, future).await.ok() })
    }

    /// Sets or removes a function that is called when there is something to tick for: a completion
    /// is queued, a call is submitted, or a call can go on because of another thread. It does not
    /// see sockets and timers; [`Client::next_tick`] limits the sleep for these. The function is
    /// called on any thread, with no lock held, and perhaps more often than necessary. It must only
    /// wake the thread that ticks, and must not call into the client. It sees the calls that are
    /// submitted afterwards. When this function returns, the previous waker is not running.
    ///
    /// # Errors
    ///
    /// [`Code::BUSY`](crate::Code::BUSY)(crate::Code::BUSY) inside the waker.
    pub fn set_waker(&self, waker: Option<Notify>) -> Result<(), Error> {
        self.inner().registry.completions.waker.set(waker)
    }

    /// Returns how long the host may sleep before the next tick; `None` if there is nothing to tick
    /// for until the waker is called. Zero means that a tick has something to do now.
    pub fn next_tick(&self) -> Option<Duration> {
        let inner = self.inner();
        let completions = &inner.registry.completions;
        if completions.is_empty() || inner.is_suspended() {
            return None;
        }
        if completions.has_ready() {
            return Some(Duration::ZERO);
        }
        let has_io_thread = inner.driver_in_use().is_some_and(|driver| driver.has_io_thread());
        match (has_io_thread, completions.waker.is_set()) {
            // The thread of the client does the I/O, and the waker says when a callback is due.
            (true, true) => None,
            (false, _) if completions.waker.is_task_ready() => Some(Duration::ZERO),
            _ => Some(MAX_SLEEP),
        }
    }

    /// Tells the client that the application is suspended, until [`Client::resume`]. Until then no
    /// time counts towards timeouts, [`Client::tick`] does nothing, and blocking calls are refused
    /// with [`Code::BUSY`](crate::Code::BUSY). A repetition changes nothing.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN).
    pub fn suspend(&self) -> Result<(), Error> {
        self.inner.set_suspended(true)
    }

    /// Ends a suspension. Requests then go out on new connections, because idle ones may be dead
    /// after a long sleep. A transport of the host, and a reqwest client of the host, keep their
    /// own connections. A repetition changes nothing.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN).
    pub fn resume(&self) -> Result<(), Error> {
        self.inner.set_suspended(false)
    }
}
