//! What stands on the wire, seen by a server that only reads bytes.

mod support;

use iplaygames::{CallOptions, Client, Code, Config, Outcome};
use support::*;

#[test]
fn start_sends_compact_json_and_the_headers_of_the_contract() {
    let (port, received) = answering(json("201 Created", STARTED));
    let arguments =
        START.replace('}', r#", "freespin_bet_amount": 0.50, "locale": null, "expire_days": 7 }"#);
    let reply = client(port).call("start_a_game_session", &arguments, &options()).unwrap();
    assert_eq!(reply.json(), STARTED);
    assert_eq!((reply.http_status(), reply.attempts()), (Some(201), 1));
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "POST /api/v1/game-sessions/start HTTP/1.1");
    assert_eq!(
        request.text(),
        r#"{"game_id":123,"player_id":"player_456","currency":"USD","country_code":"US","ip_address":"192.0.2.1","freespin_bet_amount":0.50,"locale":null,"expire_days":7}"#
    );
    assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
    assert_eq!(request.header("accept"), Some("application/json, */*;q=0.1"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    assert_eq!(request.header("host"), Some(format!("127.0.0.1:{port}").as_str()));
    assert_eq!(request.header("x-request-id"), Some(reply.call_id()));
    assert_eq!(request.header("user-agent"), Some(concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.headers.len(), 8, "{:?}", request.headers);
}

#[test]
fn status_sends_neither_body_nor_content_type() {
    let (port, received) = answering(json("200 OK", r#"{"success":true,"data":{"status":"active"}}"#));
    client(port).call("get_session_status", r#"{"session_id": "abc123"}"#, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "GET /api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("accept"), Some("application/json, */*;q=0.1"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    for absent in ["content-type", "content-length", "transfer-encoding", "connection"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
}

#[test]
fn end_sends_content_length_0_and_no_content_type() {
    let (port, received) = answering(json("200 OK", r#"{"success":true,"message":"Session ended"}"#));
    client(port).call("end_a_game_session", r#"{"session_id": "abc123"}"#, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "POST /api/v1/game-sessions/abc123/end HTTP/1.1");
    assert_eq!(request.header("content-length"), Some("0"));
    assert_eq!(request.header("content-type"), None);
    assert_eq!(request.header("transfer-encoding"), None);
}

#[test]
fn hostile_session_ids_arrive_encoded_or_never() {
    let (port, received) = answering(json("200 OK", r#"{"success":true,"data":{"status":"active"}}"#));
    let client = client(port);
    for (id, path) in [
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("a b", "a%20b"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("🎰", "%F0%9F%8E%B0"),
        ("a\0b", "a%00b"),
        ("%2e%2e", "%252e%252e"),
        ("..a", "..a"),
    ] {
        let arguments = serde_json::json!({"session_id": id}).to_string();
        client.call("get_session_status", &arguments, &options()).unwrap();
        let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(request.line, format!("GET /api/v1/game-sessions/{path}/status HTTP/1.1"));
    }
    for id in ["", ".", ".."] {
        let arguments = serde_json::json!({"session_id": id}).to_string();
        let error = client.call("end_a_game_session", &arguments, &options()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/session_id")));
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
    }
    assert!(received.try_recv().is_err(), "nothing was sent for a refused id");
}

#[test]
fn a_csv_upload_is_one_named_file() {
    let (port, received) = answering(json("200 OK", r#"{"success":true}"#));
    let csv = "external_game_id,name\n1,\"Fünf, sechs\"\n";
    let arguments = serde_json::json!({"file": csv}).to_string();
    client(port).call("import_external_games_from_csv_file", &arguments, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    let kind = request.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect(kind);
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"games.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{csv}\r\n--{boundary}--\r\n"
    );
    assert_eq!(request.text(), expected);
}

#[test]
fn a_delete_has_its_body_and_a_get_never_one() {
    let (port, received) = answering(json("200 OK", r#"{"success":true}"#));
    let client = client(port);
    client.call("bulk_delete_external_games_by_ids", r#"{"ids": [1, 2]}"#, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "DELETE /api/v1/external-games/bulk HTTP/1.1");
    assert_eq!(request.text(), r#"{"ids":[1,2]}"#);
    client.call("list_operators_jackpot_pools", r#"{"currency": "USD"}"#, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "GET /api/v1/jackpot/pools?currency=USD HTTP/1.1");
    assert!(request.body.is_empty());
    client.call("update_a_promotion", r#"{"id": 7}"#, &options()).unwrap();
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "PUT /api/v1/promotions/7 HTTP/1.1");
    assert_eq!((request.header("content-length"), request.header("content-type")), (Some("0"), None));
}

#[test]
fn configured_headers_prefix_and_call_id_are_sent_as_given() {
    let (port, received) = answering(json("200 OK", r#"{"data":[]}"#));
    let config = format!(
        r#"{{"base_url": "http://127.0.0.1:{port}/relay/v2/", "user_agent": "MyGame/1.2",
             "headers": {{"Authorization": "Player abc", "X-Ünï": "no"}}}}"#
    );
    assert_eq!(Config::from_json(&config).unwrap_err().field(), Some("/headers/X-Ünï"));
    let config = config.replace(r#", "X-Ünï": "no""#, r#", "X-Note": "grün""#);
    assert_eq!(Config::from_json(&config).unwrap_err().field(), Some("/headers/X-Note"));
    let config = config.replace("grün", "green \\t tea");
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    let mut options = options();
    options.call_id = Some("match-7".into());
    let reply = client.call("list_games", "", &options).unwrap();
    assert_eq!(reply.call_id(), "match-7");
    let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "GET /relay/v2/api/v1/games HTTP/1.1");
    assert_eq!(request.header("x-request-id"), Some("match-7"));
    assert_eq!(request.header("x-note"), Some("green \t tea"));
    assert!(request.header("user-agent").unwrap().starts_with("MyGame/1.2 iplaygames-native/"));
    // A key of the environment would be sent beside another base_url; a given header has the last
    // word.
    assert_eq!(request.header("authorization"), Some("Player abc"));
    options.call_id = Some("line\nbreak".into());
    assert_eq!(client.call("list_games", "", &options).unwrap_err().field(), Some("/call_id"));
}

#[test]
fn one_connection_serves_call_after_call() {
    let connections = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&connections);
    let port = serve(move |mut stream| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        use std::io::Write as _;
        while read_request(&mut stream).is_some() {
            stream.write_all(&json("200 OK", r#"{"data":[]}"#)).unwrap();
        }
    });
    let client = client_with(port, r#", "max_connections": 1"#);
    for _ in 0..50 {
        client.call("list_games", "", &options()).unwrap();
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn a_watch_asks_under_the_id_that_it_tells() {
    let (seen, sees) = std::sync::mpsc::channel();
    let port = serve(move |mut stream| {
        use std::io::Write as _;
        while let Some(request) = read_request(&mut stream) {
            seen.send(request).unwrap();
            stream.write_all(&json("200 OK", r#"{"data":{"status":"active"}}"#)).unwrap();
        }
    });
    let client = client_with(port, "");
    let watch = client.watch_session("abc123", std::time::Duration::from_millis(10), None).unwrap();
    for _ in 0..2 {
        assert!(watch.wait(std::time::Duration::from_millis(50)).unwrap().is_none());
        let request = sees.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(request.header("x-request-id"), Some(watch.id()));
    }
    assert_eq!(watch.poll_update().unwrap().unwrap().call_id(), watch.id());
}

#[test]
fn every_name_of_this_machine_is_reached_over_http_without_a_look_up() {
    let (port, received) = answering(json("200 OK", r#"{"success":true,"data":{"status":"active"}}"#));
    for host in ["localhost", "localhost.", "game.localhost", "a.b.localhost.", "127.0.0.1"] {
        let config = format!(r#"{{"api_key": "k3y-1234", "base_url": "http://{host}:{port}"}}"#);
        let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
        client.call("get_session_status", r#"{"session_id": "abc123"}"#, &options()).unwrap();
        let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(request.header("host"), Some(format!("{host}:{port}").as_str()));
    }
    // Accepted, although the server of this test does not listen there.
    for host in ["[::1]", "[::ffff:127.0.0.1]", "127.1.2.3"] {
        let config = format!(r#"{{"api_key": "k3y-1234", "base_url": "http://{host}:{port}"}}"#);
        assert!(Config::from_json(&config).is_ok(), "{host}");
    }
}

#[test]
fn headers_of_a_call_are_sent_and_replace_those_of_the_client() {
    let (port, received) = answering(json("200 OK", r#"{"data":[],"meta":{"total":0}}"#));
    let config = serde_json::json!({
        "base_url": format!("http://127.0.0.1:{port}"),
        "api_key": "test-key-123",
        "headers": {"X-Region": "eu", "X-Tenant": "a"},
    });
    let client = Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap();
    let of_call =
        CallOptions::from_json(r#"{"headers": {"x-tenant": "b", "traceparent": "00-1-2-01"}}"#).unwrap();
    for (options, tenant, trace) in [(&of_call, "b", Some("00-1-2-01")), (&options(), "a", None)] {
        client.call("list_games", "", options).unwrap();
        let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(request.header("x-tenant"), Some(tenant));
        assert_eq!(request.header("x-region"), Some("eu"));
        assert_eq!(request.header("traceparent"), trace);
        assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
    }
}

#[test]
fn a_call_cannot_set_a_header_that_the_client_sets() {
    for name in ["Authorization", "host", "X-Request-Id", "content-length"] {
        let options = serde_json::json!({"headers": {name: "x"}});
        let error = CallOptions::from_json(&options.to_string()).unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (Code::INVALID_ARGUMENT, Some(&*format!("/headers/{name}")))
        );
    }
}

#[test]
fn a_secret_header_of_a_call_is_hidden_in_the_error_and_in_debug() {
    let body = r#"{"success":false,"message":"bad token player-secret-77"}"#;
    let (port, _received) = answering(json("400 Bad Request", body));
    let options = CallOptions::from_json(r#"{"headers": {"X-Player-Token": "player-secret-77"}}"#).unwrap();
    assert!(!format!("{options:?}").contains("player-secret-77"));
    let client = client(port);
    let error = client.call("list_games", "", &options).unwrap_err();
    assert_eq!(error.message(), "bad token [hidden]");
    let call = client.submit("list_games", "", &options, None).unwrap();
    let error = loop {
        if let Some(result) = call.try_result().unwrap() {
            break result.as_ref().unwrap_err().message().to_owned();
        }
        client.tick(std::time::Duration::from_millis(5)).unwrap();
    };
    assert_eq!(error, "bad token [hidden]");
}

#[test]
fn a_reply_has_the_headers_of_the_response_if_its_call_asks_for_them() {
    let body = r#"{"data":[],"meta":{"total":0}}"#;
    let (port, _received) = answering(answer("200 OK", "X-Rate: 7\r\nSet-Cookie: a=1\r\n", body));
    let options_with = CallOptions::from_json(r#"{"keep_headers": true}"#).unwrap();
    let client = client(port);
    let reply = client.call("list_games", "", &options_with).unwrap();
    let headers = reply.headers().unwrap().to_ascii_lowercase();
    assert!(headers.contains("x-rate: 7\r\n") && headers.contains("set-cookie: a=1\r\n"), "{headers}");
    assert!(!headers.contains("http/1.1"), "{headers}");
    assert_eq!(client.call("list_games", "", &options()).unwrap().headers(), None);
}
