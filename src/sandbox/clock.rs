//! The sandbox's clock, real time plus an offset, and the formats of its times. Only commands move
//! the offset, and only forward.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest offset in seconds: a hundred years. Years keep four digits.
pub(super) const MAX_OFFSET_S: u64 = 100 * 365 * 24 * 3600;

/// A clock that can be moved forward.
#[derive(Debug, Default)]
pub(super) struct Clock {
    offset_s: u64,
}

impl Clock {
    /// Returns the seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        real.saturating_add(self.offset_s)
    }

    /// Moves the clock forward. Returns false, without moving, if the offset would exceed
    /// [`MAX_OFFSET_S`].
    pub(super) fn advance(&mut self, seconds: u64) -> bool {
        match self.offset_s.checked_add(seconds).filter(|offset| *offset <= MAX_OFFSET_S) {
            Some(offset) => {
                self.offset_s = offset;
                true
            }
            None => false,
        }
    }
}

/// Formats a time as ISO 8601: `2024-01-01T12:00:00Z`.
pub(super) fn format_iso8601(seconds: u64) -> String {
    let (year, month, day) = civil_from_days(seconds / 86_400);
    let second_of_day = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

/// Formats a time for an HTTP header: `Mon, 01 Jan 2024 12:00:00 GMT`.
pub(super) fn format_http_date(seconds: u64) -> String {
    // httpdate panics after the year 9999, which a wrong system clock could show.
    const YEAR_9999: u64 = 253_370_764_800;
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(YEAR_9999)))
}

/// Returns the year, month and day of a number of days since 1970. Counts in eras of 400 years that
/// begin on 1 March, so that the leap day is the last day of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_formats_of_the_api_and_of_http() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_704_110_400, "2024-01-01T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(format_iso8601(seconds), text);
        }
        assert_eq!(format_http_date(1_704_110_400), "Mon, 01 Jan 2024 12:00:00 GMT");
        assert!(format_http_date(u64::MAX).ends_with("GMT"));
    }

    #[test]
    fn the_clock_moves_forward_up_to_the_largest_offset() {
        let mut clock = Clock::default();
        let before = clock.now();
        assert!(clock.advance(MAX_OFFSET_S));
        assert!(clock.now() >= before + MAX_OFFSET_S);
        assert!(!clock.advance(1));
        assert!(!clock.advance(u64::MAX));
    }
}
