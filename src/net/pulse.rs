//! Who drives, and for how long nobody did. A game that is paused makes no turns, and its calls should
//! find their answers, not timeouts, when it goes on: so time in which nobody drove does not count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Shorter than this it is the pace of the game, and counts.
const PAUSE: Duration = Duration::from_millis(100);

/// A reactor's pulse.
#[derive(Debug)]
pub(crate) struct Pulse {
    epoch: Instant,
    /// How many threads are driving.
    driving: AtomicUsize,
    /// When the last one stopped, in microseconds of the epoch.
    stopped: AtomicU64,
    /// The pauses so far, in microseconds.
    paused: AtomicU64,
    /// How often a task of ours was polled: what a turn brought.
    polls: AtomicU64,
    /// How often the host has ticked.
    ticks: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        Pulse {
            epoch: Instant::now(),
            driving: AtomicUsize::new(0),
            stopped: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    fn at(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    /// Begins to drive; ends with the guard.
    pub(crate) fn drive(&self) -> Driving<'_> {
        self.start(self.now());
        Driving(self)
    }

    fn start(&self, now: u64) {
        if self.driving.fetch_add(1, Ordering::SeqCst) == 0 {
            let idle = now.saturating_sub(self.stopped.load(Ordering::SeqCst));
            if Duration::from_micros(idle) > PAUSE {
                self.paused.fetch_add(idle, Ordering::SeqCst);
            }
        }
    }

    fn stop(&self, now: u64) {
        self.stopped.store(now, Ordering::SeqCst);
        self.driving.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether somebody is driving.
    pub(crate) fn is_driven(&self) -> bool {
        self.driving.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn note_poll(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(crate) fn note_tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the host has ever ticked.
    pub(crate) fn was_ticked(&self) -> bool {
        self.ticks.load(Ordering::Relaxed) > 0
    }
}

/// A thread that drives.
pub(crate) struct Driving<'a>(&'a Pulse);

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.stop(self.0.now());
    }
}

/// The undriven time of one request.
#[derive(Debug)]
pub(crate) struct Undriven {
    pulse: Arc<Pulse>,
    /// What had been paused when the request was begun.
    before: u64,
    /// How long nobody had driven by then: that part of the next pause is not the request's.
    idle: u64,
}

impl Undriven {
    /// Of a request that begins now.
    pub(crate) fn new(pulse: &Arc<Pulse>, now: Instant) -> Undriven {
        Undriven::begun_at(pulse, pulse.at(now))
    }

    fn begun_at(pulse: &Arc<Pulse>, now: u64) -> Undriven {
        let stopped = pulse.stopped.load(Ordering::SeqCst);
        let idle = if pulse.is_driven() { 0 } else { now.saturating_sub(stopped) };
        Undriven { pulse: Arc::clone(pulse), before: pulse.paused.load(Ordering::SeqCst), idle }
    }

    /// How long nobody has driven since the request was begun.
    pub(crate) fn since_begun(&self) -> Duration {
        let paused = self.pulse.paused.load(Ordering::SeqCst).saturating_sub(self.before);
        Duration::from_micros(paused.saturating_sub(self.idle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn seconds(undriven: &Undriven) -> u64 {
        undriven.since_begun().as_secs()
    }

    #[test]
    fn only_the_part_of_a_pause_after_the_request_is_its_own() {
        let pulse = Arc::new(Pulse::new());
        let early = Undriven::begun_at(&pulse, 0);
        let late = Undriven::begun_at(&pulse, 50 * SECOND);
        pulse.start(60 * SECOND);
        assert_eq!((seconds(&early), seconds(&late)), (60, 10));
        let during = Undriven::begun_at(&pulse, 61 * SECOND);
        pulse.stop(62 * SECOND);
        assert_eq!(seconds(&during), 0);
        pulse.start(65 * SECOND);
        assert_eq!((seconds(&early), seconds(&late), seconds(&during)), (63, 13, 3));
    }

    #[test]
    fn the_pace_of_frames_is_time_that_passes() {
        let pulse = Arc::new(Pulse::new());
        let undriven = Undriven::begun_at(&pulse, 0);
        for frame in 0..100 {
            pulse.start(frame * 16_667);
            pulse.stop(frame * 16_667 + 50);
        }
        assert_eq!(undriven.since_begun(), Duration::ZERO);
    }

    #[test]
    fn nobody_pauses_while_somebody_drives() {
        let pulse = Arc::new(Pulse::new());
        pulse.start(0);
        let undriven = Undriven::begun_at(&pulse, SECOND);
        pulse.start(10 * SECOND);
        pulse.stop(20 * SECOND);
        pulse.stop(30 * SECOND);
        assert_eq!(undriven.since_begun(), Duration::ZERO);
    }
}
