//! The journal of one client: where its writes begin. The queries are in `query.rs`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::JournalError;
use super::store::{Change, Entry, StartOutcome, Write};
use super::writer::{Counts, FileUse, OnWritten, Writer};
use crate::config::JournalConfig;
use crate::fork::ForkSafeMutex;
use crate::log::Log;

/// How long a query waits for the writes before it.
const BARRIER_LIMIT: Duration = Duration::from_secs(15);

/// The journal of one client. Creating it opens no file and starts no thread.
pub(crate) struct Journal {
    config: JournalConfig,
    log: Arc<Log>,
    counts: Arc<Counts>,
    /// The writer of this process, from the first use on.
    writer: ForkSafeMutex<Option<Arc<Writer>>>,
    /// Whether the client is closed: the file is closed after each use.
    is_over: Arc<AtomicBool>,
}

impl Journal {
    /// Creates the journal. It adds to the counts of `counted_with`, or to counts of its own.
    pub(crate) fn new(config: &JournalConfig, log: &Arc<Log>, counted_with: Option<&Journal>) -> Journal {
        Journal {
            config: config.clone(),
            log: Arc::clone(log),
            counts: counted_with.map_or_else(Arc::default, |other| Arc::clone(&other.counts)),
            writer: ForkSafeMutex::new(None),
            is_over: Arc::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.config.path
    }

    /// Records that a session is about to be started. The result says whether the record is
    /// durable.
    pub(crate) async fn begin(self: Arc<Journal>, entry: Arc<Entry>) -> Result<(), JournalError> {
        self.write_and_wait(Write::Intent(entry)).await
    }

    /// Records the outcome of a start.
    pub(crate) fn record_outcome(
        &self,
        entry: &Arc<Entry>,
        outcome: StartOutcome,
    ) -> impl Future<Output = ()> + Send + 'static {
        entry.set_outcome(outcome);
        self.write(Write::Outcome(Arc::clone(entry)))
    }

    /// Records what a call knows of a session. `has_marked` is the same for all changes of one
    /// call.
    pub(crate) fn record_change(
        &self,
        call_id: &str,
        session_id: &str,
        host: &str,
        change: Change,
        has_marked: Arc<AtomicBool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let [call_id, session_id, host] = [call_id, session_id, host].map(str::to_owned);
        self.write(Write::Session { call_id, session_id, host, change, has_marked })
    }

    /// Begins a write whose failure is logged. The result is ready when it is written.
    fn write(&self, write: Write) -> impl Future<Output = ()> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        self.add(write, Some(Box::new(|_| sender.send(()).unwrap_or(()))));
        async {
            // A writer that is gone has logged its failure.
            let _ = receiver.await;
        }
    }

    async fn write_and_wait(&self, write: Write) -> Result<(), JournalError> {
        let (sender, receiver) = oneshot::channel();
        self.add(write, Some(Box::new(|result| drop(sender.send(result)))));
        match receiver.await {
            Ok(result) => result,
            Err(_) => Err(self.stopped()),
        }
    }

    fn stopped(&self) -> JournalError {
        JournalError::new(self.path(), &"its thread has stopped", "Create a new client.")
    }

    fn add(&self, write: Write, on_written: Option<OnWritten>) {
        self.writer().add(write, on_written);
    }

    /// Returns the writer of this process. Makes it at the first use.
    fn writer(&self) -> Arc<Writer> {
        let mut writer = self.writer.lock();
        match &*writer {
            Some(writer) if writer.is_ours() => Arc::clone(writer),
            _ => {
                let new = Writer::new(&self.config, &self.log, &self.counts, &self.is_over);
                // The writer of a parent process, whose lock may be held there for ever.
                std::mem::forget(writer.replace(Arc::clone(&new)));
                new
            }
        }
    }

    /// Returns the writer of this process, if it has one.
    fn used_writer(&self) -> Option<Arc<Writer>> {
        self.writer.lock().as_ref().filter(|writer| writer.is_ours()).map(Arc::clone)
    }

    /// Begins a query: waits until everything that was recorded before is written. Returns None if
    /// there is no file: then it has no entries, and a query does not create it.
    pub(super) fn begin_query(&self) -> Option<FileUse> {
        if let Some(writer) = self.used_writer() {
            let (sender, receiver) = mpsc::channel();
            writer.add(Write::Barrier, Some(Box::new(move |_| sender.send(()).unwrap_or(()))));
            // Without its writes, a query is as true as the file.
            let _ = receiver.recv_timeout(BARRIER_LIMIT);
        }
        let is_absent = matches!(self.path().try_exists(), Ok(false));
        (!is_absent).then(|| self.writer().begin_query(BARRIER_LIMIT))
    }

    /// Closes the file when everything that was recorded is written and no query uses it. Waits at
    /// most `limit` for that, and returns whether it is closed. A later use opens the file again.
    pub(crate) fn close(&self, limit: Duration) -> bool {
        self.used_writer().is_none_or(|writer| {
            writer.close();
            writer.wait_for_end(limit)
        })
    }

    /// Closes as `close`, and closes the file again after each later use.
    pub(crate) fn end(&self, limit: Duration) -> bool {
        self.is_over.store(true, Ordering::SeqCst);
        self.close(limit)
    }

    /// Returns the counts as a JSON document.
    pub(crate) fn stats_json(&self) -> String {
        let size = |suffix: &str| {
            let mut path = self.config.path.clone().into_os_string();
            path.push(suffix);
            std::fs::metadata(path).map_or(0, |metadata| metadata.len())
        };
        let Counts { rows, commits, syncs, sync_micros, failed } = &*self.counts;
        format!(
            "{{\"rows\":{},\"bytes\":{},\"commits\":{},\"syncs\":{},\"sync_us\":{},\"failed\":{}}}",
            rows.load(Ordering::Relaxed),
            size("") + size("-wal"),
            commits.load(Ordering::Relaxed),
            syncs.load(Ordering::Relaxed),
            sync_micros.load(Ordering::Relaxed),
            failed.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(writer) = self.writer.lock().take() {
            if writer.is_ours() {
                writer.close();
            } else {
                std::mem::forget(writer);
            }
        }
    }
}
