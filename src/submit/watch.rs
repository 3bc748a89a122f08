//! The part of a watch that runs in its task: interprets each reading.

use std::ops::ControlFlow;
use std::time::SystemTime;

use super::call::CallShared;
use super::updates::WatchState;
use crate::api::session::is_over;
use crate::error::Error;
use crate::json;
use crate::log::LogLevel;
use crate::net::call_cell::CallReport;

/// The number of failed readings in a row after which the watch reports the error.
const FAILURES_BEFORE_REPORT: u32 = 3;

/// Interprets the responses of one watch.
pub(crate) struct WatchReader {
    pub(crate) max_failures: Option<u32>,
    keep_readings: bool,
    /// The status of the last update, as JSON.
    last_status: Option<String>,
}

impl WatchReader {
    pub(crate) fn new(max_failures: Option<u32>, keep_readings: bool) -> WatchReader {
        WatchReader { max_failures, keep_readings, last_status: None }
    }

    /// Processes a reading: queues an update if there is something to report, and returns whether
    /// to go on.
    pub(crate) fn process(&mut self, shared: &CallShared, report: &CallReport) -> ControlFlow<()> {
        let result = shared.convert(report.clone());
        if self.keep_readings {
            shared.push_reading(result.clone());
        }
        let reply = match result {
            Ok(reply) => reply,
            // A retryable error is read again after the interval. Any other error ends the watch.
            Err(error) if error.retryable() => return self.process_failure(shared, error),
            Err(_) => return ControlFlow::Break(()),
        };
        shared.set_state(WatchState { last_read_at: Some(SystemTime::now()), last_error: None, failures: 0 });
        let status = json::get(reply.json(), "/data/status").ok().map(str::to_owned);
        if status.as_deref().is_none_or(is_over) {
            return ControlFlow::Break(());
        }
        if self.last_status != status {
            self.last_status = status;
            shared.update(Ok(reply));
        }
        ControlFlow::Continue(())
    }

    fn process_failure(&mut self, shared: &CallShared, error: Error) -> ControlFlow<()> {
        let failures = shared.record_failure(&error);
        if self.max_failures.is_some_and(|max| failures >= max) {
            return ControlFlow::Break(());
        }
        if failures == FAILURES_BEFORE_REPORT {
            shared.log.add(LogLevel::Warn, "iplaygames::client", || {
                format!("watch {}: {failures} readings in a row have failed: {error}", shared.call_id)
            });
            // The next reading that succeeds is an update again, whatever its status.
            self.last_status = None;
            shared.update(Err(error));
        }
        ControlFlow::Continue(())
    }
}
