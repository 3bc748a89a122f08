//! Calls advance when a thread drives the client: by ticks, waits, `drive` or the I/O
//! thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use iplaygames::{Call, Code, Event};

use crate::fixture::{FRAME, Fixture};
use crate::support::{START, TEST_TIMEOUT, options};

#[test]
fn a_polled_call_ends_by_ticking_and_returns_the_same_result_each_time() {
    let fixture = Fixture::new("");
    let call = fixture.submit("start_a_game_session", START);
    assert!(call.try_result().unwrap().is_none());
    fixture.tick_until("the answer", || call.try_result().unwrap().is_some());
    for _ in 0..2 {
        let reply = call.try_result().unwrap().unwrap().as_ref().unwrap();
        assert!(reply.json().contains("session_id"));
        assert_eq!(reply.call_id(), call.id());
    }
}

#[test]
fn a_wait_drives_the_client_and_returns_none_when_its_time_is_over() {
    let fixture = Fixture::new("");
    fixture.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let call = fixture.submit("list_games", "");
    assert!(call.wait(Duration::from_millis(5)).unwrap().is_none());
    let call = fixture.submit("get_api_v1_producers", "");
    assert!(call.wait(TEST_TIMEOUT).unwrap().unwrap().is_ok());
}

#[test]
fn an_idle_tick_does_nothing() {
    let fixture = Fixture::new("");
    assert_eq!(fixture.client.tick(FRAME).unwrap(), 0);
    let call = fixture.submit("list_games", "");
    fixture.tick_until("the answer", || call.try_result().unwrap().is_some());
    assert_eq!(fixture.client.tick(Duration::ZERO).unwrap(), 0);
}

#[test]
fn with_a_background_thread_calls_end_without_ticks_and_callbacks_still_wait_for_one() {
    let fixture = Fixture::new(r#", "io_thread": true"#);
    let ran = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ran);
    let callback = Box::new(move |_: Event<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let call = fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let started = Instant::now();
    while call.try_result().unwrap().is_none() {
        assert!(started.elapsed() < TEST_TIMEOUT);
        std::thread::yield_now();
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    fixture.tick_until("the callback", || ran.load(Ordering::SeqCst) == 1);
    assert!(fixture.client.call("list_games", "", &options()).is_ok());
    fixture.client.shutdown(TEST_TIMEOUT).unwrap();
}

#[test]
fn a_future_that_no_thread_drives_is_an_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let fixture = Fixture::new("");
    let call = fixture.submit("list_games", "");
    let error = runtime.block_on(call).unwrap_err();
    assert_eq!(error.code(), Code::UNSUPPORTED);

    let fixture = Fixture::new(r#", "io_thread": true"#);
    let calls: Vec<Call> = (0..20).map(|_| fixture.submit("list_games", "")).collect();
    runtime.block_on(async {
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn a_paused_game_finds_its_answer_and_not_a_timeout() {
    let fixture = Fixture::new(r#", "timeout_ms": 1000, "max_retries": 0"#);
    let call = fixture.submit("list_games", "");
    // One turn sends it; then the game is paused for twice its time.
    let arrived = || fixture.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#);
    fixture.tick_until("the request", arrived);
    std::thread::sleep(Duration::from_secs(2));
    fixture.tick_until("the answer", || call.try_result().unwrap().is_some());
    assert!(call.try_result().unwrap().unwrap().is_ok());
}

#[test]
fn a_pause_takes_nothing_of_the_time_of_a_call_to_a_slow_server() {
    let fixture = Fixture::new(r#", "timeout_ms": 3000, "max_retries": 0"#);
    fixture.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 3500}"#);
    let call = fixture.submit("list_games", "");
    fixture.tick_until("the request", || {
        fixture.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#)
    });
    std::thread::sleep(Duration::from_secs(2));
    fixture.tick_until("the answer", || call.try_result().unwrap().is_some());
    assert!(call.try_result().unwrap().unwrap().is_ok());
}

#[test]
fn driving_ends_with_the_future_or_with_its_time() {
    let fixture = Fixture::new("");
    let forever = std::future::pending::<()>();
    assert!(fixture.client.drive(forever, Duration::from_millis(5)).unwrap().is_none());
    let mut call = fixture.submit("list_games", "");
    assert!(fixture.client.drive(&mut call, TEST_TIMEOUT).unwrap().unwrap().is_ok());
    fixture.client.close();
    let refused = fixture.client.drive(std::future::ready(()), TEST_TIMEOUT).unwrap_err();
    assert_eq!(refused.code(), Code::SHUT_DOWN);
}
