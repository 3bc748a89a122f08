//! Models of a request that ends while other threads wait for it, observe it, give it its task or
//! send it.
//!
//! A model named "… is found" runs a faulty variant of the product code, and must fail: so the
//! models are known to find such a fault.

use std::pin::pin;
use std::task::Wake;

use super::*;
use crate::sync::model::{Counter, explore, explore_cases, join, spawn};
use crate::sync::thread::yield_now;

fn cell() -> Arc<CallCell> {
    Arc::new(CallCell::new(&Arc::new(DriveClock::new())))
}

fn lost() -> TransportError {
    TransportError::new(TransportErrorKind::ConnectionClosed, "The connection was closed.")
}

/// Ends the request as its task does after a response.
fn finish_with_answer(cell: &CallCell) {
    cell.finish(cell.report_of(Ok(Response { status: 200, ..Response::default() })));
}

fn end(cell: &CallCell) -> Arc<CallReport> {
    cell.report().expect("the call has ended")
}

/// What a server would have counted.
struct Server {
    received: Counter,
    acted_on: Counter,
}

impl Server {
    fn new() -> Arc<Server> {
        Arc::new(Server { received: Counter::new(), acted_on: Counter::new() })
    }

    fn act(&self) {
        self.received.add();
        self.acted_on.add();
    }

    fn refuse(&self) {
        self.received.add();
    }
}

/// Returns whether a report admits that the call was sent.
fn is_sent(report: &CallReport) -> bool {
    report.result.is_ok() || report.may_be_done || report.was_refused
}

/// Compares the report of a failed call with the server's account.
fn check_outcome(cell: &CallCell, server: &Server) {
    let report = end(cell);
    if report.result.is_ok() {
        return;
    }
    assert!(
        report.may_be_done || server.acted_on.get() == 0,
        "the report says that the server did not act, and it did"
    );
    assert!(
        is_sent(&report) || server.received.get() == 0,
        "the report says that the call was not sent, and it was"
    );
}

#[test]
fn a_request_that_several_threads_end_ends_once_and_all_see_the_same_end() {
    explore(|| {
        let cell = cell();
        let calls = Arc::new(Counter::new());
        let counted = Arc::clone(&calls);
        cell.set_on_end(Box::new(move || {
            counted.add();
        }));
        let enders = [CallCell::cancel, finish_with_answer].map(|end| {
            let cell = Arc::clone(&cell);
            spawn(move || end(&cell))
        });
        let waited = loom::future::block_on(cell.wait());
        enders.into_iter().for_each(join);
        assert!(Arc::ptr_eq(&waited, &end(&cell)), "a waiter saw another report");
        assert_eq!(calls.get(), 1, "calls of on_end");
    });
}

#[test]
fn every_thread_that_waits_goes_on_when_the_request_ends() {
    explore(|| {
        let cell = cell();
        let wakers = [0; 2].map(|_| {
            let cell = Arc::clone(&cell);
            spawn(move || drop(loom::future::block_on(cell.wait())))
        });
        finish_with_answer(&cell);
        wakers.into_iter().for_each(join);
    });
}

/// Records that it was woken.
struct Woken(Counter);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

/// Makes the model of wakers that look once while the request ends: each finds the end, or is
/// woken.
fn model_of_wait(poll: fn(&CallCell, &mut std::task::Context<'_>) -> Poll<()>) -> impl Fn() {
    move || {
        let cell = cell();
        let wakers = [0; 2].map(|_| {
            let cell = Arc::clone(&cell);
            spawn(move || {
                let woken = Arc::new(Woken(Counter::new()));
                let waker = Waker::from(Arc::clone(&woken));
                let is_ready = poll(&cell, &mut std::task::Context::from_waker(&waker)).is_ready();
                (is_ready, woken)
            })
        });
        finish_with_answer(&cell);
        for (is_ready, woken) in wakers.map(join) {
            assert!(is_ready || woken.0.get() == 1, "a waiter was not woken");
        }
    }
}

#[test]
fn every_waiter_finds_the_end_or_is_woken() {
    explore(model_of_wait(|cell, context| pin!(cell.wait()).as_mut().poll(context).map(drop)));
}

#[test]
#[should_panic(expected = "a waiter was not woken")]
fn a_wait_that_looks_and_registers_in_two_steps_is_found() {
    explore(model_of_wait(|cell, context| {
        if cell.is_done() {
            return Poll::Ready(());
        }
        if let State::Waiting(waiting) = &mut *cell.state() {
            waiting.wakers.add(context.waker());
        }
        Poll::Pending
    }));
}

#[test]
fn on_end_that_is_set_while_the_request_ends_is_called_once() {
    explore(|| {
        let cell = cell();
        let calls = Arc::new(Counter::new());
        let enders = [CallCell::cancel, finish_with_answer].map(|end| {
            let cell = Arc::clone(&cell);
            spawn(move || end(&cell))
        });
        let counted = Arc::clone(&calls);
        cell.set_on_end(Box::new(move || {
            counted.add();
        }));
        enders.into_iter().for_each(join);
        assert_eq!(calls.get(), 1, "calls of on_end");
    });
}

#[test]
#[should_panic(expected = "calls of on_end")]
fn on_end_that_is_checked_and_set_in_two_steps_is_found() {
    explore(|| {
        let cell = cell();
        let calls = Arc::new(Counter::new());
        let ender = {
            let cell = Arc::clone(&cell);
            spawn(move || cell.cancel())
        };
        let counted = Arc::clone(&calls);
        let called = move || {
            counted.add();
        };
        if cell.is_done() {
            called();
        } else if let State::Waiting(waiting) = &mut *cell.state() {
            waiting.on_end = Some(Box::new(called));
        }
        join(ender);
        assert_eq!(calls.get(), 1, "calls of on_end");
    });
}

#[test]
#[should_panic(expected = "a waiter saw another report")]
fn an_end_that_is_checked_and_set_in_two_steps_is_found() {
    fn finish(cell: &CallCell) {
        if !cell.is_done() {
            let report = cell.report_failure(lost());
            let before = std::mem::replace(&mut *cell.state(), State::Done(Arc::new(report)));
            if let State::Waiting(waiting) = before {
                waiting.wakers.wake();
            }
        }
    }
    explore(|| {
        let cell = cell();
        let enders = [0; 2].map(|_| {
            let cell = Arc::clone(&cell);
            spawn(move || finish(&cell))
        });
        let waited = loom::future::block_on(cell.wait());
        enders.into_iter().for_each(join);
        assert!(Arc::ptr_eq(&waited, &end(&cell)), "a waiter saw another report");
    });
}

#[test]
fn a_report_is_taken_once_and_is_that_of_the_first_end() {
    explore(|| {
        let cell = cell();
        let ender = {
            let cell = Arc::clone(&cell);
            spawn(move || {
                finish_with_answer(&cell);
                cell.cancel();
            })
        };
        while !cell.is_done() {
            yield_now();
        }
        assert!(cell.take_report().result.is_ok(), "the first end was an answer");
        join(ender);
        let again = cell.take_report().result;
        assert_eq!(again.expect_err("it was taken").kind, TransportErrorKind::Internal);
    });
}

/// Explores an attempt on one thread and a cancelation on another one, and checks that some calls
/// were canceled as not sent and others when they were sent.
fn explore_cancel(attempt: fn(&CallCell, &Server)) {
    explore_cases::<2>(move || {
        let (cell, server) = (cell(), Server::new());
        let task = {
            let (cell, server) = (Arc::clone(&cell), Arc::clone(&server));
            spawn(move || attempt(&cell, &server))
        };
        cell.cancel();
        let at_the_end = server.received.get();
        let report = end(&cell);
        join(task);
        if !is_sent(&report) {
            let received = server.received.get();
            assert_eq!(received, at_the_end, "sent after the call was reported as not sent");
        }
        // A task that ended the request itself sends nothing more.
        if report.result.as_ref().is_err_and(|failure| failure.kind == TransportErrorKind::Canceled) {
            assert!(!cell.attempt.try_send(), "the gate is open after a cancelation");
        }
        check_outcome(&cell, &server);
        usize::from(is_sent(&report))
    });
}

#[test]
fn a_call_reported_as_not_sent_is_never_sent() {
    explore_cancel(|cell, server| {
        if cell.attempt.try_send() {
            server.act();
            finish_with_answer(cell);
        }
    });
}

#[test]
#[should_panic(expected = "not sent")]
fn a_send_that_asks_only_whether_the_call_has_ended_is_found() {
    explore_cancel(|cell, server| {
        if !cell.is_done() {
            let _ = cell.attempt.try_send();
            server.refuse();
        }
    });
}

#[test]
fn a_write_that_took_nothing_can_be_repeated_and_canceled() {
    explore_cancel(|cell, server| {
        if cell.attempt.try_send() {
            // The socket was full: not a byte was taken.
            cell.attempt.mark_not_sent();
            if cell.attempt.try_send() {
                server.act();
            }
        }
    });
}

#[test]
fn a_call_that_is_canceled_between_attempts_reports_the_earlier_ones() {
    explore_cancel(|cell, server| {
        if !cell.attempt.try_send() {
            return;
        }
        server.act();
        cell.prepare_retry(cell.attempt.may_be_sent(), false);
        if cell.attempt.try_send() {
            server.act();
        }
        cell.finish(cell.report_failure(lost()));
    });
}

#[test]
fn a_call_that_is_canceled_after_a_refusal_was_sent() {
    explore_cancel(|cell, server| {
        if !cell.attempt.try_send() {
            return;
        }
        server.refuse();
        cell.prepare_retry(false, true);
        if cell.attempt.try_send() {
            server.act();
            finish_with_answer(cell);
        }
    });
}

#[test]
fn a_call_that_was_never_sent_and_is_retried_may_be_canceled() {
    explore_cancel(|cell, server| {
        // No connection: the first attempt does not reach the gate.
        cell.prepare_retry(cell.attempt.may_be_sent(), false);
        if cell.attempt.try_send() {
            server.act();
        }
        cell.prepare_retry(cell.attempt.may_be_sent(), false);
        if cell.attempt.try_send() {
            server.act();
        }
        cell.finish(cell.report_failure(lost()));
    });
}

#[test]
#[should_panic(expected = "the server did not act, and it did")]
fn a_retry_that_opens_the_gate_before_it_records_the_attempt_is_found() {
    explore_cancel(|cell, server| {
        if !cell.attempt.try_send() {
            return;
        }
        server.act();
        let unclear = cell.attempt.may_be_sent();
        cell.attempt.mark_not_sent();
        cell.may_be_done.store(unclear, Ordering::Release);
    });
}

#[test]
#[should_panic(expected = "the server did not act, and it did")]
fn a_report_that_is_made_before_the_gate_is_closed_is_found() {
    explore(|| {
        let (cell, server) = (cell(), Server::new());
        let task = {
            let (cell, server) = (Arc::clone(&cell), Arc::clone(&server));
            spawn(move || {
                if cell.attempt.try_send() {
                    server.act();
                }
            })
        };
        let report = cell.report_failure(lost());
        cell.attempt.call_off();
        cell.finish(report);
        join(task);
        check_outcome(&cell, &server);
    });
}

/// Makes the model of a task that is given to a request while another thread cancels the request.
/// Tokio's own state is not explored: each of its steps is one step.
fn model_of_task(set_task: fn(&CallCell, AbortHandle)) -> impl Fn() {
    move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
        let cell = cell();
        let task = runtime.spawn(std::future::ready(()));
        let canceler = {
            let cell = Arc::clone(&cell);
            spawn(move || cell.cancel())
        };
        set_task(&cell, task.abort_handle());
        join(canceler);
        let end = runtime.block_on(task);
        assert!(end.is_err_and(|end| end.is_cancelled()), "the task of a canceled call was not aborted");
    }
}

#[test]
fn a_cancelation_before_the_request_has_its_task_aborts_the_task() {
    explore(model_of_task(CallCell::set_task));
}

#[test]
#[should_panic(expected = "was not aborted")]
fn a_task_that_is_stored_after_the_check_is_found() {
    explore(model_of_task(|cell, task| {
        if cell.is_done() {
            return task.abort();
        }
        if let State::Waiting(waiting) = &mut *cell.state() {
            waiting.task = Some(task);
        }
    }));
}
