//! Delivers the core's log lines to `logging`. The core logs on the thread that makes a call, while
//! that thread does not hold the GIL. So the lines are buffered until the thread holds the GIL, and
//! are delivered while no lock is held. This file also contains the two functions that report
//! problems outside of a call.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Weak};

use iplaygames::{Client, ForkSafeMutex, LogLevel, LogLine, Logger};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::mailbox::Inbox;
use crate::{boundary, errors};

/// The log lines of a client that were not delivered yet.
#[derive(Default)]
pub(crate) struct LogBuffer {
    pending: Arc<PendingLines>,
    /// The level that is set on the client, as the core's number; 0 is off.
    level: AtomicI32,
}

struct PendingLines {
    /// Whether there are lines. Read without the lock.
    has_lines: AtomicBool,
    // The I/O thread locks both, also while another thread forks.
    lines: ForkSafeMutex<Vec<LogLine>>,
    /// The mailboxes of the event loops that deliver the lines.
    inboxes: ForkSafeMutex<Vec<AttachedInbox>>,
}

struct AttachedInbox {
    inbox: Weak<Inbox>,
    token: u64,
    /// The process of the event loop: the number of forks before it.
    process: u64,
}

impl AttachedInbox {
    /// Returns the inbox, if its event loop still exists and is one of this process.
    fn upgrade(&self) -> Option<Arc<Inbox>> {
        if self.process == iplaygames::fork_generation() { self.inbox.upgrade() } else { None }
    }
}

impl Default for PendingLines {
    fn default() -> PendingLines {
        PendingLines {
            has_lines: AtomicBool::new(false),
            lines: ForkSafeMutex::new(Vec::new()),
            inboxes: ForkSafeMutex::new(Vec::new()),
        }
    }
}

impl PendingLines {
    fn push(&self, line: &LogLine) {
        self.lines.lock().push(line.clone());
        self.has_lines.store(true, Ordering::Release);
    }

    /// Wakes the event loops. Runs on any thread.
    fn wake(&self) {
        let upgrade = |attached: &AttachedInbox| Some((attached.upgrade()?, attached.token));
        // Pushed with no lock held, because a push locks the inbox.
        let inboxes: Vec<_> = self.inboxes.lock().iter().filter_map(upgrade).collect();
        for (inbox, token) in inboxes {
            inbox.push(token);
        }
    }

    fn take(&self) -> Vec<LogLine> {
        self.has_lines.store(false, Ordering::Release);
        std::mem::take(&mut *self.lines.lock())
    }
}

impl LogBuffer {
    /// Sets the client's log level to the level of the Python loggers. Runs before each call,
    /// because a program can change a level at any time. Costs one lookup in `sys.modules` if the
    /// program has not imported `logging`.
    pub(crate) fn sync_level(&self, py: Python<'_>, client: &Client) -> PyResult<()> {
        let enabled = match enabled_level(py) {
            Ok(enabled) => enabled,
            // A logger of the program failed. The call is made nevertheless.
            Err(problem) => {
                report_observer_error(py, problem);
                return Ok(());
            }
        };
        if self.level.swap(enabled, Ordering::AcqRel) == enabled {
            return Ok(());
        }
        let level = level_from_number(enabled);
        let pending = Arc::clone(&self.pending);
        let logger: Option<Logger> = level.map(|_| {
            let logger: Logger = Arc::new(move |line: &LogLine| pending.push(line));
            logger
        });
        // `set_logger` may wait for another thread that is logging. That thread does not need the
        // GIL.
        py.detach(|| client.set_logger(logger, level)).map_err(|error| errors::to_exception(py, &error))
    }

    /// Makes a mailbox get `token` whenever there are lines.
    pub(crate) fn attach(&self, client: &Client, inbox: &Arc<Inbox>, token: u64) {
        let attached =
            AttachedInbox { inbox: Arc::downgrade(inbox), token, process: iplaygames::fork_generation() };
        let mut inboxes = self.pending.inboxes.lock();
        inboxes.retain(|attached| attached.inbox.strong_count() > 0);
        inboxes.push(attached);
        drop(inboxes);
        let pending = Arc::clone(&self.pending);
        client.notify_log(Arc::new(move || pending.wake()));
    }

    /// Delivers the pending lines to `logging`. An exception of a handler or a filter never
    /// replaces the result of a call.
    pub(crate) fn deliver(&self, py: Python<'_>) {
        if self.pending.has_lines.load(Ordering::Acquire) {
            for line in self.pending.take() {
                if let Err(problem) = emit(py, line.level, line.target, &line.message) {
                    report_observer_error(py, problem);
                }
            }
        }
    }
}

fn level_from_number(number: i32) -> Option<LogLevel> {
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    [Error, Warn, Info, Debug, Trace].into_iter().find(|level| *level as i32 == number)
}

fn is_logging_imported(py: Python<'_>) -> PyResult<bool> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let modules = MODULES.get_or_try_init(py, || {
        let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
        Ok::<_, PyErr>(modules.unbind())
    })?;
    modules.bind(py).contains(intern!(py, "logging"))
}

/// Returns the function for the level, if the program has imported `logging`.
fn level_function(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    static LEVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if !is_logging_imported(py)? {
        return Ok(None);
    }
    LEVEL.import(py, "iplaygames_native._log", "enabled_level").map(Some)
}

/// Loads the module that logs, if the program has imported `logging`.
pub(crate) fn load_module(py: Python<'_>) -> PyResult<()> {
    level_function(py).map(drop)
}

/// Returns the most detailed level that a Python logger is enabled for, as the core's number.
fn enabled_level(py: Python<'_>) -> PyResult<i32> {
    level_function(py)?.map_or(Ok(0), |level| level.call0()?.extract())
}

/// Passes one line to `logging`.
fn emit(py: Python<'_>, level: LogLevel, target: &str, message: &str) -> PyResult<()> {
    static EMIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let emit = EMIT.import(py, "iplaygames_native._log", "emit")?;
    emit.call1((level as i32, target, message)).map(drop)
}

/// Reports an exception of a log handler, a filter or a logger. Python's own signal handler raises
/// a `KeyboardInterrupt` again when the call has returned; any other exception goes to
/// `sys.unraisablehook`.
fn report_observer_error(py: Python<'_>, problem: PyErr) {
    if problem.is_instance_of::<PyKeyboardInterrupt>(py) {
        // SAFETY: `PyErr_SetInterrupt` may be called at any time while the thread is attached.
        unsafe { pyo3::ffi::PyErr_SetInterrupt() };
    } else {
        problem.write_unraisable(py, None);
    }
}

/// Logs a warning about an interrupted call, if the program has imported `logging`. An exception of
/// a handler, also a `KeyboardInterrupt`, goes to `sys.unraisablehook`: it does not replace the
/// exception that interrupted the call.
#[pyfunction]
pub(crate) fn log_warning(py: Python<'_>, message: &str) -> PyResult<()> {
    boundary::enter_or(py, (), || {
        if is_logging_imported(py)?
            && let Err(problem) = emit(py, LogLevel::Warn, "iplaygames::client", message)
        {
            problem.write_unraisable(py, None);
        }
        Ok(())
    })
}

/// Passes an exception that cannot be raised to `sys.unraisablehook`.
#[pyfunction]
pub(crate) fn write_unraisable(py: Python<'_>, error: Bound<'_, PyAny>) -> PyResult<()> {
    boundary::enter_or(py, (), || {
        PyErr::from_value(error).write_unraisable(py, None);
        Ok(())
    })
}
