//! The client: connects `api`, which describes calls, with `net`, which performs them.

pub(crate) mod builder;
pub(crate) mod download;
pub(crate) mod file_sink;
pub(crate) mod inner;
#[cfg(feature = "journal")]
pub(crate) mod journal;
pub(crate) mod options;
#[cfg(feature = "journal")]
mod records;
pub(crate) mod reply;
mod submit;
mod tick;
mod typed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;

use self::inner::{ClientInner, PreparedCall};
use self::options::CallOptions;
use self::reply::{Reply, into_reply, prewarm_reply, with_context};
use crate::api::operation::{Operation, operation, operations};
use crate::api::{arguments, refusal};
use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::http_types::Request;
use crate::log::{LogLevel, Logger};
use crate::nearest::did_you_mean;
use crate::net::call_cell::CallReport;
use crate::net::driver::Driver;
use crate::net::retry_loop::CallSpec;
use crate::net::roots_state::RootsState;

/// A client of the API. A clone is cheap and refers to the same client. The client is `Send` and
/// `Sync`: any number of threads may use it at the same time.
///
/// The client has no thread unless it is configured with `"io_thread": true`: a call performs its
/// I/O on the thread that makes the call. Dropping the last clone does not block.
///
/// ```no_run
/// use iplaygames::{CallOptions, Client, Config};
/// let client = Client::new(Config::from_json(r#"{"api_key": "…"}"#)?)?;
/// let games = client.call("list_games", r#"{"per_page": "20"}"#, &CallOptions::default())?;
/// println!("{}", games.json());
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientInner>,
}

impl Client {
    /// Creates a client. Opens no connection and loads no root certificates.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] for a proxy that cannot be used. [`Code::INTERNAL`] if the I/O
    /// runtime cannot be created, for example because the process has no free file descriptor.
    pub fn new(config: Config) -> Result<Client, Error> {
        Ok(Client { inner: ClientInner::new(config, None, Driver::new)? })
    }

    /// Creates a client that adds to the counts of another client: [`Client::stats_json`] of both
    /// returns the sums, except for `in_flight` and `roots`. The counts of their journals are those
    /// of both if the journals are the same file. This is for hosts that replace a client, for
    /// example because its API key has changed.
    ///
    /// # Errors
    ///
    /// Those of [`Client::new`].
    pub fn with_counts_of(config: Config, other: &Client) -> Result<Client, Error> {
        Ok(Client { inner: ClientInner::new(config, Some(&other.inner), Driver::new)? })
    }

    /// Creates a client of the simulation; see `src/simulation/`.
    #[cfg(test)]
    pub(crate) fn simulated(
        config: Config,
        transport: Box<dyn crate::net::transport::any::Simulate>,
        seed: u64,
    ) -> Result<Client, Error> {
        let driver = |config: &Config, log: &_| Driver::simulated(config, log, transport, seed);
        Ok(Client { inner: ClientInner::new(config, None, driver)? })
    }

    pub(crate) fn inner(&self) -> &Arc<ClientInner> {
        &self.inner
    }

    /// Calls an operation of the API and waits for the response, on this thread.
    ///
    /// `arguments_json` is one flat JSON object with the path, query and body parameters by name.
    /// Empty text means no arguments. The reply contains the JSON document of the server.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] for every failed call. Its [`outcome`](Error::outcome) says whether the
    /// server may have processed the call.
    pub fn call(&self, operation: &str, arguments_json: &str, options: &CallOptions) -> Result<Reply, Error> {
        self.execute(
            operation,
            options,
            |operation| arguments::prepare(operation, arguments_json),
            Driver::call,
        )
    }

    /// Calls an operation as [`Client::call`] does, and calls `go_on` on this thread at the given
    /// interval. If `go_on` returns false, the call is canceled and its connection is closed at
    /// once. This is for hosts that have to react to events, such as signals, during a call.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Code, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// sandbox.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 30000}"#)?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let options = CallOptions::default();
    /// let mut checks = 0;
    /// let error = client.call_cancellable("list_games", "", &options, Duration::from_millis(5), || {
    ///     checks += 1;
    ///     checks < 3
    /// });
    /// assert_eq!(error.unwrap_err().code(), Code::CANCELED);
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`], and [`Code::CANCELED`] if `go_on` returned false.
    pub fn call_cancellable(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        every: Duration,
        go_on: impl FnMut() -> bool,
    ) -> Result<Reply, Error> {
        let request = |operation| arguments::prepare(operation, arguments_json);
        self.execute(operation, options, request, |driver, spec| driver.call_cancellable(spec, every, go_on))
    }

    /// Calls an operation on one session, which takes no other arguments.
    pub(crate) fn call_on_session(
        &self,
        operation: &str,
        session_id: &str,
        options: &CallOptions,
    ) -> Result<Reply, Error> {
        let request = |operation| arguments::prepare_on_session(operation, session_id);
        self.execute(operation, options, request, Driver::call)
    }

    fn execute(
        &self,
        operation: &str,
        options: &CallOptions,
        request: impl FnOnce(&'static Operation) -> Result<Request, Error>,
        call: impl FnOnce(&Driver, CallSpec) -> Result<CallReport, Error>,
    ) -> Result<Reply, Error> {
        self.execute_prepared(operation, self.prepare_with(operation, options, request), call)
    }

    /// Makes a call whose arguments and options are checked, and counts it.
    fn execute_prepared(
        &self,
        operation: &str,
        prepared: Result<PreparedCall, Error>,
        call: impl FnOnce(&Driver, CallSpec) -> Result<CallReport, Error>,
    ) -> Result<Reply, Error> {
        let result = prepared.and_then(|prepared| {
            let PreparedCall { operation, spec, call_id, echo, secrets, file, driver } = prepared;
            match call(&driver, spec) {
                // The error of a report has the call id already.
                Ok(report) => into_reply(operation, report, call_id, echo.as_deref(), file.as_deref())
                    .map_err(|error| with_context(error, operation.id, None, &secrets)),
                Err(error) => Err(with_context(error, operation.id, Some(&call_id), &secrets)),
            }
        });
        let attempts = result.as_ref().map_or_else(Error::attempts, Reply::attempts);
        self.inner.count(operation, &result, attempts);
        self.deliver_log();
        result
    }

    /// Checks the arguments and options of a call. Nothing is sent.
    pub(crate) fn prepare(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
    ) -> Result<PreparedCall, Error> {
        self.prepare_with(operation, options, |operation| arguments::prepare(operation, arguments_json))
    }

    /// Checks the session id and options of a call on one session. Nothing is sent.
    #[cfg(feature = "capi")]
    pub(crate) fn prepare_on_session(
        &self,
        operation: &str,
        session_id: &str,
        options: &CallOptions,
    ) -> Result<PreparedCall, Error> {
        self.prepare_with(operation, options, |operation| {
            arguments::prepare_on_session(operation, session_id)
        })
    }

    fn prepare_with(
        &self,
        operation_id: &str,
        options: &CallOptions,
        request: impl FnOnce(&'static Operation) -> Result<Request, Error>,
    ) -> Result<PreparedCall, Error> {
        let with_context = |error: Error| self.inner.with_context(error, operation_id, None);
        let operation = operation(operation_id).ok_or_else(|| {
            let ids = operations().iter().map(|operation| operation.id);
            with_context(Error::new(
                Code::UNKNOWN_OPERATION,
                format!("The API has no operation {operation_id:?}{}", did_you_mean(operation_id, ids)),
            ))
        })?;
        let mut request = request(operation).map_err(with_context)?;
        let mut secrets = Arc::clone(&self.inner.config.secrets);
        request.keeps_headers = options.keeps_headers;
        if let Some(headers) = &options.headers {
            headers.apply(&mut request.headers, &mut secrets);
        }
        let driver = self.inner.driver().map_err(with_context)?;
        let call_id = match &options.call_id {
            Some(id) => id.clone(),
            None => driver.make_call_id(),
        };
        let config = &self.inner.config;
        let echo = arguments::echo(operation, &request.target);
        #[cfg(feature = "journal")]
        let record = records::record_of(&self.inner, operation, &request, &call_id, echo.as_deref());
        #[cfg(not(feature = "journal"))]
        let record = None;
        let spec = CallSpec {
            operation: operation.id,
            parts: request,
            idempotency: operation.idempotency,
            timeout: options.timeout.unwrap_or(config.timeout),
            attempt_timeout: config.attempt_timeout,
            max_retries: options.max_retries.unwrap_or(config.max_retries),
            call_id: call_id_header(&call_id).map_err(with_context)?,
            classify: refusal::classify_by_id,
            record,
        };
        Ok(PreparedCall { operation, spec, call_id, echo, secrets, file: None, driver })
    }

    /// Loads the root certificates (for https), resolves the host name and opens a connection, so
    /// that the first call is faster. Sends no request. A `timeout` of zero means the client's
    /// `timeout_ms`. The reply is `{"success":true,"elapsed_ms":12}`.
    ///
    /// # Errors
    ///
    /// The errors of a call that gets no connection.
    pub fn prewarm(&self, timeout: Duration) -> Result<Reply, Error> {
        let started = Instant::now();
        let driver = self.inner.driver()?;
        let timeout = if timeout.is_zero() { self.inner.config.timeout } else { timeout };
        prewarm_reply(driver.connect(timeout)?, started.elapsed(), &self.inner.config.secrets)
    }

    /// Returns the counts since the client was created, as a JSON document: `calls`, `succeeded`,
    /// `failed`, `attempts`, `unknown` (failed with an unknown outcome), `abandoned` (ended, and
    /// the host did not take the result), `in_flight`, and `roots` (`none`, `given` or `system`:
    /// which root certificates are loaded). With a journal there is also `journal`: `rows` (the
    /// entries of the file, after the last start of this client), `bytes` (the size of the file),
    /// `commits`, `syncs` and `sync_us` (the commits that waited for the disk, and their time in
    /// microseconds), and `failed` (writes that failed).
    pub fn stats_json(&self) -> String {
        let (in_flight, roots) = match self.inner.driver_in_use() {
            Some(driver) => (driver.in_flight(), driver.roots()),
            None => (0, RootsState::None),
        };
        let roots = match roots {
            RootsState::None => "none",
            RootsState::Given => "given",
            RootsState::System => "system",
            RootsState::Bundled => "bundled",
        };
        #[cfg(feature = "journal")]
        let journal = (self.inner.journal.as_ref())
            .map_or_else(String::new, |journal| format!(",\"journal\":{}", journal.stats_json()));
        #[cfg(not(feature = "journal"))]
        let journal = String::new();
        self.inner.counts.to_json(&self.inner.config.base_url, in_flight, roots, &journal)
    }

    /// Returns the base URL of the server, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.inner.config.base_url
    }

    /// Returns the time limit of a call that has no limit in its options.
    pub fn timeout(&self) -> Duration {
        self.inner.config.timeout
    }

    /// Sets or removes the logger, and sets the most detailed level that it receives. When this
    /// function returns, the previous logger is not running.
    ///
    /// # Errors
    ///
    /// [`Code::BUSY`] if the logger itself calls this function.
    pub fn set_logger(&self, logger: Option<Logger>, max_level: Option<LogLevel>) -> Result<(), Error> {
        self.inner.log.set(logger, max_level)
    }

    /// Passes the queued log lines to the logger, on this thread. Every call does so before it
    /// returns. Other lines wait in a queue of 256 lines.
    pub fn deliver_log(&self) {
        self.inner.log.deliver();
    }

    /// Sets a function that is called when log lines wait for [`Client::deliver_log`]. It runs on
    /// any thread, perhaps while locks of the client are held: it must only wake the thread that
    /// delivers the lines, and must not call into the client. Only the first function is used.
    ///
    /// ```
    /// # let config = r#"{"api_key": "k", "base_url": "http://127.0.0.1:1", "max_retries": 0}"#;
    /// use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
    /// use iplaygames::{CallOptions, Client, Config, LogLevel};
    /// let client = Client::new(Config::from_json(config)?)?;
    /// client.set_logger(Some(Arc::new(|line| println!("{}", line.message))), Some(LogLevel::Info))?;
    /// let has_lines = Arc::new(AtomicBool::new(false));
    /// let flag = Arc::clone(&has_lines);
    /// client.notify_log(Arc::new(move || flag.store(true, Ordering::Release)));
    /// client.call("list_games", "", &CallOptions::default()).unwrap_err();
    /// assert!(has_lines.load(Ordering::Acquire));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn notify_log(&self, notify: Arc<dyn Fn() + Send + Sync>) {
        self.inner.log.set_notify(notify);
    }

    /// Adds a line to the log.
    #[cfg(feature = "capi")]
    pub(crate) fn note(&self, level: LogLevel, target: &'static str, message: String) {
        self.inner.log.add(level, target, || message);
    }

    /// Closes the client without waiting. Calls in flight on other threads return at once with
    /// [`Code::CANCELED`], later calls return [`Code::SHUT_DOWN`], and no further callback starts.
    /// Returns false if a callback is still running on another thread.
    ///
    /// Every call that ends here is counted and logged with its id and its outcome. The logger runs
    /// on this thread.
    pub fn close(&self) -> bool {
        self.inner.end()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

fn call_id_header(id: &str) -> Result<HeaderValue, Error> {
    let is_valid = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let value = if is_valid { HeaderValue::from_str(id).ok() } else { None };
    value.ok_or_else(|| Error::invalid("/call_id", "`call_id` must be 1 to 128 visible ASCII characters."))
}
