//! The part of a watch that runs in its task: what a reading means.

use std::ops::ControlFlow;
use std::time::SystemTime;

use super::call::CallShared;
use super::updates::WatchState;
use crate::api::session::is_over;
use crate::error::Error;
use crate::json;
use crate::log::LogLevel;
use crate::net::call_cell::CallReport;

/// How many readings in a row fail before the watch reports it.
const FAILURES_BEFORE_REPORT: u32 = 3;

/// Reads the responses of one watch.
pub(crate) struct Reader {
    pub(crate) max_failures: Option<u32>,
    /// The status of the last update, as it stands in JSON.
    last_status: Option<String>,
}

impl Reader {
    pub(crate) fn new(max_failures: Option<u32>) -> Reader {
        Reader { max_failures, last_status: None }
    }

    /// Processes a reading: queues an update if there is something to report, and returns whether to go on.
    pub(crate) fn read(&mut self, shared: &CallShared, report: &CallReport) -> ControlFlow<()> {
        let reply = match shared.read(report.clone()) {
            Ok(reply) => reply,
            // What may pass is read again at the next time; what will not pass is the end.
            Err(error) if error.retryable() => return self.failed(shared, error),
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

    fn failed(&mut self, shared: &CallShared, error: Error) -> ControlFlow<()> {
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
