//! May this be tried again, and when: a pure function of what happened, the time left and chance.

use std::time::{Duration, SystemTime};

use crate::message::Repeat;

/// The first pause, before chance shortens it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause, before chance shortens it.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What an attempt came to, in the words that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The name could not be resolved, or no connection be made.
    NoConnection,
    /// The secure connection was refused.
    TlsRefused,
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
        /// It is the API's own no.
        refusal: bool,
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
        Event::TlsRefused | Event::Unreadable => false,
        // Too many requests: it was turned away at the door.
        Event::Answer { status: 429, .. } => true,
        Event::Answer { refusal: true, .. } => false,
        Event::Answer { status, refusal: false, .. } => harmless && matches!(status, 502..=504),
    }
}

fn backoff(retry: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1u32.checked_shl(retry).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
}

/// How long a `Retry-After` header asks to wait: seconds, or a date measured against the answer's own
/// `Date` (clocks differ), or against `now` where there is none. What is neither is not heeded.
pub(crate) fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit is still a long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u32::MAX.into())));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let from = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or(Duration::ZERO))
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
        Event::Answer { status, refusal: false, retry_after: None }
    }

    #[test]
    fn what_may_be_repeated_is_this_table() {
        const ALL: [bool; 3] = [true, true, true];
        const HARMLESS: [bool; 3] = [true, true, false];
        const NONE: [bool; 3] = [false, false, false];
        for (event, read_end_once) in [
            (Event::NoConnection, ALL),
            (Event::TlsRefused, NONE),
            (Event::Lost { dispatched: false }, ALL),
            (Event::Lost { dispatched: true }, HARMLESS),
            (Event::AttemptTimeout, HARMLESS),
            (Event::Unreadable, NONE),
            (answer(200), NONE),
            (answer(302), NONE),
            (answer(400), NONE),
            (answer(401), NONE),
            (answer(404), NONE),
            (answer(408), NONE),
            (answer(409), NONE),
            (answer(422), NONE),
            (answer(429), ALL),
            (Event::Answer { status: 429, refusal: true, retry_after: None }, ALL),
            (answer(500), NONE),
            (answer(501), NONE),
            (answer(502), HARMLESS),
            (answer(503), HARMLESS),
            (answer(504), HARMLESS),
            (Event::Answer { status: 502, refusal: true, retry_after: None }, NONE),
            (Event::Answer { status: 503, refusal: true, retry_after: None }, NONE),
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
            refusal: false,
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
            ("1.5", None, None),
            ("", None, None),
        ] {
            assert_eq!(retry_after(value, date, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
