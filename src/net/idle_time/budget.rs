//! The budget of a tick: decides whether a task is polled now or in a later tick.
//!
//! A tick polls the runtime one or more times. Each poll is a turn, and the turns of a tick share a
//! budget. A turn cannot interrupt a task, so tasks ask before they begin a step.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::{DriveClock, UNLIMITED};

/// The number of tasks that the first turn of a tick polls even if the budget is used up, so that
/// every tick makes progress. The tasks after the first are polled only within the grace of
/// [`MAX_GRACE`]: a step of a TLS handshake takes as long as hundreds of other steps.
const MIN_POLLS: u32 = 4;

/// The maximum time, in microseconds, by which the tasks of [`MIN_POLLS`] after the first may
/// exceed a budget. The grace is an eighth of the budget, and at most this time.
const MAX_GRACE: u64 = 50;

/// The duration of a large step, such as a step of a TLS handshake.
const LARGE_STEP: Duration = Duration::from_micros(450);

/// The maximum number of ticks that defer a large step, so that small steps do not defer it without
/// end.
const MAX_DEFERRALS: u32 = 16;

impl DriveClock {
    /// Records that a task is polled.
    pub(crate) fn record_poll(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.budget_end.load(Ordering::Relaxed) != UNLIMITED {
            let left = self.polls_left.load(Ordering::Relaxed);
            self.polls_left.store(left.saturating_sub(1), Ordering::Relaxed);
        }
    }

    /// Sets the time when the turn that begins now must stop. The limit ends with the guard.
    pub(crate) fn limit(&self, budget: &Budget) -> BudgetGuard<'_> {
        let Budget { begin, budget, is_first_turn } = *budget;
        self.polls_left.store(if is_first_turn { MIN_POLLS } else { 0 }, Ordering::Relaxed);
        let large_step = budget.saturating_sub(LARGE_STEP).max(budget / 8);
        self.large_step_end.store(self.at(begin + large_step), Ordering::Relaxed);
        self.grace.store((budget.as_micros() as u64 / 8).min(MAX_GRACE), Ordering::Relaxed);
        let max_overrun = budget.as_micros() as u64 / 2;
        let overrun = self.overrun.load(Ordering::Relaxed).min(max_overrun);
        self.budget_end.store(self.at(begin + budget).saturating_sub(overrun), Ordering::Relaxed);
        BudgetGuard { clock: self, max_overrun }
    }

    /// Runs a future whose steps are large. A step begins only at the beginning of a tick, or if
    /// the budget of the turn has enough time left for it.
    pub(crate) async fn in_large_steps<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let (mut deferrals, mut deferred_until) = (0, 0);
        poll_fn(|context| {
            let end = self.large_step_end.load(Ordering::Relaxed);
            // Each tick has another end.
            let is_another_tick = end != deferred_until;
            let may_defer = !is_another_tick || deferrals < MAX_DEFERRALS;
            if self.has_budget() && self.now() > end && may_defer {
                deferrals += u32::from(is_another_tick);
                deferred_until = end;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            deferrals = 0;
            future.as_mut().poll(context)
        })
        .await
    }

    /// Returns whether the current turn has used up its budget. A task that is polled then does
    /// nothing and asks to be polled again; the next turn polls it.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.has_budget() && self.is_over_budget_at(self.now())
    }

    /// Returns whether the current turn has a budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.budget_end.load(Ordering::Relaxed) != UNLIMITED
    }

    /// Records an overrun. The longest overrun is kept and decreases by an eighth with each later
    /// one.
    fn record_overrun(&self, overrun: u64) {
        let before = self.overrun.load(Ordering::Relaxed);
        self.overrun.store(overrun.max(before - before.div_ceil(8)), Ordering::Relaxed);
    }

    fn is_over_budget_at(&self, now: u64) -> bool {
        let end = self.budget_end.load(Ordering::Relaxed);
        now >= end
            && match self.polls_left.load(Ordering::Relaxed) {
                0 => true,
                MIN_POLLS => false,
                _ => now - end >= self.grace.load(Ordering::Relaxed),
            }
    }
}

/// The budget of a tick, which may have several turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    begin: Instant,
    budget: Duration,
    is_first_turn: bool,
}

impl Budget {
    /// Begins a tick.
    pub(crate) fn new(budget: Duration) -> Budget {
        Budget { begin: Instant::now(), budget, is_first_turn: true }
    }

    /// Returns whether the time is used up. A budget of zero is used up from the beginning.
    pub(crate) fn is_over(&self) -> bool {
        self.budget.is_zero() || self.begin.elapsed() >= self.budget
    }

    /// Ends a turn. The next turn polls no task if no time is left.
    pub(crate) fn end_turn(&mut self) {
        self.is_first_turn = false;
    }
}

/// A turn with a budget.
pub(crate) struct BudgetGuard<'a> {
    clock: &'a DriveClock,
    max_overrun: u64,
}

impl Drop for BudgetGuard<'_> {
    fn drop(&mut self) {
        let end = self.clock.budget_end.swap(UNLIMITED, Ordering::Relaxed);
        if let Some(overrun) = self.clock.now().checked_sub(end) {
            self.clock.record_overrun(overrun.min(self.max_overrun));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn first_turn(clock: &DriveClock) -> Budget {
        Budget { begin: clock.epoch, budget: Duration::from_secs(1), is_first_turn: true }
    }

    #[test]
    fn a_turn_without_time_left_still_polls_a_few_tasks() {
        let clock = DriveClock::new();
        assert!(!clock.is_over_budget());
        let limit = clock.limit(&first_turn(&clock));
        for _ in 0..MIN_POLLS {
            assert!(!clock.is_over_budget_at(SECOND + 10));
            clock.record_poll();
        }
        assert!(!clock.is_over_budget_at(SECOND - 1));
        assert!(clock.is_over_budget_at(SECOND));
        drop(limit);
        assert!(!clock.is_over_budget());
    }

    #[test]
    fn a_further_turn_of_a_tick_polls_no_task_without_time_left() {
        let clock = DriveClock::new();
        let mut budget = first_turn(&clock);
        budget.end_turn();
        let _limit = clock.limit(&budget);
        assert!(!clock.is_over_budget_at(SECOND - 1));
        assert!(clock.is_over_budget_at(SECOND));
    }

    #[test]
    fn turns_stop_earlier_by_their_usual_overrun_which_is_forgotten_after_a_while() {
        let clock = DriveClock::new();
        let stop = || {
            let limit = clock.limit(&Budget { is_first_turn: false, ..first_turn(&clock) });
            let stop = clock.budget_end.load(Ordering::Relaxed);
            // Not over yet: nothing is recorded.
            drop(limit);
            stop
        };
        assert_eq!(stop(), SECOND);
        clock.record_overrun(80_000);
        assert_eq!(stop(), SECOND - 80_000);
        clock.record_overrun(0);
        assert_eq!(stop(), SECOND - 70_000);
        for _ in 0..100 {
            clock.record_overrun(0);
        }
        assert_eq!(stop(), SECOND);
        // At least half of a budget is used.
        clock.record_overrun(SECOND);
        assert_eq!(stop(), SECOND / 2);
    }

    #[test]
    fn a_large_step_waits_for_the_beginning_of_a_tick_but_not_for_ever() {
        let clock = DriveClock::new();
        let mut steps = pin!(clock.in_large_steps(std::future::ready(())));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for tick in 1..=MAX_DEFERRALS {
            let limit = clock.limit(&first_turn(&clock));
            // The time for large steps of this tick is over.
            clock.large_step_end.store(u64::from(tick), Ordering::Relaxed);
            while clock.now() <= u64::from(tick) {
                std::hint::spin_loop();
            }
            for _ in 0..100 {
                assert!(steps.as_mut().poll(&mut context).is_pending(), "tick {tick}");
            }
            drop(limit);
        }
        let _limit = clock.limit(&first_turn(&clock));
        clock.large_step_end.store(0, Ordering::Relaxed);
        assert!(steps.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_large_step_runs_at_once_where_a_tick_begins_and_without_a_budget() {
        let clock = DriveClock::new();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(pin!(clock.in_large_steps(std::future::ready(()))).poll(&mut context).is_ready());
        let _limit = clock.limit(&first_turn(&clock));
        assert!(pin!(clock.in_large_steps(std::future::ready(()))).poll(&mut context).is_ready());
    }

    #[test]
    fn a_turn_whose_first_task_took_long_polls_no_other_one() {
        let clock = DriveClock::new();
        let _limit = clock.limit(&first_turn(&clock));
        assert!(!clock.is_over_budget_at(2 * SECOND));
        clock.record_poll();
        assert!(clock.is_over_budget_at(2 * SECOND));
    }
}
