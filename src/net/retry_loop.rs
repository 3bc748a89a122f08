//! The task of a call: makes attempts until one of them decides the call, or until its time is up.
//! Also the task of a watch, which repeats a call. Whether another attempt is allowed is decided in
//! `retry.rs`.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

use super::call_cell::{CallCell, CallReport};
use super::call_record::CallRecord;
use super::deadline::{self, Deadline, Elapsed};
use super::random::Random;
use super::retry::{self, AttemptOutcome, RetryDecision};
use super::transport::Transport as _;
use super::transport::any::AnyTransport;
use super::transport::permits::{Permit, Permits};
use super::transport_error::{TransportError, TransportErrorKind};
use super::unwind::injection_point;
use crate::http_types::{BodySink, Disposition, Idempotency, Request, Response, SharedBodySink};
use crate::log::{Log, LogLevel};
use crate::sync::atomic::Ordering;

/// A call with everything that its attempts need.
#[derive(Clone)]
pub(crate) struct CallSpec {
    /// The id of the operation, for the log.
    pub(crate) operation: &'static str,
    pub(crate) parts: Request,
    pub(crate) idempotency: Idempotency,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) call_id: HeaderValue,
    /// Classifies an error response to the operation.
    pub(crate) classify: fn(&str, &Response) -> Disposition,
    /// Where the call is recorded before it is sent.
    pub(crate) record: Option<Arc<dyn CallRecord>>,
}

/// What the tasks of all calls of a driver use.
pub(crate) struct Context {
    pub(crate) transport: AnyTransport,
    pub(crate) permits: Permits,
    pub(crate) log: Arc<Log>,
    pub(crate) random: Random,
}

/// Makes attempts until the call has ended. Runs inside `call_cell::run_guarded`.
pub(crate) async fn run(context: Arc<Context>, spec: CallSpec, cell: Arc<CallCell>) {
    let Context { transport, permits, log, random } = &*context;
    let deadline = Deadline::at(cell.started + spec.timeout, cell.mark);
    if let Some(record) = &spec.record
        && let Err(failure) = begin_record(record, &spec, &cell, deadline).await
    {
        return cell.finish(cell.report_failure(failure));
    }
    let mut retries = 0;
    loop {
        let permit = match permits.try_acquire(transport.is_shared()) {
            Some(permit) => Ok(permit),
            None => timeout_at(deadline, &cell, pin!(permits.acquire())).await,
        };
        let Ok(mut permit) = permit else {
            let message = format!(
                "The time for the call ({} ms) ran out while it waited for a connection.",
                spec.timeout.as_millis()
            );
            return cell
                .finish(cell.report_failure(TransportError::new(TransportErrorKind::Timeout, message)));
        };
        cell.attempts.fetch_add(1, Ordering::Relaxed);
        let retries_left = spec.max_retries.saturating_sub(retries);
        injection_point();
        let result = attempt(transport, &spec, &cell, deadline, retries_left > 0, &mut permit).await;
        injection_point();
        let classification = classify_attempt(&spec, &cell, &result);
        let decision = match classification.outcome {
            Some(outcome) => retry::decide(
                spec.idempotency,
                outcome,
                retries,
                retries_left,
                || deadline.left(&cell.clock),
                || random.fraction(),
            ),
            None => RetryDecision::Stop,
        };
        log_attempt(log, &spec, &cell, &result, decision);
        let has_response = result.is_ok();
        let RetryDecision::RetryAfter(pause) = decision else {
            let report = CallReport { retry_after: classification.retry_after, ..cell.report_of(result) };
            if let Some(recorded) = cell.record_end(&report) {
                // A record that takes too long does not change the result.
                let _ = timeout_at(deadline, &cell, pin!(recorded)).await;
            }
            return cell.finish(report);
        };
        drop(permit);
        cell.prepare_retry(classification.unclear, has_response);
        retries += 1;
        tokio::time::sleep(pause).await;
    }
}

/// Records the beginning of a call. Nothing is sent before this has succeeded.
async fn begin_record(
    record: &Arc<dyn CallRecord>,
    spec: &CallSpec,
    cell: &CallCell,
    deadline: Deadline,
) -> Result<(), TransportError> {
    cell.set_record(record);
    let begun = pin!(record.begin());
    timeout_at(deadline, cell, begun).await.unwrap_or_else(|Elapsed| {
        let message = format!(
            "The time for the call ({} ms) ran out while it waited for the journal.",
            spec.timeout.as_millis()
        );
        Err(TransportError::new(TransportErrorKind::Timeout, message))
    })
}

/// Repeats a call at intervals until `read` breaks; the watch then ends with that report. There is
/// one reading at a time, with its own timeout and retries. All readings have the call id of the
/// watch, so that it can be found in the log of the server.
pub(crate) async fn watch(
    context: Arc<Context>,
    spec: CallSpec,
    cell: Arc<CallCell>,
    interval: Duration,
    mut read: impl FnMut(&CallReport) -> ControlFlow<()>,
) {
    let mut due = None;
    loop {
        let reading = Arc::new(CallCell::new(&cell.clock));
        run(Arc::clone(&context), spec.clone(), Arc::clone(&reading)).await;
        cell.attempts.fetch_add(reading.attempts.load(Ordering::Relaxed), Ordering::Relaxed);
        let report = reading.wait().await;
        if read(&report).is_break() {
            return cell.finish(Arc::unwrap_or_clone(report));
        }
        // Watches that start together must not read together: the first pause is a random part of
        // the interval, the others differ from it by up to a tenth. A late reading does not shorten
        // the next pause.
        let now = Instant::now();
        let fraction = context.random.fraction();
        let decide = match due {
            None => now + interval.mul_f64(fraction),
            Some(due) => now.max(due + interval.mul_f64(0.9 + 0.2 * fraction)),
        };
        due = Some(decide);
        tokio::time::sleep_until(decide).await;
    }
}

async fn attempt(
    transport: &AnyTransport,
    spec: &CallSpec,
    cell: &CallCell,
    deadline: Deadline,
    another_may_follow: bool,
    permit: &mut Permit<'_>,
) -> Result<Response, TransportError> {
    let mut until = deadline;
    if another_may_follow && spec.idempotency != Idempotency::NonIdempotent {
        let own = Deadline::after(spec.attempt_timeout, &cell.clock);
        if own.now(&cell.clock) < deadline.now(&cell.clock) {
            until = own;
        }
    }
    let mut sent = pin!(transport.attempt(&spec.parts, &spec.call_id, &cell.attempt, permit));
    let result = loop {
        let before = cell.attempt.progress();
        let result = timeout_at(until, cell, sent.as_mut()).await;
        // A long body that goes to a sink may take longer than an attempt may: for such a body, the
        // time limit is one for each part.
        let is_receiving = spec.parts.sink.is_some() && cell.attempt.progress() != before;
        if result.is_ok() || !is_receiving || !until.is_before(deadline) {
            break result;
        }
        let own = Deadline::after(spec.attempt_timeout, &cell.clock);
        until = if own.now(&cell.clock) < deadline.now(&cell.clock) { own } else { deadline };
    };
    if result.is_err() {
        // A connection that does not answer must not take the calls after this one.
        transport.retire_connection(&cell.attempt);
    }
    match result {
        Ok(result) => result,
        Err(Elapsed) if until.is_before(deadline) => Err(TransportError::new(
            TransportErrorKind::AttemptTimeout,
            format!("No answer within {} ms.", spec.attempt_timeout.as_millis()),
        )),
        Err(Elapsed) => Err(TransportError::new(
            TransportErrorKind::Timeout,
            format!("No answer within the time for the call ({} ms).", spec.timeout.as_millis()),
        )),
    }
}

/// The meaning of an attempt for the next one.
struct Classification {
    /// None: no other attempt follows.
    outcome: Option<AttemptOutcome>,
    /// Whether the server may have acted on the request.
    unclear: bool,
    retry_after: Option<Duration>,
}

fn classify_attempt(
    spec: &CallSpec,
    cell: &CallCell,
    result: &Result<Response, TransportError>,
) -> Classification {
    match result {
        Ok(answer) => {
            let disposition = (answer.status >= 400).then(|| (spec.classify)(spec.operation, answer));
            let retry_after = answer
                .retry_after
                .as_deref()
                .and_then(|value| retry::retry_after(value, answer.date.as_deref(), SystemTime::now()));
            Classification {
                outcome: Some(AttemptOutcome::Response { status: answer.status, disposition, retry_after }),
                unclear: disposition == Some(Disposition::Unclear),
                retry_after,
            }
        }
        Err(failure) => {
            let dispatched = cell.attempt.may_be_sent();
            let outcome = match failure.kind {
                TransportErrorKind::Resolve | TransportErrorKind::Connect | TransportErrorKind::Resources => {
                    Some(AttemptOutcome::NoConnection)
                }
                TransportErrorKind::Tls | TransportErrorKind::ProxyRefused => {
                    Some(AttemptOutcome::ConnectionRefused)
                }
                TransportErrorKind::ConnectionClosed => Some(AttemptOutcome::ConnectionClosed { dispatched }),
                TransportErrorKind::AttemptTimeout => Some(AttemptOutcome::AttemptTimeout),
                TransportErrorKind::InvalidHttp | TransportErrorKind::TooLarge => {
                    Some(AttemptOutcome::Unreadable)
                }
                TransportErrorKind::Timeout
                | TransportErrorKind::Canceled
                | TransportErrorKind::Write
                | TransportErrorKind::Journal { .. }
                | TransportErrorKind::Internal => None,
            };
            Classification { outcome, unclear: dispatched, retry_after: None }
        }
    }
}

fn log_attempt(
    log: &Log,
    spec: &CallSpec,
    cell: &CallCell,
    result: &Result<Response, TransportError>,
    decision: RetryDecision,
) {
    let level = if decision == RetryDecision::Stop { LogLevel::Debug } else { LogLevel::Warn };
    log.add(level, "iplaygames::net", || {
        let mut line = format!(
            "{} call {} attempt {}: ",
            spec.operation,
            spec.call_id.to_str().unwrap_or_default(),
            cell.attempts.load(Ordering::Relaxed)
        );
        match result {
            Ok(answer) => {
                let sink = SharedBodySink::of_status(spec.parts.sink.as_ref(), answer.status);
                let bytes = sink.map_or(answer.body.len() as u64, BodySink::written);
                line.push_str(&format!("HTTP {}, {bytes} bytes", answer.status));
            }
            Err(failure) => line.push_str(&failure.message),
        }
        if let RetryDecision::RetryAfter(pause) = decision {
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
