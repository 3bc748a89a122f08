//! The shared state of one call in flight: its end, which happens once, the threads and tasks that wait for it, and its
//! cancellation. The task that makes the attempts is in `retry_loop.rs`.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::attempt_status::AttemptStatus;
use super::failure::{Failure, FailureKind};
use super::idle_time::{DriveClock, IdleMark};
use super::unwind;
use crate::message::Answer;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// What a call came to.
#[derive(Clone, Debug)]
pub(crate) struct CallReport {
    pub(crate) result: Result<Answer, Failure>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// Whether a request that brought no clear answer may have been done: for a failure any of them, for
    /// an answer those before it.
    pub(crate) may_be_done: bool,
    /// Whether a response before has refused the request: it was sent then.
    pub(crate) was_refused: bool,
    /// How long the server asked to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// A call in flight.
pub(crate) struct CallCell {
    // Belongs to one driver of one process; a fork never meets it.
    state: Mutex<State>,
    pub(super) clock: Arc<DriveClock>,
    pub(super) mark: IdleMark,
    pub(super) attempt: AttemptStatus,
    pub(super) attempts: AtomicU32,
    /// Set for a watch, which ends only when it is told to.
    endless: AtomicBool,
    /// Set when an attempt ended without telling whether it was done.
    may_be_done: AtomicBool,
    /// Set when a response refused an attempt, which is then repeated.
    was_refused: AtomicBool,
    pub(super) started: Instant,
    task: OnceLock<AbortHandle>,
}

enum State {
    Waiting { wakers: WakerSet, on_end: Option<OnEnd> },
    Done(Arc<CallReport>),
}

/// Who is to be woken: hardly ever more than one.
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

/// What is called once when a request has ended, with no lock held, on whatever thread ended it, also on
/// one that drives: it must hold nothing of the host's.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

impl CallCell {
    pub(crate) fn new(clock: &Arc<DriveClock>) -> CallCell {
        let started = Instant::now();
        CallCell {
            state: Mutex::new(State::Waiting { wakers: WakerSet::default(), on_end: None }),
            mark: clock.mark(started),
            clock: Arc::clone(clock),
            attempt: AttemptStatus::default(),
            attempts: AtomicU32::new(0),
            endless: AtomicBool::new(false),
            may_be_done: AtomicBool::new(false),
            was_refused: AtomicBool::new(false),
            started,
            task: OnceLock::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the task, so that a cancelation reaches the socket.
    pub(crate) fn set_task(&self, task: AbortHandle) {
        // A request has one task: there is nothing to replace.
        let _ = self.task.set(task);
        // Stored first, checked second: a cancelation in between finds the task, or is found here.
        if self.is_done()
            && let Some(task) = self.task.get()
        {
            task.abort();
        }
    }

    /// Sets what is called when the request has ended; if it has, that is now.
    pub(crate) fn set_on_end(&self, on_end: OnEnd) {
        if let State::Waiting { on_end: place, .. } = &mut *self.state() {
            *place = Some(on_end);
            return;
        }
        let _ = unwind::run(on_end);
    }

    /// Takes what it came to out of it, once it has ended. Later it is known that it has, and no more.
    pub(crate) fn take_report(&self) -> CallReport {
        let hollow = self.report_failure(never());
        match &mut *self.state() {
            State::Done(report) => Arc::unwrap_or_clone(std::mem::replace(report, Arc::new(hollow))),
            State::Waiting { .. } => hollow,
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

    /// What it came to, if it has ended.
    pub(crate) fn report(&self) -> Option<Arc<CallReport>> {
        match &*self.state() {
            State::Done(report) => Some(Arc::clone(report)),
            State::Waiting { .. } => None,
        }
    }

    /// Ends the request, unless it has ended: the first one wins.
    pub(super) fn finish(&self, report: CallReport) {
        let before = {
            let mut state = self.state();
            if let State::Done(_) = *state {
                return;
            }
            std::mem::replace(&mut *state, State::Done(Arc::new(report)))
        };
        let State::Waiting { wakers, on_end } = before else { return };
        // First, so that who is woken finds it done. An observer that panics does not replace the result.
        if let Some(on_end) = on_end {
            let _ = unwind::run(on_end);
        }
        wakers.wake();
    }

    /// Ends the request at once, with the honest outcome.
    pub(crate) fn cancel(&self) {
        self.fail(|| Failure::new(FailureKind::Canceled, "The call was canceled, or its client was freed."));
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Ends the request at once because of a defect: its task panicked or was dropped, or the I/O driver failed.
    pub(crate) fn fail_internally(&self, cause: &str) {
        self.fail(|| Failure::new(FailureKind::Internal, format!("A defect in this library: {cause}")));
    }

    /// Ends the request at once, unless it has ended, with the honest outcome.
    fn fail(&self, failure: impl FnOnce() -> Failure) {
        if !self.is_done() {
            // Before the outcome is read: from here on nothing more can be sent.
            self.attempt.call_off();
            self.finish(self.report_failure(failure()));
        }
    }

    /// Opens the send gate for another attempt, after recording what is known of the one before: a report made in
    /// between finds that record or finds the attempt sent.
    pub(super) fn prepare_retry(&self, unclear: bool, has_response: bool) {
        if unclear {
            self.may_be_done.store(true, Ordering::Release);
        } else if has_response {
            self.was_refused.store(true, Ordering::Release);
        }
        self.attempt.mark_not_sent();
    }

    pub(super) fn report_of(&self, result: Result<Answer, Failure>) -> CallReport {
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

    pub(super) fn report_failure(&self, failure: Failure) -> CallReport {
        self.report_of(Err(failure))
    }

    /// Waits for the end. Any number may wait.
    pub(crate) fn wait(&self) -> impl Future<Output = Arc<CallReport>> + '_ {
        std::future::poll_fn(|context| match &mut *self.state() {
            State::Done(report) => Poll::Ready(Arc::clone(report)),
            State::Waiting { wakers, .. } => {
                wakers.add(context.waker());
                Poll::Pending
            }
        })
    }
}

/// A failure for a report that has none.
fn never() -> Failure {
    Failure::new(FailureKind::Internal, String::new())
}

/// Runs the task of a request so that the request ends once, whatever becomes of the task: also when it panics, or
/// is dropped with its runtime. The task is pinned elsewhere: it is large, and moving it into this costs more than this
/// does.
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
        cell.finish(cell.report_failure(Failure::new(FailureKind::Timeout, "late")));
        let report = runtime().block_on(cell.wait());
        assert_eq!(report.result.as_ref().unwrap_err().kind, FailureKind::Canceled);
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
