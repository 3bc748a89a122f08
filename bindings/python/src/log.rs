//! Log lines on their way to `logging`. The client hands them over on the thread that makes a call, which
//! does not hold the GIL then: they wait here until it does, and go out with no lock held.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use iplaygames::{Client, LogLevel, LogLine, Logger};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

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
        let wanted = wanted_level(py)?;
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

    /// Gives the waiting lines to `logging`.
    pub(crate) fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        if self.waiting.any.load(Ordering::Acquire) {
            for line in self.waiting.take() {
                emit(py, &line)?;
            }
        }
        Ok(())
    }
}

fn level_of(number: i32) -> Option<LogLevel> {
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    [Error, Warn, Info, Debug, Trace].into_iter().find(|level| *level as i32 == number)
}

/// The level that the program wants lines of, as a number of the core's.
fn wanted_level(py: Python<'_>) -> PyResult<i32> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    static LEVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let modules = MODULES.get_or_try_init(py, || {
        let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
        Ok::<_, PyErr>(modules.unbind())
    })?;
    if !modules.bind(py).contains(intern!(py, "logging"))? {
        return Ok(0);
    }
    let level = LEVEL.import(py, "iplaygames_native._log", "wanted_level")?;
    level.call0()?.extract()
}

fn emit(py: Python<'_>, line: &LogLine) -> PyResult<()> {
    static EMIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let emit = EMIT.import(py, "iplaygames_native._log", "emit")?;
    emit.call1((line.level as i32, line.target, line.message.as_str())).map(drop)
}
