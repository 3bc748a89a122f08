//! The faults of the sandbox: each does what its command says, and nothing else.

#[cfg(unix)]
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use iplaygames::Code;
use serde_json::{Value, json};

use crate::fixture::{
    api_error, assert_is_sentence, content_length, read_to_end, start_arguments, start_sandbox,
};

#[test]
fn a_status_fault_returns_a_page_and_does_not_run_the_operation() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"operation": "start_a_game_session", "status": 502}));
    let request = fixture.request("POST", "/api/v1/game-sessions/start").body(start_arguments().to_string());
    let response = request.send().unwrap();
    assert_eq!(response.status(), 502);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().unwrap().contains("502 Bad Gateway"));
    assert_eq!(fixture.session_count(), 0);
    fixture.create_session();
}

#[test]
fn a_status_fault_can_return_the_envelope_of_the_api() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"status": 503, "envelope": true, "message": "Down"}));
    assert_eq!(fixture.start_session(json!({})), (503, api_error("Down")));
    fixture.queue_fault(json!({"status": 200, "envelope": true}));
    assert_eq!(fixture.start_session(json!({})), (200, api_error("OK")));
    assert_eq!(fixture.session_count(), 0);
}

#[test]
fn a_status_fault_can_run_the_operation_first() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"status": 500, "process": true}));
    assert_eq!(
        fixture
            .request("POST", "/api/v1/game-sessions/start")
            .body(start_arguments().to_string())
            .send()
            .unwrap()
            .status(),
        500
    );
    assert_eq!(fixture.session_count(), 1);
}

#[test]
fn faults_apply_in_order_and_can_skip_and_repeat() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"operation": "list_games", "status": 500, "after": 1, "times": 2}));
    fixture.queue_fault(json!({"operation": "*", "status": 429, "times": 0}));
    let got: Vec<_> = (0..5).map(|_| fixture.list_games().status().as_u16()).collect();
    assert_eq!(got, [429, 500, 500, 429, 429]);
    fixture.control(json!({"command": "clear_faults"}));
    assert_eq!(fixture.list_games().status(), 200);
}

#[test]
fn a_fault_can_return_any_bytes_as_the_body() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"operation": "start_a_game_session", "body": "{\"cut\":"}));
    let request = fixture.request("POST", "/api/v1/game-sessions/start").body(start_arguments().to_string());
    let response = request.send().unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (201, &"application/json".parse().unwrap())
    );
    assert_eq!(response.text().unwrap(), "{\"cut\":");
    // Without a status, the operation runs.
    assert_eq!(fixture.session_count(), 1);

    fixture.queue_fault(
        json!({"body_base64": "/wD+", "content_type": "image/png", "headers": {"X-Odd": "yes"}}),
    );
    let response = fixture.list_games();
    assert_eq!(
        (&response.headers()["content-type"], &response.headers()["x-odd"]),
        (&"image/png".parse().unwrap(), &"yes".parse().unwrap())
    );
    assert_eq!(&response.bytes().unwrap()[..], [0xff, 0, 0xfe]);
}

#[test]
fn a_fault_can_return_an_empty_body() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"empty": true}));
    fixture.queue_fault(json!({"empty": true, "status": 204}));
    for status in [200, 204] {
        let response = fixture.list_games();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.text().unwrap(), "");
    }
}

#[test]
fn a_fault_can_return_a_body_of_any_size() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"oversize_bytes": 9_000_000}));
    let body = fixture.list_games().bytes().unwrap();
    assert_eq!(body.len(), 9_000_000);
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
}

#[test]
fn a_fault_can_set_retry_after_to_seconds_or_a_date() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"status": 429, "retry_after": 3}));
    assert_eq!(fixture.list_games().headers()["retry-after"], "3");
    fixture.control(json!({"command": "advance_clock", "seconds": 1_000_000}));
    for seconds in [120, -5] {
        fixture.queue_fault(json!({"status": 503, "retry_after": {"date_in_s": seconds}}));
        let response = fixture.list_games();
        let time =
            |name: &str| httpdate::parse_http_date(response.headers()[name].to_str().unwrap()).unwrap();
        let unix = |name| time(name).duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        // The clock may advance by a second between the two headers.
        assert!((seconds - 1..=seconds).contains(&(unix("retry-after") - unix("date"))));
    }
}

#[test]
fn a_delay_delays_the_response_but_not_the_operation() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"operation": "start_a_game_session", "delay_ms": 3_600_000}));
    let stream = fixture.connect_and_start_session();
    while fixture.session_count() != 1 {
        std::thread::yield_now();
    }
    drop(stream);

    fixture.queue_fault(json!({"operation": "list_games", "delay_ms": 120}));
    let begun = Instant::now();
    assert_eq!(fixture.list_games().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(120));
}

#[test]
fn a_connection_can_close_before_or_after_the_operation() {
    let fixture = start_sandbox("");
    for (drop, sessions) in [("before", 0), ("after", 1)] {
        fixture.queue_fault(json!({"drop": drop}));
        assert_eq!(read_to_end(fixture.connect_and_start_session()), (String::new(), Ok(())));
        assert_eq!(fixture.session_count(), sessions, "{drop}");
    }
}

#[test]
#[cfg(unix)]
fn a_connection_can_be_reset_before_or_after_the_operation() {
    let fixture = start_sandbox("");
    for (fault, sessions) in [
        (json!({"reset": true}), 0),
        (json!({"reset": true, "drop": "after"}), 1),
        (json!({"reset": true, "process": true}), 2),
    ] {
        fixture.queue_fault(fault.clone());
        let (bytes, end) = read_to_end(fixture.connect_and_start_session());
        assert_eq!((bytes.as_str(), end), ("", Err(ErrorKind::ConnectionReset)), "{fault}");
        assert_eq!(fixture.session_count(), sessions, "{fault}");
    }
}

#[test]
fn a_response_can_be_truncated() {
    let fixture = start_sandbox("");
    for fault in [json!({"truncate": true}), json!({"truncate": true, "oversize_bytes": 3_000_000})] {
        fixture.queue_fault(fault);
        let (answer, end) = read_to_end(fixture.connect_and_list_games());
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert_eq!((end, body.len()), (Ok(()), content_length(&answer) / 2));
    }
    fixture.queue_fault(json!({"truncate": true}));
    let error = fixture.list_games().text().unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    // A body of one byte and an empty body can be truncated too.
    for body in ["x", ""] {
        fixture.queue_fault(json!({"truncate": true, "body": body}));
        let (answer, end) = read_to_end(fixture.connect_and_list_games());
        assert_eq!((end, content_length(&answer)), (Ok(()), body.len()));
        assert!(answer.ends_with("\r\n\r\n"));
    }
}

#[test]
fn a_connection_can_close_after_a_response_without_announcing_it() {
    let fixture = start_sandbox("");
    for fault in [
        json!({"close": true}),
        json!({"close": true, "empty": true}),
        json!({"close": true, "status": 204, "body": "x"}),
        json!({"close": true, "oversize_bytes": 3_000_000}),
        json!({"close": true, "delay_ms": 5}),
    ] {
        fixture.queue_fault(fault.clone());
        let (answer, end) = read_to_end(fixture.connect_and_list_games());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(end, Ok(()), "{fault}");
        assert!(!head.to_ascii_lowercase().contains("connection:"), "{head}");
        if !head.contains(" 204 ") {
            assert_eq!(content_length(&answer), body.len(), "{fault}");
        }
    }
}

#[test]
fn a_body_can_be_sent_one_byte_at_a_time() {
    let fixture = start_sandbox("");
    fixture.queue_fault(json!({"drip_ms": 2, "body": "0123456789"}));
    let begun = Instant::now();
    assert_eq!(fixture.list_games().text().unwrap(), "0123456789");
    assert!(begun.elapsed() >= Duration::from_millis(20));
    // A slow body can be truncated too.
    fixture.queue_fault(json!({"drip_ms": 1, "body": "0123456789", "truncate": true}));
    let (answer, _) = read_to_end(fixture.connect_and_list_games());
    assert!(answer.ends_with("\r\n\r\n01234"), "{answer}");
}

#[test]
fn an_invalid_fault_is_an_error_that_names_the_key() {
    let fixture = start_sandbox("");
    for (fault, field) in [
        (json!({}), "/operation"),
        (json!({"operation": "no_such"}), "/operation"),
        (json!({"operation": "*"}), ""),
        (json!({"operation": "*", "status": 99}), "/status"),
        (json!({"operation": "*", "status": 600}), "/status"),
        (json!({"operation": "*", "status": "500"}), "/status"),
        (json!({"operation": "*", "status": 500, "envelope": 1}), "/envelope"),
        (json!({"operation": "*", "envelope": true}), "/envelope"),
        (json!({"operation": "*", "message": "x"}), "/message"),
        (json!({"operation": "*", "body": {}}), "/body"),
        (json!({"operation": "*", "body_base64": "?"}), "/body_base64"),
        (json!({"operation": "*", "body": "x", "empty": true}), "/empty"),
        (json!({"operation": "*", "content_type": "a\nb"}), "/content_type"),
        (json!({"operation": "*", "headers": []}), "/headers"),
        (json!({"operation": "*", "headers": {"a b": "x"}}), "/headers/a b"),
        (json!({"operation": "*", "headers": {"Content-Length": "1"}}), "/headers/Content-Length"),
        (json!({"operation": "*", "headers": {"X": "a\nb"}}), "/headers/X"),
        (json!({"operation": "*", "retry_after": -1}), "/retry_after"),
        (json!({"operation": "*", "retry_after": {"date": 1}}), "/retry_after"),
        (json!({"operation": "*", "delay_ms": -1}), "/delay_ms"),
        (json!({"operation": "*", "drop": "now"}), "/drop"),
        (json!({"operation": "*", "drop": "before", "status": 500}), "/drop"),
        (json!({"operation": "*", "drop": "before", "process": true}), "/process"),
        (json!({"operation": "*", "reset": true, "truncate": true}), "/reset"),
        (json!({"operation": "*", "oversize_bytes": 1}), "/oversize_bytes"),
        (json!({"operation": "*", "status": 500, "times": -1}), "/times"),
        (json!({"operation": "*", "status": 500, "ater": 1}), "/ater"),
    ] {
        let mut command = fault.clone();
        command["command"] = json!("fault");
        let error = fixture.sandbox.control(&command.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some(field)), "{fault}");
        assert_is_sentence(error.message());
    }
    assert_eq!(fixture.list_games().status(), 200);
}
