//! Downloads to a file: functions that the Python modules `_download.py` and `_loop.py` call.

use std::path::PathBuf;

use iplaygames::DownloadProgress;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Call;
use crate::client::{Client, Options};
use crate::mailbox::Mailbox;
use crate::reply::{RawReply, to_raw_reply};
use crate::time::SIGNAL_POLL;
use crate::{boundary, errors};

/// Calls the function for the progress of a download when there is something to report.
struct Reporter {
    function: Option<Py<PyAny>>,
    last: (u64, Option<u64>),
}

impl Reporter {
    fn report(&mut self, py: Python<'_>, progress: &DownloadProgress) -> PyResult<()> {
        let Some(function) = &self.function else { return Ok(()) };
        let now = (progress.bytes(), progress.total());
        if self.last == now {
            return Ok(());
        }
        self.last = now;
        function.call1(py, now).map(drop)
    }
}

/// Downloads a file to a path and waits for the end. Checks for signals while it waits, and calls
/// `progress` with the number of bytes and the size.
#[pyfunction]
#[pyo3(signature = (client, operation, arguments, options, path, progress=None))]
pub(crate) fn download<'py>(
    client: &Bound<'py, Client>,
    operation: &str,
    arguments: Option<&Bound<'_, PyDict>>,
    options: Option<&Bound<'_, Options>>,
    path: PathBuf,
    progress: Option<Py<PyAny>>,
) -> PyResult<RawReply<'py>> {
    let py = client.py();
    boundary::enter(py, || {
        let (json, options) = client.get().encode(py, arguments, options)?;
        let shared = client.get().shared();
        let mut reporter = Reporter { function: progress, last: (0, None) };
        let mut interruption = None;
        let result = py.detach(|| {
            let go_on = |progress: &DownloadProgress| {
                let attached = Python::attach(|py| {
                    py.check_signals()?;
                    reporter.report(py, progress)
                });
                interruption = attached.err();
                interruption.is_none()
            };
            let client = &shared.client;
            client.download_to_file_cancellable(operation, &json, &path, &options, SIGNAL_POLL, go_on)
        });
        shared.deliver_log(py);
        let result = match result {
            Ok(download) => to_raw_reply(py, download.reply()),
            Err(error) => Err(errors::to_exception(py, &error)),
        };
        match interruption.or_else(|| py.check_signals().err()) {
            Some(interruption) => Err(errors::add_call_result(py, interruption, operation, result)),
            None => result,
        }
    })
}

/// Submits a download and returns at once. The mailbox gets `token` when the call has completed.
/// The file gets its name when the result is taken.
#[pyfunction]
#[pyo3(signature = (client, operation, arguments, options, path, mailbox, token))]
pub(crate) fn submit_download(
    client: &Bound<'_, Client>,
    operation: &str,
    arguments: Option<&Bound<'_, PyDict>>,
    options: Option<&Bound<'_, Options>>,
    path: PathBuf,
    mailbox: &Bound<'_, Mailbox>,
    token: u64,
) -> PyResult<Call> {
    let py = client.py();
    boundary::enter(py, || {
        let client = client.get();
        let (json, options) = client.encode(py, arguments, options)?;
        let submitted = client.shared().client.submit_download(operation, &json, &path, &options, None);
        let (call, progress) = submitted.map_err(|error| errors::to_exception(py, &error))?;
        Ok(client.attach_mailbox(py, call, mailbox, token)?.with_progress(progress))
    })
}
