//! The client: configures the core's client and makes calls, blocking or submitted.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use iplaygames::{CallOptions, Config, WatchOptions};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::boundary::{self, CatchDrop};
use crate::call::Call;
use crate::exchange_queue::ExchangeQueue;
use crate::log::{self, LogBuffer};
use crate::mailbox::Mailbox;
use crate::reply::{RawReply, to_raw_reply};
use crate::shared::ClientShared;
use crate::time::{SIGNAL_POLL, duration_from_seconds};
use crate::transport::Exchanges;
use crate::{arguments, errors, exit, guard, modules};

/// The options of a call that override the configuration of its client.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Options(CallOptions);

#[pymethods]
impl Options {
    /// Makes options from a dict with `timeout_ms`, `max_retries`, `call_id`, `headers` and
    /// `keep_headers`.
    #[new]
    fn new(options: &Bound<'_, PyDict>) -> PyResult<Options> {
        let py = options.py();
        boundary::enter(py, || {
            let json = arguments::to_json(options)?;
            CallOptions::from_json(&json).map(Options).map_err(|error| errors::to_exception(py, &error))
        })
    }
}

/// A client of the API.
#[pyclass(frozen, weakref, module = "iplaygames_native._core")]
pub(crate) struct Client {
    shared: CatchDrop<Arc<ClientShared>>,
    transport: Option<CallableTransport>,
}

/// A transport that is a Python callable.
struct CallableTransport {
    /// The object of `_transport.py` that has the callable and starts the threads.
    object: Py<PyAny>,
    exchanges: Py<Exchanges>,
    needs_driver: bool,
}

impl CallableTransport {
    /// Starts the threads that do not run in this process yet.
    fn start_threads(&self, py: Python<'_>) -> PyResult<()> {
        let queue = &self.exchanges.get().queue;
        let (starts_worker, starts_driver) = queue.reserve_threads(self.needs_driver);
        if starts_worker || starts_driver {
            let arguments = (&self.exchanges, starts_worker, starts_driver);
            self.object.call_method1(py, intern!(py, "start"), arguments)?;
        }
        Ok(())
    }
}

impl Client {
    pub(crate) fn shared(&self) -> &ClientShared {
        &self.shared
    }

    /// Updates the log level of the client, and starts the threads of its transport. Runs before
    /// each call.
    fn prepare(&self, py: Python<'_>) -> PyResult<()> {
        self.shared.log.sync_level(py, &self.shared.client)?;
        self.transport.as_ref().map_or(Ok(()), |transport| transport.start_threads(py))
    }

    /// Submits a call to the core.
    fn submit_raw(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<iplaygames::Call> {
        let (json, options) = self.encode(py, arguments, options)?;
        self.shared
            .client
            .submit(operation, &json, &options, None)
            .map_err(|error| errors::to_exception(py, &error))
    }

    /// Converts the arguments and options of a call, and prepares the client.
    pub(crate) fn encode(
        &self,
        py: Python<'_>,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<(String, CallOptions)> {
        self.prepare(py)?;
        let json = arguments.map_or_else(|| Ok(String::new()), arguments::to_json)?;
        Ok((json, options.map_or_else(CallOptions::default, |options| options.get().0.clone())))
    }

    /// Makes a call push `token` into the mailbox whenever it has an update or has completed.
    pub(crate) fn attach_mailbox(
        &self,
        py: Python<'_>,
        call: iplaygames::Call,
        mailbox: &Bound<'_, Mailbox>,
        token: u64,
    ) -> PyResult<Call> {
        let inbox = Arc::clone(&mailbox.get().inbox);
        call.notify(Arc::new(move || inbox.push(token))).map_err(|error| errors::to_exception(py, &error))?;
        Ok(Call::new(call, Arc::clone(&self.shared)))
    }
}

#[pymethods]
impl Client {
    /// Makes a client from a dict with the keys of the configuration. `transport` is a
    /// `CallableTransport` that sends the requests, on at most `max_workers` threads. If no thread
    /// waits for the calls of the client, it needs a driver thread for that. The client adds to the
    /// counts of `counted_with`.
    #[new]
    #[pyo3(signature = (config, transport=None, max_workers=32, needs_driver=false, counted_with=None))]
    fn new(
        config: &Bound<'_, PyDict>,
        transport: Option<Py<PyAny>>,
        max_workers: usize,
        needs_driver: bool,
        counted_with: Option<&Bound<'_, Client>>,
    ) -> PyResult<Client> {
        let py = config.py();
        boundary::enter(py, || {
            // A process that has reached its limit of open files cannot load them, and a call that
            // failed would lose its outcome.
            modules::under_lock(py, || {
                errors::load_modules(py)?;
                log::load_module(py)
            })?;
            let json = arguments::to_json(config)?;
            let queue = transport.as_ref().map(|_| ExchangeQueue::new(max_workers));
            let counted_with = counted_with.map(|client| client.get().shared.client.clone());
            // Making a client may read a file of certificates.
            let made = py.detach(|| {
                let mut config = Config::from_json(&json)?;
                if let Some(queue) = &queue {
                    config.set_host_transport(Arc::clone(queue) as _)?;
                }
                match &counted_with {
                    Some(other) => iplaygames::Client::with_counts_of(config, other),
                    None => iplaygames::Client::new(config),
                }
            });
            let client = made.map_err(|error| errors::to_exception(py, &error))?;
            let driven = needs_driver.then(|| client.clone());
            let shared = ClientShared { client, log: LogBuffer::default(), queue: queue.clone() };
            let shared = CatchDrop::new(Arc::new(shared));
            exit::register_client(&shared);
            let transport = match (transport, queue) {
                (Some(object), Some(queue)) => {
                    let exchanges = Py::new(py, Exchanges { queue, client: CatchDrop::new(driven) })?;
                    Some(CallableTransport { object, exchanges, needs_driver })
                }
                _ => None,
            };
            Ok(Client { shared, transport })
        })
    }

    /// Shows the garbage collector the callable, which may refer to its client.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.transport.as_ref().map_or(Ok(()), |transport| visit.call(&transport.object))
    }

    /// Calls an operation and waits for the reply. Checks for signals while it waits.
    #[pyo3(signature = (operation, arguments=None, options=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<RawReply<'py>> {
        boundary::enter(py, || {
            let (json, options) = self.encode(py, arguments, options)?;
            let shared = &**self.shared;
            let mut interruption = None;
            let result = py.detach(|| {
                shared.client.call_cancellable(operation, &json, &options, SIGNAL_POLL, || {
                    interruption = Python::attach(|py| py.check_signals()).err();
                    interruption.is_none()
                })
            });
            shared.log.deliver(py);
            let result = match result {
                Ok(reply) => to_raw_reply(py, &reply),
                Err(error) => Err(errors::to_exception(py, &error)),
            };
            // A signal may also arrive together with the reply. If the next line of Python raised
            // it, the result would be lost.
            match interruption.or_else(|| py.check_signals().err()) {
                Some(interruption) => Err(errors::add_call_result(py, interruption, operation, result)),
                None => result,
            }
        })
    }

    /// Submits a call and returns at once. The mailbox gets `token` when the call has completed.
    #[pyo3(signature = (operation, arguments, options, mailbox, token))]
    fn submit(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
        mailbox: &Bound<'_, Mailbox>,
        token: u64,
    ) -> PyResult<Call> {
        boundary::enter(py, || {
            let call = self.submit_raw(py, operation, arguments, options)?;
            self.attach_mailbox(py, call, mailbox, token)
        })
    }

    /// Watches a session. The mailbox gets `token` for every update and when the watch has ended.
    #[pyo3(signature = (session_id, interval, max_failures, options, mailbox, token, keep_readings=false))]
    #[expect(clippy::too_many_arguments)]
    fn watch(
        &self,
        py: Python<'_>,
        session_id: &str,
        interval: f64,
        max_failures: Option<u32>,
        options: Option<&Bound<'_, Options>>,
        mailbox: &Bound<'_, Mailbox>,
        token: u64,
        keep_readings: bool,
    ) -> PyResult<Call> {
        boundary::enter(py, || {
            self.prepare(py)?;
            let mut watch = WatchOptions::every(duration_from_seconds(py, "interval", interval)?);
            watch.max_failures = max_failures;
            watch.keep_readings = keep_readings;
            if let Some(options) = options {
                watch.call = options.get().0.clone();
            }
            let call = self
                .shared
                .client
                .watch_session_with(session_id, &watch, None)
                .map_err(|error| errors::to_exception(py, &error))?;
            self.attach_mailbox(py, call, mailbox, token)
        })
    }

    /// Drives the client until the mailbox has a token, for at most `timeout` seconds. Returns
    /// whether the mailbox has a token. Checks for signals while it waits.
    #[pyo3(signature = (mailbox, timeout=None))]
    fn wait(&self, py: Python<'_>, mailbox: &Bound<'_, Mailbox>, timeout: Option<f64>) -> PyResult<bool> {
        boundary::enter(py, || {
            let deadline = match timeout {
                Some(timeout) => Instant::now().checked_add(duration_from_seconds(py, "timeout", timeout)?),
                None => None,
            };
            let inbox = &mailbox.get().inbox;
            let shared = &**self.shared;
            loop {
                let remaining = deadline
                    .map_or(SIGNAL_POLL, |deadline| deadline.saturating_duration_since(Instant::now()));
                let driven = py.detach(|| {
                    let limit = remaining.min(SIGNAL_POLL);
                    let driven = shared.client.drive(poll_fn(|context| inbox.poll_ready(context)), limit);
                    shared.client.deliver_log();
                    driven
                });
                shared.log.deliver(py);
                if driven.map_err(|error| errors::to_exception(py, &error))?.is_some() {
                    return Ok(true);
                }
                py.check_signals()?;
                if remaining.is_zero() {
                    return Ok(false);
                }
            }
        })
    }

    /// Makes the mailbox get `token` whenever the client has log lines, until the mailbox is
    /// dropped.
    fn attach_log(&self, py: Python<'_>, mailbox: &Bound<'_, Mailbox>, token: u64) -> PyResult<()> {
        boundary::catch(py, || {
            self.shared.log.attach(&self.shared.client, &mailbox.get().inbox, token);
            Ok(())
        })
    }

    /// Delivers the pending log lines to `logging`.
    fn deliver_log(&self, py: Python<'_>) -> PyResult<()> {
        boundary::enter_or(py, (), || {
            self.shared.deliver_log(py);
            Ok(())
        })
    }

    /// Opens a connection in advance. `timeout` is in seconds; `None` is the client's own timeout.
    /// Returns the elapsed seconds.
    #[pyo3(signature = (timeout=None))]
    fn prewarm(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<f64> {
        boundary::enter(py, || {
            let timeout = timeout
                .map_or(Ok(Duration::ZERO), |timeout| duration_from_seconds(py, "timeout", timeout))?;
            // Another thread, which Python does not know, opens the connection, so that this thread
            // can check for signals.
            let client = self.shared.client.clone();
            let (sender, mut receiver) = mpsc::channel();
            let helper = std::thread::Builder::new().name("iplaygames-prewarm".into());
            helper
                .spawn(move || sender.send(client.prewarm(timeout)))
                .map_err(|error| errors::resources_error(py, "A thread that opens a connection", &error))?;
            loop {
                let (received, returned) = py.detach(move || (receiver.recv_timeout(SIGNAL_POLL), receiver));
                match received {
                    Ok(result) => {
                        let reply = result.map_err(|error| errors::to_exception(py, &error))?;
                        return Ok(reply.elapsed().as_secs_f64());
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        let message =
                            "A defect in this library: the thread that opens a connection panicked.";
                        return Err(errors::internal_error(py, message));
                    }
                }
                if guard::is_exiting() {
                    return Err(guard::exiting_error(py));
                }
                py.check_signals()?;
                receiver = returned;
            }
        })
    }

    /// Returns the client's counters as a JSON document.
    fn stats(&self, py: Python<'_>) -> PyResult<String> {
        boundary::catch(py, || Ok(self.shared.client.stats_json()))
    }

    /// Returns the server's URL, without a trailing slash.
    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.shared.client.base_url()))
    }

    /// Closes the client: calls in flight end as canceled, later calls are refused. Never blocks.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // The exit of the interpreter closes all clients, so a later close does nothing.
        boundary::enter_or(py, (), || {
            let shared = &**self.shared;
            py.detach(|| {
                shared.close();
                shared.client.deliver_log();
            });
            shared.log.deliver(py);
            Ok(())
        })
    }
}
