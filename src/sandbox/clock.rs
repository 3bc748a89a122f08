//! The world's clock: real time plus an offset that only commands move, and only forward.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far the clock can be moved in all: far enough for every test, and years keep four digits.
pub(super) const FURTHEST_S: u64 = 100 * 365 * 24 * 3600;

#[derive(Debug, Default)]
pub(super) struct Clock {
    offset_s: u64,
}

impl Clock {
    /// Seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        real.saturating_add(self.offset_s)
    }

    /// False, and nothing moved, if that is beyond [`FURTHEST_S`].
    pub(super) fn advance(&mut self, seconds: u64) -> bool {
        match self.offset_s.checked_add(seconds).filter(|offset| *offset <= FURTHEST_S) {
            Some(offset) => {
                self.offset_s = offset;
                true
            }
            None => false,
        }
    }
}

/// `2024-01-01T12:00:00Z`.
pub(super) fn iso(seconds: u64) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// `Mon, 01 Jan 2024 12:00:00 GMT`.
pub(super) fn http(seconds: u64) -> String {
    // httpdate panics after the year 9999, which a machine whose clock is wrong could reach.
    const YEAR_9999: u64 = 253_370_764_800;
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(YEAR_9999)))
}

/// Year, month and day of a day since 1970, by the civil calendar. Counts in eras of 400 years that begin
/// on 1 March, so that the leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
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
    fn times_are_written_as_the_api_and_http_write_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_704_110_400, "2024-01-01T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(seconds), text);
        }
        assert_eq!(http(1_704_110_400), "Mon, 01 Jan 2024 12:00:00 GMT");
        assert!(http(u64::MAX).ends_with("GMT"));
    }

    #[test]
    fn the_clock_moves_forward_up_to_its_end_and_no_further() {
        let mut clock = Clock::default();
        let before = clock.now();
        assert!(clock.advance(FURTHEST_S));
        assert!(clock.now() >= before + FURTHEST_S);
        assert!(!clock.advance(1));
        assert!(!clock.advance(u64::MAX));
    }
}
