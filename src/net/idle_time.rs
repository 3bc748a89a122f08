//! The clock of timeouts: which threads drive a client's I/O, and for how long none did. Also the
//! budget of a tick.
//!
//! A game that pauses does not tick, and its calls should find their responses, not timeouts, when
//! it goes on. So of any gap between two drives at most [`MAX_COUNTED_GAP`] counts towards
//! timeouts; the rest is idle time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// How much of a gap between two drives counts as elapsed.
const MAX_COUNTED_GAP: Duration = Duration::from_millis(100);

/// How many tasks a turn runs even if its budget is used up, so that each turn brings something.
/// All but the first one of them only within the grace of [`MAX_GRACE`]: a step of a TLS handshake
/// takes as long as hundreds of others.
const MIN_POLLS: u32 = 4;

/// How far a budget may be exceeded for the second to the last task of [`MIN_POLLS`]: an eighth of
/// it, at most 50 µs.
const MAX_GRACE: u64 = 50;

/// How long a large step takes: one of a TLS handshake.
const LARGE_STEP: Duration = Duration::from_micros(450);

/// For how many ticks a large step gives way, so that small ones do not put it off for ever.
const MAX_DEFERRALS: u32 = 16;

/// No budget: the driver runs what is ready.
const UNLIMITED: u64 = u64::MAX;

/// The clock of one driver.
#[derive(Debug)]
pub(crate) struct DriveClock {
    epoch: Instant,
    /// How many threads are driving.
    driving: AtomicUsize,
    /// When the last one stopped, in microseconds of the epoch.
    stopped: AtomicU64,
    /// The idle time so far, in microseconds.
    idle: AtomicU64,
    /// How often a task was polled: what a turn brought.
    polls: AtomicU64,
    /// How often the host has ticked.
    ticks: AtomicU64,
    /// When the budget of the current turn ends, in microseconds of the epoch.
    budget_end: AtomicU64,
    /// How far the current turn may exceed its budget for the tasks of [`MIN_POLLS`], in
    /// microseconds.
    grace: AtomicU64,
    /// For how long turns go on after they found their budget used up, in microseconds: the last
    /// step ends, what it wrote is sent, the system is asked for I/O. The budget of a turn is that
    /// much shorter.
    overrun: AtomicU64,
    /// When a large step may begin at the latest.
    large_step_end: AtomicU64,
    /// How many tasks the current turn may still poll whatever its budget.
    polls_left: AtomicU32,
}

impl DriveClock {
    pub(crate) fn new() -> DriveClock {
        DriveClock {
            epoch: Instant::now(),
            driving: AtomicUsize::new(0),
            stopped: AtomicU64::new(0),
            idle: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            budget_end: AtomicU64::new(UNLIMITED),
            grace: AtomicU64::new(0),
            overrun: AtomicU64::new(0),
            large_step_end: AtomicU64::new(UNLIMITED),
            polls_left: AtomicU32::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    fn at(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    /// Begins to drive; ends when the guard is dropped.
    pub(crate) fn drive(&self) -> DriveGuard<'_> {
        self.start(self.now());
        DriveGuard(self)
    }

    fn start(&self, now: u64) {
        if self.driving.fetch_add(1, Ordering::SeqCst) == 0 {
            let gap = now.saturating_sub(self.stopped.load(Ordering::SeqCst));
            self.idle.fetch_add(idle_part(gap), Ordering::SeqCst);
        }
    }

    fn stop(&self, now: u64) {
        self.stopped.store(now, Ordering::SeqCst);
        self.driving.fetch_sub(1, Ordering::SeqCst);
    }

    /// Returns whether a thread is driving.
    pub(crate) fn is_driven(&self) -> bool {
        self.driving.load(Ordering::SeqCst) > 0
    }

    /// Returns a mark of now, to measure the idle time since then.
    pub(crate) fn mark(&self, now: Instant) -> IdleMark {
        self.mark_at(self.at(now))
    }

    fn mark_at(&self, now: u64) -> IdleMark {
        let stopped = self.stopped.load(Ordering::SeqCst);
        let gap = if self.is_driven() { 0 } else { now.saturating_sub(stopped) };
        IdleMark { before: self.idle.load(Ordering::SeqCst), gap }
    }

    /// Returns for how long no thread has driven since `mark`, without the part of each gap that
    /// counts.
    pub(crate) fn idle_since(&self, mark: IdleMark) -> Duration {
        let idle = self.idle.load(Ordering::SeqCst).saturating_sub(mark.before);
        Duration::from_micros(idle.saturating_sub(mark.gap))
    }

    pub(crate) fn record_poll(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.budget_end.load(Ordering::Relaxed) != UNLIMITED {
            let left = self.polls_left.load(Ordering::Relaxed);
            self.polls_left.store(left.saturating_sub(1), Ordering::Relaxed);
        }
    }

    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(crate) fn record_tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether the host has ever ticked.
    pub(crate) fn was_ticked(&self) -> bool {
        self.ticks.load(Ordering::Relaxed) > 0
    }

    /// Sets when the turn that begins now is to stop; ends with the guard.
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

    /// Runs a future whose steps are large: each begins only where the budget of a turn still has
    /// room for it, or where a tick begins.
    pub(crate) async fn in_large_steps<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let (mut deferrals, mut deferred_until) = (0, 0);
        poll_fn(|context| {
            let end = self.large_step_end.load(Ordering::Relaxed);
            // Another end is another tick's.
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
    /// nothing and asks to be polled again, which the next turn does.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.has_budget() && self.is_over_budget_at(self.now())
    }

    /// Returns whether the current turn has a budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.budget_end.load(Ordering::Relaxed) != UNLIMITED
    }

    /// Keeps the longest overrun, and forgets an eighth of it with each further one.
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

/// Returns the part of a gap that does not count towards timeouts, in microseconds.
fn idle_part(gap: u64) -> u64 {
    gap.saturating_sub(MAX_COUNTED_GAP.as_micros() as u64)
}

/// A thread that drives.
pub(crate) struct DriveGuard<'a>(&'a DriveClock);

impl Drop for DriveGuard<'_> {
    fn drop(&mut self) {
        self.0.stop(self.0.now());
    }
}

/// The budget of a tick, which may take several turns.
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

    /// Returns whether the whole time is used up, which a budget of nothing is from the start.
    pub(crate) fn is_over(&self) -> bool {
        self.budget.is_zero() || self.begin.elapsed() >= self.budget
    }

    /// Goes on to the next turn. That one does nothing without time left.
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

/// A point in time, from which idle time is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleMark {
    /// The idle time until then.
    before: u64,
    /// For how long no thread had driven by then: that part of the next gap came before the mark.
    gap: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const COUNTED: u64 = 100_000;

    fn idle(clock: &DriveClock, mark: IdleMark) -> u64 {
        clock.idle_since(mark).as_micros() as u64
    }

    #[test]
    fn only_the_part_of_a_gap_after_the_mark_is_idle_time_of_it() {
        let clock = DriveClock::new();
        let early = clock.mark_at(0);
        let late = clock.mark_at(50 * SECOND);
        clock.start(60 * SECOND);
        assert_eq!((idle(&clock, early), idle(&clock, late)), (60 * SECOND - COUNTED, 10 * SECOND - COUNTED));
        let during = clock.mark_at(61 * SECOND);
        clock.stop(62 * SECOND);
        assert_eq!(idle(&clock, during), 0);
        clock.start(65 * SECOND);
        assert_eq!(idle(&clock, during), 3 * SECOND - COUNTED);
        assert_eq!(idle(&clock, early), 63 * SECOND - 2 * COUNTED);
    }

    #[test]
    fn of_each_gap_at_most_100_milliseconds_count_as_elapsed() {
        for (gap, counted) in [(16_667, 16_667), (99_000, 99_000), (101_000, 100_000), (200_000, 100_000)] {
            let clock = DriveClock::new();
            let mark = clock.mark_at(0);
            let mut now = 0;
            for _ in 0..10 {
                now += gap;
                clock.start(now);
                clock.stop(now);
            }
            assert_eq!(now - idle(&clock, mark), 10 * counted, "a loop every {gap} microseconds");
        }
    }

    #[test]
    fn no_time_is_idle_while_a_thread_drives() {
        let clock = DriveClock::new();
        clock.start(0);
        let mark = clock.mark_at(SECOND);
        clock.start(10 * SECOND);
        clock.stop(20 * SECOND);
        clock.stop(30 * SECOND);
        assert_eq!(idle(&clock, mark), 0);
    }

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
