//! Deadlines on a clock that stops while no thread drives.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::idle_time::{DriveClock, IdleMark};

/// The error of a deadline that has passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// The number of polls without progress after which a passed deadline takes effect.
const MAX_IDLE_POLLS: u32 = 3;

/// A point in time that moves into the future while no thread drives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    mark: IdleMark,
}

impl Deadline {
    /// Returns the deadline `time` from now.
    pub(crate) fn after(time: Duration, clock: &DriveClock) -> Deadline {
        let now = Instant::now();
        Deadline::at(now + time, clock.mark(now))
    }

    /// Returns the deadline at `at`, which moves on by the idle time since `mark`.
    pub(crate) fn at(at: Instant, mark: IdleMark) -> Deadline {
        Deadline { at, mark }
    }

    /// Returns whether this deadline was set for an earlier time than another.
    pub(crate) fn is_before(self, other: Deadline) -> bool {
        self.at < other.at
    }

    /// Returns the deadline on the clock of the system, with the idle time up to now.
    pub(crate) fn now(self, clock: &DriveClock) -> Instant {
        self.at + clock.idle_since(self.mark)
    }

    /// Returns how much time is left.
    pub(crate) fn left(self, clock: &DriveClock) -> Duration {
        self.now(clock).saturating_duration_since(Instant::now())
    }
}

/// Runs a future until a deadline. A response that the socket has already received is not lost:
/// after the deadline the future is polled until the polls make no more `progress`.
pub(crate) async fn timeout_at<F: Future>(
    deadline: Deadline,
    clock: &DriveClock,
    progress: impl Fn() -> u64,
    mut future: Pin<&mut F>,
) -> Result<F::Output, Elapsed> {
    let mut time = deadline.now(clock);
    let mut timer = pin!(tokio::time::sleep_until(time));
    loop {
        let in_time = poll_fn(|context: &mut Context<'_>| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            timer.as_mut().poll(context).map(|()| None)
        })
        .await;
        if let Some(output) = in_time {
            return Ok(output);
        }
        let later = deadline.now(clock);
        if later <= time {
            break;
        }
        time = later;
        timer.as_mut().reset(time);
    }
    let (mut idle_polls, mut seen) = (0, progress());
    while idle_polls < MAX_IDLE_POLLS {
        tokio::task::yield_now().await;
        if let Poll::Ready(output) = poll_once(future.as_mut()).await {
            return Ok(output);
        }
        let now = progress();
        idle_polls = if now == seen { idle_polls + 1 } else { 0 };
        seen = now;
    }
    Err(Elapsed)
}

fn poll_once<F: Future>(mut future: Pin<&mut F>) -> impl Future<Output = Poll<F::Output>> {
    poll_fn(move |context| Poll::Ready(future.as_mut().poll(context)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_that_was_received_before_the_deadline_is_returned() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = DriveClock::new();
            let past = Deadline::after(Duration::ZERO, &clock);
            let mut polls = 0;
            // Ready only at its third poll, as a response that has to pass through other tasks.
            let late = poll_fn(|_| {
                polls += 1;
                if polls == 3 { Poll::Ready(7) } else { Poll::Pending }
            });
            assert_eq!(timeout_at(past, &clock, || 0, pin!(late)).await, Ok(7));
            let never = pin!(std::future::pending::<()>());
            assert_eq!(timeout_at(past, &clock, || 0, never).await, Err(Elapsed));
        });
    }
}
