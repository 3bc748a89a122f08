//! Decides whether another attempt follows a failed one, and after which pause. Pure functions
//! without clock and I/O.

use std::time::{Duration, SystemTime};

use crate::http_types::{Disposition, Idempotency};

/// The longest pause before the first retry. A random fraction of it is used.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause before any retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The outcome of an attempt, as far as it matters for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The name could not be resolved, or no connection could be made.
    NoConnection,
    /// TLS failed, or the proxy refused the tunnel: another attempt would fail, too.
    ConnectionRefused,
    /// The connection was closed or broke.
    ConnectionClosed {
        /// Whether the request may have been sent.
        dispatched: bool,
    },
    /// The attempt exceeded its own timeout.
    AttemptTimeout,
    /// The response is not valid HTTP or too large.
    Unreadable,
    /// A response was received.
    Response {
        status: u16,
        /// What an error response says about the request.
        disposition: Option<Disposition>,
        /// The time of `Retry-After`.
        retry_after: Option<Duration>,
    },
}

/// The decision about another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// No other attempt follows.
    Stop,
    /// Another attempt follows after a pause.
    RetryAfter(Duration),
}

/// Decides whether another attempt follows. `retry` counts from 0. `chance` returns a random number
/// from 0 up to 1; it and `time_left` are called only if the decision depends on them.
pub(crate) fn decide(
    idempotency: Idempotency,
    outcome: AttemptOutcome,
    retry: u32,
    retries_left: u32,
    time_left: impl FnOnce() -> Duration,
    chance: impl FnOnce() -> f64,
) -> RetryDecision {
    if retries_left == 0 || !may_retry(idempotency, outcome) {
        return RetryDecision::Stop;
    }
    let pause = match outcome {
        AttemptOutcome::Response { retry_after: Some(asked), .. } => asked,
        _ => backoff(retry).mul_f64(chance().clamp(0.0, 1.0)),
    };
    // A pause that leaves no time for another attempt would only delay the error.
    if pause >= time_left() { RetryDecision::Stop } else { RetryDecision::RetryAfter(pause) }
}

fn may_retry(idempotency: Idempotency, outcome: AttemptOutcome) -> bool {
    let harmless = idempotency != Idempotency::NonIdempotent;
    match outcome {
        AttemptOutcome::NoConnection => true,
        AttemptOutcome::ConnectionClosed { dispatched } => harmless || !dispatched,
        AttemptOutcome::AttemptTimeout => harmless,
        AttemptOutcome::ConnectionRefused | AttemptOutcome::Unreadable => false,
        AttemptOutcome::Response { disposition: Some(Disposition::Contradictory), .. } => false,
        // Too many requests: the request was not processed.
        AttemptOutcome::Response { status: 429, .. } => true,
        AttemptOutcome::Response { status: 408 | 425, .. } => harmless,
        AttemptOutcome::Response { status, disposition: Some(Disposition::Unclear), .. } => {
            harmless && matches!(status, 502..=504)
        }
        AttemptOutcome::Response { .. } => false,
    }
}

fn backoff(retry: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1u32.checked_shl(retry).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
}

/// Returns how long a `Retry-After` header asks to wait: seconds, with or without a fraction, or a
/// date measured against the response's own `Date` (clocks differ), or against `now` where there is
/// none. Other values are ignored. Fractions are rounded up to milliseconds, so that no retry comes
/// too early.
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

    fn repeated(outcome: AttemptOutcome) -> [bool; 3] {
        [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NonIdempotent].map(|idempotency| {
            let decision = decide(idempotency, outcome, 0, 1, || MINUTE, || 0.5);
            decision != RetryDecision::Stop
        })
    }

    fn answer(status: u16) -> AttemptOutcome {
        AttemptOutcome::Response { status, disposition: Some(Disposition::Unclear), retry_after: None }
    }

    fn said(status: u16, disposition: Disposition) -> AttemptOutcome {
        AttemptOutcome::Response { status, disposition: Some(disposition), retry_after: None }
    }

    #[test]
    fn what_may_be_repeated_is_this_table() {
        const ALL: [bool; 3] = [true, true, true];
        const HARMLESS: [bool; 3] = [true, true, false];
        const NONE: [bool; 3] = [false, false, false];
        for (outcome, read_end_once) in [
            (AttemptOutcome::NoConnection, ALL),
            (AttemptOutcome::ConnectionRefused, NONE),
            (AttemptOutcome::ConnectionClosed { dispatched: false }, ALL),
            (AttemptOutcome::ConnectionClosed { dispatched: true }, HARMLESS),
            (AttemptOutcome::AttemptTimeout, HARMLESS),
            (AttemptOutcome::Unreadable, NONE),
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
            assert_eq!(repeated(outcome), read_end_once, "{outcome:?}");
        }
    }

    #[test]
    fn pauses_double_to_eight_seconds_and_chance_spreads_them() {
        let pause = |retry, chance| {
            decide(Idempotency::Safe, AttemptOutcome::NoConnection, retry, 9, || MINUTE, || chance)
        };
        for (retry, longest) in [(0, 250), (1, 500), (2, 1000), (4, 4000), (5, 8000), (6, 8000), (40, 8000)] {
            assert_eq!(pause(retry, 1.0), RetryDecision::RetryAfter(Duration::from_millis(longest)));
            assert_eq!(pause(retry, 0.5), RetryDecision::RetryAfter(Duration::from_millis(longest / 2)));
            assert_eq!(pause(retry, 0.0), RetryDecision::RetryAfter(Duration::ZERO));
        }
    }

    #[test]
    fn nothing_goes_past_the_budget() {
        let wait = |seconds| AttemptOutcome::Response {
            status: 429,
            disposition: Some(Disposition::NotProcessed),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let decide = |outcome, left, time| {
            decide(Idempotency::NonIdempotent, outcome, 0, left, || Duration::from_secs(time), || 1.0)
        };
        assert_eq!(decide(wait(5), 1, 6), RetryDecision::RetryAfter(Duration::from_secs(5)));
        assert_eq!(decide(wait(5), 1, 5), RetryDecision::Stop);
        assert_eq!(decide(wait(5), 0, 60), RetryDecision::Stop);
        assert_eq!(decide(wait(0), 1, 1), RetryDecision::RetryAfter(Duration::ZERO));
        assert_eq!(decide(AttemptOutcome::NoConnection, 1, 0), RetryDecision::Stop);
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
