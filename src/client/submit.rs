//! The methods of a client for submitted calls: submit, watch, shut down. `tick.rs` has those of
//! the host's loop.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::file_sink::FileSink;
use super::inner::PreparedCall;
use super::options::CallOptions;
use crate::api::operation::Operation;
use crate::api::session::session_arguments;
use crate::error::Error;
use crate::net::call_cell::CallReport;
use crate::net::driver::Driver;
use crate::net::in_flight::shut_down_error;
use crate::net::retry_loop::CallSpec;
use crate::redact::Redactor;
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
    secrets: Arc<Redactor>,
    file: Option<Arc<FileSink>>,
    driver: Arc<Driver>,
}

impl NewCall {
    fn from_prepared(prepared: PreparedCall) -> (NewCall, CallSpec) {
        let PreparedCall { operation, spec, call_id, echo, secrets, file, driver } = prepared;
        (NewCall { operation: Some(operation), call_id, echo, secrets, file, driver }, spec)
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
    /// while call.try_result()?.is_none() {
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
        let inner = self.inner();
        let secrets = Arc::clone(&inner.config.secrets);
        let driver = inner.driver()?;
        let (call_id, echo, file) = (String::new(), None, None);
        let call = NewCall { operation: None, call_id, echo, secrets, file, driver };
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
            let mut reader = WatchReader::new(options.max_failures, options.keep_readings);
            let process = move |report: &CallReport| reader.process(&shared, report);
            driver.start_watch(submitted.cell(), spec, options.interval, process, active);
        })
    }

    pub(super) fn start_call(
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
        let NewCall { operation, call_id, echo, secrets, file, driver } = call;
        let add_context = |error, call_id: &str| match operation {
            Some(operation) => inner.with_context(error, operation.id, Some(call_id)),
            None => error,
        };
        let guard = driver.register().map_err(|error| add_context(error, &call_id))?;
        let registry = &inner.registry;
        let has_callback = callback.is_some();
        let shared = CallShared::new(
            registry.next_id(),
            operation,
            call_id,
            echo,
            secrets,
            file,
            Arc::clone(&inner.log),
            Arc::clone(&registry.completions),
            has_callback,
        );
        let owner: Arc<dyn CallOwner> = Arc::clone(inner) as _;
        let submitted = SubmittedCall::new(&owner, &driver, guard, callback, shared);
        let refuse = |error| {
            submitted.forget_refused();
            Err(add_context(error, submitted.call_id()))
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
        if !has_callback && registry.completions.waker.is_set() {
            let waker = Arc::clone(&registry.completions.waker);
            submitted.cell().set_on_end(Box::new(move || waker.wake()));
        }
        begin(&driver, &submitted, registry.completions.enter());
        // The thread that ticks may be asleep.
        registry.completions.waker.wake();
        Ok(submitted)
    }

    /// Shuts the client down in order:
    ///
    /// 1. The client refuses new calls and cancels its watches.
    /// 2. It drives the calls in flight for at most `timeout` and cancels the rest.
    /// 3. It runs every callback that is due on this thread.
    /// 4. It joins the I/O thread.
    /// 5. It waits at most two seconds until the journal is written and its file is closed.
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
        let shut_down = catch_unwind(AssertUnwindSafe(|| self.shutdown_calls(timeout)));
        #[cfg(feature = "journal")]
        if let Some(journal) = &self.inner().journal {
            // After the limit this goes on.
            let _ = journal.end(super::journal::CLOSE_LIMIT);
        }
        shut_down.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Shuts the client down as `shutdown`, and does not wait for the journal: for a host that ends
    /// many clients and waits for all of their journals together.
    ///
    /// # Errors
    ///
    /// Those of `shutdown`.
    #[doc(hidden)]
    pub fn shutdown_calls(&self, timeout: Duration) -> Result<(), Error> {
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
        driver.join_io_thread();
        inner.close();
        inner.end_polled_calls();
        match panic {
            Some(panic) => resume_unwind(panic),
            None => driven,
        }
    }
}
