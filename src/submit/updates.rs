//! The options of a watch, its state, and its updates that the host has not taken.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::event::CallResult;
use crate::client::options::CallOptions;
use crate::error::Error;

/// The options of a watch; see [`Client::watch_session_with`](crate::Client::watch_session_with).
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
    /// The number of readings that may fail in a row before the watch ends with the last error.
    /// None: the watch never ends because of failed readings.
    pub max_failures: Option<u32>,
    /// Whether [`Call::poll_reading`](crate::Call::poll_reading) returns the readings.
    pub keep_readings: bool,
    /// The time limit and the retries of each reading, and the call id that all readings share.
    pub call: CallOptions,
}

impl WatchOptions {
    /// Returns the options of a watch that reads the status every `interval` and has no limit of
    /// failed readings.
    pub fn every(interval: Duration) -> WatchOptions {
        WatchOptions { interval, max_failures: None, keep_readings: false, call: CallOptions::default() }
    }
}

/// The state of a watch; see [`Call::watch_state`](crate::Call::watch_state).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WatchState {
    /// When the last reading succeeded.
    pub last_read_at: Option<SystemTime>,
    /// The error of the last reading; None if it succeeded.
    pub last_error: Option<Error>,
    /// The number of readings that have failed since the last successful reading.
    pub failures: u32,
}

/// How many readings are kept for a host that does not take them.
pub(super) const MAX_READINGS: usize = 64;

/// Updates of a watch without a callback that were not taken, and its state.
#[derive(Default)]
pub(super) struct UpdateQueue {
    pub(super) updates: VecDeque<CallResult>,
    /// The last readings, if the watch keeps them.
    pub(super) readings: VecDeque<CallResult>,
    /// The end was delivered: nothing is delivered after it.
    pub(super) is_over: bool,
    pub(super) state: WatchState,
}
