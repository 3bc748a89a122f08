//! The thread of a journal, `iplaygames-journal`: takes the writes that wait, writes them in one
//! transaction, and tells who waits for them. While it waits for the disk, the next writes collect,
//! so that a thousand starts in flight need a few commits.
//!
//! The first use starts the thread. When its journal is closed, nothing is left to write and no
//! query uses the file, it closes the file and ends. A later use starts it again. A forked child
//! has no thread of its parent and starts its own.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::database::{self, BUSY_LIMIT};
use super::error::JournalError;
use super::store::{self, Write};
use crate::config::{Durability, JournalConfig};
use crate::fork;
use crate::log::{Log, LogLevel};
use crate::panics::{self, InsideGuard};
use crate::sys;

/// Called with the result of a write, on the thread of the journal.
pub(super) type OnWritten = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// How long the thread waits for another write before it brings outcomes to the disk.
const SYNC_DELAY: Duration = Duration::from_millis(100);

/// The numbers that `Client::stats_json` reports.
#[derive(Default)]
pub(crate) struct Counts {
    /// The rows of the file, as this client knew them last.
    pub(super) rows: AtomicI64,
    /// Transactions.
    pub(super) commits: AtomicU64,
    /// Transactions that waited for the disk, and how long they took.
    pub(super) syncs: AtomicU64,
    pub(super) sync_micros: AtomicU64,
    /// Writes that failed.
    pub(super) failed: AtomicU64,
}

/// The part of a writer that its thread and its journal share.
pub(super) struct Writer {
    generation: u64,
    path: PathBuf,
    durability: Durability,
    log: Arc<Log>,
    counts: Arc<Counts>,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Notified when the thread has closed the file and ends.
    ended: Condvar,
    /// Whether the journal has ended: the thread closes the file after each use.
    is_over: Arc<AtomicBool>,
}

#[derive(Default)]
struct Queue {
    writes: VecDeque<(Write, Option<OnWritten>)>,
    has_thread: bool,
    /// The queries that use the file.
    queries: usize,
    /// Whether the thread closes the file when nothing uses it.
    is_closing: bool,
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.writes.is_empty() && self.queries == 0
    }
}

/// A query that uses the file. The file is not closed meanwhile.
pub(super) struct FileUse(Arc<Writer>);

impl Drop for FileUse {
    fn drop(&mut self) {
        let writer = &self.0;
        let mut queue = writer.queue();
        // No thread could be started, which would close the file.
        if !queue.has_thread && queue.queries == 1 && queue.writes.is_empty() {
            drop(queue);
            let _ = panics::run(|| database::close(&writer.path));
            queue = writer.queue();
        }
        queue.queries -= 1;
        drop(queue);
        writer.changed.notify_one();
        writer.ended.notify_all();
    }
}

impl Writer {
    /// Makes a writer. From the time on that `is_over` is set, it closes the file after each use.
    pub(super) fn new(
        config: &JournalConfig,
        log: &Arc<Log>,
        counts: &Arc<Counts>,
        is_over: &Arc<AtomicBool>,
    ) -> Arc<Writer> {
        Arc::new(Writer {
            generation: fork::generation(),
            path: config.path.clone(),
            durability: config.durability,
            log: Arc::clone(log),
            counts: Arc::clone(counts),
            queue: Mutex::new(Queue::default()),
            changed: Condvar::new(),
            ended: Condvar::new(),
            is_over: Arc::clone(is_over),
        })
    }

    /// Returns whether the writer belongs to this process.
    pub(super) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a write. Blocks on no I/O.
    pub(super) fn add(self: &Arc<Writer>, write: Write, on_written: Option<OnWritten>) {
        let mut queue = self.queue();
        queue.writes.push_back((write, on_written));
        if let Err(error) = self.ensure_thread(&mut queue) {
            let refused = std::mem::take(&mut queue.writes);
            drop(queue);
            let mut error = JournalError::new(
                &self.path,
                &format_args!("its thread cannot be started: {error}"),
                "End other threads, or raise the limit.",
            );
            error.is_transient = true;
            self.fail(refused, &error);
            return;
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Begins a query. If the file is being closed, waits at most `limit` until it is.
    pub(super) fn begin_query(self: &Arc<Writer>, limit: Duration) -> FileUse {
        let is_closing = |queue: &mut Queue| queue.is_closing && queue.has_thread;
        let waited = self.ended.wait_timeout_while(self.queue(), limit, is_closing);
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.queries += 1;
        // The thread closes the file later. Without one, the last query does.
        let _ = self.ensure_thread(&mut queue);
        drop(queue);
        FileUse(Arc::clone(self))
    }

    fn ensure_thread(self: &Arc<Writer>, queue: &mut Queue) -> io::Result<()> {
        if queue.has_thread {
            return Ok(());
        }
        let writer = Arc::clone(self);
        std::thread::Builder::new().name("iplaygames-journal".into()).spawn(move || {
            sys::block_all_signals();
            InsideGuard::enter_permanently();
            writer.run();
        })?;
        queue.has_thread = true;
        queue.is_closing = self.is_over.load(Ordering::SeqCst);
        Ok(())
    }

    /// Lets the thread close the file and end when nothing uses it.
    pub(super) fn close(&self) {
        self.queue().is_closing = true;
        self.changed.notify_one();
    }

    /// Waits at most `limit` until the file is closed. Returns whether it is.
    pub(super) fn wait_for_end(&self, limit: Duration) -> bool {
        let is_used = |queue: &mut Queue| queue.has_thread || queue.queries > 0;
        let waited = self.ended.wait_timeout_while(self.queue(), limit, is_used);
        !is_used(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn run(&self) {
        // Whether something is written that a loss of power could undo.
        let mut is_unsynced = false;
        loop {
            let Some(batch) = self.take(is_unsynced) else {
                if std::mem::take(&mut is_unsynced) {
                    self.checkpoint();
                }
                let _ = panics::run(|| database::close(&self.path));
                let mut queue = self.queue();
                if queue.is_idle() {
                    queue.has_thread = false;
                    drop(queue);
                    self.ended.notify_all();
                    return;
                }
                continue;
            };
            if batch.is_empty() {
                is_unsynced = false;
                self.checkpoint();
                continue;
            }
            // A panic must not leave calls waiting: dropping a waiting function ends its call.
            let written = panics::run(|| self.write(batch));
            is_unsynced = self.durability == Durability::Full && written != Ok(true);
        }
    }

    /// Waits for writes. Returns None when it is time to close the file, and nothing when it is
    /// time to bring what was written to the disk.
    fn take(&self, is_unsynced: bool) -> Option<VecDeque<(Write, Option<OnWritten>)>> {
        let mut queue = self.queue();
        loop {
            if !queue.writes.is_empty() {
                return Some(std::mem::take(&mut queue.writes));
            }
            if queue.is_closing && queue.queries == 0 {
                return None;
            }
            if !is_unsynced {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.changed.wait_timeout(queue, SYNC_DELAY);
            let (after, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = after;
            if timeout.timed_out() && queue.writes.is_empty() {
                return Some(VecDeque::new());
            }
        }
    }

    /// Writes a batch. Returns whether everything is on the disk.
    fn write(&self, batch: VecDeque<(Write, Option<OnWritten>)>) -> bool {
        let writes: Vec<&Write> = batch.iter().map(|(write, _)| write).collect();
        let has_intent = writes.iter().any(|write| write.is_intent());
        let error = match self.commit(&writes) {
            Ok(()) => {
                for (_, on_written) in batch {
                    on_written.into_iter().for_each(|on_written| on_written(Ok(())));
                }
                return has_intent;
            }
            Err(error) => error,
        };
        drop(writes);
        // A full disk may still have room for outcomes, which add no rows. A locked file is locked
        // for all of them, and they have waited.
        let (intents, others): (VecDeque<_>, VecDeque<_>) =
            batch.into_iter().partition(|(write, _)| write.is_intent());
        if intents.is_empty() || others.is_empty() || error.is_busy {
            self.fail(intents, &error);
            self.fail(others, &error);
            return false;
        }
        self.fail(intents, &error);
        self.write(others)
    }

    fn commit(&self, writes: &[&Write]) -> Result<(), JournalError> {
        if writes.iter().all(|write| matches!(write, Write::Barrier)) {
            return Ok(());
        }
        let mut started = Instant::now();
        let rows = database::with(&self.path, BUSY_LIMIT, |connection| {
            started = Instant::now();
            store::write(connection, writes, self.durability)
        })?;
        let counts = &self.counts;
        counts.commits.fetch_add(1, Ordering::Relaxed);
        if self.durability == Durability::Full && writes.iter().any(|write| write.is_intent()) {
            counts.syncs.fetch_add(1, Ordering::Relaxed);
            counts.sync_micros.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
        if let Some(rows) = rows {
            counts.rows.store(rows, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Tells who waits that the writes failed. A write that nothing waits for is logged.
    fn fail(&self, writes: VecDeque<(Write, Option<OnWritten>)>, error: &JournalError) {
        for (write, on_written) in writes {
            if !matches!(write, Write::Barrier) {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
            }
            let what = match &write {
                Write::Intent(_) | Write::Barrier => None,
                Write::Outcome(entry) => {
                    Some(format!("The outcome of the call {} is not recorded", entry.intent.call_id))
                }
                // The id of a multi-session is a secret.
                Write::Session { call_id, change, .. } => {
                    Some(format!("The session of the call {call_id} is not recorded as {change:?}"))
                }
            };
            if let Some(what) = what {
                self.log.add(LogLevel::Warn, "iplaygames::journal", || format!("{what}. {}", error.message));
            }
            if let Some(on_written) = on_written {
                on_written(Err(error.clone()));
            }
        }
    }

    /// Brings everything that was written to the disk. A failure delays that to the next intent.
    fn checkpoint(&self) {
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        let _ = panics::run(|| {
            let _ = database::with(&self.path, Duration::ZERO, |connection| {
                connection.query_row(checkpoint, (), |_| Ok(()))
            });
        });
    }
}
