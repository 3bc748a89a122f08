//! Tests of the conversion of arguments to requests.

use super::*;
use crate::api::operation::{operation, operations};
use crate::codes::Code;
use crate::http_types::RequestBody;

fn request(id: &str, arguments: &str) -> Result<Request, Error> {
    prepare(operation(id).unwrap(), arguments)
}

fn body(id: &str, arguments: &str) -> String {
    match request(id, arguments).unwrap().body {
        RequestBody::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

const START: &str = r#""game_id": 123, "player_id": "p", "currency": "USD",
                       "country_code": "US", "ip_address": "192.0.2.1""#;

#[test]
fn a_start_sends_compact_json_with_the_digits_of_the_caller() {
    for (given, sent) in [
        ("0.50", "0.50"),
        ("\"0.50\"", "\"0.50\""),
        ("0", "0"),
        ("null", "null"),
        ("1E+2", "1E+2"),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
    ] {
        let arguments = format!("{{ {START} ,\n \"freespin_bet_amount\" : {given} }}");
        assert_eq!(
            body("start_a_game_session", &arguments),
            format!(
                r#"{{"game_id":123,"player_id":"p","currency":"USD","country_code":"US","ip_address":"192.0.2.1","freespin_bet_amount":{sent}}}"#
            )
        );
    }
}

#[test]
fn the_members_of_extra_are_sent_unchanged() {
    let arguments = format!(r#"{{{START}, "extra": {{"new_field": {{"a": [1, 2.00]}}, "ü": "\u00fc"}}}}"#);
    assert!(
        body("start_a_game_session", &arguments).ends_with(r#","new_field":{"a":[1,2.00]},"ü":"\u00fc"}"#)
    );
    let target = request(
        "list_games",
        r#"{"per_page": "2", "extra": {"new filter": "a&b", "on": true, "off": false, "ids": [1, "x"], "none": null}}"#,
    );
    assert_eq!(
        target.unwrap().target,
        "/api/v1/games?per_page=2&new%20filter=a%26b&on=1&off=0&ids%5B%5D=1&ids%5B%5D=x"
    );
    for absent in ["null", "{}"] {
        let made = request("end_a_game_session", &format!(r#"{{"session_id": "a", "extra": {absent}}}"#));
        assert_eq!(made.unwrap().body, RequestBody::None);
    }
    for (id, arguments, field) in [
        ("end_a_game_session", r#"{"session_id": "a", "extra": {"x": 1}}"#, "/extra/x"),
        ("get_session_status", r#"{"session_id": "a", "extra": {"session_id": "b"}}"#, "/extra/session_id"),
        ("list_games", r#"{"type": "1", "extra": {"type": 2}}"#, "/extra/type"),
        ("list_games", r#"{"extra": {"a": 1, "a": 2}}"#, "/extra/a"),
        ("list_games", r#"{"extra": [1]}"#, "/extra"),
        ("list_games", r#"{"extra": "a=1"}"#, "/extra"),
    ] {
        assert_eq!(request(id, arguments).unwrap_err().field(), Some(field), "{arguments}");
    }
    for operation in operations() {
        assert!(operation.param(EXTRA).is_none(), "{}", operation.id);
    }
}

#[test]
fn an_unknown_argument_is_refused_with_the_nearest_name() {
    for (id, arguments, field, hint) in [
        ("end_a_game_session", r#"{"session_id": "a", "x": 1}"#, "/x", "`extra`"),
        (
            "get_session_status",
            r#"{"session_id": "a", "session": "a"}"#,
            "/session",
            "did you mean `session_id`?",
        ),
        ("list_games", r#"{"per_pgae": 1}"#, "/per_pgae", "did you mean `per_page`?"),
        ("list_games", r#"{"colour/~": null}"#, "/colour~1~0", "`extra`"),
    ] {
        let error = request(id, arguments).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some(field)), "{error}");
        assert!(error.message().contains(hint), "{error}");
    }
    let start = format!(r#"{{{START}, "playerId": "p"}}"#);
    let error = request("start_a_game_session", &start).unwrap_err();
    assert!(error.message().contains("did you mean `player_id`?"), "{error}");
}

#[test]
fn special_characters_in_session_ids_are_encoded_and_empty_or_dot_ids_are_refused() {
    for (id, path) in [
        ("abc123", "abc123"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("a b", "a%20b"),
        ("...", "..."),
        ("a\\r\\nb", "a%0D%0Ab"),
        ("🎰", "%F0%9F%8E%B0"),
        ("\\u0000", "%00"),
        ("{session_id}", "%7Bsession_id%7D"),
        ("a?b#c", "a%3Fb%23c"),
        ("x'(y)*!~-_.z", "x%27%28y%29%2A%21~-_.z"),
    ] {
        let made = request("end_a_game_session", &format!(r#"{{"session_id": "{id}"}}"#)).unwrap();
        assert_eq!(made.target, format!("/api/v1/game-sessions/{path}/end"));
        assert_eq!((made.method, made.body), (Method::Post, RequestBody::None));
    }
    for id in [r#""""#, r#"".""#, r#"".."#, r#""\u002e\u002E""#, "null", "[]", "{}", r#""\ud800""#] {
        let error = request("get_session_status", &format!(r#"{{"session_id": {id}}}"#)).unwrap_err();
        assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{id}");
    }
    assert_eq!(request("get_session_status", "").unwrap_err().field(), Some("/session_id"));
}

#[test]
fn the_echoed_argument_is_the_only_one_in_the_path() {
    for operation in crate::api::operation::operations() {
        let Some(echo) = operation.echo else { continue };
        let (_, from_argument) = operation.path.split_once('{').unwrap();
        let (argument, rest) = from_argument.split_once('}').unwrap();
        assert_eq!((argument, rest.contains('{')), (echo.argument, false), "{}", operation.id);
    }
}

#[test]
fn the_echo_equals_the_argument_of_the_caller() {
    for id in ["abc123", "a/b", "a%2Fb", "a b", "🎰", "a?b#c", "{session_id}"] {
        let arguments = format!(r#"{{"session_id": "{id}"}}"#);
        let status = operation("get_session_status").unwrap();
        assert_eq!(echo(status, &prepare(status, &arguments).unwrap().target).as_deref(), Some(id));
        assert_eq!(echo(status, &prepare_on_session(status, id).unwrap().target).as_deref(), Some(id));
        let end = operation("end_a_game_session").unwrap();
        assert_eq!(echo(end, &prepare(end, &arguments).unwrap().target), None);
    }
    let domain = operation("get_domain_details").unwrap();
    assert_eq!(echo(domain, &prepare(domain, r#"{"id": 7}"#).unwrap().target).as_deref(), Some("7"));
}

#[test]
fn an_invalid_argument_is_refused_with_its_name() {
    for (field, value) in [
        ("game_id", "\"123\""),
        ("game_id", "1.5"),
        ("game_id", "1e3"),
        ("game_id", "null"),
        ("player_id", "5"),
        ("player_id", r#""\udc00""#),
        ("currency", r#""US""#),
        ("currency", r#""US D""#),
        ("currency", r#""ABCDEFGHIJK""#),
        ("country_code", r#""USA""#),
        ("country_code", r#""U1""#),
        ("ip_address", r#""1.2.3""#),
        ("ip_address", r#""1.2.3.4 ""#),
        ("expire_days", "0"),
        ("expire_days", "31"),
        ("expire_days", "-1"),
        ("freespin_bet_amount", "true"),
        ("freespin_bet_amount", r#""half""#),
        ("freespin_bet_amount", r#""1 ""#),
        ("freespin_bet_amount", r#""""#),
        ("freespin_bet_amount", r#""NaN""#),
        ("locale", "1"),
    ] {
        let mut arguments: Vec<String> = START
            .split(',')
            .map(|pair| pair.trim().to_owned())
            .filter(|pair| !pair.starts_with(&format!("\"{field}\"")))
            .collect();
        arguments.push(format!("\"{field}\": {value}"));
        let text = format!("{{{}}}", arguments.join(","));
        let error = request("start_a_game_session", &text).unwrap_err();
        assert_eq!(error.field(), Some(format!("/{field}").as_str()), "{text}");
    }
    for fine in [
        "\"extra\": {\"currency2\": \"x\"}",
        "\"expire_days\": 30",
        "\"expire_days\": null",
        "\"device\": \"tablet\"",
    ] {
        assert!(request("start_a_game_session", &format!("{{{START}, {fine}}}")).is_ok(), "{fine}");
    }
    for fine in ["2001:db8::1", "::ffff:192.0.2.1"] {
        assert!(request("start_a_game_session", &format!("{{{START}}}").replace("192.0.2.1", fine)).is_ok());
    }
    assert!(request("start_a_game_session", &format!("{{{START}}}").replace("USD", "USDT")).is_ok());
    for nothing in ["NaN", "Infinity", "{,}", "[]", "5", "{\"a\": NaN}", "{\"game_id\": 1, \"game_id\": 2}"] {
        assert_eq!(
            request("start_a_game_session", nothing).unwrap_err().code(),
            Code::INVALID_ARGUMENT,
            "{nothing}"
        );
    }
}

#[test]
fn lists_of_ids_accept_integers_and_an_invalid_item_is_named() {
    let common = r#""player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1""#;
    let made = body("start_a_multi_session", &format!(r#"{{{common}, "game_ids": [1, "2"]}}"#));
    assert!(made.ends_with(r#""game_ids":[1,"2"]}"#));
    for bad in ["[1, null]", "[1, 2.5]", "[1, []]"] {
        let error =
            request("start_a_multi_session", &format!(r#"{{{common}, "game_ids": {bad}}}"#)).unwrap_err();
        assert_eq!(error.field(), Some("/game_ids/1"));
    }
    assert_eq!(
        request("bulk_delete_external_games_by_ids", r#"{"ids": 5}"#).unwrap_err().field(),
        Some("/ids")
    );
}

#[test]
fn arguments_of_a_get_are_sent_in_the_query() {
    let made = request("list_games", r#"{"search": "sweet bonanza", "per_page": 20, "type": null}"#).unwrap();
    assert_eq!(made.target, "/api/v1/games?search=sweet%20bonanza&per_page=20");
    let made = request("get_player_contribution_history", r#"{"player_id": "p", "limit": 5}"#).unwrap();
    assert_eq!(made.target, "/api/v1/jackpot/contributions?player_id=p&limit=5");
    assert_eq!(made.body, RequestBody::None);
    assert_eq!(request("list_games", r#"{"x": {}}"#).unwrap_err().field(), Some("/x"));
    assert_eq!(
        request("list_widget_tokens", r#"{"active": true}"#).unwrap().target,
        "/api/v1/widget/tokens?active=1"
    );
}

#[test]
fn a_delete_has_a_body_and_csv_text_is_sent_as_a_file() {
    assert_eq!(body("bulk_delete_external_games_by_ids", r#"{"ids": [1, 2]}"#), r#"{"ids":[1,2]}"#);
    let made = request("import_external_games_from_csv_file", r#"{"file": "id,name\n1,\"A\"\n"}"#).unwrap();
    let RequestBody::File { field, content, .. } = made.body else { panic!() };
    assert_eq!((field, &content[..]), ("file", b"id,name\n1,\"A\"\n".as_slice()));
    assert_eq!(request("import_external_games_from_csv_file", "{}").unwrap_err().field(), Some("/file"));
}

#[test]
fn operations_without_required_parameters_need_no_arguments() {
    for row in operations() {
        let made = prepare(row, "");
        assert_eq!(made.is_ok(), !row.params.iter().any(|field| field.required), "{}", row.id);
    }
}
