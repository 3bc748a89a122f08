//! The client.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use iplaygames::{CallOptions, Config, Error, WatchOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments;
use crate::boundary::{self, CatchDrop};
use crate::call::{Call, Facts, facts};
use crate::errors;
use crate::exit;
use crate::log::Lines;
use crate::mailbox::Mailbox;

/// How long a thread waits before it looks whether Python has a signal for it.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// A time given in seconds.
pub(crate) fn seconds(py: Python<'_>, name: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let message = format!("`{name}` must be a time in seconds.");
        errors::invalid(py, &format!("/{name}"), &message, false)
    })
}

/// A client, and the log lines that wait for it.
pub(crate) struct Shared {
    pub(crate) client: iplaygames::Client,
    pub(crate) lines: Lines,
}

impl Shared {
    /// Lets a canceled call close its connection now: without a thread of its own the client has nobody else
    /// to do it.
    pub(crate) fn close_connections(&self, py: Python<'_>) {
        // Where this thread cannot drive, the next call does it.
        let _ = py.detach(|| self.client.tick(Duration::ZERO));
    }

    fn raise(&self, py: Python<'_>, error: &Error) -> PyErr {
        errors::raise(py, error)
    }
}

/// What calls may differ in from their client's configuration.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Options(CallOptions);

#[pymethods]
impl Options {
    /// From a dict with `timeout_ms`, `max_retries` and `call_id`.
    #[new]
    fn new(options: &Bound<'_, PyDict>) -> PyResult<Options> {
        let py = options.py();
        boundary::enter(py, || {
            let json = arguments::to_json(options)?;
            CallOptions::from_json(&json).map(Options).map_err(|error| errors::raise(py, &error))
        })
    }
}

/// A client.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Client {
    shared: CatchDrop<Arc<Shared>>,
}

impl Client {
    /// Sends a call on its way.
    fn begin(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<iplaygames::Call> {
        let (json, options) = self.given(py, arguments, options)?;
        self.shared
            .client
            .submit(operation, &json, &options, None)
            .map_err(|error| self.shared.raise(py, &error))
    }

    /// What a call is given, as the core wants it.
    fn given(
        &self,
        py: Python<'_>,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<(String, CallOptions)> {
        self.shared.lines.follow(py, &self.shared.client)?;
        let json = arguments.map_or_else(|| Ok(String::new()), arguments::to_json)?;
        Ok((json, options.map_or_else(CallOptions::default, |options| options.get().0.clone())))
    }
}

#[pymethods]
impl Client {
    /// From a dict with the keys of the configuration.
    #[new]
    fn new(config: &Bound<'_, PyDict>) -> PyResult<Client> {
        let py = config.py();
        boundary::enter(py, || {
            let json = arguments::to_json(config)?;
            // It may read a file of certificates.
            let made = py.detach(|| iplaygames::Client::new(Config::from_json(&json)?));
            let client = made.map_err(|error| errors::raise(py, &error))?;
            let shared = Arc::new(Shared { client, lines: Lines::default() });
            exit::remember(&shared);
            Ok(Client { shared: CatchDrop::new(shared) })
        })
    }

    /// Calls an operation and waits for the answer; looks for signals while it waits.
    #[pyo3(signature = (operation, arguments=None, options=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        arguments: Option<&Bound<'_, PyDict>>,
        options: Option<&Bound<'_, Options>>,
    ) -> PyResult<Facts<'py>> {
        boundary::enter(py, || {
            let (json, options) = self.given(py, arguments, options)?;
            let shared = &**self.shared;
            let mut signal = None;
            let result = py.detach(|| {
                shared.client.call_while(operation, &json, &options, SLICE, || {
                    signal = Python::attach(|py| py.check_signals()).err();
                    signal.is_none()
                })
            });
            shared.lines.deliver(py);
            let result = match result {
                Ok(reply) => facts(py, &reply),
                Err(error) => Err(shared.raise(py, &error)),
            };
            // Also a signal that came with the answer: raised by the next line of Python it would lose the result.
            match signal.or_else(|| py.check_signals().err()) {
                Some(signal) => Err(errors::interrupted(py, signal, operation, result)),
                None => result,
            }
        })
    }

    /// Sends a call on its way and returns at once; its end is noted in the mailbox.
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
            let call = self.begin(py, operation, arguments, options)?;
            self.noted(py, call, mailbox, token)
        })
    }

    /// Watches a session; every change and the end are noted in the mailbox.
    #[pyo3(signature = (session_id, interval, max_failures, options, mailbox, token))]
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
    ) -> PyResult<Call> {
        boundary::enter(py, || {
            self.shared.lines.follow(py, &self.shared.client)?;
            let mut watch = WatchOptions::every(seconds(py, "interval", interval)?);
            watch.max_failures = max_failures;
            if let Some(options) = options {
                watch.call = options.get().0.clone();
            }
            let call = self
                .shared
                .client
                .watch_session_with(session_id, &watch, None)
                .map_err(|error| self.shared.raise(py, &error))?;
            self.noted(py, call, mailbox, token)
        })
    }

    /// Drives the client until there is something in the mailbox; looks for signals meanwhile.
    fn wait(&self, py: Python<'_>, mailbox: &Bound<'_, Mailbox>) -> PyResult<()> {
        boundary::enter(py, || {
            let post = &mailbox.get().post;
            let shared = &**self.shared;
            loop {
                let driven = py.detach(|| {
                    let driven = shared.client.drive(poll_fn(|context| post.poll(context)), SLICE);
                    shared.client.deliver_log();
                    driven
                });
                shared.lines.deliver(py);
                if driven.map_err(|error| shared.raise(py, &error))?.is_some() {
                    return Ok(());
                }
                py.check_signals()?;
            }
        })
    }

    /// Opens a connection, so that the first call does not have to. `timeout` is in seconds; None is the
    /// client's own. Answers the seconds it took.
    #[pyo3(signature = (timeout=None))]
    fn prewarm(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<f64> {
        boundary::enter(py, || {
            let timeout = timeout.map_or(Ok(Duration::ZERO), |timeout| seconds(py, "timeout", timeout))?;
            // A thread of its own, which Python does not know: so that this one can look for signals.
            let client = self.shared.client.clone();
            let (sender, mut receiver) = std::sync::mpsc::channel();
            let helper = std::thread::Builder::new().name("iplaygames-prewarm".into());
            helper.spawn(move || sender.send(client.prewarm(timeout)))?;
            loop {
                let (sliced, back) = py.detach(move || (receiver.recv_timeout(SLICE), receiver));
                match sliced {
                    Ok(result) => {
                        let reply = result.map_err(|error| self.shared.raise(py, &error))?;
                        return Ok(reply.elapsed().as_secs_f64());
                    }
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                        let message =
                            "A defect in this library: the thread that opens a connection panicked.";
                        return Err(errors::internal(py, message));
                    }
                }
                if exit::is_exiting() {
                    return Err(exit::refusal(py));
                }
                py.check_signals()?;
                receiver = back;
            }
        })
    }

    /// Counts, as a JSON document.
    fn stats(&self, py: Python<'_>) -> PyResult<String> {
        boundary::catch(py, || Ok(self.shared.client.stats_json()))
    }

    /// The server's address, without a trailing slash.
    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.shared.client.base_url()))
    }

    /// Ends the client: calls in flight end as canceled, later ones are refused. Never waits.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // Too late it is closed already.
        boundary::enter_or(py, (), || {
            let shared = &**self.shared;
            py.detach(|| {
                shared.client.close();
                shared.client.deliver_log();
            });
            shared.lines.deliver(py);
            Ok(())
        })
    }
}

impl Client {
    fn noted(
        &self,
        py: Python<'_>,
        call: iplaygames::Call,
        mailbox: &Bound<'_, Mailbox>,
        token: u64,
    ) -> PyResult<Call> {
        let post = Arc::clone(&mailbox.get().post);
        call.notify(Arc::new(move || post.put(token))).map_err(|error| self.shared.raise(py, &error))?;
        Ok(Call::new(call, Arc::clone(&self.shared)))
    }
}
