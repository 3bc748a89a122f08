//! The journal of a client: functions that the Python module `_journal.py` calls.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use iplaygames::{EndAllOptions, EndProgress, JournalFilter, SessionJournal};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::client::Client;
use crate::time::SIGNAL_POLL;
use crate::{arguments, boundary, errors};

/// Runs `work` on the journal of a client, without the GIL.
fn with_journal<T: Send>(
    client: &Bound<'_, Client>,
    work: impl FnOnce(SessionJournal) -> Result<T, iplaygames::Error> + Send,
) -> PyResult<T> {
    let py = client.py();
    let shared = client.get().shared();
    let result = py.detach(|| shared.client.journal().and_then(work));
    shared.deliver_log(py);
    result.map_err(|error| errors::to_exception(py, &error))
}

/// Returns the sessions that a filter selects, as a JSON document.
#[pyfunction]
pub(crate) fn journal_open(client: &Bound<'_, Client>, filter: &Bound<'_, PyDict>) -> PyResult<String> {
    boundary::enter(client.py(), || {
        let filter = arguments::to_json(filter)?;
        with_journal(client, |journal| journal.open_json(&JournalFilter::from_json(&filter)?))
    })
}

/// Waits at most so many seconds until the file of the client's journal is closed. Returns whether
/// it is closed; true for a client without a journal. Checks for signals.
#[pyfunction]
pub(crate) fn journal_close(client: &Bound<'_, Client>, seconds: f64) -> PyResult<bool> {
    let py = client.py();
    boundary::enter_or(py, true, || {
        let shared = client.get().shared();
        let until = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if py.detach(|| shared.close_journal(left.min(SIGNAL_POLL))) {
                return Ok(true);
            }
            py.check_signals()?;
            if left.is_zero() {
                return Ok(false);
            }
        }
    })
}

/// Marks a session as resolved.
#[pyfunction]
pub(crate) fn journal_resolve(client: &Bound<'_, Client>, id: i64, note: &str) -> PyResult<()> {
    boundary::enter(client.py(), || with_journal(client, |journal| journal.resolve(id, note)))
}

/// Ends the sessions that are open. Calls `progress` with a JSON document after each session.
/// Checks for signals, and stops when `is_canceled` returns true.
#[pyfunction]
pub(crate) fn journal_end_all(
    client: &Bound<'_, Client>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
    is_canceled: Option<Py<PyAny>>,
) -> PyResult<String> {
    let py = client.py();
    boundary::enter(py, || {
        let options = arguments::to_json(options)?;
        let interruption = Mutex::new(None);
        // Runs a part of Python. An exception of it stops the calls.
        let run = |work: &dyn Fn(Python<'_>) -> PyResult<bool>| {
            Python::attach(work).unwrap_or_else(|error| {
                interruption.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                false
            })
        };
        let go_on = || {
            run(&|py| {
                py.check_signals()?;
                let Some(is_canceled) = &is_canceled else { return Ok(true) };
                Ok(!is_canceled.call0(py)?.is_truthy(py)?)
            })
        };
        let result = with_journal(client, |journal| {
            let options = EndAllOptions::from_json(&options)?;
            let report = |step: &EndProgress<'_>| {
                let json = step.to_json();
                run(&|py| {
                    progress.as_ref().map_or(Ok(()), |progress| progress.call1(py, (&json,)).map(drop))?;
                    Ok(true)
                })
            };
            journal.end_all_cancellable(&options, SIGNAL_POLL, go_on, report).map(|all| all.to_json())
        });
        match interruption.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(interruption) => Err(interruption),
            None => result,
        }
    })
}

/// Removes sessions that were closed at least that many seconds ago. Returns their number.
#[pyfunction]
pub(crate) fn journal_compact(client: &Bound<'_, Client>, older_than: u64) -> PyResult<u64> {
    boundary::enter(client.py(), || {
        with_journal(client, |journal| journal.compact(Duration::from_secs(older_than)))
    })
}
