//! One call in flight: its state, its result exactly once, its cancelation, and the task that
//! carries it from attempt to attempt.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::attempt_status::AttemptStatus;
use super::deadline::{self, Deadline, Elapsed};
use super::failure::{Failure, FailureKind};
use super::idle_time::{DriveClock, IdleMark};
use super::reactor::Chance;
use super::retry::{self, Event, Step};
use super::transport::{Transport, Turn};
use super::unwind::{self, injection_point};
use crate::log::{Log, LogLevel};
use crate::message::{Answer, Disposition, Parts, Repeat};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// A call, planned.
#[derive(Clone)]
pub(crate) struct Plan {
    /// For the log.
    pub(crate) operation: &'static str,
    pub(crate) parts: Parts,
    pub(crate) repeat: Repeat,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) call_id: HeaderValue,
    /// Classifies an error response to the operation.
    pub(crate) classify: fn(&str, &Answer) -> Disposition,
}

/// What a call came to.
#[derive(Clone, Debug)]
pub(crate) struct Report {
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
pub(crate) struct Request {
    // Belongs to one reactor of one process; a fork never meets it.
    state: Mutex<State>,
    clock: Arc<DriveClock>,
    mark: IdleMark,
    attempt: AttemptStatus,
    attempts: AtomicU32,
    /// Set for a watch, which ends only when it is told to.
    endless: AtomicBool,
    /// Set when an attempt ended without telling whether it was done.
    may_be_done: AtomicBool,
    /// Set when a response refused an attempt, which is then repeated.
    was_refused: AtomicBool,
    started: Instant,
    task: OnceLock<AbortHandle>,
}

enum State {
    Waiting { waiters: Waiters, on_end: Option<OnEnd> },
    Done(Arc<Report>),
}

/// Who is to be woken: hardly ever more than one.
#[derive(Default)]
struct Waiters {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Waiters {
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

impl Request {
    pub(crate) fn new(clock: &Arc<DriveClock>) -> Request {
        let started = Instant::now();
        Request {
            state: Mutex::new(State::Waiting { waiters: Waiters::default(), on_end: None }),
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
    pub(crate) fn take_report(&self) -> Report {
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
    pub(crate) fn report(&self) -> Option<Arc<Report>> {
        match &*self.state() {
            State::Done(report) => Some(Arc::clone(report)),
            State::Waiting { .. } => None,
        }
    }

    /// Ends the request, unless it has ended: the first one wins.
    fn finish(&self, report: Report) {
        let before = {
            let mut state = self.state();
            if let State::Done(_) = *state {
                return;
            }
            std::mem::replace(&mut *state, State::Done(Arc::new(report)))
        };
        let State::Waiting { waiters, on_end } = before else { return };
        // First, so that who is woken finds it done. An observer that panics does not replace the result.
        if let Some(on_end) = on_end {
            let _ = unwind::run(on_end);
        }
        waiters.wake();
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
    fn prepare_retry(&self, unclear: bool, has_response: bool) {
        if unclear {
            self.may_be_done.store(true, Ordering::Release);
        } else if has_response {
            self.was_refused.store(true, Ordering::Release);
        }
        self.attempt.mark_not_sent();
    }

    fn report_of(&self, result: Result<Answer, Failure>) -> Report {
        let unclear = result.is_err() && self.attempt.may_be_sent();
        Report {
            result,
            attempts: self.attempts.load(Ordering::Relaxed),
            elapsed: self.started.elapsed(),
            may_be_done: unclear || self.may_be_done.load(Ordering::Acquire),
            was_refused: self.was_refused.load(Ordering::Acquire),
            retry_after: None,
        }
    }

    fn report_failure(&self, failure: Failure) -> Report {
        self.report_of(Err(failure))
    }

    /// Waits for the end. Any number may wait.
    pub(crate) fn wait(&self) -> impl Future<Output = Arc<Report>> + '_ {
        std::future::poll_fn(|context| match &mut *self.state() {
            State::Done(report) => Poll::Ready(Arc::clone(report)),
            State::Waiting { waiters, .. } => {
                waiters.add(context.waker());
                Poll::Pending
            }
        })
    }
}

/// What every call of a reactor is carried with.
pub(crate) struct Context {
    pub(crate) transport: Transport,
    pub(crate) log: Arc<Log>,
    pub(crate) chance: Chance,
}

/// Runs the task of a request so that the request ends once, whatever becomes of the task: also when it panics, or
/// is dropped with its runtime. The task is pinned elsewhere: it is large, and moving it into this costs more than this
/// does.
pub(crate) async fn guarded(request: Arc<Request>, task: impl Future<Output = ()> + Unpin) {
    struct EndOnDrop(Arc<Request>);
    impl Drop for EndOnDrop {
        fn drop(&mut self) {
            self.0.fail_internally("the task of the call was dropped before the call had ended");
        }
    }
    let request = EndOnDrop(request);
    if let Err(message) = unwind::catch(task).await {
        request.0.fail_internally(&message);
    }
}

/// Carries a request to its end. Runs as a task of the reactor, inside [`guarded`].
pub(crate) async fn run(context: Arc<Context>, plan: Plan, request: Arc<Request>) {
    let Context { transport, log, chance } = &*context;
    let deadline = Deadline::at(request.started + plan.timeout, request.mark);
    let mut retries = 0;
    loop {
        let turn = match transport.turn_at_once() {
            Some(turn) => Ok(turn),
            None => timeout_at(deadline, &request, pin!(transport.turn())).await,
        };
        let Ok(mut turn) = turn else {
            let message = format!(
                "The time for the call ({} ms) ran out while it waited for a connection.",
                plan.timeout.as_millis()
            );
            return request.finish(request.report_failure(Failure::new(FailureKind::Timeout, message)));
        };
        request.attempts.fetch_add(1, Ordering::Relaxed);
        let retries_left = plan.max_retries.saturating_sub(retries);
        injection_point();
        let result = attempt(transport, &plan, &request, deadline, retries_left > 0, &mut turn).await;
        injection_point();
        let seen = see(&plan, &request, &result);
        let step = match seen.event {
            Some(event) => retry::next(
                plan.repeat,
                event,
                retries,
                retries_left,
                || deadline.left(&request.clock),
                || chance.fraction(),
            ),
            None => Step::Finish,
        };
        log_attempt(log, &plan, &request, &result, step);
        let has_response = result.is_ok();
        let Step::Again(pause) = step else {
            return request.finish(Report { retry_after: seen.retry_after, ..request.report_of(result) });
        };
        drop(turn);
        request.prepare_retry(seen.unclear, has_response);
        retries += 1;
        tokio::time::sleep(pause).await;
    }
}

/// What was seen of a thing that is watched.
pub(crate) enum Look {
    /// There will be more.
    Again,
    /// That was the last of it.
    Enough,
}

/// Repeats a plan at a pace until `look` has seen enough; the request then ends with that report. One
/// reading at a time, each with its own time and retries; all under the watch's id, so that a server's log can
/// be searched for it.
pub(crate) async fn watch(
    context: Arc<Context>,
    plan: Plan,
    request: Arc<Request>,
    interval: Duration,
    mut look: impl FnMut(&Report) -> Look,
) {
    let mut due = None;
    loop {
        let reading = Arc::new(Request::new(&request.clock));
        run(Arc::clone(&context), plan.clone(), Arc::clone(&reading)).await;
        request.attempts.fetch_add(reading.attempts.load(Ordering::Relaxed), Ordering::Relaxed);
        let report = reading.wait().await;
        if let Look::Enough = look(&report) {
            return request.finish(Arc::unwrap_or_clone(report));
        }
        // What was started together does not stay together: the first pause is any part of the interval,
        // the others are a tenth more or less of it. What was late is not made up for.
        let now = Instant::now();
        let chance = context.chance.fraction();
        let next = match due {
            None => now + interval.mul_f64(chance),
            Some(due) => now.max(due + interval.mul_f64(0.9 + 0.2 * chance)),
        };
        due = Some(next);
        tokio::time::sleep_until(next).await;
    }
}

/// A failure for a report that has none.
fn never() -> Failure {
    Failure::new(FailureKind::Internal, String::new())
}

async fn attempt(
    transport: &Transport,
    plan: &Plan,
    request: &Request,
    deadline: Deadline,
    another_may_follow: bool,
    turn: &mut Turn<'_>,
) -> Result<Answer, Failure> {
    let mut until = deadline;
    if another_may_follow && plan.repeat != Repeat::Once {
        let own = Deadline::after(plan.attempt_timeout, &request.clock);
        if own.now(&request.clock) < deadline.now(&request.clock) {
            until = own;
        }
    }
    let sent = pin!(transport.attempt(&plan.parts, &plan.call_id, &request.attempt, turn));
    let result = timeout_at(until, request, sent).await;
    if result.is_err() {
        // A connection that does not answer must not take the calls after this one.
        transport.retire_connection(&request.attempt);
    }
    match result {
        Ok(result) => result,
        Err(Elapsed) if until.is_before(deadline) => Err(Failure::new(
            FailureKind::AttemptTimeout,
            format!("No answer within {} ms.", plan.attempt_timeout.as_millis()),
        )),
        Err(Elapsed) => Err(Failure::new(
            FailureKind::Timeout,
            format!("No answer within the time for the call ({} ms).", plan.timeout.as_millis()),
        )),
    }
}

/// What an attempt means for the next one.
struct Seen {
    /// Nothing follows where there is none.
    event: Option<Event>,
    /// Whether it may have been done all the same.
    unclear: bool,
    retry_after: Option<Duration>,
}

fn see(plan: &Plan, request: &Request, result: &Result<Answer, Failure>) -> Seen {
    match result {
        Ok(answer) => {
            let disposition = (answer.status >= 400).then(|| (plan.classify)(plan.operation, answer));
            let retry_after = answer
                .retry_after
                .as_deref()
                .and_then(|value| retry::retry_after(value, answer.date.as_deref(), SystemTime::now()));
            Seen {
                event: Some(Event::Answer { status: answer.status, disposition, retry_after }),
                unclear: disposition == Some(Disposition::Unclear),
                retry_after,
            }
        }
        Err(failure) => {
            let dispatched = request.attempt.may_be_sent();
            let event = match failure.kind {
                FailureKind::Resolve | FailureKind::Connect => Some(Event::NoConnection),
                FailureKind::Tls | FailureKind::ProxyRefused => Some(Event::ConnectionRefused),
                FailureKind::Lost => Some(Event::Lost { dispatched }),
                FailureKind::AttemptTimeout => Some(Event::AttemptTimeout),
                FailureKind::NotHttp | FailureKind::TooLarge => Some(Event::Unreadable),
                FailureKind::Timeout | FailureKind::Canceled | FailureKind::Internal => None,
            };
            Seen { event, unclear: dispatched, retry_after: None }
        }
    }
}

fn log_attempt(log: &Log, plan: &Plan, request: &Request, result: &Result<Answer, Failure>, step: Step) {
    let level = if step == Step::Finish { LogLevel::Debug } else { LogLevel::Warn };
    log.add(level, "iplaygames::net", || {
        let mut line = format!(
            "{} call {} attempt {}: ",
            plan.operation,
            plan.call_id.to_str().unwrap_or_default(),
            request.attempts.load(Ordering::Relaxed)
        );
        match result {
            Ok(answer) => line.push_str(&format!("HTTP {}, {} bytes", answer.status, answer.body.len())),
            Err(failure) => line.push_str(&failure.message),
        }
        if let Step::Again(pause) = step {
            line.push_str(&format!("; again in {} ms", pause.as_millis()));
        }
        line
    });
}

/// Runs a future of a request until a deadline; see [`deadline::timeout_at`].
async fn timeout_at<F: Future>(
    deadline: Deadline,
    request: &Request,
    future: std::pin::Pin<&mut F>,
) -> Result<F::Output, Elapsed> {
    deadline::timeout_at(deadline, &request.clock, || request.attempt.progress(), future).await
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
        let request = Request::new(&Arc::new(DriveClock::new()));
        request.cancel();
        request.finish(request.report_failure(Failure::new(FailureKind::Timeout, "late")));
        let report = runtime().block_on(request.wait());
        assert_eq!(report.result.as_ref().unwrap_err().kind, FailureKind::Canceled);
        assert!(!report.may_be_done);
    }

    #[test]
    fn the_end_is_told_once_also_when_it_came_before_there_was_anyone_to_tell() {
        for cancel_first in [true, false] {
            let request = Request::new(&Arc::new(DriveClock::new()));
            let told = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&told);
            let on_end = Box::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
            });
            if cancel_first {
                request.cancel();
            }
            request.set_on_end(on_end);
            assert_eq!(told.load(Ordering::SeqCst), u32::from(cancel_first));
            request.cancel();
            request.cancel();
            assert_eq!(told.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn several_may_wait_for_one_request() {
        let request = Arc::new(Request::new(&Arc::new(DriveClock::new())));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| runtime().block_on(request.wait()));
            }
            request.cancel();
        });
    }
}
