//! Errors and log lines contain no secret, and a logger that fails changes no result.

use std::sync::{Arc, Mutex};

use iplaygames::Client;

use crate::support::{START, STARTED, TEST_TIMEOUT, answering, client, client_with, json, options};

/// Returns the text that all further log lines of a client are added to.
fn log_of(client: &Client) -> Arc<Mutex<String>> {
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    let logger: iplaygames::Logger =
        Arc::new(move |line: &iplaygames::LogLine| sink.lock().unwrap().push_str(&format!("{line:?}\n")));
    client.set_logger(Some(logger), Some(iplaygames::LogLevel::Trace)).unwrap();
    lines
}

#[test]
fn no_secret_of_the_configuration_is_in_an_error_or_a_log_line() {
    let echo =
        r#"{"message": "Bad token test-key-123", "headers": {"authorization": "Bearer test-key-123"}}"#;
    let (port, _received) = answering(json("401 Unauthorized", echo));
    let client = client(port);
    let lines = log_of(&client);
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
    let lines = log_of(&client);
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    client.deliver_log();
    assert_eq!(
        received.recv_timeout(TEST_TIMEOUT).unwrap().header("authorization"),
        Some("Bearer test-key-123")
    );
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
        received.recv_timeout(TEST_TIMEOUT).unwrap();
    }
    client.set_logger(None, None).unwrap();
    client.call("start_a_game_session", START, &options()).unwrap();
}
