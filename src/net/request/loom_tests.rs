//! Models of a request that ends while other threads wait for it, observe it, give it its task or send it.
//!
//! A model named "… is found" runs a faulty variant of the product code, and must fail: so the models are known to find
//! such a fault.

use std::task::Wake;

use super::*;
use crate::sync::model::{Counter, explore, explore_cases, join, spawn};
use crate::sync::thread::yield_now;

fn request() -> Arc<Request> {
    Arc::new(Request::new(&Arc::new(DriveClock::new())))
}

fn lost() -> Failure {
    Failure::new(FailureKind::Lost, "The connection was closed.")
}

/// Ends the request as its task does after a response.
fn finish_with_answer(request: &Request) {
    request.finish(request.report_of(Ok(Answer { status: 200, ..Answer::default() })));
}

fn end(request: &Request) -> Arc<Report> {
    request.report().expect("the request has ended")
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
fn is_sent(report: &Report) -> bool {
    report.result.is_ok() || report.may_be_done || report.was_refused
}

/// Compares the report of a failed call with the server's account.
fn check_outcome(request: &Request, server: &Server) {
    let report = end(request);
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
        let request = request();
        let calls = Arc::new(Counter::new());
        let counted = Arc::clone(&calls);
        request.set_on_end(Box::new(move || {
            counted.add();
        }));
        let enders = [Request::cancel, finish_with_answer].map(|end| {
            let request = Arc::clone(&request);
            spawn(move || end(&request))
        });
        let waited = loom::future::block_on(request.wait());
        enders.into_iter().for_each(join);
        assert!(Arc::ptr_eq(&waited, &end(&request)), "a waiter saw another report");
        assert_eq!(calls.get(), 1, "calls of on_end");
    });
}

#[test]
fn every_thread_that_waits_goes_on_when_the_request_ends() {
    explore(|| {
        let request = request();
        let waiters = [0; 2].map(|_| {
            let request = Arc::clone(&request);
            spawn(move || drop(loom::future::block_on(request.wait())))
        });
        finish_with_answer(&request);
        waiters.into_iter().for_each(join);
    });
}

/// Records that it was woken.
struct Woken(Counter);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

/// Makes the model of waiters that look once while the request ends: each finds the end, or is woken.
fn model_of_wait(poll: fn(&Request, &mut std::task::Context<'_>) -> Poll<()>) -> impl Fn() {
    move || {
        let request = request();
        let waiters = [0; 2].map(|_| {
            let request = Arc::clone(&request);
            spawn(move || {
                let woken = Arc::new(Woken(Counter::new()));
                let waker = Waker::from(Arc::clone(&woken));
                let is_ready = poll(&request, &mut std::task::Context::from_waker(&waker)).is_ready();
                (is_ready, woken)
            })
        });
        finish_with_answer(&request);
        for (is_ready, woken) in waiters.map(join) {
            assert!(is_ready || woken.0.get() == 1, "a waiter was not woken");
        }
    }
}

#[test]
fn every_waiter_finds_the_end_or_is_woken() {
    explore(model_of_wait(|request, context| pin!(request.wait()).as_mut().poll(context).map(drop)));
}

#[test]
#[should_panic(expected = "a waiter was not woken")]
fn a_wait_that_looks_and_registers_in_two_steps_is_found() {
    explore(model_of_wait(|request, context| {
        if request.is_done() {
            return Poll::Ready(());
        }
        if let State::Waiting { waiters, .. } = &mut *request.state() {
            waiters.add(context.waker());
        }
        Poll::Pending
    }));
}

#[test]
fn on_end_that_is_set_while_the_request_ends_is_called_once() {
    explore(|| {
        let request = request();
        let calls = Arc::new(Counter::new());
        let enders = [Request::cancel, finish_with_answer].map(|end| {
            let request = Arc::clone(&request);
            spawn(move || end(&request))
        });
        let counted = Arc::clone(&calls);
        request.set_on_end(Box::new(move || {
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
        let request = request();
        let calls = Arc::new(Counter::new());
        let ender = {
            let request = Arc::clone(&request);
            spawn(move || request.cancel())
        };
        let counted = Arc::clone(&calls);
        let called = move || {
            counted.add();
        };
        if request.is_done() {
            called();
        } else if let State::Waiting { on_end, .. } = &mut *request.state() {
            *on_end = Some(Box::new(called));
        }
        join(ender);
        assert_eq!(calls.get(), 1, "calls of on_end");
    });
}

#[test]
#[should_panic(expected = "a waiter saw another report")]
fn an_end_that_is_checked_and_set_in_two_steps_is_found() {
    fn finish(request: &Request) {
        if !request.is_done() {
            let report = request.report_failure(lost());
            let before = std::mem::replace(&mut *request.state(), State::Done(Arc::new(report)));
            if let State::Waiting { waiters, .. } = before {
                waiters.wake();
            }
        }
    }
    explore(|| {
        let request = request();
        let enders = [0; 2].map(|_| {
            let request = Arc::clone(&request);
            spawn(move || finish(&request))
        });
        let waited = loom::future::block_on(request.wait());
        enders.into_iter().for_each(join);
        assert!(Arc::ptr_eq(&waited, &end(&request)), "a waiter saw another report");
    });
}

#[test]
fn a_report_is_taken_once_and_is_that_of_the_first_end() {
    explore(|| {
        let request = request();
        let ender = {
            let request = Arc::clone(&request);
            spawn(move || {
                finish_with_answer(&request);
                request.cancel();
            })
        };
        while !request.is_done() {
            yield_now();
        }
        assert!(request.take_report().result.is_ok(), "the first end was an answer");
        join(ender);
        let again = request.take_report().result;
        assert_eq!(again.expect_err("it was taken").kind, FailureKind::Internal);
    });
}

/// Explores an attempt on one thread and a cancelation on another one, and checks that some calls were canceled as not
/// sent and others when they were sent.
fn explore_cancel(attempt: fn(&Request, &Server)) {
    explore_cases::<2>(move || {
        let (request, server) = (request(), Server::new());
        let task = {
            let (request, server) = (Arc::clone(&request), Arc::clone(&server));
            spawn(move || attempt(&request, &server))
        };
        request.cancel();
        let at_the_end = server.received.get();
        let report = end(&request);
        join(task);
        if !is_sent(&report) {
            let received = server.received.get();
            assert_eq!(received, at_the_end, "sent after the call was reported as not sent");
        }
        // A task that ended the request itself sends nothing more.
        if report.result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Canceled) {
            assert!(!request.attempt.try_send(), "the gate is open after a cancelation");
        }
        check_outcome(&request, &server);
        usize::from(is_sent(&report))
    });
}

#[test]
fn a_call_reported_as_not_sent_is_never_sent() {
    explore_cancel(|request, server| {
        if request.attempt.try_send() {
            server.act();
            finish_with_answer(request);
        }
    });
}

#[test]
#[should_panic(expected = "not sent")]
fn a_send_that_asks_only_whether_the_call_has_ended_is_found() {
    explore_cancel(|request, server| {
        if !request.is_done() {
            let _ = request.attempt.try_send();
            server.refuse();
        }
    });
}

#[test]
fn a_write_that_took_nothing_can_be_repeated_and_canceled() {
    explore_cancel(|request, server| {
        if request.attempt.try_send() {
            // The socket was full: not a byte was taken.
            request.attempt.mark_not_sent();
            if request.attempt.try_send() {
                server.act();
            }
        }
    });
}

#[test]
fn a_call_that_is_canceled_between_attempts_reports_the_earlier_ones() {
    explore_cancel(|request, server| {
        if !request.attempt.try_send() {
            return;
        }
        server.act();
        request.prepare_retry(request.attempt.may_be_sent(), false);
        if request.attempt.try_send() {
            server.act();
        }
        request.finish(request.report_failure(lost()));
    });
}

#[test]
fn a_call_that_is_canceled_after_a_refusal_was_sent() {
    explore_cancel(|request, server| {
        if !request.attempt.try_send() {
            return;
        }
        server.refuse();
        request.prepare_retry(false, true);
        if request.attempt.try_send() {
            server.act();
            finish_with_answer(request);
        }
    });
}

#[test]
fn a_call_that_was_never_sent_and_is_retried_may_be_canceled() {
    explore_cancel(|request, server| {
        // No connection: the first attempt does not reach the gate.
        request.prepare_retry(request.attempt.may_be_sent(), false);
        if request.attempt.try_send() {
            server.act();
        }
        request.prepare_retry(request.attempt.may_be_sent(), false);
        if request.attempt.try_send() {
            server.act();
        }
        request.finish(request.report_failure(lost()));
    });
}

#[test]
#[should_panic(expected = "the server did not act, and it did")]
fn a_retry_that_opens_the_gate_before_it_records_the_attempt_is_found() {
    explore_cancel(|request, server| {
        if !request.attempt.try_send() {
            return;
        }
        server.act();
        let unclear = request.attempt.may_be_sent();
        request.attempt.mark_not_sent();
        request.may_be_done.store(unclear, Ordering::Release);
    });
}

#[test]
#[should_panic(expected = "the server did not act, and it did")]
fn a_report_that_is_made_before_the_gate_is_closed_is_found() {
    explore(|| {
        let (request, server) = (request(), Server::new());
        let task = {
            let (request, server) = (Arc::clone(&request), Arc::clone(&server));
            spawn(move || {
                if request.attempt.try_send() {
                    server.act();
                }
            })
        };
        let report = request.report_failure(lost());
        request.attempt.call_off();
        request.finish(report);
        join(task);
        check_outcome(&request, &server);
    });
}

/// Makes the model of a task that is given to a request while another thread cancels the request. Tokio's own state is
/// not explored: each of its steps is one step.
fn model_of_task(set_task: fn(&Request, AbortHandle)) -> impl Fn() {
    move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
        let request = request();
        let task = runtime.spawn(std::future::ready(()));
        let canceler = {
            let request = Arc::clone(&request);
            spawn(move || request.cancel())
        };
        set_task(&request, task.abort_handle());
        join(canceler);
        let end = runtime.block_on(task);
        assert!(end.is_err_and(|end| end.is_cancelled()), "the task of a canceled request was not aborted");
    }
}

#[test]
fn a_cancelation_before_the_request_has_its_task_aborts_the_task() {
    explore(model_of_task(Request::set_task));
}

#[test]
#[should_panic(expected = "was not aborted")]
fn a_task_that_is_stored_after_the_check_is_found() {
    explore(model_of_task(|request, task| {
        if request.is_done() {
            return task.abort();
        }
        let _ = request.task.set(task);
    }));
}
