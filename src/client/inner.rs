//! The part of a client that its clones share: configuration, log, counts, submitted calls, and the
//! driver of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::file_sink::FileSink;
use super::reply::with_context;
use crate::api::operation::Operation;
use crate::config::Config;
use crate::error::Error;
use crate::fork::ForkSafeMutex;
use crate::http_types::Outcome;
#[cfg(feature = "journal")]
use crate::journal::Journal;
use crate::json;
use crate::log::{Log, LogLevel};
use crate::net::driver::Driver;
use crate::net::in_flight::shut_down_error;
use crate::net::retry_loop::CallSpec;
use crate::redact::Redactor;
use crate::submit::call::CallOwner;
use crate::submit::event::CallResult;
use crate::submit::registry::CallRegistry;

/// The shared part of a client. Its calls refer to it weakly.
pub(crate) struct ClientInner {
    pub(crate) config: Config,
    pub(crate) log: Arc<Log>,
    pub(super) counts: Arc<Counts>,
    pub(crate) registry: CallRegistry,
    /// The journal that the configuration names.
    #[cfg(feature = "journal")]
    pub(super) journal: Option<Arc<Journal>>,
    lifecycle: ForkSafeMutex<Lifecycle>,
    /// Serializes suspending and resuming.
    suspension: ForkSafeMutex<()>,
    is_suspended: AtomicBool,
}

/// The state of a client and the driver of this process.
enum Lifecycle {
    Open(Arc<Driver>),
    /// Shutting down: the calls in flight go on, and no new call starts.
    Closing(Arc<Driver>),
    Closed,
}

/// A call whose arguments and options are checked.
pub(crate) struct PreparedCall {
    pub(crate) operation: &'static Operation,
    pub(crate) spec: CallSpec,
    pub(crate) call_id: String,
    /// The argument that the response must repeat.
    pub(crate) echo: Option<String>,
    /// The secrets of the client and of this call.
    pub(crate) secrets: Arc<Redactor>,
    /// The file of a download.
    pub(crate) file: Option<Arc<FileSink>>,
    pub(crate) driver: Arc<Driver>,
}

/// The numbers that `Client::stats_json` reports.
#[derive(Default)]
pub(super) struct Counts {
    calls: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    attempts: AtomicU64,
    /// Calls that failed with an unknown outcome.
    unknown: AtomicU64,
    /// Calls whose result was not taken.
    abandoned: AtomicU64,
}

impl ClientInner {
    /// Creates the shared part of a client. The client adds to the counts of `counted_with`, or to
    /// counts of its own.
    pub(super) fn new(
        config: Config,
        counted_with: Option<&ClientInner>,
        make_driver: impl FnOnce(&Config, &Arc<Log>) -> Result<Arc<Driver>, Error>,
    ) -> Result<Arc<ClientInner>, Error> {
        let log = Arc::new(Log::new());
        let counts = counted_with.map_or_else(Arc::default, |other| Arc::clone(&other.counts));
        let registry = CallRegistry::new();
        let driver = make_driver(&config, &log)?;
        driver.set_host_waker(&registry.completions.waker);
        let lifecycle = ForkSafeMutex::new(Lifecycle::Open(driver));
        #[cfg(feature = "journal")]
        let journal = config.journal.as_ref().map(|journal| {
            let other = counted_with.and_then(|other| other.journal.as_deref());
            // The counts of two files have no sum.
            Arc::new(Journal::new(journal, &log, other.filter(|other| other.path() == journal.path)))
        });
        Ok(Arc::new(ClientInner {
            #[cfg(feature = "journal")]
            journal,
            config,
            log,
            counts,
            registry,
            lifecycle,
            suspension: ForkSafeMutex::new(()),
            is_suspended: AtomicBool::new(false),
        }))
    }

    /// Returns the driver of this process. A forked child creates its own driver at the first use.
    pub(super) fn driver(&self) -> Result<Arc<Driver>, Error> {
        match &*self.lifecycle.lock() {
            Lifecycle::Closed | Lifecycle::Closing(_) => return Err(shut_down_error()),
            Lifecycle::Open(driver) if driver.is_ours() => return Ok(Arc::clone(driver)),
            Lifecycle::Open(_) => {}
        }
        let new_driver = Driver::new(&self.config, &self.log)?;
        new_driver.set_host_waker(&self.registry.completions.waker);
        if self.is_suspended() {
            new_driver.suspend();
        }
        let mut lifecycle = self.lifecycle.lock();
        let parents_driver = match &mut *lifecycle {
            Lifecycle::Closed | Lifecycle::Closing(_) => return Err(shut_down_error()),
            // Another thread of this process has created a driver in the meantime.
            Lifecycle::Open(driver) if driver.is_ours() => return Ok(Arc::clone(driver)),
            Lifecycle::Open(driver) => std::mem::replace(driver, Arc::clone(&new_driver)),
        };
        drop(lifecycle);
        drop(parents_driver);
        Ok(new_driver)
    }

    /// Returns the driver of this process while its calls may be in flight.
    pub(crate) fn driver_in_use(&self) -> Option<Arc<Driver>> {
        match &*self.lifecycle.lock() {
            Lifecycle::Open(driver) | Lifecycle::Closing(driver) if driver.is_ours() => {
                Some(Arc::clone(driver))
            }
            _ => None,
        }
    }

    /// Suspends or resumes the client. A repetition changes nothing.
    pub(super) fn set_suspended(&self, suspended: bool) -> Result<(), Error> {
        let driver = self.driver()?;
        let suspension = self.suspension.lock();
        if self.is_suspended.swap(suspended, Ordering::SeqCst) != suspended {
            if suspended { driver.suspend() } else { driver.resume() }
        }
        drop(suspension);
        // A tick has something to do again.
        self.registry.completions.waker.wake();
        Ok(())
    }

    /// Returns whether the host has suspended the client.
    pub(crate) fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::SeqCst)
    }

    /// Refuses further calls. Returns the driver to drain, if this process has a driver.
    pub(crate) fn close_for_new(&self) -> Result<Option<Arc<Driver>>, Error> {
        let mut lifecycle = self.lifecycle.lock();
        let Lifecycle::Open(driver) = &*lifecycle else { return Err(shut_down_error()) };
        let driver = Arc::clone(driver);
        if driver.is_ours() {
            *lifecycle = Lifecycle::Closing(Arc::clone(&driver));
            drop(lifecycle);
            // The calls in flight are driven to their end, so their time counts again.
            self.is_suspended.store(false, Ordering::SeqCst);
            driver.resume();
            return Ok(Some(driver));
        }
        // The driver is the parent's: this process has nothing to drain.
        *lifecycle = Lifecycle::Closed;
        drop(lifecycle);
        Ok(None)
    }

    /// Cancels the calls in flight.
    pub(crate) fn close(&self) {
        let previous = std::mem::replace(&mut *self.lifecycle.lock(), Lifecycle::Closed);
        if let Lifecycle::Open(driver) | Lifecycle::Closing(driver) = previous
            && driver.is_ours()
        {
            driver.close();
        }
    }

    /// Cancels all calls. Counts and logs the calls that end because of this. Returns whether no
    /// callback is running on another thread.
    pub(super) fn end(&self) -> bool {
        let (forgotten, is_complete) = self.registry.forget_all();
        self.close();
        for submitted in &forgotten {
            submitted.end_with_client(self);
        }
        self.end_polled_calls();
        drop(forgotten);
        #[cfg(feature = "journal")]
        if let Some(journal) = &self.journal {
            journal.end(std::time::Duration::ZERO);
        }
        self.log.deliver();
        is_complete
    }

    /// Ends the calls without a callback, whose results the host may still take, so that each is
    /// counted and logged.
    pub(crate) fn end_polled_calls(&self) {
        for submitted in self.registry.polled() {
            submitted.end_with_client(self);
        }
    }

    #[cfg(feature = "capi")]
    pub(crate) fn has_no_logger(&self) -> bool {
        self.log.is_off()
    }

    /// Adds the operation and the call id to an error, and redacts its secrets.
    pub(crate) fn with_context(&self, error: Error, operation: &str, call_id: Option<&str>) -> Error {
        with_context(error, operation, call_id, &self.config.secrets)
    }

    /// Counts a call that has ended, and logs it.
    pub(crate) fn count(&self, operation: &str, result: &CallResult, attempts: u32) {
        let counts = &self.counts;
        counts.calls.fetch_add(1, Ordering::Relaxed);
        counts.attempts.fetch_add(attempts.into(), Ordering::Relaxed);
        match result {
            Ok(reply) => {
                counts.succeeded.fetch_add(1, Ordering::Relaxed);
                self.log.add(LogLevel::Info, "iplaygames::client", || {
                    format!(
                        "{operation} call {}: done in {} ms, {} attempts",
                        reply.call_id(),
                        reply.elapsed().as_millis(),
                        reply.attempts()
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

impl CallOwner for ClientInner {
    fn count(&self, operation: &str, result: &CallResult, attempts: u32) {
        ClientInner::count(self, operation, result, attempts);
    }

    fn count_abandoned(&self) {
        self.counts.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    fn abandon(&self, id: u64) -> bool {
        self.registry.abandon(id)
    }

    fn remove_polled(&self, id: u64) {
        self.registry.remove_polled(id);
    }

    #[cfg(feature = "capi")]
    fn deliver_log(&self) {
        self.log.deliver();
    }
}

impl Counts {
    /// Returns the counts as a JSON document. `more` are further members, each with a comma before.
    pub(super) fn to_json(&self, base_url: &str, in_flight: usize, roots: &str, more: &str) -> String {
        let Counts { calls, succeeded, failed, attempts, unknown, abandoned } = self;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut quoted_url = String::new();
        json::write_string(&mut quoted_url, base_url);
        format!(
            "{{\"success\":true,\"base_url\":{quoted_url},\"calls\":{},\"succeeded\":{},\"failed\":{},\
             \"attempts\":{},\"unknown\":{},\"abandoned\":{},\"in_flight\":{in_flight},\"roots\":\"{roots}\"{more}}}",
            count(calls),
            count(succeeded),
            count(failed),
            count(attempts),
            count(unknown),
            count(abandoned),
        )
    }
}

impl Drop for ClientInner {
    fn drop(&mut self) {
        self.end();
        self.log.remove_logger();
        self.registry.completions.waker.remove();
    }
}
