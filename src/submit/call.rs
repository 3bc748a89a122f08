//! One submitted call: its result, which is converted on the thread that asks for it, its updates
//! and its completion.
//!
//! The runtime's tasks use [`CallShared`] only, which contains nothing of the host. The public
//! handle is in `handle.rs`.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::completions::{Completion, CompletionQueue};
use super::event::{CallResult, Callback, Notify};
use super::updates::{MAX_READINGS, UpdateQueue, WatchState};
use crate::api::operation::Operation;
use crate::api::session::text_at;
use crate::client::file_sink::FileSink;
use crate::client::reply::{into_reply, prewarm_reply, with_context};
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};
use crate::http_types::{Idempotency, Outcome};
use crate::log::{Log, LogLevel};
use crate::net::call_cell::{CallCell, CallReport};
use crate::net::driver::{Driver, forked_child_error};
use crate::net::in_flight::InFlightGuard;
use crate::net::unwind;
use crate::redact::Redactor;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, OnceLock};

/// The functions of a client that its calls use.
pub(crate) trait CallOwner: Send + Sync {
    /// Counts a call that has ended, and logs it.
    fn count(&self, operation: &str, result: &CallResult, attempts: u32);

    /// Counts a call whose result was not taken.
    fn count_abandoned(&self);

    /// Forgets the callback of a call. Returns false if it is running on another thread.
    fn abandon(&self, id: u64) -> bool;

    /// Removes a call without a callback.
    fn remove_polled(&self, id: u64);

    /// Passes waiting log lines to the logger.
    #[cfg(feature = "capi")]
    fn deliver_log(&self);
}

/// A submitted call: the part that the host holds.
pub(crate) struct SubmittedCall {
    owner: Weak<dyn CallOwner>,
    /// Weak: a call that is kept for its result must not keep connections open.
    pub(super) driver: Weak<Driver>,
    pub(super) guard: InFlightGuard,
    /// The callback, until it can run no more: it is taken out before its last run, and when the
    /// call is forgotten. The thread that runs it has a reference of its own, so the callback is
    /// dropped after it has returned.
    // It belongs to a call of one process, so it need not be fork-safe; it is locked inside the
    // lock of the registry, where a fork-safe mutex must not be.
    callback: Mutex<Option<Arc<Callback>>>,
    result: OnceLock<CallResult>,
    /// Whether the host has the result.
    is_result_taken: AtomicBool,
    pub(crate) shared: Arc<CallShared>,
}

/// The part of a submitted call that its task uses. It contains nothing of the host.
pub(crate) struct CallShared {
    pub(super) id: u64,
    process: u64,
    /// None for a prewarm, which only opens a connection.
    pub(super) operation: Option<&'static Operation>,
    pub(super) call_id: String,
    /// The argument that the response must repeat.
    echo: Option<String>,
    secrets: Arc<Redactor>,
    /// The file of a download.
    file: Option<Arc<FileSink>>,
    pub(super) log: Arc<Log>,
    completions: Arc<CompletionQueue>,
    pub(super) has_callback: bool,
    /// Whether the callback still counts in the completion queue.
    callback_pending: AtomicBool,
    /// The updates of a watch without a callback.
    pub(super) updates: ForkSafeMutex<UpdateQueue>,
    /// Called when a call without a callback has something new.
    pub(super) notify: OnceLock<Notify>,
}

/// The result of polling a call.
#[cfg(feature = "capi")]
pub(crate) enum PollResult<'a> {
    Pending,
    Update(CallResult),
    Done(&'a CallResult),
}

impl CallShared {
    #[expect(clippy::too_many_arguments, reason = "only `Client` makes calls, and all of these are its own")]
    pub(crate) fn new(
        id: u64,
        operation: Option<&'static Operation>,
        call_id: String,
        echo: Option<String>,
        secrets: Arc<Redactor>,
        file: Option<Arc<FileSink>>,
        log: Arc<Log>,
        completions: Arc<CompletionQueue>,
        has_callback: bool,
    ) -> CallShared {
        CallShared {
            id,
            process: fork::generation(),
            operation,
            call_id,
            echo,
            secrets,
            file,
            log,
            completions,
            has_callback,
            callback_pending: AtomicBool::new(has_callback),
            updates: ForkSafeMutex::new(UpdateQueue::default()),
            notify: OnceLock::new(),
        }
    }

    /// Stops counting the callback, once.
    pub(crate) fn mark_delivered(&self) {
        if self.callback_pending.swap(false, Ordering::AcqRel) {
            self.completions.remove_callback();
        }
    }

    /// Converts the report of an attempt or of the whole call.
    pub(super) fn convert(&self, report: CallReport) -> CallResult {
        let Some(operation) = self.operation else {
            return prewarm_reply(report.result.map(drop), report.elapsed, &self.secrets);
        };
        into_reply(operation, report, self.call_id.clone(), self.echo.as_deref(), self.file.as_deref())
            .map_err(|error| with_context(error, operation.id, Some(&self.call_id), &self.secrets))
    }

    /// Removes the file of a download whose result was not taken.
    fn discard_file(&self) {
        if let Some(file) = &self.file {
            file.discard();
        }
    }

    /// Queues an update of a watch for its callback, or for the host to take.
    pub(crate) fn update(&self, update: CallResult) {
        if self.has_callback {
            self.completions.push(self.id, Completion::Update(update));
            return;
        }
        self.updates.lock().updates.push_back(update);
        self.notify_host();
    }

    /// Queues a reading of a watch for the host to take. The oldest reading makes room.
    pub(super) fn push_reading(&self, reading: CallResult) {
        if self.has_callback {
            return;
        }
        let mut updates = self.updates.lock();
        if updates.readings.len() == MAX_READINGS {
            updates.readings.pop_front();
        }
        updates.readings.push_back(reading);
        drop(updates);
        self.notify_host();
    }

    fn notify_host(&self) {
        if let Some(notify) = self.notify.get() {
            // An observer that panics does not end the watch.
            let _ = unwind::run(|| notify());
        }
        self.completions.waker.wake();
    }

    pub(crate) fn set_state(&self, state: WatchState) {
        self.updates.lock().state = state;
    }

    /// Records a failed reading. Returns how many readings have failed in a row.
    pub(crate) fn record_failure(&self, error: &Error) -> u32 {
        let state = &mut self.updates.lock().state;
        state.failures = state.failures.saturating_add(1);
        state.last_error = Some(error.clone());
        state.failures
    }
}

impl SubmittedCall {
    pub(crate) fn new(
        owner: &Arc<dyn CallOwner>,
        driver: &Arc<Driver>,
        guard: InFlightGuard,
        callback: Option<Callback>,
        shared: CallShared,
    ) -> Arc<SubmittedCall> {
        Arc::new(SubmittedCall {
            owner: Arc::downgrade(owner),
            driver: Arc::downgrade(driver),
            guard,
            callback: Mutex::new(callback.map(Arc::new)),
            result: OnceLock::new(),
            is_result_taken: AtomicBool::new(false),
            shared: Arc::new(shared),
        })
    }

    /// Returns a call that no client and no driver knows, for the loom models.
    #[cfg(all(test, iplaygames_loom))]
    pub(super) fn without_client(
        owner: Weak<dyn CallOwner>,
        guard: InFlightGuard,
        callback: Callback,
        shared: CallShared,
    ) -> Arc<SubmittedCall> {
        Arc::new(SubmittedCall {
            owner,
            driver: Weak::new(),
            guard,
            callback: Mutex::new(Some(Arc::new(callback))),
            result: OnceLock::new(),
            is_result_taken: AtomicBool::new(false),
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn cell(&self) -> &Arc<CallCell> {
        self.guard.cell()
    }

    /// Forgets a call that was not started: the host has its error already.
    pub(crate) fn forget_refused(&self) {
        self.is_result_taken.store(true, Ordering::Relaxed);
        self.abandon();
    }

    pub(crate) fn check_process(&self) -> Result<(), Error> {
        if self.shared.process == fork::generation() { Ok(()) } else { Err(forked_child_error()) }
    }

    pub(crate) fn call_id(&self) -> &str {
        &self.shared.call_id
    }

    /// Returns the result, if the call has ended; converts it the first time.
    fn result(&self) -> Option<&CallResult> {
        self.result_counted_by(None)
    }

    /// Returns the result as the host takes it.
    pub(crate) fn take_result(&self) -> Option<&CallResult> {
        let result = self.result();
        if result.is_some() {
            self.is_result_taken.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Returns the result as [`SubmittedCall::result`] does. A client that is ending passes itself,
    /// because it cannot be upgraded any more.
    fn result_counted_by(&self, owner: Option<&dyn CallOwner>) -> Option<&CallResult> {
        if let Some(result) = self.result.get() {
            return Some(result);
        }
        let cell = self.guard.cell();
        if !cell.is_done() {
            return None;
        }
        let mut attempts = None;
        let result = self.result.get_or_init(|| {
            // Moved out, so that the response is not kept twice.
            let report = cell.take_report();
            attempts = Some(report.attempts);
            self.shared.convert(report)
        });
        if let (Some(attempts), Some(operation)) = (attempts, self.shared.operation) {
            let upgraded = if owner.is_none() { self.owner.upgrade() } else { None };
            if let Some(owner) = owner.or(upgraded.as_deref()) {
                owner.count(operation.id, result, attempts);
            }
        }
        Some(result)
    }

    /// Ends the call for a client that ends, and counts and logs its result there.
    pub(crate) fn end_with_client(&self, owner: &dyn CallOwner) {
        self.guard.release();
        self.result_counted_by(Some(owner));
        if self.has_callback() {
            self.record_abandoned(owner);
            drop(self.take_callback());
        }
    }

    /// Counts and logs a call whose result the host can no longer take. If the call started a
    /// session, this log line is the only record of the session.
    fn record_abandoned(&self, owner: &dyn CallOwner) {
        if self.is_result_taken.swap(true, Ordering::Relaxed) {
            return;
        }
        let Some(result) = self.result_counted_by(Some(owner)) else { return };
        // A prewarm changes nothing at the server, and is not counted.
        let Some(operation) = self.shared.operation else { return };
        let changes = operation.idempotency != Idempotency::Safe;
        let matters =
            changes && result.as_ref().err().is_none_or(|error| error.outcome() == Outcome::Unknown);
        let level = if matters { LogLevel::Warn } else { LogLevel::Info };
        owner.count_abandoned();
        self.shared.log.add(level, "iplaygames::client", || {
            let end = match result {
                Err(error) => format!("its outcome is {}", error.outcome().as_str()),
                Ok(reply) => match text_at(reply.json(), "/data/session_id") {
                    Some(session_id) if changes => format!("it succeeded, with session {session_id}"),
                    _ => "it succeeded".to_owned(),
                },
            };
            format!("{} call {} ended and its result was not taken: {end}", operation.id, self.shared.call_id)
        });
    }

    /// Returns the oldest update that was not taken. After the last update, every call returns the
    /// result.
    #[cfg(feature = "capi")]
    pub(crate) fn try_result(&self) -> PollResult<'_> {
        // The result is read first: when there is a result, all updates are in the queue.
        let result = self.result();
        let update = {
            let mut queue = self.shared.updates.lock();
            let update = if queue.is_over { None } else { queue.updates.pop_front() };
            queue.is_over |= update.is_none() && result.is_some();
            update
        };
        match (update, result) {
            (Some(update), _) => PollResult::Update(update),
            (None, Some(result)) => {
                self.is_result_taken.store(true, Ordering::Relaxed);
                PollResult::Done(result)
            }
            (None, None) => PollResult::Pending,
        }
    }

    pub(crate) fn pop_update(&self) -> Option<CallResult> {
        self.shared.updates.lock().updates.pop_front()
    }

    pub(crate) fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        if let Some(driver) = self.driver.upgrade() {
            driver.wait(self.guard.cell(), timeout)?;
        }
        let result = self.take_result();
        if result.is_some() {
            self.shared.updates.lock().is_over = true;
        }
        Ok(result)
    }

    pub(crate) fn cancel(&self) {
        self.guard.cell().cancel();
        self.shared.discard_file();
        self.shared.updates.lock().is_over = true;
    }

    /// Queues the completion for the callback as soon as the call has ended.
    pub(crate) fn queue_end(&self) {
        let shared = Arc::clone(&self.shared);
        let on_end = Box::new(move || shared.completions.push(shared.id, Completion::Done));
        self.guard.cell().set_on_end(on_end);
    }

    /// Cancels the call if it has not ended. Its callback does not run any more. Returns false if
    /// it is running on another thread.
    pub(crate) fn abandon(&self) -> bool {
        // Without a client, no thread runs callbacks.
        self.abandon_with(|id| self.owner.upgrade().is_none_or(|owner| owner.abandon(id)))
    }

    pub(crate) fn abandon_with(&self, abandon: impl FnOnce(u64) -> bool) -> bool {
        let is_complete = !self.has_callback() || abandon(self.shared.id);
        self.shared.mark_delivered();
        self.guard.release();
        self.shared.discard_file();
        drop(self.take_callback());
        is_complete
    }

    /// Returns whether the call was submitted with a callback.
    pub(super) fn has_callback(&self) -> bool {
        self.shared.has_callback
    }

    /// Returns the callback for a run that is not the last. None if the call was forgotten.
    pub(super) fn callback(&self) -> Option<Arc<Callback>> {
        self.callback.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the callback for its last run, or to drop it. The caller drops it with no lock held.
    pub(super) fn take_callback(&self) -> Option<Arc<Callback>> {
        self.callback.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    #[cfg(feature = "capi")]
    pub(crate) fn deliver_log(&self) {
        if let Some(owner) = self.owner.upgrade() {
            owner.deliver_log();
        }
    }
}

impl Drop for SubmittedCall {
    fn drop(&mut self) {
        if self.check_process().is_err() {
            return;
        }
        self.guard.release();
        self.shared.discard_file();
        if let Some(owner) = self.owner.upgrade() {
            if !self.has_callback() {
                owner.remove_polled(self.shared.id);
            }
            self.record_abandoned(&*owner);
        }
    }
}
