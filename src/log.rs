//! The log of a client: a queue of log lines and their delivery to the logger of the host.
//!
//! A line is not delivered where it is added, because the thread drives the runtime there and may
//! hold locks. The line waits in a queue of 256 lines until a thread leaves a call of that client.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use crate::codes::Code;
use crate::error::Error;
use crate::escape::escape_controls;
use crate::fork::{self, ForkSafeMutex};
use crate::panics;

/// The severity of a log line. A smaller value is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// A failure that the host should know about.
    Error = 1,
    /// A problem that the library has handled.
    Warn = 2,
    /// One line for each call.
    Info = 3,
    /// Details of calls: attempts, pauses, connections.
    Debug = 4,
    /// All details.
    Trace = 5,
}

/// A log line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The severity.
    pub level: LogLevel,
    /// The part of the library that the line comes from, such as `iplaygames::net`.
    pub target: &'static str,
    /// The message. It never contains a secret or a body. Control characters are escaped, so it is
    /// one line.
    pub message: String,
}

/// A function that receives the log lines. If it panics, the panic is caught and only that line is
/// lost: the call returns its own result, and a later line reports the number of panics.
pub type Logger = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The maximum number of queued lines. The oldest lines are dropped first.
const MAX_QUEUED: usize = 256;

pub(crate) struct Log {
    /// The most detailed level that the logger receives; 0 while there is no logger.
    max_level: AtomicI32,
    queue: ForkSafeMutex<LogQueue>,
    /// Called when the queue has lines again.
    notify: OnceLock<Arc<dyn Fn() + Send + Sync>>,
    logger: ForkSafeMutex<Option<Logger>>,
    /// The thread that is delivering lines, and its process (fork generation).
    owner: ForkSafeMutex<Option<(ThreadId, u64)>>,
}

#[derive(Default)]
struct LogQueue {
    lines: VecDeque<LogLine>,
    lost: u64,
    /// The number of panics of the logger that no line has reported yet.
    panicked: u64,
}

impl Log {
    pub(crate) fn new() -> Log {
        Log {
            max_level: AtomicI32::new(0),
            queue: ForkSafeMutex::new(LogQueue::default()),
            notify: OnceLock::new(),
            logger: ForkSafeMutex::new(None),
            owner: ForkSafeMutex::new(None),
        }
    }

    /// Returns whether the logger receives lines of that level. It is checked before a line is
    /// formatted.
    pub(crate) fn is_enabled(&self, level: LogLevel) -> bool {
        level as i32 <= self.max_level.load(Ordering::Relaxed)
    }

    /// Adds a line to the queue. A line that the logger itself causes is dropped.
    pub(crate) fn add(&self, level: LogLevel, target: &'static str, message: impl FnOnce() -> String) {
        if self.is_enabled(level) && !self.is_delivering_here() {
            let message = message();
            let message = match escape_controls(&message) {
                Cow::Borrowed(_) => message,
                Cow::Owned(escaped) => escaped,
            };
            self.push(LogLine { level, target, message });
        }
    }

    #[cold]
    fn push(&self, line: LogLine) {
        let mut queue = self.queue.lock();
        if queue.lines.len() == MAX_QUEUED {
            queue.lines.pop_front();
            queue.lost += 1;
        }
        let was_empty = queue.lines.is_empty();
        queue.lines.push_back(line);
        drop(queue);
        if was_empty && let Some(notify) = self.notify.get() {
            notify();
        }
    }

    /// Sets the function that is called when the queue has lines again. Only the first function is
    /// used.
    pub(crate) fn set_notify(&self, notify: Arc<dyn Fn() + Send + Sync>) {
        let _ = self.notify.set(notify);
    }

    /// Sets or removes the logger. When this returns, the previous logger is not running and is not
    /// called again.
    pub(crate) fn set(&self, logger: Option<Logger>, max_level: Option<LogLevel>) -> Result<(), Error> {
        if self.is_delivering_here() {
            return Err(Error::new(
                Code::BUSY,
                "The logger cannot be changed while it runs on this thread. Set it outside the logger.",
            ));
        }
        let level = if logger.is_some() { max_level.map_or(0, |level| level as i32) } else { 0 };
        // A wait is rare, and as short as the logger of the host, so polling is sufficient.
        while !self.begin_delivery() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let delivery = DeliveryGuard(self);
        let previous = std::mem::replace(&mut *self.logger.lock(), logger);
        self.max_level.store(level, Ordering::Relaxed);
        if level == 0 {
            *self.queue.lock() = LogQueue::default();
        }
        drop(delivery);
        // Dropped when the delivery is over: the drop may run code of the host.
        drop(previous);
        Ok(())
    }

    /// Removes the logger of a client that ends. No thread uses the client, so none delivers lines.
    /// The tasks of the client may keep the log, and must not keep anything of the host.
    pub(crate) fn remove_logger(&self) {
        self.max_level.store(0, Ordering::Relaxed);
        let logger = self.logger.lock().take();
        drop(logger);
    }

    /// Returns whether there is no logger. This is one atomic load.
    pub(crate) fn is_off(&self) -> bool {
        self.max_level.load(Ordering::Relaxed) == 0
    }

    /// Passes the queued lines to the logger, unless another thread is doing so. The caller must
    /// hold no lock and must be outside the runtime.
    pub(crate) fn deliver(&self) {
        if self.is_off() {
            return;
        }
        if !self.begin_delivery() {
            return;
        }
        let _delivery = DeliveryGuard(self);
        let Some(logger) = self.logger.lock().clone() else { return };
        loop {
            let (line, lost, panicked) = {
                let mut queue = self.queue.lock();
                let LogQueue { lines, lost, panicked } = &mut *queue;
                let line = lines.pop_front();
                // The panics are reported before another line, not after the line that failed.
                // Otherwise a logger that always panics would never end the loop.
                let panicked = if line.is_some() { std::mem::take(panicked) } else { 0 };
                (line, std::mem::take(lost), panicked)
            };
            for (count, message) in [
                (lost, "log lines were lost because no thread was inside a call to deliver them"),
                (panicked, "log lines may be incomplete because the logger panicked on each of them"),
            ] {
                if count > 0 {
                    self.call_logger(
                        &logger,
                        &LogLine {
                            level: LogLevel::Warn,
                            target: "iplaygames::log",
                            message: format!("{count} {message}"),
                        },
                    );
                }
            }
            match line {
                Some(line) => self.call_logger(&logger, &line),
                None => return,
            }
        }
    }

    /// Calls the logger with a line. A panic of the logger is caught and counted, so that the call
    /// still returns its result.
    fn call_logger(&self, logger: &Logger, line: &LogLine) {
        // State that a panic leaves inconsistent belongs to the logger.
        if panics::run(|| logger(line)).is_err() {
            self.queue.lock().panicked += 1;
        }
    }

    /// Starts a delivery. Returns false if a thread of this process is delivering already.
    fn begin_delivery(&self) -> bool {
        let mut owner = self.owner.lock();
        if owner.is_some_and(|(_, process)| process == fork::generation()) {
            return false;
        }
        *owner = Some((std::thread::current().id(), fork::generation()));
        true
    }

    /// Returns whether this thread is delivering lines, so the caller is inside the logger.
    fn is_delivering_here(&self) -> bool {
        *self.owner.lock() == Some((std::thread::current().id(), fork::generation()))
    }
}

/// Ends a delivery when it is dropped.
struct DeliveryGuard<'a>(&'a Log);

impl Drop for DeliveryGuard<'_> {
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
    fn lines_are_delivered_in_order_by_deliver() {
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
    fn a_message_of_a_server_can_neither_forge_a_line_nor_control_a_terminal() {
        let log = Log::new();
        let (logger, lines) = collecting();
        log.set(Some(logger), Some(LogLevel::Info)).unwrap();
        log.add(LogLevel::Info, "t", || "refused: x\nERROR forged \u{1B}[2J\u{202E}".into());
        log.deliver();
        assert_eq!(*lines.lock().unwrap(), ["refused: x\\nERROR forged \\u{1b}[2J\\u{202e}"]);
    }

    #[test]
    fn a_full_queue_drops_the_oldest_lines_and_reports_their_number() {
        let log = Log::new();
        let (logger, lines) = collecting();
        log.set(Some(logger), Some(LogLevel::Trace)).unwrap();
        for n in 0..MAX_QUEUED + 3 {
            log.add(LogLevel::Trace, "t", || n.to_string());
        }
        log.deliver();
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), MAX_QUEUED + 1);
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
        // The logger and the log refer to each other; this breaks the cycle.
        log.set(None, None).unwrap();
    }

    #[test]
    fn the_previous_logger_is_not_running_when_set_returns() {
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
    fn a_panic_of_the_logger_loses_only_its_line_and_a_later_line_counts_the_panics() {
        struct PanicsOnDrop;
        impl Drop for PanicsOnDrop {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let log = Log::new();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let logger: Logger = Arc::new(move |line: &LogLine| match line.message.as_str() {
            "bad" => std::panic::panic_any(PanicsOnDrop),
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
    fn a_logger_that_always_panics_does_not_block_deliveries_and_can_be_replaced() {
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
