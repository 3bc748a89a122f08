//! What is tried again and what never is, counted at the sandbox: how many requests arrived, and
//! how many sessions exist, after each fault of each operation. No fault may make two sessions.

#![cfg(feature = "sandbox")]

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Client, Code, Config, Error, Outcome};
use serde_json::Value;
use support::{START, TEST_TIMEOUT};

/// A sandbox, a client of it, and a session and a multi-session that are open.
struct Fixture {
    sandbox: Sandbox,
    client: Client,
    session: String,
    multi: String,
}

const MULTI: &str =
    r#"{"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1", "game_ids": [1, 2]}"#;

impl Fixture {
    /// `more` is put into the client's configuration.
    fn new(more: &str) -> Fixture {
        let (sandbox, client) = support::sandbox_and_client(more);
        let mut fixture = Fixture { sandbox, client, session: String::new(), multi: String::new() };
        fixture.session = fixture.id("start_a_game_session", START, "session_id");
        fixture.multi = fixture.id("start_a_multi_session", MULTI, "multi_session_id");
        fixture
    }

    fn id(&self, operation: &str, arguments: &str, key: &str) -> String {
        let reply = self.client.call(operation, arguments, &support::options()).unwrap();
        let document: Value = serde_json::from_str(reply.json()).unwrap();
        document["data"][key].as_str().unwrap().to_owned()
    }

    fn fault(&self, operation: &str, effect: &str) {
        let command = format!(r#"{{"command": "fault", "operation": "{operation}", {effect}}}"#);
        self.sandbox.control(&command).unwrap();
    }

    fn counts(&self) -> Value {
        serde_json::from_str(&self.sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap()
    }

    fn requests(&self, operation: &str) -> u64 {
        self.counts()["requests"]["by_operation"][operation].as_u64().unwrap_or(0)
    }

    fn arguments(&self, operation: &str) -> String {
        match operation {
            "start_a_game_session" => START.to_owned(),
            "start_a_multi_session" => MULTI.to_owned(),
            "get_session_status" | "end_a_game_session" => format!(r#"{{"session_id": "{}"}}"#, self.session),
            "get_multi_session_status" | "end_multi_session" => format!(r#"{{"token": "{}"}}"#, self.multi),
            "list_games" => String::new(),
            "delete_a_promotion" => r#"{"id": "7"}"#.to_owned(),
            other => panic!("{other}"),
        }
    }

    fn call(&self, operation: &str) -> Result<String, Error> {
        let reply = self.client.call(operation, &self.arguments(operation), &support::options());
        reply.map(iplaygames::Reply::into_json)
    }
}

const READS: [&str; 3] = ["get_session_status", "get_multi_session_status", "list_games"];
const ENDS: [&str; 2] = ["end_a_game_session", "end_multi_session"];
const ONCE: [&str; 3] = ["start_a_game_session", "start_a_multi_session", "delete_a_promotion"];

/// What follows one fault, for a group of operations.
#[derive(Clone, Copy)]
enum Then {
    /// It is tried again, and works.
    Works,
    /// It fails so, after one request.
    Fails(Code, Outcome),
}
use Then::{Fails, Works};

#[test]
fn a_call_that_meets_one_fault_is_repeated_or_fails_as_its_operation_allows() {
    use Outcome::{Rejected, Unknown};
    let lost = Fails(Code::CONNECTION_LOST, Unknown);
    let bad = Fails(Code::BAD_RESPONSE, Unknown);
    let cases = [
        (r#""drop": "before""#, Works, Works, lost),
        (r#""drop": "after""#, Works, Works, lost),
        (r#""reset": true"#, Works, Works, lost),
        (r#""reset": true, "drop": "after""#, Works, Works, lost),
        (r#""truncate": true"#, Works, Works, lost),
        (r#""status": 502"#, Works, Works, Fails(Code::SERVER, Unknown)),
        (r#""status": 504, "process": true"#, Works, Works, Fails(Code::SERVER, Unknown)),
        (r#""status": 503"#, Works, Works, Fails(Code::UNAVAILABLE, Unknown)),
        (r#""status": 429, "retry_after": 0"#, Works, Works, Works),
        (r#""status": 429"#, Works, Works, Works),
        (
            r#""status": 500"#,
            Fails(Code::SERVER, Unknown),
            Fails(Code::SERVER, Unknown),
            Fails(Code::SERVER, Unknown),
        ),
        (r#""status": 503, "envelope": true"#, Works, Works, Fails(Code::UNAVAILABLE, Unknown)),
        (
            r#""status": 500, "envelope": true"#,
            Fails(Code::SERVER, Unknown),
            Fails(Code::SERVER, Unknown),
            Fails(Code::SERVER, Unknown),
        ),
        (r#""status": 408"#, Works, Works, Fails(Code::API, Unknown)),
        (r#""status": 425"#, Works, Works, Fails(Code::API, Rejected)),
        (r#""status": 499"#, Fails(Code::API, Unknown), Fails(Code::API, Unknown), Fails(Code::API, Unknown)),
        (r#""body": "<html>""#, bad, bad, bad),
        (
            r#""oversize_bytes": 9000000"#,
            Fails(Code::RESPONSE_TOO_LARGE, Unknown),
            Fails(Code::RESPONSE_TOO_LARGE, Unknown),
            Fails(Code::RESPONSE_TOO_LARGE, Unknown),
        ),
        (
            r#""status": 302, "headers": {"Location": "http://127.0.0.1:1/"}"#,
            Fails(Code::REDIRECT, Unknown),
            Fails(Code::REDIRECT, Unknown),
            Fails(Code::REDIRECT, Unknown),
        ),
        (r#""close": true"#, Works, Works, Works),
    ];
    // Most calls wait before they are repeated, so several cases run at the same time.
    for group in cases.chunks(5) {
        std::thread::scope(|scope| {
            for (effect, read, end, once) in group.iter().copied() {
                for (operations, then) in [(READS.as_slice(), read), (&ENDS, end), (&ONCE, once)] {
                    for operation in operations {
                        // This refusal is documented for this operation alone.
                        let documented = *operation == "start_a_game_session"
                            && effect == r#""status": 503, "envelope": true"#;
                        let then = if documented { Fails(Code::UNAVAILABLE, Rejected) } else { then };
                        scope.spawn(move || one_fault(operation, effect, then));
                    }
                }
            }
        });
    }
}

fn one_fault(operation: &str, effect: &str, then: Then) {
    let what = format!("{operation} with {effect}");
    let fixture = Fixture::new("");
    let before = fixture.counts();
    let sent_before = fixture.requests(operation);
    fixture.fault(operation, effect);
    let result = fixture.call(operation);
    let sent = fixture.requests(operation) - sent_before;
    match then {
        // A connection that closes after a whole answer needs no second request.
        Works => {
            assert_eq!(sent, if effect.contains("close") { 1 } else { 2 }, "{what}");
            let json = result.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(json.contains("\"success\":true") || json.contains("\"data\""), "{what}: {json}");
        }
        Fails(code, outcome) => {
            let error = result.expect_err(&what);
            assert_eq!(
                (error.code(), error.outcome(), error.attempts()),
                (code, outcome, 1),
                "{what}: {error}"
            );
            assert_eq!(sent, 1, "{what}");
        }
    }
    let after = fixture.counts();
    for kind in ["sessions", "multi_sessions"] {
        let made = after[kind]["total"].as_u64().unwrap() - before[kind]["total"].as_u64().unwrap();
        assert!(made <= 1, "{what} made {made} {kind}");
        let starts =
            operation.starts_with("start") && (kind == "multi_sessions") == operation.contains("multi");
        assert!(starts || made == 0, "{what} made {made} {kind}");
    }
}

#[test]
fn a_start_whose_response_is_lost_leaves_one_session_and_is_unknown() {
    let fixture = Fixture::new("");
    fixture.fault("start_a_game_session", r#""drop": "after", "times": 0"#);
    let error = fixture.call("start_a_game_session").unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    // The fixture's own session, and one that no caller knows of.
    assert_eq!(fixture.counts()["sessions"]["total"], 2);
}

#[test]
fn an_end_whose_response_is_lost_is_repeated_and_a_session_that_is_gone_has_ended() {
    for (effect, operation) in
        [(r#""drop": "after""#, ENDS[0]), (r#""status": 502, "process": true"#, ENDS[1])]
    {
        let fixture = Fixture::new("");
        fixture.fault(operation, effect);
        let json = fixture.call(operation).unwrap();
        assert_eq!(json, r#"{"success":true,"already_ended":true}"#);
    }
    // A plain 404 is still one: nothing says that this session ever was.
    let fixture = Fixture::new("");
    let error = fixture.client.sessions().end("no-such-session").unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::NOT_FOUND, Outcome::Rejected));
    // So is a 404 after an attempt that was turned away.
    fixture.fault("end_a_game_session", r#""status": 429, "retry_after": 0"#);
    let error = fixture.client.sessions().end("no-such-session").unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.attempts()), (Code::NOT_FOUND, Outcome::Rejected, 2));
}

#[test]
fn a_conflict_after_a_lost_answer_stays_a_conflict_of_unknown_outcome() {
    let fixture = Fixture::new("");
    fixture.fault("end_a_game_session", r#""drop": "before""#);
    fixture.fault("end_a_game_session", r#""status": 409, "envelope": true"#);
    let error = fixture.call("end_a_game_session").unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.attempts()), (Code::CONFLICT, Outcome::Unknown, 2));
}

#[test]
fn a_read_that_is_refused_after_a_retried_failure_is_rejected() {
    for effect in [r#""status": 503"#, r#""drop": "after""#, r#""status": 408"#] {
        let fixture = Fixture::new("");
        fixture.fault("get_session_status", effect);
        let error = fixture.client.sessions().status("no-such-session").unwrap_err();
        let seen = (error.code(), error.outcome(), error.attempts());
        assert_eq!(seen, (Code::NOT_FOUND, Outcome::Rejected, 2), "{effect}");
    }
}

#[test]
fn a_5xx_with_the_envelope_after_the_work_was_done_is_unknown() {
    let fixture = Fixture::new("");
    for status in [500, 502] {
        let effect = format!(r#""status": {status}, "envelope": true, "process": true"#);
        fixture.fault("start_a_game_session", &effect);
        let error = fixture.call("start_a_game_session").unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::SERVER, Outcome::Unknown));
    }
    // The server really started both.
    assert_eq!(fixture.counts()["sessions"]["total"], 3);
}

#[test]
fn a_fraction_in_retry_after_is_waited_for_in_full() {
    let fixture = Fixture::new("");
    let effect = r#""status": 429, "headers": {"Retry-After": "0.25"}, "times": 1"#;
    fixture.fault("start_a_game_session", effect);
    let started = Instant::now();
    assert!(fixture.call("start_a_game_session").is_ok());
    assert!(started.elapsed() >= Duration::from_millis(250));
    fixture.fault("start_a_game_session", r#""status": 429, "headers": {"Retry-After": "90.5"}"#);
    let error = fixture.call("start_a_game_session").unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_millis(90_500))));
}

#[test]
fn attempts_end_when_no_retries_are_left() {
    for (retries, requests) in [(0, 1), (1, 2), (4, 5)] {
        let fixture = Fixture::new(&format!(r#", "max_retries": {retries}"#));
        fixture.fault("get_session_status", r#""status": 503, "retry_after": 0, "times": 0"#);
        let error = fixture.call("get_session_status").unwrap_err();
        assert_eq!((error.code(), u64::from(error.attempts())), (Code::UNAVAILABLE, requests));
        assert_eq!(fixture.requests("get_session_status"), requests);
        assert_eq!(error.retry_after(), Some(Duration::ZERO));
    }
}

#[test]
fn a_retry_after_beyond_the_timeout_is_reported_at_once() {
    let fixture = Fixture::new(r#", "timeout_ms": 20000"#);
    for wait in ["3600", r#"{"date_in_s": 3600}"#] {
        fixture.fault("start_a_game_session", &format!(r#""status": 429, "retry_after": {wait}"#));
        let error = fixture.call("start_a_game_session").unwrap_err();
        assert_eq!((error.code(), error.attempts()), (Code::RATE_LIMITED, 1));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!(error.outcome(), Outcome::Rejected);
    }
}

#[test]
fn a_slow_attempt_is_given_up_where_another_may_follow() {
    std::thread::scope(|scope| {
        for operation in [READS[0], ENDS[0]] {
            scope.spawn(move || {
                // Long enough for the attempt that follows, however busy the machine is.
                let fixture = Fixture::new(r#", "attempt_timeout_ms": 1500"#);
                fixture.fault(operation, r#""delay_ms": 20000"#);
                fixture.call(operation).unwrap();
                assert_eq!(fixture.requests(operation), 2, "{operation}");
            });
        }
    });
}

#[test]
fn an_attempt_that_no_other_may_follow_has_the_whole_time() {
    let fixture = Fixture::new(r#", "attempt_timeout_ms": 150"#);
    // A start is not repeated. The last attempt of a read has the whole time too.
    fixture.fault("start_a_game_session", r#""delay_ms": 600"#);
    fixture.call("start_a_game_session").unwrap();
    assert_eq!(fixture.counts()["sessions"]["total"], 2);
    let fixture = Fixture::new(r#", "attempt_timeout_ms": 150, "max_retries": 1"#);
    fixture.fault("get_multi_session_status", r#""delay_ms": 600, "times": 2"#);
    fixture.call("get_multi_session_status").unwrap();
}

#[test]
fn no_call_outlives_its_time() {
    let check = |operation: &str, effect: &str| {
        let fixture = Fixture::new(r#", "timeout_ms": 1000"#);
        fixture.fault(operation, effect);
        let started = Instant::now();
        let error = fixture.call(operation).unwrap_err();
        assert!(started.elapsed() < TEST_TIMEOUT, "{operation} with {effect}");
        let seen = (error.code(), error.outcome());
        assert_eq!(seen, (Code::TIMEOUT, Outcome::Unknown), "{operation}: {error}");
        assert!(error.retryable());
    };
    std::thread::scope(|scope| {
        for operation in [READS[0], ENDS[0], ONCE[0]] {
            for effect in [r#""delay_ms": 20000, "times": 0"#, r#""drip_ms": 200, "times": 0"#] {
                scope.spawn(move || check(operation, effect));
            }
        }
    });
}

#[test]
fn a_server_that_comes_up_late_is_found_by_every_operation() {
    // A port that is free now, and taken by the sandbox after the first refusal. It is none of
    // those that the system hands out, so that no other test can get it meanwhile.
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    let port = (first..).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
    let config = format!(
        r#"{{"api_key": "k", "base_url": "http://127.0.0.1:{port}", "max_retries": 20, "timeout_ms": 60000}}"#
    );
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    let refused = Arc::new(std::sync::Barrier::new(2));
    let seen = Arc::clone(&refused);
    let once = std::sync::Once::new();
    let logger: iplaygames::Logger = Arc::new(move |line: &iplaygames::LogLine| {
        if line.message.contains("; again in") {
            once.call_once(|| {
                seen.wait();
            });
        }
    });
    client.set_logger(Some(logger), Some(iplaygames::LogLevel::Warn)).unwrap();
    let caller = client.clone();
    let call = std::thread::spawn(move || caller.call("start_a_game_session", START, &support::options()));
    // Lines wait in the ring until somebody takes them.
    let taker = client.clone();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let taking = std::thread::spawn(move || {
        while is_done.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            taker.deliver_log();
            std::thread::yield_now();
        }
    });
    refused.wait();
    let sandbox = Sandbox::start(&format!(r#"{{"api_key": "k", "port": {port}}}"#)).unwrap();
    let reply = call.join().unwrap().unwrap();
    drop(done);
    taking.join().unwrap();
    assert!(reply.attempts() > 1);
    let counts: Value = serde_json::from_str(&sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap();
    assert_eq!((&counts["requests"]["total"], &counts["sessions"]["total"]), (&1.into(), &1.into()));
}
