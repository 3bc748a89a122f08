//! The commands of the sandbox, who may send them, and the lists that they return.

use iplaygames::sandbox::Sandbox;
use serde_json::{Value, json};
use std::io::{Read, Write};

use crate::fixture::{assert_is_sentence, read_response, send, start_arguments, start_sandbox};

#[test]
fn connections_are_kept_alive_and_counted() {
    let fixture = start_sandbox("");
    let mut stream = fixture.connect_and_list_games();
    read_response(&stream);
    fixture.write_list_games(&mut stream);
    let (head, _) = read_response(&stream);
    assert!(!head.contains("connection:"), "{head}");
    let _other = fixture.connect_and_list_games();
    read_response(&_other);
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["connections"], json!({"accepted": 2, "open": 2, "peak": 2}));
}

#[test]
fn commands_over_http_work_the_same_and_need_no_key() {
    let fixture = start_sandbox("");
    let post = |body: Value| {
        let request = fixture.client.post(format!("{}/_sandbox", fixture.sandbox.base_url()));
        send(request.header("content-type", "application/json").body(body.to_string()))
    };
    assert_eq!(post(json!({"command": "counts"})).1["success"], true);
    let (status, body) = post(json!({"command": "fault", "operation": "x"}));
    assert_eq!(
        (status, &body["error"]["field"], &body["success"]),
        (400, &json!("/operation"), &json!(false))
    );
    assert_eq!(send(fixture.request("GET", "/_sandbox")).0, 405);
    // A fault for every request does not apply to commands.
    fixture.queue_fault(json!({"drop": "before", "times": 0}));
    assert_eq!(post(json!({"command": "clear_faults"})), (200, json!({"success": true})));
    assert_eq!(fixture.control(json!({"command": "counts"}))["requests"]["total"], 0);
}

#[test]
fn web_pages_of_other_sites_can_neither_control_nor_read_the_sandbox() {
    let fixture = start_sandbox("");
    let id = fixture.create_session();
    let host = fixture.host().to_owned();
    let port = host.rsplit(':').next().unwrap().to_owned();
    let fault = r#"{"command": "fault", "operation": "*", "status": 500}"#;
    // Returns the status and the whole response.
    let exchange = |line: &str, headers: &str, body: &str| {
        let mut stream = fixture.connect();
        let key = fixture.sandbox.api_key();
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer[9..12].parse::<u16>().unwrap(), answer)
    };
    let json = "Content-Type: application/json\r\n";
    let status = format!("GET /api/v1/game-sessions/{id}/status");
    for headers in [
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: {host}\r\nOrigin: https://evil.example\r\n"),
        format!("Host: {host}\r\nOrigin: null\r\n"),
        format!("Host: {host}\r\nSec-Fetch-Site: cross-site\r\n"),
        "Host: localhost\r\n".to_owned(),
    ] {
        for (line, body) in [
            ("POST /_sandbox", fault),
            ("POST /_sandbox", r#"{"command": "sessions"}"#),
            (status.as_str(), ""),
        ] {
            let (code, answer) = exchange(line, &format!("{headers}{json}"), body);
            assert_eq!(code, 403, "{line} {headers}{answer}");
            assert!(answer.contains("The sandbox refuses this request") && !answer.contains(&id), "{answer}");
        }
    }
    // A page of another site can send these with a form, without a preflight request.
    for content_type in ["", "Content-Type: text/plain\r\n", "Content-Type: text/plain; application/json\r\n"]
    {
        let (code, answer) = exchange("POST /_sandbox", &format!("Host: {host}\r\n{content_type}"), fault);
        assert_eq!(code, 415, "{answer}");
    }
    // None of these requests ran or was logged. Programs and pages of this machine are accepted.
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["requests"]["total"], 1, "{counts}");
    let own =
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n");
    assert_eq!(exchange(&status, &own, "").0, 200);
    let json = "Content-Type: Application/JSON; charset=utf-8\r\n";
    assert_eq!(exchange("POST /_sandbox", &format!("{own}{json}"), r#"{"command": "counts"}"#).0, 200);
}

#[test]
fn an_invalid_command_is_an_error_that_names_the_key() {
    let fixture = start_sandbox("");
    for (command, field) in [
        ("", "/command"),
        ("{}", "/command"),
        ("nonsense", ""),
        (r#"{"command": 1}"#, "/command"),
        (r#"{"command": "dance"}"#, "/command"),
        (r#"{"command": "counts", "of": "x"}"#, "/of"),
        (r#"{"command": "advance_clock"}"#, "/seconds"),
        (r#"{"command": "advance_clock", "seconds": -1}"#, "/seconds"),
        (r#"{"command": "advance_clock", "seconds": 1e30}"#, "/seconds"),
    ] {
        let error = fixture.sandbox.control(command).unwrap_err();
        assert_eq!(error.field(), Some(field), "{command}");
        assert_is_sentence(error.message());
    }
}

#[test]
fn sessions_are_listed_without_their_tokens() {
    let fixture = start_sandbox("");
    let (_, body) = fixture.start_session(json!({"locale": "de"}));
    fixture.post(
        "/api/v1/multi-sessions/start",
        json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1", "game_ids": [1]}),
    );
    let list = fixture.control(json!({"command": "sessions"}));
    let row = &list["sessions"][0];
    assert_eq!(row["session_id"], body["data"]["session_id"]);
    assert_eq!(
        (&row["status"], &row["game_id"], &row["locale"]),
        (&json!("active"), &json!(123), &json!("de"))
    );
    assert!(!list.to_string().contains(body["data"]["session_token"].as_str().unwrap()));
    assert_eq!(list["multi_sessions"][0]["game_ids"], json!([1]));
}

#[test]
fn requests_are_listed_unchanged_but_without_the_key() {
    let fixture = start_sandbox("");
    fixture.request("GET", "/api/v1/games?type=slot").header("x-one", "1").send().unwrap();
    fixture.start_session(json!({}));
    fixture.client.get(format!("{}/nowhere", fixture.sandbox.base_url())).send().unwrap();
    fixture
        .client
        .get(format!("{}/api/v1/games", fixture.sandbox.base_url()))
        .bearer_auth("x")
        .send()
        .unwrap();
    let answer = fixture.control(json!({"command": "requests"}));
    let rows = answer["requests"].as_array().unwrap();
    assert_eq!(rows[0]["operation"], "list_games");
    assert_eq!((&rows[0]["method"], &rows[0]["target"]), (&json!("GET"), &json!("/api/v1/games?type=slot")));
    assert_eq!(
        (&rows[0]["headers"]["x-one"], &rows[0]["headers"]["authorization"]),
        (&json!("1"), &json!("ok"))
    );
    assert_eq!(rows[1]["body"], start_arguments().to_string());
    assert_eq!(
        (&rows[2]["operation"], &rows[2]["headers"]["authorization"]),
        (&Value::Null, &json!("missing"))
    );
    assert_eq!(rows[3]["headers"]["authorization"], "wrong");
    assert!(!answer.to_string().contains(fixture.sandbox.api_key()));
    for _ in 0..300 {
        fixture.list_games();
    }
    assert_eq!(fixture.control(json!({"command": "requests"}))["requests"].as_array().unwrap().len(), 256);
}

#[test]
fn reset_restores_the_initial_state() {
    let fixture = start_sandbox("");
    let id = fixture.create_session();
    fixture.queue_fault(json!({"status": 500, "times": 0}));
    fixture.control(json!({"command": "advance_clock", "seconds": 1_000_000}));
    assert_eq!(fixture.control(json!({"command": "reset"})), json!({"success": true}));
    assert_eq!(fixture.control(json!({"command": "counts"}))["requests"]["total"], 0);
    assert_eq!(fixture.session_status(&id).0, 404);
    let now = fixture.control(json!({"command": "advance_clock", "seconds": 0}))["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let expires = fixture.start_session(json!({})).1["data"]["expires_at"].as_str().unwrap().to_owned();
    assert!(now[..10] <= expires[..10] && expires.starts_with(&now[..3]));
}

#[test]
fn the_commands_and_the_configuration_in_the_guide_work() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.md")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with('{')).collect();
    let commands = lines.iter().filter(|line| line.starts_with("{\"command\""));
    let fixture = start_sandbox("");
    for command in commands.clone() {
        fixture.sandbox.control(command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
    for name in ["fault", "clear_faults", "advance_clock", "counts", "sessions", "requests", "reset"] {
        assert!(commands.clone().any(|line| line.contains(&format!("\"{name}\""))), "{name} has no example");
    }
    let config = lines.iter().find(|line| line.contains("\"port\"")).unwrap();
    Sandbox::start(config).unwrap();
    for key in serde_json::from_str::<Value>(config).unwrap().as_object().unwrap().keys() {
        assert!(text.contains(&format!("| `{key}` |")), "{key} is not explained");
    }
}

#[test]
fn concurrent_clients_all_get_responses() {
    let fixture = start_sandbox("");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let id = fixture.create_session();
                    assert_eq!(fixture.end_session(&id).0, 200);
                }
            });
        }
    });
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["sessions"], json!({"total": 320, "active": 0, "closed": 320, "expired": 0}));
}
