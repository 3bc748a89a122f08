//! Watching a session: options, what a reading means, and what is known of the watch in between.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::{CallResult, CallShared};
use crate::client::CallOptions;
use crate::error::Error;
use crate::json;
use crate::log::LogLevel;
use crate::net::call_cell::CallReport;
use crate::session::is_over;
use std::ops::ControlFlow;

/// How many readings in a row fail before the watch reports it.
pub(crate) const FAILURES_BEFORE_REPORT: u32 = 3;

/// How a session is watched; see [`Client::watch_session_with`](crate::Client::watch_session_with).
///
/// ```
/// use std::time::Duration;
/// use iplaygames::WatchOptions;
/// let mut options = WatchOptions::every(Duration::from_secs(1));
/// options.max_failures = Some(20);
/// options.call.max_retries = Some(0);
/// assert_eq!(options.interval, Duration::from_secs(1));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// The time between two readings, ten milliseconds or more.
    pub interval: Duration,
    /// How many readings may fail in a row before the watch ends with the last one's error. None: it goes on.
    pub max_failures: Option<u32>,
    /// The time and the retries of each reading, and the id that all of them are sent with.
    pub call: CallOptions,
}

impl WatchOptions {
    /// Returns the options of a watch that reads every `interval` and never gives up by itself.
    pub fn every(interval: Duration) -> WatchOptions {
        WatchOptions { interval, max_failures: None, call: CallOptions::default() }
    }
}

/// What is known of a watch; see [`Call::watch_state`](crate::Call::watch_state).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WatchState {
    /// When the last reading succeeded.
    pub last_read_at: Option<SystemTime>,
    /// Why the last reading failed; None if it succeeded.
    pub last_error: Option<Error>,
    /// How many readings have failed since the last one that succeeded.
    pub failures: u32,
}

/// Updates of a watch without a callback that were not taken, and its state.
#[derive(Default)]
pub(super) struct UpdateQueue {
    pub(super) updates: VecDeque<CallResult>,
    /// The end was delivered: nothing is delivered after it.
    pub(super) is_over: bool,
    pub(super) state: WatchState,
}

/// The task's own part of a watch.
pub(super) struct Reader {
    pub(super) max_failures: Option<u32>,
    /// The status of the last update, as it stands in JSON.
    last_status: Option<String>,
}

impl Reader {
    pub(super) fn new(max_failures: Option<u32>) -> Reader {
        Reader { max_failures, last_status: None }
    }

    /// Processes a reading: queues an update if there is something to report, and returns whether to go on.
    pub(super) fn read(&mut self, shared: &CallShared, report: &CallReport) -> ControlFlow<()> {
        let reply = match shared.read(report.clone()) {
            Ok(reply) => reply,
            // What may pass is read again at the next time; what will not pass is the end.
            Err(error) if error.retryable() => return self.failed(shared, error),
            Err(_) => return ControlFlow::Break(()),
        };
        shared.set_state(WatchState { last_read_at: Some(SystemTime::now()), last_error: None, failures: 0 });
        let status = json::at(reply.json(), "/data/status").ok().map(str::to_owned);
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
