//! Log lines: where they wait, and when they reach the host.
//!
//! A line is never handed over where it arises (the runtime is being driven there, locks may be held):
//! it waits in a ring of 256 until a thread that is inside a call of that client leaves the core.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};
use crate::panics;

/// How much a log line matters. Smaller is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Something failed that the host should know of.
    Error = 1,
    /// Something is not as it should be, and was dealt with.
    Warn = 2,
    /// What happened, a line a call.
    Info = 3,
    /// What happened on the way: attempts, pauses, connections.
    Debug = 4,
    /// Everything.
    Trace = 5,
}

/// One line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The part of the library it comes from, such as `iplaygames::net`.
    pub target: &'static str,
    /// The line. Never has a secret in it, nor a body.
    pub message: String,
}

/// What takes the lines. A logger that panics loses that line, and nothing else: the panic is caught, the
/// call returns its own result, and a later line says how often it happened.
pub type Logger = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// How many lines wait at most; the oldest go first.
const RING: usize = 256;

pub(crate) struct Log {
    /// The most detailed level wanted; 0 while there is no logger.
    max_level: AtomicI32,
    ring: ForkSafeMutex<Ring>,
    sink: ForkSafeMutex<Option<Logger>>,
    /// The thread that is handing lines over, and the process it does so in.
    owner: ForkSafeMutex<Option<(ThreadId, u64)>>,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    lost: u64,
    /// How often the logger panicked since a line last said so.
    panicked: u64,
}

impl Log {
    pub(crate) fn new() -> Log {
        Log {
            max_level: AtomicI32::new(0),
            ring: ForkSafeMutex::new(Ring::default()),
            sink: ForkSafeMutex::new(None),
            owner: ForkSafeMutex::new(None),
        }
    }

    /// Whether anybody wants lines of that level: asked before a line is put together.
    pub(crate) fn wants(&self, level: LogLevel) -> bool {
        level as i32 <= self.max_level.load(Ordering::Relaxed)
    }

    /// Puts a line into the ring. Lines that arise inside the logger itself are dropped.
    pub(crate) fn add(&self, level: LogLevel, target: &'static str, message: impl FnOnce() -> String) {
        if self.wants(level) && !self.is_mine() {
            self.put(LogLine { level, target, message: message() });
        }
    }

    #[cold]
    fn put(&self, line: LogLine) {
        let mut ring = self.ring.lock();
        if ring.lines.len() == RING {
            ring.lines.pop_front();
            ring.lost += 1;
        }
        ring.lines.push_back(line);
    }

    /// Sets or removes the logger. When this returns, the one before is not running and never will.
    pub(crate) fn set(&self, logger: Option<Logger>, max_level: Option<LogLevel>) -> Result<(), Error> {
        if self.is_mine() {
            return Err(Error::new(Code::BUSY, "A logger cannot be changed from inside itself."));
        }
        let level = if logger.is_some() { max_level.map_or(0, |level| level as i32) } else { 0 };
        // Rare, and never long unless the host's own logger is: no need for more than looking again.
        while !self.claim() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _release = Release(self);
        let before = std::mem::replace(&mut *self.sink.lock(), logger);
        self.max_level.store(level, Ordering::Relaxed);
        if level == 0 {
            *self.ring.lock() = Ring::default();
        }
        drop(before);
        Ok(())
    }

    /// Whether there is no logger: an atomic load.
    pub(crate) fn is_off(&self) -> bool {
        self.max_level.load(Ordering::Relaxed) == 0
    }

    /// Hands the waiting lines to the logger, unless another thread is just doing so. Must be called
    /// with no lock held and outside the runtime.
    pub(crate) fn deliver(&self) {
        if self.is_off() {
            return;
        }
        if !self.claim() {
            return;
        }
        let _release = Release(self);
        let Some(logger) = self.sink.lock().clone() else { return };
        loop {
            let (line, lost, panicked) = {
                let mut ring = self.ring.lock();
                let Ring { lines, lost, panicked } = &mut *ring;
                let line = lines.pop_front();
                // Said before another line, not after the one that failed: a logger that always panics
                // would never come to an end.
                let panicked = if line.is_some() { std::mem::take(panicked) } else { 0 };
                (line, std::mem::take(lost), panicked)
            };
            for (count, what) in [
                (lost, "log lines were lost: nobody was inside a call to take them"),
                (panicked, "log lines may be incomplete: the logger panicked on each"),
            ] {
                if count > 0 {
                    self.hand_over(
                        &logger,
                        &LogLine {
                            level: LogLevel::Warn,
                            target: "iplaygames::log",
                            message: format!("{count} {what}"),
                        },
                    );
                }
            }
            match line {
                Some(line) => self.hand_over(&logger, &line),
                None => return,
            }
        }
    }

    /// Calls the logger with a line. A panic of the logger is counted and ends here: a call returns its
    /// result whatever observes it.
    fn hand_over(&self, logger: &Logger, line: &LogLine) {
        // What a panic leaves half done belongs to the logger.
        if panics::run(|| logger(line)).is_err() {
            self.ring.lock().panicked += 1;
        }
    }

    /// Takes the right to deliver, if nobody in this process has it.
    fn claim(&self) -> bool {
        let mut owner = self.owner.lock();
        if owner.is_some_and(|(_, process)| process == fork::generation()) {
            return false;
        }
        *owner = Some((std::thread::current().id(), fork::generation()));
        true
    }

    /// Whether this thread is inside the logger.
    fn is_mine(&self) -> bool {
        *self.owner.lock() == Some((std::thread::current().id(), fork::generation()))
    }
}

/// Ends a delivery, however the scope is left.
struct Release<'a>(&'a Log);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        *self.0.owner.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn collecting() -> (Logger, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        (Arc::new(move |line: &LogLine| sink.lock().unwrap().push(line.message.clone())), lines)
    }

    #[test]
    fn lines_wait_for_a_delivery_and_come_in_order() {
        let log = Log::new();
        let (logger, lines) = collecting();
        log.set(Some(logger), Some(LogLevel::Info)).unwrap();
        log.add(LogLevel::Info, "t", || "one".into());
        log.add(LogLevel::Debug, "t", || unreachable!());
        log.add(LogLevel::Error, "t", || "two".into());
        assert!(lines.lock().unwrap().is_empty());
        log.deliver();
        assert_eq!(*lines.lock().unwrap(), ["one", "two"]);
    }

    #[test]
    fn a_full_ring_drops_the_oldest_and_says_so() {
        let log = Log::new();
        let (logger, lines) = collecting();
        log.set(Some(logger), Some(LogLevel::Trace)).unwrap();
        for n in 0..RING + 3 {
            log.add(LogLevel::Trace, "t", || n.to_string());
        }
        log.deliver();
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), RING + 1);
        assert!(lines[0].starts_with("3 log lines were lost"));
        assert_eq!(lines[1], "3");
    }

    #[test]
    fn a_logger_can_neither_log_to_itself_nor_replace_itself() {
        let log = Arc::new(Log::new());
        let inner = Arc::clone(&log);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let logger: Logger = Arc::new(move |_: &LogLine| {
            inner.add(LogLevel::Error, "t", || "echo".into());
            inner.deliver();
            sink.lock().unwrap().push(inner.set(None, None).unwrap_err().code());
        });
        log.set(Some(logger), Some(LogLevel::Trace)).unwrap();
        log.add(LogLevel::Info, "t", || "once".into());
        log.deliver();
        log.deliver();
        assert_eq!(*seen.lock().unwrap(), [Code::BUSY]);
        // The logger holds the log that holds it.
        log.set(None, None).unwrap();
    }

    #[test]
    fn when_set_returns_the_old_logger_is_not_running() {
        let log = Arc::new(Log::new());
        let running = Arc::new(AtomicI32::new(0));
        let flag = Arc::clone(&running);
        let (entered, is_inside) = std::sync::mpsc::channel();
        let logger: Logger = Arc::new(move |_: &LogLine| {
            flag.store(1, Ordering::SeqCst);
            entered.send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(30));
            flag.store(0, Ordering::SeqCst);
        });
        log.set(Some(logger), Some(LogLevel::Info)).unwrap();
        log.add(LogLevel::Info, "t", || "x".into());
        let other = Arc::clone(&log);
        let thread = std::thread::spawn(move || other.deliver());
        is_inside.recv().unwrap();
        log.set(None, None).unwrap();
        assert_eq!(running.load(Ordering::SeqCst), 0);
        thread.join().unwrap();
    }

    #[test]
    fn a_logger_that_panics_loses_its_own_lines_and_a_later_line_counts_them() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let log = Log::new();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let logger: Logger = Arc::new(move |line: &LogLine| match line.message.as_str() {
            "bad" => std::panic::panic_any(Bomb),
            message => sink.lock().unwrap().push(message.to_owned()),
        });
        log.set(Some(logger), Some(LogLevel::Info)).unwrap();
        for message in ["one", "bad", "bad", "two"] {
            log.add(LogLevel::Info, "t", || message.into());
        }
        log.deliver();
        log.add(LogLevel::Info, "t", || "bad".into());
        log.deliver();
        log.add(LogLevel::Info, "t", || "three".into());
        log.deliver();
        let lines = lines.lock().unwrap();
        let counts: Vec<_> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(counts, ["one", "1", "1", "two", "1", "three"], "{lines:?}");
    }

    #[test]
    fn a_logger_that_always_panics_ends_no_delivery_and_can_be_replaced() {
        let log = Log::new();
        log.set(Some(Arc::new(|_: &LogLine| panic!("no"))), Some(LogLevel::Info)).unwrap();
        for _ in 0..3 {
            log.add(LogLevel::Info, "t", || "x".into());
            log.deliver();
        }
        let (logger, lines) = collecting();
        log.set(Some(logger), Some(LogLevel::Info)).unwrap();
        log.add(LogLevel::Info, "t", || "y".into());
        log.deliver();
        assert_eq!(lines.lock().unwrap().last().unwrap(), "y");
    }
}
