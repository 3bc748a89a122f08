//! The code, the outcome and the message that a response of the API becomes.

use std::time::Duration;

use iplaygames::{Code, Outcome, StartSession};

use crate::fixture::{STATUS, call, start};
use crate::support::{START, STARTED, TEST_TIMEOUT, answer, answering, client, json, options};

#[test]
fn every_documented_answer_of_the_three_operations_is_understood() {
    let ended = r#"{"success": true, "message": "Session ended successfully"}"#;
    let status = r#"{"success": true, "data": {"session_id": "abc123", "status": "active", "player_id": "player_456",
        "game": {"id": 123, "title": "Book of Dead"}, "started_at": "2024-01-01T10:00:00Z",
        "last_activity": "2024-01-01T10:05:00Z"}}"#;
    assert_eq!(start(json("201 Created", STARTED)).unwrap(), STARTED);
    assert_eq!(call("get_session_status", STATUS, json("200 OK", status)).unwrap(), status);
    assert_eq!(call("end_a_game_session", STATUS, json("200 OK", ended)).unwrap(), ended);

    for (operation, arguments, line, message, code) in [
        (
            "start_a_game_session",
            START,
            "400 Bad Request",
            "Requested provider not available",
            Code::BAD_REQUEST,
        ),
        ("start_a_game_session", START, "403 Forbidden", "Provider override is not enabled", Code::FORBIDDEN),
        ("start_a_game_session", START, "404 Not Found", "Game not found or not available", Code::NOT_FOUND),
        (
            "start_a_game_session",
            START,
            "503 Service Unavailable",
            "No available providers",
            Code::UNAVAILABLE,
        ),
        ("get_session_status", STATUS, "404 Not Found", "Session not found", Code::NOT_FOUND),
        ("end_a_game_session", STATUS, "404 Not Found", "Session not found", Code::NOT_FOUND),
        ("end_a_game_session", STATUS, "409 Conflict", "Session already ended", Code::CONFLICT),
    ] {
        let body = format!(r#"{{"success": false, "message": "{message}"}}"#);
        let error = call(operation, arguments, json(line, &body)).unwrap_err();
        assert_eq!((error.code(), error.message()), (code, message), "{operation} {line}");
        assert_eq!((error.outcome(), error.retryable()), (Outcome::Rejected, false), "{operation} {line}");
        assert_eq!(error.body_json(), Some(body.as_str()));
        assert_eq!((error.operation(), error.attempts()), (Some(operation), 1));
    }
}

#[test]
fn other_rejections_keep_their_message_and_their_body() {
    let unauthorized = r#"{"error": "Unauthorized", "message": "Invalid or inactive API key", "code": 401}"#;
    let error = start(json("401 Unauthorized", unauthorized)).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::UNAUTHORIZED, "Invalid or inactive API key"));

    let errors = r#"{"message": "The game id field is required.", "errors": {"game_id": ["The game id field is required."]}}"#;
    let error = start(json("422 Unprocessable Content", errors)).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::UNPROCESSABLE, Outcome::Rejected));
    let document: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
    assert_eq!(document["error"]["body"]["errors"]["game_id"][0], "The game id field is required.");

    for (headers, wait) in [
        ("Retry-After: 7\r\n", Some(Duration::from_secs(7))),
        (
            "Date: Sun, 01 Jan 2023 00:00:00 GMT\r\nRetry-After: Sun, 01 Jan 2023 00:01:30 GMT\r\n",
            Some(Duration::from_secs(90)),
        ),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ] {
        let error = start(answer("429 Too Many Requests", headers, r#"{"message": "Too Many Attempts."}"#))
            .unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::RATE_LIMITED, "Too Many Attempts."));
        assert_eq!((error.outcome(), error.retryable()), (Outcome::Rejected, true));
        assert_eq!(error.retry_after(), wait, "{headers}");
    }
}

#[test]
fn a_page_of_a_broken_server_is_no_response_of_the_api() {
    for line in
        ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"]
    {
        let page = "<html><h1>Sorry</h1></html>";
        let error =
            start(answer(line, "Content-Type: text/html\r\nX-Request-Id: srv-9\r\n", page)).unwrap_err();
        let code = if line.starts_with("503") { Code::UNAVAILABLE } else { Code::SERVER };
        assert_eq!(
            (error.code(), error.outcome(), error.retryable()),
            (code, Outcome::Unknown, true),
            "{line}"
        );
        assert_eq!(error.message(), format!("HTTP {line}"));
        assert_eq!((error.body_text(), error.request_id()), (Some(page), Some("srv-9")));
    }
}

#[test]
fn only_a_complete_success_response_is_a_success() {
    let success_false = r#"{"success": false, "message": "It did not work"}"#;
    for operation in ["get_session_status", "end_a_game_session"] {
        let error = call(operation, STATUS, json("200 OK", success_false)).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::API, "It did not work"), "{operation}");
        assert_eq!(error.outcome(), Outcome::Rejected);
    }
    let utf16: Vec<u8> = STARTED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, what) in [
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), "204"),
        (json("200 OK", ""), "empty"),
        (json("201 Created", &STARTED[..STARTED.len() - 3]), "cut short"),
        (answer("201 Created", "", utf16), "UTF-16"),
        (
            answer("200 OK", "Content-Type: text/html\r\n", "<html>Log in to the hotel's network</html>"),
            "a portal",
        ),
        (json("201 Created", r#"{"success": true, "data": {"session_id": "a"}}"#), "no game_url"),
        (json("201 Created", r#"{"success": "false", "data": {}}"#), "success is a text"),
    ] {
        let error = start(bytes).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{what}");
    }
    // Ending wants nothing from the answer, so an empty one will do.
    for bytes in [b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), json("200 OK", "")] {
        assert_eq!(call("end_a_game_session", STATUS, bytes).unwrap(), r#"{"success":true}"#);
    }
    // 200 instead of 201 for a start is not documented, and a success all the same.
    assert_eq!(start(json("200 OK", STARTED)).unwrap(), STARTED);
    let marked = format!("\u{feff}{STARTED}");
    assert_eq!(start(json("201 Created", &marked)).unwrap(), STARTED);
}

#[test]
fn a_4xx_that_is_not_the_apis_is_rejected_only_for_the_statuses_that_mean_it() {
    for (line, code, outcome) in [
        ("404 Not Found", Code::NOT_FOUND, Outcome::Rejected),
        ("405 Method Not Allowed", Code::API, Outcome::Rejected),
        ("431 Request Header Fields Too Large", Code::API, Outcome::Rejected),
        ("406 Not Acceptable", Code::API, Outcome::Unknown),
        ("408 Request Timeout", Code::API, Outcome::Unknown),
        ("409 Conflict", Code::CONFLICT, Outcome::Unknown),
        ("424 Failed Dependency", Code::API, Outcome::Unknown),
        ("499 Client Closed Request", Code::API, Outcome::Unknown),
    ] {
        let page = answer(line, "Content-Type: text/html\r\n", "<html>Sorry</html>");
        let error = start(page).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (code, outcome), "{line}");
        let error = start(json(line, r#"{"success": false, "message": "no"}"#)).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (code, Outcome::Rejected), "{line}");
        let error = start(json(line, r#"{"success": true}"#)).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{line}");
    }
    // The API's refusal of this kind is documented for the start of a game session and not for this
    // one.
    let arguments = r#"{"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1"}"#;
    let refusal = json("503 Service Unavailable", r#"{"success": false, "message": "no"}"#);
    let error = call("start_a_multi_session", arguments, refusal).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::UNAVAILABLE, Outcome::Unknown));
}

#[test]
fn a_status_for_another_session_is_a_bad_response_in_calls_and_in_watches() {
    let other = r#"{"success": true, "data": {"session_id": "abc124", "status": "active"}}"#;
    let error = call("get_session_status", STATUS, json("200 OK", other)).unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE);
    assert!(error.message().contains("session_id"), "{error}");

    // As a path needs it encoded, and as a number.
    for (asked, answered) in [(r#""a/ü""#, r#""a\/\u00fc""#), (r#""7""#, "7"), ("7", r#""7""#)] {
        let body = format!(r#"{{"success": true, "data": {{"session_id": {answered}, "status": "x"}}}}"#);
        let arguments = format!(r#"{{"session_id": {asked}}}"#);
        assert_eq!(call("get_session_status", &arguments, json("200 OK", &body)).unwrap(), body);
    }

    let (port, _received) = answering(json("200 OK", other));
    let client = client(port);
    assert_eq!(client.sessions().status("abc123").unwrap_err().code(), Code::BAD_RESPONSE);
    let submitted = client.submit("get_session_status", STATUS, &options(), None).unwrap();
    let error = submitted.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE);

    // A watch reports nothing of another session.
    let watch = client.watch_session("abc123", Duration::from_millis(10), None).unwrap();
    let error = watch.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE);
    assert!(watch.poll_update().is_none());
}

#[test]
fn typed_sessions_read_what_is_there_and_keep_the_rest() {
    let (port, _received) = answering(json("201 Created", STARTED));
    let request = StartSession::new(123)
        .player_id("p")
        .currency("USD")
        .country_code("US")
        .ip_address("::1")
        .freespin_bet_amount("0.50");
    let started = client(port).sessions().start(&request).unwrap();
    assert_eq!((started.session_id.as_str(), started.session_token.as_deref()), ("abc123", Some("t")));
    assert!(!format!("{started:?}").contains("games.example"));

    let odd = r#"{"success": true, "data": {"status": "paused", "game": {"id": "123"}, "player_id": 456, "new": 1.10}}"#;
    let (port, _received) = answering(json("200 OK", odd));
    let status = client(port).sessions().status("abc123").unwrap();
    assert_eq!(
        (status.status.as_str(), status.game_id, status.player_id.as_deref()),
        ("paused", Some(123), Some("456"))
    );
    assert_eq!((status.started_at, status.reply.json()), (None, odd));

    let forgotten = client(port).sessions().start(&StartSession::new(1).player_id("p")).unwrap_err();
    assert_eq!(forgotten.field(), Some("/currency"));
}

#[test]
fn a_response_in_gzip_is_a_bad_response_that_names_gzip() {
    let bytes = answer("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "\u{1F}x");
    let error = call("get_session_status", STATUS, bytes).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");
    assert!(error.message().contains("gzip"), "{error}");
}
