//! The shared state of one call in flight: its end, which happens once, the threads and tasks that
//! wait for it, and its cancellation. The task that makes the attempts is in `retry_loop.rs`.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::attempt_status::AttemptStatus;
use super::call_record::{CallRecord, RecordFuture};
pub(crate) use super::call_report::CallReport;
use super::idle_time::{DriveClock, IdleMark};
use super::transport_error::{TransportError, TransportErrorKind};
use super::unwind;
use crate::http_types::Response;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// A call in flight.
pub(crate) struct CallCell {
    // It belongs to the driver of one process, so it need not be fork-safe.
    state: Mutex<State>,
    pub(super) clock: Arc<DriveClock>,
    pub(super) mark: IdleMark,
    pub(super) attempt: AttemptStatus,
    pub(super) attempts: AtomicU32,
    /// Whether the call is a watch, which has no timeout.
    endless: AtomicBool,
    /// Set when an attempt ended and the server may have acted on it.
    may_be_done: AtomicBool,
    /// Set when a response refused an attempt, which is then repeated.
    was_refused: AtomicBool,
    /// The record of the call, from the moment on that its beginning is recorded.
    // Not of `crate::sync`: no model has a record.
    record: std::sync::OnceLock<Arc<dyn CallRecord>>,
    /// Whether the end is recorded.
    is_end_recorded: AtomicBool,
    pub(super) started: Instant,
}

enum State {
    Waiting(Waiting),
    Done(Arc<CallReport>),
}

/// What a call needs until its end.
#[derive(Default)]
struct Waiting {
    wakers: WakerSet,
    on_end: Option<OnEnd>,
    /// Dropped at the end: a handle of a task keeps the descriptors of the runtime open, and the
    /// host may keep the result of the call for longer than the client.
    task: Option<AbortHandle>,
}

/// The tasks that wait for the end: hardly ever more than one.
#[derive(Default)]
struct WakerSet {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WakerSet {
    fn add(&mut self, waker: &Waker) {
        if self.first.iter().chain(&self.others).any(|known| known.will_wake(waker)) {
            return;
        }
        match self.first {
            None => self.first = Some(waker.clone()),
            Some(_) => self.others.push(waker.clone()),
        }
    }

    fn wake(self) {
        for waker in self.first.into_iter().chain(self.others) {
            waker.wake();
        }
    }
}

/// A function that is called once when a call has ended, with no lock held, on the thread that
/// ended it. That thread may be inside the runtime, so the function must not hold anything of the
/// host.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

impl CallCell {
    pub(crate) fn new(clock: &Arc<DriveClock>) -> CallCell {
        let started = Instant::now();
        CallCell {
            state: Mutex::new(State::Waiting(Waiting::default())),
            mark: clock.mark(started),
            clock: Arc::clone(clock),
            attempt: AttemptStatus::default(),
            attempts: AtomicU32::new(0),
            endless: AtomicBool::new(false),
            may_be_done: AtomicBool::new(false),
            was_refused: AtomicBool::new(false),
            record: std::sync::OnceLock::new(),
            is_end_recorded: AtomicBool::new(false),
            started,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the task, so that a cancellation aborts it. If the call has ended, the task is
    /// aborted at once.
    pub(crate) fn set_task(&self, task: AbortHandle) {
        if let State::Waiting(waiting) = &mut *self.state() {
            waiting.task = Some(task);
            return;
        }
        task.abort();
    }

    /// Sets the function that is called at the end. If the call has ended, it is called at once.
    pub(crate) fn set_on_end(&self, on_end: OnEnd) {
        if let State::Waiting(waiting) = &mut *self.state() {
            waiting.on_end = Some(on_end);
            return;
        }
        let _ = unwind::run(on_end);
    }

    /// Moves the report of a call that has ended out of it. An empty report stays.
    pub(crate) fn take_report(&self) -> CallReport {
        let hollow = self.report_failure(never());
        match &mut *self.state() {
            State::Done(report) => Arc::unwrap_or_clone(std::mem::replace(report, Arc::new(hollow))),
            State::Waiting(_) => hollow,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(*self.state(), State::Done(_))
    }

    pub(crate) fn set_endless(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_endless(&self) -> bool {
        self.endless.load(Ordering::Relaxed)
    }

    /// Returns the report if the call has ended.
    pub(crate) fn report(&self) -> Option<Arc<CallReport>> {
        match &*self.state() {
            State::Done(report) => Some(Arc::clone(report)),
            State::Waiting(_) => None,
        }
    }

    /// Records the end of the call in `record`, also if another thread ends the call.
    pub(super) fn set_record(&self, record: &Arc<dyn CallRecord>) {
        // A call has one record.
        let _ = self.record.set(Arc::clone(record));
        if let Some(report) = self.report() {
            drop(self.record_end(&report));
        }
    }

    /// Begins to record the end of the call. None if there is no record, or if this was done
    /// before.
    pub(super) fn record_end(&self, report: &CallReport) -> Option<RecordFuture<()>> {
        let record = self.record.get()?;
        let is_first = !self.is_end_recorded.swap(true, Ordering::AcqRel);
        is_first.then(|| record.end(report))
    }

    /// Ends the call with this report, unless it has ended.
    pub(super) fn finish(&self, report: CallReport) {
        self.end(report);
    }

    /// Ends the call with this report, unless it has ended. Returns the task of the call, if this
    /// ended it.
    fn end(&self, report: CallReport) -> Option<AbortHandle> {
        let report = Arc::new(report);
        let (before, recorded) = {
            let mut state = self.state();
            if let State::Done(_) = *state {
                return None;
            }
            // Without a record, the state has the only reference: its report can be moved out.
            // `set_record` reads the state after it has set the record, so one of the two records
            // the end.
            let recorded = self.record.get().map(|_| Arc::clone(&report));
            (std::mem::replace(&mut *state, State::Done(report)), recorded)
        };
        if let Some(report) = recorded {
            let _ = unwind::run(|| drop(self.record_end(&report)));
        }
        let State::Waiting(Waiting { wakers, on_end, task }) = before else { return None };
        // Called before the tasks are woken. A panic of it does not replace the result.
        if let Some(on_end) = on_end {
            let _ = unwind::run(on_end);
        }
        wakers.wake();
        task
    }

    /// Ends the call at once, with its true outcome.
    pub(crate) fn cancel(&self) {
        let task = self.fail(|| {
            TransportError::new(
                TransportErrorKind::Canceled,
                "The call was canceled, or its client was freed.",
            )
        });
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Ends the call at once because of a defect: its task panicked or was dropped, or the I/O
    /// driver failed.
    pub(crate) fn fail_internally(&self, cause: &str) {
        self.fail(|| {
            TransportError::new(TransportErrorKind::Internal, format!("A defect in this library: {cause}"))
        });
    }

    /// Ends the call at once with its true outcome, unless it has ended. Returns the task of the
    /// call, if this ended it.
    fn fail(&self, failure: impl FnOnce() -> TransportError) -> Option<AbortHandle> {
        if self.is_done() {
            return None;
        }
        // Closes the send gate before the outcome is read: nothing is sent after this.
        self.attempt.call_off();
        self.end(self.report_failure(failure()))
    }

    /// Opens the send gate for another attempt, after recording what is known of the one before: a
    /// report made in between finds that record or finds the attempt sent.
    pub(super) fn prepare_retry(&self, unclear: bool, has_response: bool) {
        if unclear {
            self.may_be_done.store(true, Ordering::Release);
        } else if has_response {
            self.was_refused.store(true, Ordering::Release);
        }
        self.attempt.mark_not_sent();
    }

    pub(super) fn report_of(&self, result: Result<Response, TransportError>) -> CallReport {
        let unclear = result.is_err() && self.attempt.may_be_sent();
        CallReport {
            result,
            attempts: self.attempts.load(Ordering::Relaxed),
            elapsed: self.started.elapsed(),
            may_be_done: unclear || self.may_be_done.load(Ordering::Acquire),
            was_refused: self.was_refused.load(Ordering::Acquire),
            retry_after: None,
        }
    }

    pub(super) fn report_failure(&self, failure: TransportError) -> CallReport {
        self.report_of(Err(failure))
    }

    /// Waits for the end. Any number of tasks may wait.
    pub(crate) fn wait(&self) -> impl Future<Output = Arc<CallReport>> + '_ {
        std::future::poll_fn(|context| match &mut *self.state() {
            State::Done(report) => Poll::Ready(Arc::clone(report)),
            State::Waiting(waiting) => {
                waiting.wakers.add(context.waker());
                Poll::Pending
            }
        })
    }
}

/// The result of a report that was moved out.
fn never() -> TransportError {
    TransportError::new(TransportErrorKind::Internal, String::new())
}

/// Runs the task of a call so that the call ends once, also when the task panics or is dropped with
/// its runtime. The caller pins the task, because moving it costs more than this function.
pub(super) async fn run_guarded(cell: Arc<CallCell>, task: impl Future<Output = ()> + Unpin) {
    struct EndOnDrop(Arc<CallCell>);
    impl Drop for EndOnDrop {
        fn drop(&mut self) {
            self.0.fail_internally("the task of the call was dropped before the call had ended");
        }
    }
    let cell = EndOnDrop(cell);
    if let Err(message) = unwind::catch(task).await {
        cell.0.fail_internally(&message);
    }
}

#[cfg(all(test, iplaygames_loom))]
mod loom_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_request_ends_once_and_the_first_one_wins() {
        let cell = CallCell::new(&Arc::new(DriveClock::new()));
        cell.cancel();
        cell.finish(cell.report_failure(TransportError::new(TransportErrorKind::Timeout, "late")));
        let report = runtime().block_on(cell.wait());
        assert_eq!(report.result.as_ref().unwrap_err().kind, TransportErrorKind::Canceled);
        assert!(!report.may_be_done);
    }

    #[test]
    fn the_end_is_told_once_also_when_it_came_before_there_was_anyone_to_tell() {
        for cancel_first in [true, false] {
            let cell = CallCell::new(&Arc::new(DriveClock::new()));
            let told = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&told);
            let on_end = Box::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
            });
            if cancel_first {
                cell.cancel();
            }
            cell.set_on_end(on_end);
            assert_eq!(told.load(Ordering::SeqCst), u32::from(cancel_first));
            cell.cancel();
            cell.cancel();
            assert_eq!(told.load(Ordering::SeqCst), 1);
        }
    }

    struct CountEnds(AtomicU32);

    impl CallRecord for CountEnds {
        fn begin(&self) -> RecordFuture<Result<(), TransportError>> {
            Box::pin(std::future::ready(Ok(())))
        }

        fn end(&self, _: &CallReport) -> RecordFuture<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn a_call_that_is_canceled_while_it_gets_its_record_is_recorded_once() {
        for _ in 0..2000 {
            let cell = CallCell::new(&Arc::new(DriveClock::new()));
            let ends = Arc::new(CountEnds(AtomicU32::new(0)));
            let record = Arc::clone(&ends) as Arc<dyn CallRecord>;
            let both_run = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    both_run.wait();
                    cell.cancel();
                });
                both_run.wait();
                cell.set_record(&record);
            });
            assert_eq!(ends.0.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn several_may_wait_for_one_request() {
        let cell = Arc::new(CallCell::new(&Arc::new(DriveClock::new())));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| runtime().block_on(cell.wait()));
            }
            cell.cancel();
        });
    }
}
