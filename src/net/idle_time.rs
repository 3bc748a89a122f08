//! The clock of timeouts: records which threads drive the I/O of a client, and how long no thread
//! did.
//!
//! A game that pauses does not tick. When it goes on, its calls should find their responses and no
//! timeouts. So at most [`MAX_COUNTED_GAP`] of a gap between two drives counts towards timeouts;
//! the rest is idle time. While the host has suspended the client, all time is idle time.
//! `idle_time/budget.rs` limits the time of a tick.

pub(crate) mod budget;

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The part of a gap between two drives that counts as elapsed.
const MAX_COUNTED_GAP: Duration = Duration::from_millis(100);

/// No budget: the driver runs what is ready.
const UNLIMITED: u64 = u64::MAX;

/// The value of `suspended` while the client is not suspended.
const NOT_SUSPENDED: u64 = u64::MAX;

/// The clock of one driver.
#[derive(Debug)]
pub(crate) struct DriveClock {
    epoch: Instant,
    /// The number of threads that drive.
    driving: AtomicUsize,
    /// The time when the last thread stopped, in microseconds since the epoch.
    stopped: AtomicU64,
    /// The idle time so far, in microseconds.
    idle: AtomicU64,
    /// The time when the host suspended the client, in microseconds since the epoch;
    /// [`NOT_SUSPENDED`] otherwise. While it is set, `idle` does not grow, and the time since then
    /// is added to it.
    suspended: AtomicU64,
    /// How often the host has resumed the client.
    resumes: AtomicU64,
    /// The number of polls of tasks.
    polls: AtomicU64,
    /// The number of ticks of the host.
    ticks: AtomicU64,
    /// The time when the budget of the current turn ends, in microseconds since the epoch.
    budget_end: AtomicU64,
    /// The time by which the current turn may exceed its budget for its first tasks, in
    /// microseconds.
    grace: AtomicU64,
    /// The usual time of a turn after the end of its budget, in microseconds: the last step ends,
    /// its output is sent, and the system is asked for I/O events. The budget of a turn is shorter
    /// by this time.
    overrun: AtomicU64,
    /// The latest time when a large step may begin.
    large_step_end: AtomicU64,
    /// The number of tasks that the current turn may still poll after the end of its budget.
    polls_left: AtomicU32,
}

impl DriveClock {
    pub(crate) fn new() -> DriveClock {
        DriveClock {
            epoch: Instant::now(),
            driving: AtomicUsize::new(0),
            stopped: AtomicU64::new(0),
            idle: AtomicU64::new(0),
            suspended: AtomicU64::new(NOT_SUSPENDED),
            resumes: AtomicU64::new(0),
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
        if self.driving.fetch_add(1, Ordering::SeqCst) == 0 && !self.is_suspended() {
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

    /// Returns a mark of this time, to measure the idle time since then.
    pub(crate) fn mark(&self, now: Instant) -> IdleMark {
        self.mark_at(self.at(now))
    }

    fn mark_at(&self, now: u64) -> IdleMark {
        let stopped = self.stopped.load(Ordering::SeqCst);
        let gap = match self.suspended.load(Ordering::SeqCst) {
            NOT_SUSPENDED if self.is_driven() => 0,
            NOT_SUSPENDED => now.saturating_sub(stopped),
            suspended => now.saturating_sub(suspended),
        };
        IdleMark { before: self.idle.load(Ordering::SeqCst), gap }
    }

    /// Returns the time since `mark` in which no thread drove, without the part of each gap that
    /// counts.
    pub(crate) fn idle_since(&self, mark: IdleMark) -> Duration {
        self.idle_since_at(mark, || self.now())
    }

    fn idle_since_at(&self, mark: IdleMark, now: impl FnOnce() -> u64) -> Duration {
        let suspended = match self.suspended.load(Ordering::SeqCst) {
            NOT_SUSPENDED => 0,
            suspended => now().saturating_sub(suspended),
        };
        let idle = self.idle.load(Ordering::SeqCst).saturating_sub(mark.before);
        Duration::from_micros((idle + suspended).saturating_sub(mark.gap))
    }

    /// Stops the clock until [`DriveClock::resume`]. The caller serializes the two functions.
    pub(crate) fn suspend(&self) {
        self.suspend_at(self.now());
    }

    fn suspend_at(&self, now: u64) {
        if !self.is_driven() {
            // The gap before the suspension counts like any gap.
            let gap = now.saturating_sub(self.stopped.swap(now, Ordering::SeqCst));
            self.idle.fetch_add(idle_part(gap), Ordering::SeqCst);
        }
        self.suspended.store(now, Ordering::SeqCst);
    }

    /// Lets the clock go on. Connections from before are not used any more.
    pub(crate) fn resume(&self) {
        self.resume_at(self.now());
    }

    fn resume_at(&self, now: u64) {
        let suspended = self.suspended.load(Ordering::SeqCst);
        if suspended == NOT_SUSPENDED {
            return;
        }
        self.resumes.fetch_add(1, Ordering::SeqCst);
        self.stopped.fetch_max(now, Ordering::SeqCst);
        // Added before the suspension ends: a deadline that is read in between is late, never
        // early.
        self.idle.fetch_add(now.saturating_sub(suspended), Ordering::SeqCst);
        self.suspended.store(NOT_SUSPENDED, Ordering::SeqCst);
    }

    /// Returns whether the host has suspended the client.
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::SeqCst) != NOT_SUSPENDED
    }

    /// Returns how often the host has resumed the client.
    pub(crate) fn resumes(&self) -> u64 {
        self.resumes.load(Ordering::SeqCst)
    }

    /// Returns the number of polls of tasks.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Records a tick of the host.
    pub(crate) fn record_tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether the host has ever ticked.
    pub(crate) fn was_ticked(&self) -> bool {
        self.ticks.load(Ordering::Relaxed) > 0
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

/// A point in time, from which idle time is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleMark {
    /// The idle time before the mark.
    before: u64,
    /// The time since the last drive at the mark. This part of the next gap came before the mark.
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
    fn no_time_counts_while_the_client_is_suspended() {
        for driven in [false, true] {
            let clock = DriveClock::new();
            if driven {
                clock.start(0);
            }
            let before = clock.mark_at(0);
            clock.suspend_at(10_000);
            let during = clock.mark_at(20 * SECOND);
            let idle_now = |mark, now: u64| clock.idle_since_at(mark, || now).as_micros() as u64;
            assert_eq!(idle_now(before, 30 * SECOND), 30 * SECOND - 10_000, "driven: {driven}");
            assert_eq!(idle_now(during, 30 * SECOND), 10 * SECOND, "driven: {driven}");
            // A drive during the suspension adds nothing.
            clock.start(35 * SECOND);
            clock.stop(36 * SECOND);
            clock.resume_at(50 * SECOND);
            assert_eq!(clock.resumes(), 1);
            assert_eq!(idle(&clock, before), 50 * SECOND - 10_000, "driven: {driven}");
            assert_eq!(idle(&clock, during), 30 * SECOND, "driven: {driven}");
            clock.start(50 * SECOND + 1_000);
            assert_eq!(idle(&clock, during), 30 * SECOND, "driven: {driven}");
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
}
