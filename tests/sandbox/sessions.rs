//! The life of game sessions and multi-sessions in the sandbox.

use serde_json::json;

use crate::fixture::{api_error, send, start_sandbox, with_changes};

#[test]
fn a_session_is_started_checked_and_ended() {
    let fixture = start_sandbox("");
    let (status, body) = fixture.start_session(json!({}));
    assert_eq!((status, &body["success"]), (201, &json!(true)));
    let data = &body["data"];
    let id = data["session_id"].as_str().unwrap();
    assert_eq!((id.len(), data["session_token"].as_str().unwrap().len()), (32, 64));
    let expires = data["expires_at"].as_str().unwrap();
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");

    let (status, body) = fixture.session_status(id);
    assert_eq!(status, 200);
    let data = &body["data"];
    assert_eq!(data["game"], json!({"id": 123, "title": "Book of Dead"}));
    assert_eq!((&data["session_id"], &data["player_id"]), (&json!(id), &json!("p")));
    assert_eq!((&data["status"], &data["last_activity"]), (&json!("active"), &data["started_at"]));

    assert_eq!(
        fixture.end_session(id),
        (200, json!({"success": true, "message": "Session ended successfully"}))
    );
    assert_eq!(fixture.session_status(id).1["data"]["status"], "closed");
    assert_eq!(fixture.end_session(id), (404, api_error("Session not found")));
    assert_eq!(fixture.session_status("nobody"), (404, api_error("Session not found")));
    assert_eq!(fixture.end_session("nobody"), (404, api_error("Session not found")));
}

#[test]
fn a_start_is_rejected_for_each_documented_reason() {
    let default = start_sandbox("");
    assert_eq!(
        default.start_session(json!({"game_id": 201})),
        (404, api_error("Game not found or not available"))
    );
    assert_eq!(default.start_session(json!({"game_id": 0})).0, 404);
    assert_eq!(default.start_session(json!({"game_id": -1})).0, 404);
    let override_rejection = (403, api_error("Provider override is not enabled for your account"));
    assert_eq!(default.start_session(json!({"provider": "nuxgaming"})), override_rejection);
    let country = api_error("No available providers for this game in your country/currency");
    assert_eq!(default.start_session(json!({"country_code": "kp"})), (503, country.clone()));
    assert_eq!(default.session_count(), 0);

    let overriding = start_sandbox(
        r#"{"can_override_provider": true, "providers": ["a"], "unavailable_countries": ["us"]}"#,
    );
    let other = api_error("Requested provider not available for this game");
    assert_eq!(overriding.start_session(json!({"provider": "b"})), (400, other));
    assert_eq!(overriding.start_session(json!({"provider": "a"})), (503, country));
    assert_eq!(overriding.start_session(json!({"provider": "a", "country_code": "KP"})).0, 201);
}

#[test]
fn ending_a_session_twice_returns_the_configured_status() {
    for (config, status, ended) in
        [("conflict", 409, "Session already ended"), ("not_found", 404, "Session not found"), ("ok", 200, "")]
    {
        let fixture = start_sandbox(&json!({"end_twice": config}).to_string());
        let id = fixture.create_session();
        assert_eq!(fixture.end_session(&id).0, 200);
        let (again, body) = fixture.end_session(&id);
        assert_eq!(again, status, "{config}");
        assert!(status == 200 || body == api_error(ended), "{body}");
    }
}

#[test]
fn sessions_expire_by_the_clock_of_the_sandbox() {
    let fixture = start_sandbox(r#"{"session_lifetime_s": 60, "end_twice": "conflict"}"#);
    let id = fixture.create_session();
    let closed = fixture.create_session();
    fixture.end_session(&closed);
    let before = fixture.control(json!({"command": "advance_clock", "seconds": 0}));
    fixture.control(json!({"command": "advance_clock", "seconds": 30}));
    assert_eq!(fixture.session_status(&id).1["data"]["status"], "active");
    let after = fixture.control(json!({"command": "advance_clock", "seconds": 86_400 * 365}));
    assert!(after["now"].as_str() > before["now"].as_str());
    assert_eq!(fixture.session_status(&id).1["data"]["status"], "expired");
    assert_eq!(fixture.session_status(&closed).1["data"]["status"], "closed");
    assert_eq!(fixture.end_session(&id).0, 409);
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["sessions"], json!({"total": 2, "active": 0, "closed": 1, "expired": 1}));
    // The `Date` header uses the same clock.
    let date = fixture.list_games().headers()["date"].to_str().unwrap().to_owned();
    assert!(date.contains(&after["now"].as_str().unwrap()[..4]), "{date}");
}

#[test]
fn a_multi_session_is_started_checked_and_ended() {
    let fixture = start_sandbox("");
    let all = json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1"});
    let start = |change| fixture.post("/api/v1/multi-sessions/start", with_changes(all.clone(), change));

    let (status, body) = start(json!({}));
    let data = &body["data"];
    assert_eq!((status, &data["total_games"], data["games"].as_array().unwrap().len()), (201, &json!(8), 8));

    let (status, body) = start(json!({"game_ids": [123, "1"]}));
    let data = &body["data"];
    let id = data["multi_session_id"].as_str().unwrap();
    assert_eq!((status, id.len()), (201, 36));
    assert!(data["swipe_url"].as_str().unwrap().ends_with(&format!("/{id}")));
    assert_eq!(data["games"][0]["game_name"], "Book of Dead");
    assert!(data["games"][1]["game_image"].is_string());

    let of = |method: &str, id: &str, what: &str| {
        send(fixture.request(method, &format!("/api/v1/multi-sessions/{id}/{what}")))
    };
    let (_, body) = of("GET", id, "status");
    let data = &body["data"];
    assert_eq!((&data["status"], &data["active_sessions"]), (&json!("active"), &json!(1)));
    assert_eq!((&data["current_index"], &data["total_games"]), (&json!(0), &json!(2)));
    assert_eq!(data["games"][0], json!({"position": 0, "game_name": "Book of Dead", "status": "ready"}));
    assert_eq!(data["games"][1]["status"], "pending");
    let ended = json!({"success": true, "message": "Multi-session ended successfully"});
    assert_eq!(of("POST", id, "end"), (200, ended));
    assert_eq!(of("POST", id, "end"), (404, api_error("Multi-session not found")));
    assert_eq!(of("GET", id, "status").1["data"]["status"], "closed");
    assert_eq!(of("GET", "x", "status"), (404, api_error("Multi-session not found")));

    for bad in [json!([201]), json!(["x"]), json!([]), json!("1"), json!([1.5])] {
        assert_eq!(start(json!({"game_ids": bad})), (400, api_error("Invalid request parameters")));
    }
    let counts = fixture.control(json!({"command": "counts"}));
    assert_eq!(counts["multi_sessions"], json!({"total": 2, "active": 1, "closed": 1, "expired": 0}));
}

#[test]
fn the_game_url_returns_a_page() {
    let fixture = start_sandbox("");
    let (_, body) = fixture.start_session(json!({}));
    let url = body["data"]["game_url"].as_str().unwrap();
    let page = fixture.client.get(url).send().unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().unwrap().contains("Book of Dead"));
    assert_eq!(fixture.client.get(format!("{url}x")).send().unwrap().status(), 404);
}
