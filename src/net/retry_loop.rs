//! The task of a call: makes attempts until one of them decides the call, or until its time is up. Also the task of a
//! watch, which repeats a call. Whether another attempt is allowed is decided in `retry.rs`.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

use super::call_cell::{CallCell, CallReport};
use super::deadline::{self, Deadline, Elapsed};
use super::failure::{Failure, FailureKind};
use super::random::Random;
use super::retry::{self, Event, Step};
use super::transport::{Transport, Turn};
use super::unwind::injection_point;
use crate::log::{Log, LogLevel};
use crate::message::{Answer, Disposition, Parts, Repeat};
use crate::sync::atomic::Ordering;

/// A call, planned.
#[derive(Clone)]
pub(crate) struct CallSpec {
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

/// What every call of a driver is carried with.
pub(crate) struct Context {
    pub(crate) transport: Transport,
    pub(crate) log: Arc<Log>,
    pub(crate) random: Random,
}

/// Carries a request to its end. Runs as a task of the driver, inside [`guarded`].
pub(crate) async fn run(context: Arc<Context>, plan: CallSpec, cell: Arc<CallCell>) {
    let Context { transport, log, random } = &*context;
    let deadline = Deadline::at(cell.started + plan.timeout, cell.mark);
    let mut retries = 0;
    loop {
        let turn = match transport.try_permit() {
            Some(turn) => Ok(turn),
            None => timeout_at(deadline, &cell, pin!(transport.turn())).await,
        };
        let Ok(mut turn) = turn else {
            let message = format!(
                "The time for the call ({} ms) ran out while it waited for a connection.",
                plan.timeout.as_millis()
            );
            return cell.finish(cell.report_failure(Failure::new(FailureKind::Timeout, message)));
        };
        cell.attempts.fetch_add(1, Ordering::Relaxed);
        let retries_left = plan.max_retries.saturating_sub(retries);
        injection_point();
        let result = attempt(transport, &plan, &cell, deadline, retries_left > 0, &mut turn).await;
        injection_point();
        let seen = see(&plan, &cell, &result);
        let step = match seen.event {
            Some(event) => retry::next(
                plan.repeat,
                event,
                retries,
                retries_left,
                || deadline.left(&cell.clock),
                || random.fraction(),
            ),
            None => Step::Finish,
        };
        log_attempt(log, &plan, &cell, &result, step);
        let has_response = result.is_ok();
        let Step::Again(pause) = step else {
            return cell.finish(CallReport { retry_after: seen.retry_after, ..cell.report_of(result) });
        };
        drop(turn);
        cell.prepare_retry(seen.unclear, has_response);
        retries += 1;
        tokio::time::sleep(pause).await;
    }
}

/// Repeats a plan at a pace until `look` has seen enough; the request then ends with that report. One
/// reading at a time, each with its own time and retries; all under the watch's id, so that a server's log can
/// be searched for it.
pub(crate) async fn watch(
    context: Arc<Context>,
    plan: CallSpec,
    cell: Arc<CallCell>,
    interval: Duration,
    mut read: impl FnMut(&CallReport) -> ControlFlow<()>,
) {
    let mut due = None;
    loop {
        let reading = Arc::new(CallCell::new(&cell.clock));
        run(Arc::clone(&context), plan.clone(), Arc::clone(&reading)).await;
        cell.attempts.fetch_add(reading.attempts.load(Ordering::Relaxed), Ordering::Relaxed);
        let report = reading.wait().await;
        if read(&report).is_break() {
            return cell.finish(Arc::unwrap_or_clone(report));
        }
        // What was started together does not stay together: the first pause is any part of the interval,
        // the others are a tenth more or less of it. What was late is not made up for.
        let now = Instant::now();
        let fraction = context.random.fraction();
        let next = match due {
            None => now + interval.mul_f64(fraction),
            Some(due) => now.max(due + interval.mul_f64(0.9 + 0.2 * fraction)),
        };
        due = Some(next);
        tokio::time::sleep_until(next).await;
    }
}

async fn attempt(
    transport: &Transport,
    plan: &CallSpec,
    cell: &CallCell,
    deadline: Deadline,
    another_may_follow: bool,
    turn: &mut Turn<'_>,
) -> Result<Answer, Failure> {
    let mut until = deadline;
    if another_may_follow && plan.repeat != Repeat::Once {
        let own = Deadline::after(plan.attempt_timeout, &cell.clock);
        if own.now(&cell.clock) < deadline.now(&cell.clock) {
            until = own;
        }
    }
    let sent = pin!(transport.attempt(&plan.parts, &plan.call_id, &cell.attempt, turn));
    let result = timeout_at(until, cell, sent).await;
    if result.is_err() {
        // A connection that does not answer must not take the calls after this one.
        transport.retire_connection(&cell.attempt);
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

fn see(plan: &CallSpec, cell: &CallCell, result: &Result<Answer, Failure>) -> Seen {
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
            let dispatched = cell.attempt.may_be_sent();
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

fn log_attempt(log: &Log, plan: &CallSpec, cell: &CallCell, result: &Result<Answer, Failure>, step: Step) {
    let level = if step == Step::Finish { LogLevel::Debug } else { LogLevel::Warn };
    log.add(level, "iplaygames::net", || {
        let mut line = format!(
            "{} call {} attempt {}: ",
            plan.operation,
            plan.call_id.to_str().unwrap_or_default(),
            cell.attempts.load(Ordering::Relaxed)
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
    cell: &CallCell,
    future: std::pin::Pin<&mut F>,
) -> Result<F::Output, Elapsed> {
    deadline::timeout_at(deadline, &cell.clock, || cell.attempt.progress(), future).await
}
