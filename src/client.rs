//! The client: where the two strangers meet. `api` says what is to be sent and what an answer means,
//! `net` carries it; here one is introduced to the other, and the result is put into words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;

use crate::api::operation::{Operation, operation};
use crate::api::{arguments, refusal, reply};
use crate::codes::Code;
use crate::config::{Config, Secrets, take_max_retries, take_timeout};
use crate::error::{Error, push_quoted};
use crate::fork::Lock;
use crate::json::ObjectReader;
use crate::log::{Log, LogLevel, Logger};
use crate::message::{Disposition, Outcome, Parts, Repeat};
use crate::net::call_cell::CallReport;
use crate::net::driver::Driver;
use crate::net::failure::{Failure, FailureKind};
use crate::net::in_flight::shut_down_error;
use crate::net::retry_loop::CallSpec;
use crate::net::tls::Loaded;
use crate::submit::CallRegistry;

/// A client of the API. Cheap to clone: clones are the same client. `Send` and `Sync`: one client
/// serves any number of threads at once.
///
/// It has no thread of its own: a call does its I/O on the thread that makes it. Dropping the last
/// clone never waits.
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
    core: Arc<Core>,
}

pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) log: Arc<Log>,
    counts: Counts,
    pub(crate) registry: CallRegistry,
    lifecycle: Lock<Lifecycle>,
}

/// The driver of this process, while the client is open.
enum Lifecycle {
    Open(Arc<Driver>),
    /// Shutting down: what is in flight goes on, nothing new begins.
    Closing(Arc<Driver>),
    Closed,
}

/// A call that is ready to be begun.
pub(crate) struct PreparedCall {
    pub(crate) operation: &'static Operation,
    pub(crate) plan: CallSpec,
    pub(crate) call_id: String,
    /// The argument that the response must repeat.
    pub(crate) echo: Option<String>,
    pub(crate) driver: Arc<Driver>,
}

#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    attempts: AtomicU64,
    /// Calls that failed with an unknown outcome.
    unknown: AtomicU64,
    /// Calls whose result was not taken.
    abandoned: AtomicU64,
}

/// What one call may differ in from its client's configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// The whole call's time, instead of the client's `timeout_ms`.
    pub timeout: Option<Duration>,
    /// How often to try again, instead of the client's `max_retries`.
    pub max_retries: Option<u32>,
    /// The call's id, sent as `X-Request-Id`: 1 to 128 visible ASCII characters. Made up where none is
    /// given.
    pub call_id: Option<String>,
}

impl CallOptions {
    /// Reads options from JSON: `{"timeout_ms", "max_retries", "call_id"}`. Empty text means none.
    ///
    /// ```
    /// use iplaygames::CallOptions;
    /// let options = CallOptions::from_json(r#"{"timeout_ms": 500, "call_id": "match-7"}"#)?;
    /// assert_eq!(options.timeout, Some(std::time::Duration::from_millis(500)));
    /// assert_eq!(CallOptions::from_json(r#"{"retries": 1}"#).unwrap_err().field(), Some("/retries"));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<CallOptions, Error> {
        let mut reader = ObjectReader::parse(text, "The options")?;
        reader.check_keys(&["timeout_ms", "max_retries", "call_id"])?;
        Ok(CallOptions {
            timeout: take_timeout(&mut reader)?,
            max_retries: take_max_retries(&mut reader)?,
            call_id: reader.take_string("call_id")?,
        })
    }
}

/// The answer to a call that worked. Its `Debug` leaves the document out: a session's token may be in it.
#[derive(Clone)]
pub struct Reply {
    json: String,
    http_status: Option<u16>,
    attempts: u32,
    elapsed: Duration,
    call_id: String,
    request_id: Option<String>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Reply { json, http_status, attempts, elapsed, call_id, request_id } = self;
        f.debug_struct("Reply")
            .field("bytes", &json.len())
            .field("http_status", http_status)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("call_id", call_id)
            .field("request_id", request_id)
            .finish()
    }
}

impl Reply {
    /// The server's own JSON document, byte for byte.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The document, taken out.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The HTTP status of the answer.
    pub fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long it took, pauses included.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Our id of the call.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The server's own id of the request, if it sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl Client {
    /// Makes a client. Opens no connection, reads no roots, starts no thread.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] for a proxy that cannot be used, [`Code::INTERNAL`] when the system gives
    /// no event queue (out of file descriptors).
    pub fn new(config: Config) -> Result<Client, Error> {
        let log = Arc::new(Log::new());
        let lifecycle = Lock::new(Lifecycle::Open(Driver::new(&config, &log)?));
        let (counts, registry) = (Counts::default(), CallRegistry::new());
        Ok(Client { core: Arc::new(Core { config, log, counts, registry, lifecycle }) })
    }

    /// Makes a client of the simulation; see `src/simulation/`.
    #[cfg(test)]
    pub(crate) fn simulated(
        config: Config,
        transport: Box<dyn crate::net::transport::Simulate>,
        seed: u64,
    ) -> Result<Client, Error> {
        let log = Arc::new(Log::new());
        let lifecycle = Lock::new(Lifecycle::Open(Driver::simulated(&config, &log, transport, seed)?));
        let (counts, registry) = (Counts::default(), CallRegistry::new());
        Ok(Client { core: Arc::new(Core { config, log, counts, registry, lifecycle }) })
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Calls an operation of the API and waits for the answer, on this thread.
    ///
    /// `arguments_json` is one flat object: path, query and body fields by their names; empty text means
    /// none. The answer is the server's own document.
    ///
    /// # Errors
    ///
    /// Every way a call can fail is an [`Error`]; its [`outcome`](Error::outcome) says whether the call may
    /// have been done.
    pub fn call(&self, operation: &str, arguments_json: &str, options: &CallOptions) -> Result<Reply, Error> {
        self.carry(
            operation,
            options,
            |operation| arguments::prepare(operation, arguments_json),
            Driver::call,
        )
    }

    /// Calls as [`Client::call`], and asks every so often, on this thread, whether to go on: for a host whose
    /// threads have more to look after. If not, the call is canceled and its connection closed at once.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Code, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// sandbox.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 30000}"#)?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let options = CallOptions::default();
    /// let mut looks = 0;
    /// let error = client.call_while("list_games", "", &options, Duration::from_millis(5), || {
    ///     looks += 1;
    ///     looks < 3
    /// });
    /// assert_eq!(error.unwrap_err().code(), Code::CANCELED);
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn call_while(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        every: Duration,
        go_on: impl FnMut() -> bool,
    ) -> Result<Reply, Error> {
        let parts = |operation| arguments::prepare(operation, arguments_json);
        self.carry(operation, options, parts, |driver, plan| driver.call_while(plan, every, go_on))
    }

    /// [`Client::call`] for an operation on one session, which takes no other arguments.
    pub(crate) fn call_on_session(
        &self,
        operation: &str,
        session_id: &str,
        options: &CallOptions,
    ) -> Result<Reply, Error> {
        let parts = |operation| arguments::prepare_on_session(operation, session_id);
        self.carry(operation, options, parts, Driver::call)
    }

    fn carry(
        &self,
        operation: &str,
        options: &CallOptions,
        parts: impl FnOnce(&'static Operation) -> Result<Parts, Error>,
        call: impl FnOnce(&Driver, CallSpec) -> Result<CallReport, Error>,
    ) -> Result<Reply, Error> {
        let result = self.plan(operation, options, parts).and_then(|prepared| {
            let PreparedCall { operation, plan, call_id, echo, driver } = prepared;
            match call(&driver, plan) {
                // What is read names the call already.
                Ok(report) => read(operation, report, call_id, echo.as_deref())
                    .map_err(|error| self.core.name(error, operation.id, None)),
                Err(error) => Err(self.core.name(error, operation.id, Some(&call_id))),
            }
        });
        let attempts = result.as_ref().map_or_else(Error::attempts, Reply::attempts);
        self.core.count(operation, &result, attempts);
        self.deliver_log();
        result
    }

    /// Checks a call and plans it. Nothing is sent.
    pub(crate) fn prepare(
        &self,
        name: &str,
        arguments_json: &str,
        options: &CallOptions,
    ) -> Result<PreparedCall, Error> {
        self.plan(name, options, |operation| arguments::prepare(operation, arguments_json))
    }

    fn plan(
        &self,
        name: &str,
        options: &CallOptions,
        parts: impl FnOnce(&'static Operation) -> Result<Parts, Error>,
    ) -> Result<PreparedCall, Error> {
        let named = |error: Error| self.core.name(error, name, None);
        let operation = operation(name).ok_or_else(|| {
            named(Error::new(Code::UNKNOWN_OPERATION, format!("The API has no operation {name:?}.")))
        })?;
        let parts = parts(operation).map_err(named)?;
        let driver = self.core.driver().map_err(named)?;
        let call_id = match &options.call_id {
            Some(id) => id.clone(),
            None => driver.make_call_id(),
        };
        let config = &self.core.config;
        let echo = arguments::echo(operation, &parts.target);
        let plan = CallSpec {
            operation: operation.id,
            parts,
            repeat: operation.repeat,
            timeout: options.timeout.unwrap_or(config.timeout),
            attempt_timeout: config.attempt_timeout,
            max_retries: options.max_retries.unwrap_or(config.max_retries),
            call_id: call_id_header(&call_id).map_err(named)?,
            classify: refusal::classify_by_id,
        };
        Ok(PreparedCall { operation, plan, call_id, echo, driver })
    }

    /// Loads the roots (where https needs them), resolves the name and opens a connection, so that the
    /// first call does not have to. The server is asked nothing. Zero means the client's own time. Answers
    /// `{"success":true,"elapsed_ms":12}`.
    ///
    /// # Errors
    ///
    /// Those of a call that gets no connection.
    pub fn prewarm(&self, timeout: Duration) -> Result<Reply, Error> {
        let started = Instant::now();
        let driver = self.core.driver()?;
        let https = self.core.config.base_url.starts_with("https:");
        if https && let Err(error) = driver.transport().roots.load() {
            return Err(Error::new(Code::TLS, format!("The roots of trust cannot be loaded: {error}")));
        }
        let timeout = if timeout.is_zero() { self.core.config.timeout } else { timeout };
        let Err(failure) = driver.connect(timeout)? else {
            let elapsed = started.elapsed();
            return Ok(Reply {
                json: format!("{{\"success\":true,\"elapsed_ms\":{}}}", elapsed.as_millis()),
                http_status: None,
                attempts: 1,
                elapsed,
                call_id: String::new(),
                request_id: None,
            });
        };
        let mut error = of_failure(failure, Outcome::NotSent);
        let facts = error.facts_mut();
        (facts.attempts, facts.elapsed) = (1, started.elapsed());
        self.core.hide_secrets(&mut error);
        Err(error)
    }

    /// Counts since the client was made, as a JSON document: `calls`, `succeeded`, `failed`, `attempts`,
    /// `unknown` (failed with an unknown outcome), `abandoned` (ended, and the result was not taken), `in_flight`,
    /// and `roots` (`none`, `given` or `system`: which roots of trust are loaded).
    pub fn stats_json(&self) -> String {
        let (in_flight, roots) = match self.core.driver_in_use() {
            Some(driver) => (driver.in_flight(), driver.transport().roots.loaded()),
            None => (0, Loaded::None),
        };
        let roots = match roots {
            Loaded::None => "none",
            Loaded::Given => "given",
            Loaded::System => "system",
        };
        let Counts { calls, succeeded, failed, attempts, unknown, abandoned } = &self.core.counts;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut base_url = String::new();
        push_quoted(&mut base_url, &self.core.config.base_url);
        format!(
            "{{\"success\":true,\"base_url\":{base_url},\"calls\":{},\"succeeded\":{},\"failed\":{},\
             \"attempts\":{},\"unknown\":{},\"abandoned\":{},\"in_flight\":{in_flight},\"roots\":\"{roots}\"}}",
            count(calls),
            count(succeeded),
            count(failed),
            count(attempts),
            count(unknown),
            count(abandoned),
        )
    }

    /// The server's address, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.core.config.base_url
    }

    /// The time a call may take where nothing else is said.
    pub fn timeout(&self) -> Duration {
        self.core.config.timeout
    }

    /// Sets or removes what takes the log lines, and the most detailed level wanted. When this returns,
    /// the logger before is not running.
    ///
    /// # Errors
    ///
    /// [`Code::BUSY`] from inside the logger itself.
    pub fn set_logger(&self, logger: Option<Logger>, max_level: Option<LogLevel>) -> Result<(), Error> {
        self.core.log.set(logger, max_level)
    }

    /// Hands waiting log lines to the logger, on this thread. Calls do so before they return; lines that
    /// arise elsewhere wait in a ring of 256.
    pub fn deliver_log(&self) {
        self.core.log.deliver();
    }

    /// Puts a line into the log.
    #[cfg(feature = "capi")]
    pub(crate) fn note(&self, level: LogLevel, target: &'static str, message: String) {
        self.core.log.add(level, target, || message);
    }

    /// Ends the client: calls in flight on other threads return at once with [`Code::CANCELED`], later
    /// calls answer [`Code::SHUT_DOWN`], callbacks do not run any more. Never waits. Answers whether no
    /// callback is running on another thread; if one is, its return completes the end.
    ///
    /// Every call that ends here is counted and logged with its id and its outcome, and the logger runs on this
    /// thread.
    pub fn close(&self) -> bool {
        self.core.end()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

impl Core {
    /// The driver of this process; a forked child's first use makes its own.
    fn driver(&self) -> Result<Arc<Driver>, Error> {
        match &*self.lifecycle.lock() {
            Lifecycle::Closed | Lifecycle::Closing(_) => return Err(shut_down_error()),
            Lifecycle::Open(driver) if driver.is_ours() => return Ok(Arc::clone(driver)),
            Lifecycle::Open(_) => {}
        }
        let made = Driver::new(&self.config, &self.log)?;
        let mut lifecycle = self.lifecycle.lock();
        let parents = match &mut *lifecycle {
            Lifecycle::Closed | Lifecycle::Closing(_) => return Err(shut_down_error()),
            // Another thread of this child was faster.
            Lifecycle::Open(driver) if driver.is_ours() => return Ok(Arc::clone(driver)),
            Lifecycle::Open(driver) => std::mem::replace(driver, Arc::clone(&made)),
        };
        drop(lifecycle);
        drop(parents);
        Ok(made)
    }

    /// The driver whose calls may be in flight, if this process has one.
    pub(crate) fn driver_in_use(&self) -> Option<Arc<Driver>> {
        match &*self.lifecycle.lock() {
            Lifecycle::Open(driver) | Lifecycle::Closing(driver) if driver.is_ours() => {
                Some(Arc::clone(driver))
            }
            _ => None,
        }
    }

    /// Lets nothing new begin. Answers the driver that is to be wound down, if this process has one.
    pub(crate) fn close_for_new(&self) -> Result<Option<Arc<Driver>>, Error> {
        let mut lifecycle = self.lifecycle.lock();
        let Lifecycle::Open(driver) = &*lifecycle else { return Err(shut_down_error()) };
        let driver = Arc::clone(driver);
        if driver.is_ours() {
            *lifecycle = Lifecycle::Closing(Arc::clone(&driver));
            return Ok(Some(driver));
        }
        // A parent's: there is nothing of this process to wind down.
        *lifecycle = Lifecycle::Closed;
        drop(lifecycle);
        Ok(None)
    }

    /// Cancels what is in flight, at once.
    pub(crate) fn close_wholly(&self) {
        let before = std::mem::replace(&mut *self.lifecycle.lock(), Lifecycle::Closed);
        if let Lifecycle::Open(driver) | Lifecycle::Closing(driver) = before
            && driver.is_ours()
        {
            driver.close();
        }
    }

    /// Cancels everything at once; counts and logs what ends by it. Returns whether no callback is running on another
    /// thread.
    fn end(&self) -> bool {
        let (forgotten, is_quiet) = self.registry.forget_all();
        self.close_wholly();
        for submitted in &forgotten {
            submitted.end_with_client(self);
        }
        self.end_flights();
        drop(forgotten);
        self.log.deliver();
        is_quiet
    }

    /// Ends the calls without a callback, whose results the host may still take, so that each is counted and logged.
    pub(crate) fn end_flights(&self) {
        for submitted in self.registry.polled() {
            submitted.end_with_client(self);
        }
    }

    pub(crate) fn count_abandoned(&self) {
        self.counts.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "capi")]
    pub(crate) fn has_no_logger(&self) -> bool {
        self.log.is_off()
    }

    /// Hands waiting log lines over, as [`Client::deliver_log`].
    #[cfg(feature = "capi")]
    pub(crate) fn deliver_log(&self) {
        self.log.deliver();
    }

    /// Puts the call's names into an error, and takes the secrets out.
    pub(crate) fn name(&self, error: Error, operation: &str, call_id: Option<&str>) -> Error {
        name(error, operation, call_id, &self.config.secrets)
    }

    fn hide_secrets(&self, error: &mut Error) {
        error.hide(&self.config.secrets);
    }

    /// Counts a call that has ended, and says so in the log.
    pub(crate) fn count(&self, operation: &str, result: &Result<Reply, Error>, attempts: u32) {
        let counts = &self.counts;
        counts.calls.fetch_add(1, Ordering::Relaxed);
        counts.attempts.fetch_add(attempts.into(), Ordering::Relaxed);
        match result {
            Ok(reply) => {
                counts.succeeded.fetch_add(1, Ordering::Relaxed);
                self.log.add(LogLevel::Info, "iplaygames::client", || {
                    format!(
                        "{operation} call {}: done in {} ms, {} attempts",
                        reply.call_id,
                        reply.elapsed.as_millis(),
                        reply.attempts
                    )
                });
            }
            Err(error) => {
                counts.failed.fetch_add(1, Ordering::Relaxed);
                if error.outcome() == Outcome::Unknown {
                    counts.unknown.fetch_add(1, Ordering::Relaxed);
                }
                self.log.add(LogLevel::Error, "iplaygames::client", || {
                    format!(
                        "{operation} call {}: {error} after {} ms, {} attempts, outcome {}",
                        error.call_id().unwrap_or("-"),
                        error.elapsed().as_millis(),
                        error.attempts(),
                        error.outcome().as_str()
                    )
                });
            }
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.end();
    }
}

/// Puts a call's names into an error, and takes the secrets out.
#[cold]
pub(crate) fn name(mut error: Error, operation: &str, call_id: Option<&str>, secrets: &Secrets) -> Error {
    let facts = error.facts_mut();
    facts.operation = Some(operation.to_owned());
    if facts.call_id.is_none() {
        facts.call_id = call_id.map(str::to_owned);
    }
    error.hide(secrets);
    error
}

/// Reads what a call came to. `echo` is the argument that the response must repeat.
pub(crate) fn read(
    operation: &'static Operation,
    report: CallReport,
    call_id: String,
    echo: Option<&str>,
) -> Result<Reply, Error> {
    let CallReport { result, attempts, elapsed, may_be_done, was_refused, retry_after } = report;
    let (result, http_status, request_id) = match result {
        Ok(answer) => {
            let (status, request_id) = (answer.status, answer.request_id.clone());
            let gone = operation.repeat == Repeat::End
                && may_be_done
                && status == 404
                && refusal::classify(operation, &answer) == Disposition::Refused;
            // An attempt before this one may have ended it; that it is not there now is what was asked for.
            let result = if gone {
                Ok(r#"{"success":true,"already_ended":true}"#.to_owned())
            } else {
                reply::read(operation, answer, echo)
            };
            (result, Some(status), request_id)
        }
        Err(failure) => {
            let outcome = match (may_be_done, was_refused) {
                (true, _) => Outcome::Unknown,
                (false, true) => Outcome::Rejected,
                (false, false) => Outcome::NotSent,
            };
            (Err(of_failure(failure, outcome)), None, None)
        }
    };
    match result {
        Ok(json) => Ok(Reply { json, http_status, attempts, elapsed, call_id, request_id }),
        Err(mut error) => {
            let facts = error.facts_mut();
            facts.attempts = attempts;
            facts.elapsed = elapsed;
            facts.call_id = Some(call_id);
            facts.retry_after = retry_after;
            if may_be_done && operation.repeat != Repeat::Read {
                // The last response says nothing of the attempts before it. A read has changed nothing.
                facts.outcome = Outcome::Unknown;
            }
            Err(error)
        }
    }
}

/// A failure on the way, in the words of an error.
#[cold]
fn of_failure(failure: Failure, outcome: Outcome) -> Error {
    let (code, retryable) = match failure.kind {
        FailureKind::Resolve => (Code::RESOLVE, true),
        FailureKind::Connect => (Code::CONNECT, true),
        FailureKind::ProxyRefused => (Code::CONNECT, false),
        FailureKind::Tls => (Code::TLS, false),
        FailureKind::Lost => (Code::CONNECTION_LOST, true),
        FailureKind::NotHttp => (Code::BAD_RESPONSE, false),
        FailureKind::TooLarge => (Code::RESPONSE_TOO_LARGE, false),
        FailureKind::AttemptTimeout | FailureKind::Timeout => (Code::TIMEOUT, true),
        FailureKind::Canceled => (Code::CANCELED, false),
        FailureKind::Internal => (Code::INTERNAL, false),
    };
    let mut error = Error::new(code, failure.message);
    let facts = error.facts_mut();
    facts.retryable = retryable;
    facts.outcome = outcome;
    error
}

fn call_id_header(id: &str) -> Result<HeaderValue, Error> {
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let value = if fits { HeaderValue::from_str(id).ok() } else { None };
    value.ok_or_else(|| Error::invalid("/call_id", "`call_id` must be 1 to 128 visible ASCII characters."))
}
