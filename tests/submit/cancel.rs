//! Calls that are canceled, forgotten, or outlive their client.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use iplaygames::{Call, Code, Event, Outcome};

use crate::fixture::{FRAME, Fixture};
use crate::support::{START, TEST_TIMEOUT, options};

#[test]
fn a_forgotten_call_never_calls_back_and_reaches_the_socket() {
    let fixture = Fixture::new("");
    fixture.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let callback = Box::new(|_: Event<'_>| panic!("called back"));
    let call = fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let arrived = || fixture.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#);
    fixture.tick_until("the request", arrived);
    assert!(call.abandon());
    // The connection is closed: the sandbox sees nobody any more.
    fixture.client.submit("get_api_v1_producers", "", &options(), None).unwrap().wait(TEST_TIMEOUT).unwrap();
    fixture.tick_until("the end of the connection", || {
        let counts: serde_json::Value =
            serde_json::from_str(&fixture.control(r#"{"command": "counts"}"#)).unwrap();
        counts["connections"]["open"].as_u64().unwrap() <= 1
    });
}

#[test]
fn a_canceled_call_ends_at_once_with_the_true_outcome() {
    let fixture = Fixture::new("");
    let call = fixture.submit("start_a_game_session", START);
    call.cancel().unwrap();
    call.cancel().unwrap();
    let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent));

    fixture.control(r#"{"command": "fault", "operation": "start_a_game_session", "delay_ms": 60000}"#);
    let call = fixture.submit("start_a_game_session", START);
    let arrived = || fixture.control(r#"{"command": "counts"}"#).contains(r#""start_a_game_session":1"#);
    fixture.tick_until("the request", arrived);
    call.cancel().unwrap();
    let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::Unknown));
}

#[test]
fn canceling_reaches_the_socket_by_ticks_alone() {
    let fixture = Fixture::new("");
    fixture.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let call = fixture.submit("list_games", "");
    fixture.tick_until("the request", || fixture.arrived("list_games"));
    call.cancel().unwrap();
    fixture.tick_until("the end of the connection", || fixture.open_connections() == 0);
}

#[test]
fn a_call_that_outlives_its_client_keeps_its_result_and_no_connection() {
    let fixture = Fixture::new(r#", "max_connections": 1"#);
    let ended = fixture.submit("get_session_status", r#"{"session_id": "nobody"}"#);
    let code = |call: &Call| call.try_result().unwrap().unwrap().as_ref().unwrap_err().code();
    // Its turn comes when the first has ended, which nobody has asked for before the client goes.
    fixture.submit("list_games", "").wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap();
    fixture.control(r#"{"command": "fault", "operation": "get_api_v1_producers", "delay_ms": 60000}"#);
    let flying = fixture.submit("get_api_v1_producers", "");
    fixture.tick_until("the request", || fixture.arrived("get_api_v1_producers"));
    let Fixture { sandbox, client } = fixture;
    drop(client);
    assert_eq!((code(&ended), code(&flying)), (Code::NOT_FOUND, Code::CANCELED));
    let started = Instant::now();
    while !sandbox.control(r#"{"command": "counts"}"#).unwrap().contains(r#""open":0"#) {
        assert!(started.elapsed() < TEST_TIMEOUT, "the connections stay");
        std::thread::yield_now();
    }
}

#[test]
fn a_call_forgotten_in_its_own_callback_makes_room_at_once() {
    let fixture = Fixture::new(r#", "max_in_flight": 1"#);
    let (client, place) = (fixture.client.clone(), Arc::new(Mutex::new(None::<Call>)));
    let (mine, next) = (Arc::clone(&place), Arc::new(Mutex::new(None)));
    let sink = Arc::clone(&next);
    let callback = Box::new(move |_: Event<'_>| {
        let call = mine.lock().unwrap().take().unwrap();
        assert!(call.abandon());
        *sink.lock().unwrap() = Some(client.submit("list_games", "", &options(), None).map(drop));
    });
    let call = fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    *place.lock().unwrap() = Some(call);
    fixture.tick_until("the callback", || next.lock().unwrap().is_some());
    assert!(next.lock().unwrap().as_ref().unwrap().is_ok());
}

#[test]
fn forget_returns_false_while_the_callback_runs_on_another_thread() {
    let fixture = Fixture::new("");
    let (entered, is_inside) = std::sync::mpsc::channel();
    let (let_out, out) = std::sync::mpsc::channel::<()>();
    let out = Mutex::new(out);
    let callback = Box::new(move |_: Event<'_>| {
        entered.send(()).unwrap();
        out.lock().unwrap().recv().unwrap();
    });
    let call = fixture.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let other = fixture.submit("list_games", "");
    call.cancel().unwrap();
    std::thread::scope(|scope| {
        let ticker = scope.spawn(|| fixture.client.tick(FRAME).unwrap());
        is_inside.recv().unwrap();
        assert!(other.abandon());
        assert!(!call.abandon());
        assert!(!fixture.client.close());
        let_out.send(()).unwrap();
        assert_eq!(ticker.join().unwrap(), 1);
    });
    assert!(fixture.client.close());
}
