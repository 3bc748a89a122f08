//! May this be tried again, and when: a pure function of what happened, the time left and chance.

use std::time::{Duration, SystemTime};

use crate::message::{Disposition, Repeat};

/// The first pause, before chance shortens it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause, before chance shortens it.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What an attempt came to, in the words that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The name could not be resolved, or no connection be made.
    NoConnection,
    /// The other side refused the connection for good: TLS was refused, or the proxy refused the tunnel.
    ConnectionRefused,
    /// The connection broke.
    Lost {
        /// Whether the request may have been on it.
        dispatched: bool,
    },
    /// The attempt took longer than an attempt may.
    AttemptTimeout,
    /// An answer came that is not HTTP or too large.
    Unreadable,
    /// An answer came.
    Answer {
        status: u16,
        /// What an error response says about the request.
        disposition: Option<Disposition>,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It stays as it is.
    Finish,
    /// Again, after a pause.
    Again(Duration),
}

/// Decides. `retries_left` and `time_left` bound everything; `retry` counts from 0; `chance` gives a
/// random number from 0 up to 1. Most calls ask neither the clock nor chance.
pub(crate) fn next(
    repeat: Repeat,
    event: Event,
    retry: u32,
    retries_left: u32,
    time_left: impl FnOnce() -> Duration,
    chance: impl FnOnce() -> f64,
) -> Step {
    if retries_left == 0 || !may_repeat(repeat, event) {
        return Step::Finish;
    }
    let pause = match event {
        Event::Answer { retry_after: Some(asked), .. } => asked,
        _ => backoff(retry).mul_f64(chance().clamp(0.0, 1.0)),
    };
    // A pause that leaves no time for the attempt after it only delays the bad news.
    if pause >= time_left() { Step::Finish } else { Step::Again(pause) }
}

fn may_repeat(repeat: Repeat, event: Event) -> bool {
    let harmless = repeat != Repeat::Once;
    match event {
        Event::NoConnection => true,
        Event::Lost { dispatched } => harmless || !dispatched,
        Event::AttemptTimeout => harmless,
        Event::ConnectionRefused | Event::Unreadable => false,
        Event::Answer { disposition: Some(Disposition::Contradictory), .. } => false,
        // Too many requests: the request was not processed.
        Event::Answer { status: 429, .. } => true,
        Event::Answer { status: 408 | 425, .. } => harmless,
        Event::Answer { status, disposition: Some(Disposition::Unclear), .. } => {
            harmless && matches!(status, 502..=504)
        }
        Event::Answer { .. } => false,
    }
}

fn backoff(retry: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1u32.checked_shl(retry).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
}

/// Returns how long a `Retry-After` header asks to wait: seconds, with or without a fraction, or a date measured
/// against the response's own `Date` (clocks differ), or against `now` where there is none. Other values are
/// ignored. Fractions are rounded up to milliseconds, so that no retry comes too early.
pub(crate) fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Some(wait) = seconds(value) {
        return Some(wait);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let from = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or(Duration::ZERO))
}

/// Reads digits, with a decimal point between them or without.
fn seconds(value: &str) -> Option<Duration> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // More digits than fit is still a long time.
    let whole = whole.parse().unwrap_or(u32::MAX.into());
    let (digits, rest) = fraction.split_at(fraction.len().min(3));
    let millis: u64 = format!("{digits:0<3}").parse().ok()?;
    let more = u64::from(rest.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole).saturating_add(Duration::from_millis(millis + more)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn repeated(event: Event) -> [bool; 3] {
        [Repeat::Read, Repeat::End, Repeat::Once].map(|repeat| {
            let step = next(repeat, event, 0, 1, || MINUTE, || 0.5);
            step != Step::Finish
        })
    }

    fn answer(status: u16) -> Event {
        Event::Answer { status, disposition: Some(Disposition::Unclear), retry_after: None }
    }

    fn said(status: u16, disposition: Disposition) -> Event {
        Event::Answer { status, disposition: Some(disposition), retry_after: None }
    }

    #[test]
    fn what_may_be_repeated_is_this_table() {
        const ALL: [bool; 3] = [true, true, true];
        const HARMLESS: [bool; 3] = [true, true, false];
        const NONE: [bool; 3] = [false, false, false];
        for (event, read_end_once) in [
            (Event::NoConnection, ALL),
            (Event::ConnectionRefused, NONE),
            (Event::Lost { dispatched: false }, ALL),
            (Event::Lost { dispatched: true }, HARMLESS),
            (Event::AttemptTimeout, HARMLESS),
            (Event::Unreadable, NONE),
            (answer(200), NONE),
            (answer(302), NONE),
            (answer(400), NONE),
            (answer(401), NONE),
            (answer(404), NONE),
            (answer(408), HARMLESS),
            (said(408, Disposition::Refused), HARMLESS),
            (said(425, Disposition::NotProcessed), HARMLESS),
            (said(408, Disposition::Contradictory), NONE),
            (said(429, Disposition::Contradictory), NONE),
            (said(503, Disposition::Contradictory), NONE),
            (answer(409), NONE),
            (answer(422), NONE),
            (answer(429), ALL),
            (said(429, Disposition::Refused), ALL),
            (answer(500), NONE),
            (answer(501), NONE),
            (answer(502), HARMLESS),
            (answer(503), HARMLESS),
            (answer(504), HARMLESS),
            (said(502, Disposition::Refused), NONE),
            (said(503, Disposition::Refused), NONE),
        ] {
            assert_eq!(repeated(event), read_end_once, "{event:?}");
        }
    }

    #[test]
    fn pauses_double_to_eight_seconds_and_chance_spreads_them() {
        let pause = |retry, chance| next(Repeat::Read, Event::NoConnection, retry, 9, || MINUTE, || chance);
        for (retry, longest) in [(0, 250), (1, 500), (2, 1000), (4, 4000), (5, 8000), (6, 8000), (40, 8000)] {
            assert_eq!(pause(retry, 1.0), Step::Again(Duration::from_millis(longest)));
            assert_eq!(pause(retry, 0.5), Step::Again(Duration::from_millis(longest / 2)));
            assert_eq!(pause(retry, 0.0), Step::Again(Duration::ZERO));
        }
    }

    #[test]
    fn nothing_goes_past_the_budget() {
        let wait = |seconds| Event::Answer {
            status: 429,
            disposition: Some(Disposition::NotProcessed),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let next =
            |event, left, time| next(Repeat::Once, event, 0, left, || Duration::from_secs(time), || 1.0);
        assert_eq!(next(wait(5), 1, 6), Step::Again(Duration::from_secs(5)));
        assert_eq!(next(wait(5), 1, 5), Step::Finish);
        assert_eq!(next(wait(5), 0, 60), Step::Finish);
        assert_eq!(next(wait(0), 1, 1), Step::Again(Duration::ZERO));
        assert_eq!(next(Event::NoConnection, 1, 0), Step::Finish);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let now = httpdate::parse_http_date("Mon, 02 Jan 2023 00:00:00 GMT").unwrap();
        let date = Some("Sun, 01 Jan 2023 00:00:00 GMT");
        for (value, date, seconds) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999", None, Some(u64::from(u32::MAX))),
            ("Sun, 01 Jan 2023 00:00:07 GMT", date, Some(7)),
            ("Mon, 02 Jan 2023 00:00:09 GMT", None, Some(9)),
            ("Mon, 02 Jan 2023 00:00:09 GMT", Some("nonsense"), Some(9)),
            ("Sat, 31 Dec 2022 00:00:00 GMT", date, Some(0)),
            ("soon", None, None),
            ("-1", None, None),
            ("-1.5", None, None),
            ("1.", None, None),
            (".5", None, None),
            ("1e3", None, None),
            ("1.5.5", None, None),
            ("NaN", None, None),
            ("inf", None, None),
            ("+1", None, None),
            ("", None, None),
        ] {
            assert_eq!(retry_after(value, date, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_fraction_of_a_second_is_rounded_up_to_milliseconds() {
        for (value, millis) in [
            ("1.5", 1500),
            (" 1.5 ", 1500),
            ("0.0", 0),
            ("0.0001", 1),
            ("1.0010", 1001),
            ("1.0011", 1002),
            ("2.9999", 3000),
            ("0.25", 250),
        ] {
            let wait = retry_after(value, None, SystemTime::UNIX_EPOCH);
            assert_eq!(wait, Some(Duration::from_millis(millis)), "{value}");
        }
        let fraction = "9".repeat(100);
        assert_eq!(
            retry_after(&format!("{fraction}.{fraction}"), None, SystemTime::UNIX_EPOCH),
            Some(Duration::from_secs(u64::from(u32::MAX) + 1))
        );
    }
}
