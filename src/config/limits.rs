//! The time limits and the number of retries: keys of a configuration, and options of a call.

use std::time::Duration;

use crate::error::Error;
use crate::json::ObjectReader;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Takes the time limit of a whole call.
pub(crate) fn take_timeout(reader: &mut ObjectReader) -> Result<Option<Duration>, Error> {
    Ok(reader.take_integer("timeout_ms", 1..=DAY_MS)?.map(Duration::from_millis))
}

/// Takes the number of retries of a call.
pub(crate) fn take_max_retries(reader: &mut ObjectReader) -> Result<Option<u32>, Error> {
    Ok(reader.take_integer("max_retries", 0..=20)?.map(|retries| retries as u32))
}

/// Takes a number of milliseconds, from one to those of a day.
pub(super) fn take_milliseconds(
    reader: &mut ObjectReader,
    key: &str,
    default: u64,
) -> Result<Duration, Error> {
    Ok(Duration::from_millis(reader.take_integer(key, 1..=DAY_MS)?.unwrap_or(default)))
}
