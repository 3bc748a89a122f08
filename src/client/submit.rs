//! The methods of a client for submitted calls: submit, watch, tick, drive, shut down.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::inner::PreparedCall;
use super::options::CallOptions;
use crate::api::operation::Operation;
use crate::api::session::session_arguments;
use crate::error::Error;
use crate::net::call_cell::CallReport;
use crate::net::driver::Driver;
use crate::net::idle_time::budget::Budget;
use crate::net::in_flight::shut_down_error;
use crate::net::retry_loop::CallSpec;
use crate::submit::call::{CallOwner, CallShared, SubmittedCall};
use crate::submit::completions::ActiveGuard;
use crate::submit::dispatch::DispatchGuard;
use crate::submit::event::Callback;
use crate::submit::handle::Call;
use crate::submit::updates::WatchOptions;
use crate::submit::watch::WatchReader;

/// The shortest interval of a watch. More frequent readings would load the server without a
/// benefit.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// A submitted call that is not registered yet.
struct NewCall {
    /// None for a prewarm.
    operation: Option<&'static Operation>,
    call_id: String,
    echo: Option<String>,
    driver: Arc<Driver>,
}

impl NewCall {
    fn from_prepared(prepared: PreparedCall) -> (NewCall, CallSpec) {
        let PreparedCall { operation, spec, call_id, echo, driver } = prepared;
        (NewCall { operation: Some(operation), call_id, echo, driver }, spec)
    }
}

impl Client {
    /// Submits a call and returns at once. The call progresses while a thread drives the client.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// while call.poll()?.is_none() {
    ///     client.tick(Duration::from_micros(500))?; // once a frame
    /// }
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error for invalid arguments, [`Code::BUSY`](crate::Code::BUSY) above `max_in_flight`, and
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN). After an error the callback never runs.
    pub fn submit(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        let submitted = self.submit_with(operation, arguments_json, options, callback, |_| Ok(()))?;
        Ok(Call::new(submitted))
    }

    /// Watches a session: reads its status at the given interval (with ten percent jitter), one
    /// reading at a time, and reports every change. The interval must be at least ten milliseconds.
    ///
    /// The watch ends when the status says that the session is over (for example `closed` or
    /// `expired`), when the session does not exist any more, or after an error that is not
    /// retryable. An unknown status is reported as a change.
    ///
    /// A retryable error does not end the watch. After three failed readings in a row the error is
    /// reported as an update and logged. The next successful reading is reported as an update
    /// again.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::submit`](crate::Client::submit).
    pub fn watch_session(
        &self,
        session_id: &str,
        interval: Duration,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        self.watch_session_with(session_id, &WatchOptions::every(interval), callback)
    }

    /// Watches a session as [`Client::watch_session`](crate::Client::watch_session) does, with
    /// options.
    ///
    /// ```no_run
    /// # fn example(client: iplaygames::Client) -> Result<(), iplaygames::Error> {
    /// use std::time::Duration;
    /// use iplaygames::WatchOptions;
    /// let mut options = WatchOptions::every(Duration::from_secs(1));
    /// options.max_failures = Some(60);
    /// let watch = client.watch_session_with("abc123", &options, None)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::submit`](crate::Client::submit).
    pub fn watch_session_with(
        &self,
        session_id: &str,
        options: &WatchOptions,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        let submitted = self.watch_with(session_id, options, callback, |_| Ok(()))?;
        Ok(Call::new(submitted))
    }

    /// Submits a call. `on_registered` receives the call before its I/O starts and before its
    /// callback can run.
    pub(crate) fn submit_with(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        let prepared = self.prepare(operation, arguments_json, options)?;
        self.start_call(prepared, callback, on_registered)
    }

    /// Submits a call of an operation on one session, which takes no other arguments.
    #[cfg(feature = "capi")]
    pub(crate) fn submit_on_session_with(
        &self,
        operation: &str,
        session_id: &str,
        options: &CallOptions,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        let prepared = self.prepare_on_session(operation, session_id, options)?;
        self.start_call(prepared, callback, on_registered)
    }

    /// Loads the root certificates, resolves the host name and opens a connection, as
    /// [`Client::prewarm`](crate::Client::prewarm) does, and returns at once.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::submit`](crate::Client::submit).
    pub fn submit_prewarm(&self, timeout: Duration, callback: Option<Callback>) -> Result<Call, Error> {
        Ok(Call::new(self.prewarm_with(timeout, callback, |_| Ok(()))?))
    }

    /// Starts a prewarm. `on_registered` receives it as in
    /// [`Client::submit_with`](crate::Client::submit_with).
    pub(crate) fn prewarm_with(
        &self,
        timeout: Duration,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        let timeout = if timeout.is_zero() { self.timeout() } else { timeout };
        let call =
            NewCall { operation: None, call_id: String::new(), echo: None, driver: self.inner().driver()? };
        self.start(call, callback, on_registered, |driver, submitted, active| {
            driver.start_connect(submitted.cell(), timeout, active);
        })
    }

    /// Starts a watch. `on_registered` receives it as in
    /// [`Client::submit_with`](crate::Client::submit_with).
    pub(crate) fn watch_with(
        &self,
        session_id: &str,
        options: &WatchOptions,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        if options.interval < SHORTEST_INTERVAL {
            let message = format!("`interval_ms` must be at least {}.", SHORTEST_INTERVAL.as_millis());
            return Err(Error::invalid("/interval_ms", message));
        }
        let arguments = session_arguments(session_id);
        let prepared = self.prepare("get_session_status", &arguments, &options.call)?;
        let (call, spec) = NewCall::from_prepared(prepared);
        self.start(call, callback, on_registered, |driver, submitted, active| {
            let shared = Arc::clone(&submitted.shared);
            let mut reader = WatchReader::new(options.max_failures);
            let process = move |report: &CallReport| reader.process(&shared, report);
            driver.start_watch(submitted.cell(), spec, options.interval, process, active);
        })
    }

    fn start_call(
        &self,
        prepared: PreparedCall,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        let (call, spec) = NewCall::from_prepared(prepared);
        self.start(call, callback, on_registered, |driver, submitted, active| {
            driver.start(submitted.cell(), spec, active);
        })
    }

    fn start(
        &self,
        call: NewCall,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
        begin: impl FnOnce(&Driver, &SubmittedCall, ActiveGuard),
    ) -> Result<Arc<SubmittedCall>, Error> {
        let inner = self.inner();
        let NewCall { operation, call_id, echo, driver } = call;
        let with_context = |error, call_id: &str| match operation {
            Some(operation) => inner.with_context(error, operation.id, Some(call_id)),
            None => error,
        };
        let guard = driver.register().map_err(|error| with_context(error, &call_id))?;
        let registry = &inner.registry;
        let has_callback = callback.is_some();
        let shared = CallShared::new(
            registry.next_id(),
            operation,
            call_id,
            echo,
            Arc::clone(&inner.config.secrets),
            Arc::clone(&inner.log),
            Arc::clone(&registry.completions),
            has_callback,
        );
        let owner: Arc<dyn CallOwner> = Arc::clone(inner) as _;
        let submitted = SubmittedCall::new(&owner, &driver, guard, callback, shared);
        let refuse = |error| {
            submitted.forget_refused();
            Err(with_context(error, submitted.call_id()))
        };
        if !has_callback {
            registry.add_polled(&submitted);
        } else if !registry.add(&submitted) {
            // The call was registered with the driver first, so a shutdown that closed the registry
            // before this cancels the call, and a later shutdown finds the call in the registry.
            return refuse(shut_down_error());
        }
        if let Err(error) = on_registered(&submitted) {
            return refuse(error);
        }
        if has_callback {
            submitted.queue_end();
        }
        begin(&driver, &submitted, registry.completions.enter());
        Ok(submitted)
    }

    /// Returns whether a tick has nothing to do: two atomic loads.
    #[cfg(feature = "capi")]
    pub(crate) fn is_idle(&self) -> bool {
        self.inner().registry.completions.is_empty() && self.inner().has_no_logger()
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
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN) or
    /// [`Code::UNSUPPORTED`](crate::Code::UNSUPPORTED) if this thread cannot drive.
    pub fn tick(&self, budget: Duration) -> Result<u32, Error> {
        let inner = self.inner();
        if inner.registry.completions.is_empty() {
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
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN), and the errors of
    /// [`Client::call`](crate::Client::call) on a thread that cannot wait.
    pub fn drive<F: Future>(&self, future: F, timeout: Duration) -> Result<Option<F::Output>, Error> {
        let driver = self.inner().driver_in_use().ok_or_else(shut_down_error)?;
        driver.drive(async { tokio::time::timeout(timeout, future).await.ok() })
    }

    /// Shuts the client down in order:
    ///
    /// 1. The client refuses new calls and cancels its watches.
    /// 2. It drives the calls in flight for at most `timeout` and cancels the rest.
    /// 3. It runs every callback that is due on this thread.
    /// 4. It joins the background thread.
    ///
    /// The function waits for a callback that is running on another thread. When it returns, no
    /// callback is running, and none will run later. The only exception is a callback that calls
    /// this function.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`](crate::Code::SHUT_DOWN) if the client is shut down already. If this
    /// thread cannot drive, the function returns the error of the drive; calls in flight are then
    /// canceled without being driven, and all other steps are done.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Error> {
        let inner = self.inner();
        let Some(driver) = inner.close_for_new()? else { return Ok(()) };
        inner.registry.close();
        let driven = driver.drain(timeout);
        // Another thread may be running callbacks, or may be submitting a call, which is canceled
        // already. Both end soon, unless a callback of the host takes long.
        let mut panic = None;
        loop {
            let dispatch_due = || {
                DispatchGuard::begin_or_join(&inner.registry).is_some_and(|dispatch| dispatch.dispatch_all())
            };
            match catch_unwind(AssertUnwindSafe(dispatch_due)) {
                Ok(true) => break,
                Ok(false) => std::thread::sleep(Duration::from_millis(1)),
                // A callback of the host panicked. The other callbacks run, and then the first
                // panic resumes.
                Err(first) if panic.is_none() => panic = Some(first),
                // The drop of a panic payload may panic again.
                Err(other) => std::mem::forget(other),
            }
        }
        driver.join_background();
        inner.close();
        inner.end_polled_calls();
        match panic {
            Some(panic) => resume_unwind(panic),
            None => driven,
        }
    }
}
