//! The operations of the API in the sandbox: each accepts what the description allows, and names
//! what it rejects.

use iplaygames::{Method, ParamLocation, operations};
use reqwest::blocking::multipart;
use serde_json::{Value, json};

use crate::fixture::{
    api_error, csv_part, minimal_request, send, start_arguments, start_sandbox, valid_value,
};

#[test]
fn every_operation_accepts_a_minimal_request() {
    let fixture = start_sandbox("");
    let session = fixture.create_session();
    let (_, multi) = fixture.post(
        "/api/v1/multi-sessions/start",
        json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1"}),
    );
    let multi = multi["data"]["multi_session_id"].as_str().unwrap().to_owned();
    let mut order: Vec<_> = operations().iter().collect();
    // The status requests come before the requests that end the sessions.
    order.sort_by_key(|operation| operation.method != Method::Get);
    for operation in order {
        let response = if operation.path.contains("{session_id}") {
            fixture
                .request(operation.method.as_str(), &operation.path.replace("{session_id}", &session))
                .send()
        } else if operation.path.contains("{token}") {
            fixture.request(operation.method.as_str(), &operation.path.replace("{token}", &multi)).send()
        } else {
            minimal_request(&fixture, operation).send()
        };
        let response = response.unwrap();
        let status = response.status();
        assert!(response.headers().contains_key("x-request-id") && response.headers().contains_key("date"));
        let text = response.text().unwrap();
        assert!(status.is_success(), "{}: {status} {text}", operation.id);
        if operation.response != iplaygames::ResponseKind::File {
            let body: Value = serde_json::from_str(&text).unwrap();
            for pointer in operation.required {
                assert!(body.pointer(pointer).is_some(), "{}: {pointer}", operation.id);
            }
        }
    }
    let counted = fixture.control(json!({"command": "counts"}));
    assert_eq!(counted["requests"]["by_operation"].as_object().unwrap().len(), 65);
    assert_eq!(counted["requests"]["total"], 67);
}

#[test]
fn every_operation_rejects_a_missing_or_wrong_key_in_its_documented_format() {
    let fixture = start_sandbox("");
    for operation in operations() {
        let request = || minimal_request(&fixture, operation);
        let wrong = request().build().unwrap();
        for value in [None, Some("Bearer wrong"), Some("Basic a2V5"), Some("Bearer")] {
            let mut request = wrong.try_clone().unwrap_or_else(|| request().build().unwrap());
            request.headers_mut().remove("authorization");
            if let Some(value) = value {
                request.headers_mut().insert("authorization", value.parse().unwrap());
            }
            let response = fixture.client.execute(request).unwrap();
            assert_eq!(response.status(), 401, "{}", operation.id);
            let body: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
            let key_shape = operation.tag == "Endpoints" || operation.id == "get_api_v1_games_id";
            let expected = if key_shape {
                json!({"error": "Unauthorized", "message": "Invalid or inactive API key", "code": 401})
            } else {
                api_error("Unauthorized")
            };
            assert_eq!(body, expected, "{}", operation.id);
        }
    }
}

#[test]
fn a_missing_required_field_is_rejected_for_every_operation() {
    let fixture = start_sandbox("");
    for operation in operations() {
        for missing in
            operation.params.iter().filter(|field| field.required && field.location == ParamLocation::Body)
        {
            let body: serde_json::Map<_, _> = operation
                .params
                .iter()
                .filter(|field| {
                    field.required && field.location == ParamLocation::Body && field.name != missing.name
                })
                .map(|field| (field.name.to_owned(), valid_value(field)))
                .collect();
            let whole = minimal_request(&fixture, operation).build().unwrap();
            let request = fixture.request(operation.method.as_str(), whole.url().path());
            let (status, answer) = send(request.body(Value::Object(body).to_string()));
            if operation.id == "start_a_multi_session" {
                assert_eq!((status, answer), (400, api_error("Invalid request parameters")));
            } else {
                assert_eq!(status, 422, "{} {}", operation.id, missing.name);
                let only: Vec<_> = answer["errors"].as_object().unwrap().keys().collect();
                assert_eq!(only, [missing.name]);
                assert_eq!(answer["message"], answer["errors"][missing.name][0]);
            }
        }
    }
}

#[test]
fn a_field_of_the_wrong_type_is_named_in_the_errors() {
    let fixture = start_sandbox("");
    for (field, value) in [
        ("game_id", json!("123")),
        ("game_id", json!(1.5)),
        ("player_id", json!(7)),
        ("player_id", json!("")),
        ("currency", json!("US")),
        ("currency", json!("US-D")),
        ("country_code", json!("USA")),
        ("country_code", json!("1a")),
        ("ip_address", json!("300.1.1.1")),
        ("expire_days", json!(0)),
        ("expire_days", json!(31)),
        ("freespin_count", json!("10")),
        ("freespin_bet_amount", json!("half")),
        ("locale", json!(["en"])),
    ] {
        let (status, body) = fixture.start_session(json!({ field: value }));
        assert_eq!(status, 422, "{field} {value}");
        assert!(body["errors"][field][0].as_str().unwrap().contains(field), "{body}");
    }
    let (_, body) = fixture.post("/api/v1/game-sessions/start", json!({}));
    assert_eq!(body["errors"].as_object().unwrap().len(), 5);
    assert_eq!(body["message"], "The game_id field is required. (and 4 more errors)");
    assert_eq!(fixture.session_count(), 0);
}

#[test]
fn an_amount_can_be_a_number_a_string_or_null() {
    let fixture = start_sandbox("");
    for amount in ["0.5", "\"0.50\"", "null", "0", "1"] {
        let body =
            start_arguments().to_string().replacen('{', &format!("{{\"freespin_bet_amount\":{amount},"), 1);
        let (status, answer) = send(fixture.request("POST", "/api/v1/game-sessions/start").body(body));
        assert_eq!(status, 201, "{amount}: {answer}");
    }
}

#[test]
fn a_body_that_is_not_a_json_object_is_a_bad_request() {
    let fixture = start_sandbox("");
    for body in ["{", "[]", "1", "\u{feff}{}", "<html>"] {
        let (status, answer) = send(fixture.request("POST", "/api/v1/game-sessions/start").body(body));
        assert_eq!((status, &answer["success"]), (400, &json!(false)), "{body}");
    }
    let long = " ".repeat((16 << 20) + 1);
    let (status, _) = send(fixture.request("POST", "/api/v1/game-sessions/start").body(long));
    assert_eq!(status, 413);
}

#[test]
fn ids_in_the_path_are_decoded_and_unknown_ids_are_not_found() {
    let fixture = start_sandbox("");
    for id in ["a%2Fb", "%C3%BCn%C3%AF%F0%9F%8E%B0", "a%3Fb%23c", "%7Bsession_id%7D", "x'(y)*!~-_.z"] {
        assert_eq!(fixture.session_status(id), (404, api_error("Session not found")), "{id}");
    }
    let id = fixture.create_session();
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(fixture.session_status(&encoded).0, 200);
    assert_eq!(fixture.session_status("%FF").0, 400);
}

#[test]
fn an_unknown_path_returns_404_and_a_wrong_method_405() {
    let fixture = start_sandbox("");
    for path in ["/", "/api/v1", "/api/v1/game-sessions//status", "/api/v1/games/1/2", "/api/v1/games/"] {
        let (status, body) = send(fixture.request("GET", path));
        assert_eq!(status, 404, "{path}");
        assert!(body["message"].is_string() && body.get("success").is_none());
    }
    let response = fixture.request("PUT", "/api/v1/game-sessions/start").send().unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["requests"], json!({"total": 6, "by_operation": {}}));
}

#[test]
fn an_upload_needs_a_part_named_file_with_a_file_name() {
    let fixture = start_sandbox("");
    let upload = |form| send(fixture.request("POST", "/api/v1/external-games/import/csv").multipart(form));
    assert_eq!(upload(multipart::Form::new().part("file", csv_part())), (200, json!({"success": true})));
    for form in [
        multipart::Form::new().part("upload", csv_part()),
        multipart::Form::new().text("file", "id,name"),
        multipart::Form::new()
            .part("file", multipart::Part::text("x".repeat(10_240 * 1024 + 1)).file_name("a")),
    ] {
        let (status, body) = upload(form);
        assert_eq!(status, 422);
        assert_eq!(body["errors"]["file"].as_array().unwrap().len(), 1);
    }
    let (status, _) = send(fixture.request("POST", "/api/v1/external-games/import/csv").body("id,name"));
    assert_eq!(status, 422);
}

#[test]
fn an_export_returns_a_csv_file() {
    let fixture = start_sandbox("");
    let response = fixture.request("GET", "/api/v1/transaction-exports/7/download").send().unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv");
    assert!(response.headers()["content-disposition"].to_str().unwrap().contains("filename="));
    assert!(response.text().unwrap().starts_with("id,"));
    let (status, _) = send(fixture.request("GET", "/api/v1/transaction-exports/seven/download"));
    assert_eq!(status, 422);
}

#[test]
fn a_list_has_no_rows_after_the_documented_page() {
    let fixture = start_sandbox("");
    for (path, first, later) in [
        ("/api/v1/games", "?per_page=1", "?per_page=1&page=2"),
        ("/api/v1/game-transactions", "?limit=1", "?limit=1&offset=1"),
    ] {
        for (query, rows) in [(first, 1), (later, 0)] {
            let text = fixture.request("GET", &format!("{path}{query}")).send().unwrap().text().unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["data"].as_array().unwrap().len(), rows, "{path}{query}: {text}");
        }
    }
}
