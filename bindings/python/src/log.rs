//! Log lines on their way to `logging`. The client hands them over on the thread that makes a call, which
//! does not hold the GIL then: they wait here until it does, and go out with no lock held.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use iplaygames::{Client, LogLevel, LogLine, Logger};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::boundary;

#[derive(Default)]
pub(crate) struct Lines {
    waiting: Arc<Waiting>,
    /// The level the client was told, as a number of the core's; 0 is off.
    level: AtomicI32,
}

#[derive(Default)]
struct Waiting {
    any: AtomicBool,
    lines: Mutex<Vec<LogLine>>,
}

impl Waiting {
    fn take(&self) -> Vec<LogLine> {
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lines {
    /// Tells the client which lines are wanted: asked before each call, since a level can be set at any time.
    /// A program that never imported `logging` pays a look into `sys.modules`.
    pub(crate) fn follow(&self, py: Python<'_>, client: &Client) -> PyResult<()> {
        let wanted = match wanted_level(py) {
            Ok(wanted) => wanted,
            // A logger of the program's failed; the call is made all the same.
            Err(problem) => {
                observer_failed(py, problem);
                return Ok(());
            }
        };
        if self.level.swap(wanted, Ordering::AcqRel) == wanted {
            return Ok(());
        }
        let level = level_of(wanted);
        let waiting = Arc::clone(&self.waiting);
        let logger: Option<Logger> = level.map(|_| {
            let logger: Logger = Arc::new(move |line: &LogLine| {
                waiting.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
                waiting.any.store(true, Ordering::Release);
            });
            logger
        });
        // Another thread may be handing lines over; it does not need the GIL for it.
        py.detach(|| client.set_logger(logger, level)).map_err(|error| crate::errors::raise(py, &error))
    }

    /// Gives the waiting lines to `logging`. What a handler or a filter raises never replaces the result of a
    /// call.
    pub(crate) fn deliver(&self, py: Python<'_>) {
        if self.waiting.any.load(Ordering::Acquire) {
            for line in self.waiting.take() {
                if let Err(problem) = emit(py, line.level, line.target, &line.message) {
                    observer_failed(py, problem);
                }
            }
        }
    }
}

fn level_of(number: i32) -> Option<LogLevel> {
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

/// The level that the program wants lines of, as a number of the core's.
fn wanted_level(py: Python<'_>) -> PyResult<i32> {
    static LEVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if !is_logging_imported(py)? {
        return Ok(0);
    }
    let level = LEVEL.import(py, "iplaygames_native._log", "wanted_level")?;
    level.call0()?.extract()
}

/// Gives one line to `logging`.
fn emit(py: Python<'_>, level: LogLevel, target: &str, message: &str) -> PyResult<()> {
    static EMIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let emit = EMIT.import(py, "iplaygames_native._log", "emit")?;
    emit.call1((level as i32, target, message)).map(drop)
}

/// Reports what an observer, such as a log handler, raised. Ctrl-C is raised again, by Python's own handler for
/// it, when the call has returned; all else goes to `sys.unraisablehook`.
fn observer_failed(py: Python<'_>, problem: PyErr) {
    if problem.is_instance_of::<PyKeyboardInterrupt>(py) {
        // SAFETY: may be called at any time while attached.
        unsafe { pyo3::ffi::PyErr_SetInterrupt() };
    } else {
        problem.write_unraisable(py, None);
    }
}

/// Logs a warning, if the program has imported `logging`. For a call that was interrupted: what a handler raises
/// does not replace the exception that is on its way, not even Ctrl-C, and goes to `sys.unraisablehook`.
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
