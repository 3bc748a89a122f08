//! What an answer, good or bad, becomes: the right code, outcome and message, and never a false success.

mod support;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iplaygames::{Client, Code, Error, Outcome, StartSession};
use support::*;

const STATUS: &str = r#"{"session_id": "abc123"}"#;

/// Calls an operation against a server that always answers so, without trying again.
fn call(operation: &str, arguments: &str, bytes: Vec<u8>) -> Result<String, Error> {
    let (port, _received) = answering(bytes);
    let mut options = options();
    options.max_retries = Some(0);
    client(port).call(operation, arguments, &options).map(iplaygames::Reply::into_json)
}

fn start(bytes: Vec<u8>) -> Result<String, Error> {
    call("start_a_game_session", START, bytes)
}

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
fn the_other_refusals_keep_what_they_say() {
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
fn a_page_of_a_broken_server_is_no_answer_of_the_api() {
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
fn nothing_but_a_real_success_passes_for_one() {
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
    // The API's refusal of this kind is documented for the start of a game session and not for this one.
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
    let error = submitted.wait(HANG).unwrap().unwrap().as_ref().unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE);

    // A watch reports nothing of another session.
    let watch = client.watch_session("abc123", Duration::from_millis(10), None).unwrap();
    let error = watch.wait(HANG).unwrap().unwrap().as_ref().unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE);
    assert!(watch.poll_update().is_none());
}

#[test]
fn an_answer_over_the_limit_is_not_kept() {
    let big = format!(r#"{{"success": true, "data": "{}"}}"#, "x".repeat(10_000_000));
    let announced = json("201 Created", &big);
    let mut chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len()).as_bytes());
    for bytes in [announced, chunked] {
        let error = start(bytes).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::RESPONSE_TOO_LARGE, Outcome::Unknown));
    }
    let (port, _received) = answering(json("200 OK", &big));
    let roomy = client_with(port, r#", "max_response_bytes": 20000000"#);
    assert_eq!(roomy.call("get_api_v1_producers", "", &options()).unwrap().json(), big);
}

#[test]
fn a_redirect_is_an_error_and_nothing_reaches_the_other_host() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let target = other.local_addr().unwrap();
    for line in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let error = start(answer(line, &format!("Location: http://{target}/x\r\n"), "")).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::REDIRECT, Outcome::Unknown), "{line}");
    }
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn what_breaks_on_the_way_is_told_apart() {
    // The connection closes in the head, in the body, and instead of an answer.
    let cut = |bytes: &'static [u8]| {
        let port = serve(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(bytes).unwrap();
        });
        let mut options = options();
        options.max_retries = Some(0);
        client(port).call("start_a_game_session", START, &options).unwrap_err()
    };
    for bytes in
        [b"".as_slice(), b"HTTP/1.1 20", b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"succ"]
    {
        let error = cut(bytes);
        assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
        assert!(error.retryable());
    }
    let error = cut(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
    assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");

    // Nobody listens on port 1.
    let error = client_with(1, r#", "max_retries": 0"#).call("list_games", "", &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.retryable()), (Code::CONNECT, Outcome::NotSent, true));

    // A label of 64 letters is no host name: the resolver says so without asking anybody.
    let config = format!(
        r#"{{"base_url": "http://{}.invalid", "allow_insecure_http": true, "max_retries": 0, "proxy": "none"}}"#,
        "a".repeat(64)
    );
    let client = Client::new(iplaygames::Config::from_json(&config).unwrap()).unwrap();
    let error = client.call("list_games", "", &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::RESOLVE, Outcome::NotSent), "{error}");
    assert!(!error.message().contains("http://"), "{error}");
}

#[test]
fn an_upload_that_is_refused_half_way_gets_the_reason() {
    // It hears the head and a little more, says no, and neither reads on nor closes while the client is there.
    let port = serve(|mut stream| {
        let mut some = [0; 10_000];
        std::io::Read::read_exact(&mut stream, &mut some).unwrap();
        let refusal = json("413 Content Too Large", r#"{"success": false, "message": "At most 1 MB"}"#);
        stream.write_all(&refusal).unwrap();
        std::thread::park_timeout(HANG);
    });
    let csv = "external_game_id,name\n".repeat(500_000);
    let arguments = serde_json::json!({"file": csv}).to_string();
    let error = client(port).call("import_external_games_from_csv_file", &arguments, &options()).unwrap_err();
    assert_eq!((error.http_status(), error.message()), (Some(413), "At most 1 MB"));
    assert_eq!((error.code(), error.outcome()), (Code::API, Outcome::Rejected));
}

#[test]
fn a_start_on_a_connection_the_server_has_closed_goes_out_once_on_a_new_one() {
    let started = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&started);
    let (closed, is_closed) = std::sync::mpsc::channel();
    let closed = Mutex::new(closed);
    let port = serve(move |mut stream| {
        // One answer a connection, and no word that it will be closed.
        if read_request(&mut stream).is_some() {
            counter.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&json("201 Created", STARTED)).unwrap();
            drop(stream);
            closed.lock().unwrap().send(()).unwrap();
        }
    });
    let client = client(port);
    for _ in 0..200 {
        client.call("start_a_game_session", START, &options()).unwrap();
        is_closed.recv_timeout(HANG).unwrap();
    }
    assert_eq!(started.load(Ordering::SeqCst), 200);
}

#[test]
fn no_secret_of_the_configuration_is_in_an_error_or_a_log_line() {
    let echo =
        r#"{"message": "Bad token test-key-123", "headers": {"authorization": "Bearer test-key-123"}}"#;
    let (port, _received) = answering(json("401 Unauthorized", echo));
    let client = client(port);
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    let logger: iplaygames::Logger =
        Arc::new(move |line: &iplaygames::LogLine| sink.lock().unwrap().push_str(&format!("{line:?}\n")));
    client.set_logger(Some(logger), Some(iplaygames::LogLevel::Trace)).unwrap();
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    client.deliver_log();
    let lines = lines.lock().unwrap();
    assert!(lines.contains("start_a_game_session"), "{lines}");
    for text in [error.to_json(), format!("{error:?} {error}"), lines.clone(), format!("{client:?}")] {
        assert!(!text.contains("test-key-123"), "{text}");
    }
    assert_eq!(error.message(), "Bad token [hidden]");
}

#[test]
fn a_key_that_the_server_repeats_with_escapes_is_hidden_and_the_body_stays_json() {
    let echo = r#"{"message": "Bad token \u0074est\u002Dkey-123", "errors": {"test-\u006bey-123": ["dGVzdC1rZXktMTIz"]}}"#;
    let (port, received) = answering(json("422 Unprocessable Entity", echo));
    let client = client(port);
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    let logger: iplaygames::Logger =
        Arc::new(move |line: &iplaygames::LogLine| sink.lock().unwrap().push_str(&format!("{line:?}\n")));
    client.set_logger(Some(logger), Some(iplaygames::LogLevel::Trace)).unwrap();
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    client.deliver_log();
    assert_eq!(received.recv_timeout(HANG).unwrap().header("authorization"), Some("Bearer test-key-123"));
    let lines = lines.lock().unwrap();
    assert!(lines.contains("start_a_game_session"), "{lines}");
    for text in [error.to_json(), error.to_string(), lines.clone()] {
        for part in ["test-key", "est\\u002D", "\\u006bey", "dGVzdC1rZXktMTIz"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
    let body: serde_json::Value = serde_json::from_str(error.body_json().unwrap()).unwrap();
    let expected = serde_json::json!({"message": "Bad token [hidden]", "errors": {"[hidden]": ["[hidden]"]}});
    assert_eq!(body, expected);
    serde_json::from_str::<serde_json::Value>(&error.to_json()).unwrap();
}

#[test]
fn headers_with_ordinary_words_hide_nothing_of_a_validation_error() {
    let body = r#"{"success": false, "message": "The currency is invalid.", "errors": {"currency": ["12"]}, "n": [true, null, 12]}"#;
    let (port, _received) = answering(json("422 Unprocessable Entity", body));
    let headers =
        r#", "headers": {"X-A": "true", "X-B": "null", "X-C": "12", "X-D": "currency", "X-E": "invalid"}"#;
    let error = client_with(port, headers).call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!(error.message(), "The currency is invalid.");
    assert_eq!(error.body_json(), Some(body));
}

#[test]
fn a_logger_that_panics_does_not_replace_the_result_of_a_start() {
    let (port, received) = answering(json("201 Created", STARTED));
    let client = client(port);
    let logger: iplaygames::Logger = Arc::new(|_: &iplaygames::LogLine| panic!("the logger fails"));
    client.set_logger(Some(logger), Some(iplaygames::LogLevel::Trace)).unwrap();
    for _ in 0..2 {
        let reply = client.call("start_a_game_session", START, &options()).unwrap();
        assert_eq!(reply.json(), STARTED);
        received.recv_timeout(HANG).unwrap();
    }
    client.set_logger(None, None).unwrap();
    client.call("start_a_game_session", START, &options()).unwrap();
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
