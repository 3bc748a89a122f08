//! Times: how often a waiting thread checks for signals, and the conversion of seconds.

use std::time::Duration;

use pyo3::prelude::*;

use crate::errors;

/// How long a thread waits before it checks whether Python has a signal to handle.
pub(crate) const SIGNAL_POLL: Duration = Duration::from_millis(50);

/// Converts an argument in seconds. `name` is the name of the argument.
///
/// # Errors
///
/// Returns a `ValidationError` if the number is negative, not finite or too large.
pub(crate) fn duration_from_seconds(py: Python<'_>, name: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let message = format!("`{name}` must be a time in seconds.");
        errors::invalid_argument(py, &format!("/{name}"), &message, false)
    })
}
