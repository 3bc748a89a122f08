//! The options of a watch, its state, and its updates that the host has not taken.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::event::CallResult;
use crate::client::options::CallOptions;
use crate::error::Error;

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
