//! The sandbox, questioned by a second client (reqwest's blocking one) and, where the wire matters, by
//! bare sockets.

#![cfg(feature = "sandbox")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Once;
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{BodyKind, Code, Field, Kind, Method, Operation, Place, Rule, operations};
use reqwest::blocking::{Client, RequestBuilder, Response, multipart};
use serde_json::{Value, json};

// ---- helpers

fn http() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// A sandbox and a client that talks to it.
struct Table {
    sandbox: Sandbox,
    client: Client,
}

fn table(config: &str) -> Table {
    Table { sandbox: Sandbox::start(config).unwrap(), client: http() }
}

impl Table {
    fn control(&self, command: Value) -> Value {
        serde_json::from_str(&self.sandbox.control(&command.to_string()).unwrap()).unwrap()
    }

    fn fault(&self, mut fault: Value) {
        fault["command"] = json!("fault");
        if fault.get("operation").is_none() {
            fault["operation"] = json!("*");
        }
        assert_eq!(self.control(fault)["success"], true);
    }

    fn sessions(&self) -> Value {
        self.control(json!({"command": "counts"}))["sessions"]["total"].clone()
    }

    fn to(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.sandbox.base_url());
        self.client.request(method, url).bearer_auth(self.sandbox.api_key())
    }

    fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.to("POST", path).header("content-type", "application/json").body(body.to_string()))
    }

    fn start(&self, change: Value) -> (u16, Value) {
        self.post("/api/v1/game-sessions/start", changed(player(), change))
    }

    fn started(&self) -> String {
        let (status, body) = self.start(json!({}));
        assert_eq!(status, 201, "{body}");
        body["data"]["session_id"].as_str().unwrap().to_owned()
    }

    fn status(&self, id: &str) -> (u16, Value) {
        read(self.to("GET", &format!("/api/v1/game-sessions/{id}/status")))
    }

    fn end(&self, id: &str) -> (u16, Value) {
        read(self.to("POST", &format!("/api/v1/game-sessions/{id}/end")))
    }

    fn games(&self) -> Response {
        self.to("GET", "/api/v1/games").send().unwrap()
    }

    /// A bare connection that has sent a GET of the games.
    fn raw(&self) -> TcpStream {
        let mut stream = self.connect();
        self.ask(&mut stream);
        stream
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    fn host(&self) -> &str {
        self.sandbox.base_url().strip_prefix("http://").unwrap()
    }

    fn ask(&self, stream: &mut TcpStream) {
        let key = self.sandbox.api_key();
        let host = self.host();
        let request =
            format!("GET /api/v1/games HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
    }

    fn raw_start(&self) -> TcpStream {
        let (mut stream, key, body) = (self.connect(), self.sandbox.api_key(), player().to_string());
        let host = self.host();
        let request = format!(
            "POST /api/v1/game-sessions/start HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

fn player() -> Value {
    json!({"game_id": 123, "player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.168.1.1"})
}

/// `value` with the keys of `change`; null removes.
fn changed(mut value: Value, change: Value) -> Value {
    for (key, new) in change.as_object().unwrap() {
        match new {
            Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
            new => value[key] = new.clone(),
        }
    }
    value
}

fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().unwrap()).unwrap())
}

fn no(message: &str) -> Value {
    json!({"success": false, "message": message})
}

/// All that comes until the connection ends, and how it ended.
fn rest(mut stream: impl Read) -> (String, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), end)
}

/// One answer off a connection that stays open: its head and its body.
fn one_answer(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&lower);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn content_length(answer: &str) -> usize {
    let lower = answer.to_ascii_lowercase();
    let line = lower.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
    line.trim().parse().unwrap()
}

/// A value that the table takes for a field.
fn valid(field: &Field) -> Value {
    match (field.rule, field.kind) {
        (Rule::Currency, _) => json!("USD"),
        (Rule::Country, _) => json!("US"),
        (Rule::Ip, _) => json!("2001:db8::1"),
        (_, Kind::String) => json!("1"),
        (_, Kind::Integer | Kind::Number) => json!(1),
        (_, Kind::Numeric) => json!("0.50"),
        (_, Kind::Boolean) => json!(true),
        (_, Kind::Object) => json!({}),
        (_, Kind::Strings | Kind::Integers) => json!([1]),
        (_, Kind::Objects) => json!([{}]),
    }
}

/// The smallest request that the table allows.
fn minimal(table: &Table, operation: &Operation) -> RequestBuilder {
    let required =
        |place| operation.fields.iter().filter(move |field| field.required && field.place == place);
    let mut path = operation.path.to_owned();
    for field in required(Place::Path) {
        path = path.replace(&format!("{{{}}}", field.name), "1");
    }
    let text = |field: &Field| valid(field).as_str().map_or_else(|| valid(field).to_string(), str::to_owned);
    let query: Vec<_> =
        required(Place::Query).map(|field| format!("{}={}", field.name, text(field))).collect();
    let request = table.to(operation.method.as_str(), &format!("{path}?{}", query.join("&")));
    match operation.body {
        BodyKind::None => request,
        BodyKind::Json => {
            let body: serde_json::Map<_, _> =
                required(Place::Body).map(|field| (field.name.to_owned(), valid(field))).collect();
            request.header("content-type", "application/json").body(Value::Object(body).to_string())
        }
        BodyKind::File => request.multipart(multipart::Form::new().part("file", csv())),
    }
}

fn csv() -> multipart::Part {
    multipart::Part::text("external_game_id,name\r\n1,One\r\n")
        .file_name("games.csv")
        .mime_str("text/csv")
        .unwrap()
}

// ---- starting and stopping

#[test]
fn the_configuration_names_what_is_wrong_in_it() {
    for (config, field) in [
        (r#"{"prot": 1}"#, "/prot"),
        (r#"{"a/b~c": 1}"#, "/a~1b~0c"),
        (r#"{"port": 65536}"#, "/port"),
        (r#"{"port": "80"}"#, "/port"),
        (r#"{"api_key": ""}"#, "/api_key"),
        (r#"{"api_key": "a b"}"#, "/api_key"),
        (r#"{"can_override_provider": 1}"#, "/can_override_provider"),
        (r#"{"providers": "x"}"#, "/providers"),
        (r#"{"providers": [1]}"#, "/providers"),
        (r#"{"unavailable_countries": ["KPX"]}"#, "/unavailable_countries"),
        (r#"{"end_twice": "maybe"}"#, "/end_twice"),
        (r#"{"session_lifetime_s": 0}"#, "/session_lifetime_s"),
        ("[]", ""),
        ("{", ""),
    ] {
        let error = Sandbox::start(config).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some(field)), "{config}");
    }
}

#[test]
fn a_port_that_is_taken_is_the_ports_fault() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"port": taken.local_addr().unwrap().port()}).to_string();
    assert_eq!(Sandbox::start(&config).unwrap_err().field(), Some("/port"));
}

#[test]
fn it_starts_fails_and_stops_inside_a_hosts_async_task() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start("").unwrap();
        let port: u16 = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
        assert!(Sandbox::start(&json!({"port": port}).to_string()).is_err());
        drop(sandbox);
    });
}

#[test]
fn it_tells_a_client_where_to_go_and_with_what_key() {
    let sandbox = Sandbox::start("{}").unwrap();
    let config: Value = serde_json::from_str(&sandbox.client_config()).unwrap();
    assert_eq!(config, json!({"base_url": sandbox.base_url(), "api_key": sandbox.api_key()}));
    assert!(sandbox.api_key().len() > 30);
    assert!(!format!("{sandbox:?}").contains(sandbox.api_key()));
}

#[test]
fn two_sandboxes_know_nothing_of_each_other() {
    let (one, other) = (table(""), table(""));
    let id = one.started();
    assert_ne!(one.sandbox.api_key(), other.sandbox.api_key());
    assert_eq!(other.status(&id).0, 404);
    assert_eq!((one.sessions(), other.sessions()), (json!(1), json!(0)));
}

#[test]
fn stopping_closes_the_port_and_every_connection() {
    let table = table("");
    let idle = table.connect();
    let kept = table.raw();
    one_answer(&kept);
    table.fault(json!({"delay_ms": 3_600_000}));
    let waiting = table.raw();
    // Answered on another connection once the waiting request has been taken.
    while table.control(json!({"command": "counts"}))["requests"]["total"] != 2 {
        std::thread::yield_now();
    }
    table.sandbox.stop();
    for stream in [idle, kept, waiting] {
        assert_eq!(rest(stream), (String::new(), Ok(())));
    }
    let address = table.sandbox.base_url().strip_prefix("http://").unwrap();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    table.sandbox.stop();
    // What happened can still be asked.
    assert_eq!(table.control(json!({"command": "counts"}))["connections"]["open"], 0);
}

#[test]
fn a_port_can_be_taken_again_at_once() {
    let first = table("");
    first.games();
    let port: u16 = first.sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    first.sandbox.stop();
    let second = table(&json!({"port": port}).to_string());
    assert_eq!(second.games().status(), 200);
}

#[test]
#[cfg(target_os = "linux")]
fn there_is_one_thread_and_it_has_the_sandboxs_name() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("iplaygames-sand")).count()
    };
    // Others may run in this process at the same time: only that there is at least ours can be said.
    let table = table("");
    table.started();
    assert!(threads() >= 1);
}

#[test]
#[cfg(unix)]
fn a_forked_child_neither_stops_nor_commands_its_parents_sandbox() {
    let table = table("");
    let idle = table.raw();
    one_answer(&idle);
    let mut report = [0; 2];
    // SAFETY: the child only asks the sandbox, writes to a pipe and ends without unwinding.
    let child = unsafe {
        assert_eq!(libc::pipe(report.as_mut_ptr()), 0);
        libc::fork()
    };
    let Table { sandbox, client } = table;
    if child == 0 {
        let code = sandbox.control(r#"{"command":"counts"}"#).map_err(|error| error.code());
        sandbox.stop();
        drop(sandbox);
        let verdict = if code == Err(Code::INVALID_HANDLE) { b"y" } else { b"n" };
        // SAFETY: plain system calls on this process's own descriptors; the child waits to be killed, so
        // that its copies of the sockets are open while the parent stops.
        unsafe {
            libc::write(report[1], verdict.as_ptr().cast(), 1);
            // Should the test fail before it gets to that.
            libc::alarm(30);
            loop {
                libc::pause();
            }
        }
    }
    let mut verdict = [0u8];
    // SAFETY: a buffer of one byte, and a pipe that is open.
    assert_eq!(unsafe { libc::read(report[0], verdict.as_mut_ptr().cast(), 1) }, 1);
    assert_eq!(&verdict, b"y");
    let table = Table { sandbox, client };
    assert_eq!(table.games().status(), 200);
    table.sandbox.stop();
    let ended = rest(idle);
    let address = table.sandbox.base_url().strip_prefix("http://").unwrap();
    let refused = TcpStream::connect(address).is_err();
    // SAFETY: our own child, by its id.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    assert_eq!((ended, refused), ((String::new(), Ok(())), true));
}

// ---- the API

#[test]
fn every_operation_answers_a_minimal_request_with_a_success() {
    let table = table("");
    let session = table.started();
    let (_, multi) = table.post(
        "/api/v1/multi-sessions/start",
        json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1"}),
    );
    let multi = multi["data"]["multi_session_id"].as_str().unwrap().to_owned();
    let mut order: Vec<_> = operations().iter().collect();
    // Looked at before they are ended.
    order.sort_by_key(|operation| operation.method != Method::Get);
    for operation in order {
        let response = if operation.path.contains("{session_id}") {
            table.to(operation.method.as_str(), &operation.path.replace("{session_id}", &session)).send()
        } else if operation.path.contains("{token}") {
            table.to(operation.method.as_str(), &operation.path.replace("{token}", &multi)).send()
        } else {
            minimal(&table, operation).send()
        };
        let response = response.unwrap();
        let status = response.status();
        assert!(response.headers().contains_key("x-request-id") && response.headers().contains_key("date"));
        let text = response.text().unwrap();
        assert!(status.is_success(), "{}: {status} {text}", operation.id);
        if operation.answer != iplaygames::AnswerKind::File {
            let body: Value = serde_json::from_str(&text).unwrap();
            for pointer in operation.must_have {
                assert!(body.pointer(pointer).is_some(), "{}: {pointer}", operation.id);
            }
        }
    }
    let counted = table.control(json!({"command": "counts"}));
    assert_eq!(counted["requests"]["by_operation"].as_object().unwrap().len(), 65);
    assert_eq!(counted["requests"]["total"], 67);
}

#[test]
fn every_operation_refuses_a_missing_and_a_wrong_key_in_its_own_shape() {
    let table = table("");
    for operation in operations() {
        let request = || minimal(&table, operation);
        let wrong = request().build().unwrap();
        for value in [None, Some("Bearer wrong"), Some("Basic a2V5"), Some("Bearer")] {
            let mut request = wrong.try_clone().unwrap_or_else(|| request().build().unwrap());
            request.headers_mut().remove("authorization");
            if let Some(value) = value {
                request.headers_mut().insert("authorization", value.parse().unwrap());
            }
            let response = table.client.execute(request).unwrap();
            assert_eq!(response.status(), 401, "{}", operation.id);
            let body: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
            let key_shape = operation.tag == "Endpoints" || operation.id == "get_api_v1_games_id";
            let expected = if key_shape {
                json!({"error": "Unauthorized", "message": "Invalid or inactive API key", "code": 401})
            } else {
                no("Unauthorized")
            };
            assert_eq!(body, expected, "{}", operation.id);
        }
    }
}

#[test]
fn every_required_field_is_missed() {
    let table = table("");
    for operation in operations() {
        for missing in operation.fields.iter().filter(|field| field.required && field.place == Place::Body) {
            let body: serde_json::Map<_, _> = operation
                .fields
                .iter()
                .filter(|field| field.required && field.place == Place::Body && field.name != missing.name)
                .map(|field| (field.name.to_owned(), valid(field)))
                .collect();
            let whole = minimal(&table, operation).build().unwrap();
            let request = table.to(operation.method.as_str(), whole.url().path());
            let (status, answer) = read(request.body(Value::Object(body).to_string()));
            if operation.id == "start_a_multi_session" {
                assert_eq!((status, answer), (400, no("Invalid request parameters")));
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
fn a_session_is_started_checked_and_ended() {
    let table = table("");
    let (status, body) = table.start(json!({}));
    assert_eq!((status, &body["success"]), (201, &json!(true)));
    let data = &body["data"];
    let id = data["session_id"].as_str().unwrap();
    assert_eq!((id.len(), data["session_token"].as_str().unwrap().len()), (32, 64));
    let expires = data["expires_at"].as_str().unwrap();
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");

    let (status, body) = table.status(id);
    assert_eq!(status, 200);
    let data = &body["data"];
    assert_eq!(data["game"], json!({"id": 123, "title": "Book of Dead"}));
    assert_eq!((&data["session_id"], &data["player_id"]), (&json!(id), &json!("p")));
    assert_eq!((&data["status"], &data["last_activity"]), (&json!("active"), &data["started_at"]));

    assert_eq!(table.end(id), (200, json!({"success": true, "message": "Session ended successfully"})));
    assert_eq!(table.status(id).1["data"]["status"], "closed");
    assert_eq!(table.end(id), (404, no("Session not found")));
    assert_eq!(table.status("nobody"), (404, no("Session not found")));
    assert_eq!(table.end("nobody"), (404, no("Session not found")));
}

#[test]
fn the_documented_reasons_refuse_a_start() {
    let none = table("");
    assert_eq!(none.start(json!({"game_id": 201})), (404, no("Game not found or not available")));
    assert_eq!(none.start(json!({"game_id": 0})).0, 404);
    assert_eq!(none.start(json!({"game_id": -1})).0, 404);
    let override_refused = (403, no("Provider override is not enabled for your account"));
    assert_eq!(none.start(json!({"provider": "nuxgaming"})), override_refused);
    let country = no("No available providers for this game in your country/currency");
    assert_eq!(none.start(json!({"country_code": "kp"})), (503, country.clone()));
    assert_eq!(none.sessions(), 0);

    let may =
        table(r#"{"can_override_provider": true, "providers": ["a"], "unavailable_countries": ["us"]}"#);
    let other = no("Requested provider not available for this game");
    assert_eq!(may.start(json!({"provider": "b"})), (400, other));
    assert_eq!(may.start(json!({"provider": "a"})), (503, country));
    assert_eq!(may.start(json!({"provider": "a", "country_code": "KP"})).0, 201);
}

#[test]
fn a_field_of_the_wrong_kind_is_named() {
    let table = table("");
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
        let (status, body) = table.start(json!({ field: value }));
        assert_eq!(status, 422, "{field} {value}");
        assert!(body["errors"][field][0].as_str().unwrap().contains(field), "{body}");
    }
    let (_, body) = table.post("/api/v1/game-sessions/start", json!({}));
    assert_eq!(body["errors"].as_object().unwrap().len(), 5);
    assert_eq!(body["message"], "The game_id field is required. (and 4 more errors)");
    assert_eq!(table.sessions(), 0);
}

#[test]
fn an_amount_may_be_a_number_a_text_or_null() {
    let table = table("");
    for amount in ["0.5", "\"0.50\"", "null", "0", "1"] {
        let body = player().to_string().replacen('{', &format!("{{\"freespin_bet_amount\":{amount},"), 1);
        let (status, answer) = read(table.to("POST", "/api/v1/game-sessions/start").body(body));
        assert_eq!(status, 201, "{amount}: {answer}");
    }
}

#[test]
fn a_body_that_is_no_json_object_is_a_bad_request() {
    let table = table("");
    for body in ["{", "[]", "1", "\u{feff}{}", "<html>"] {
        let (status, answer) = read(table.to("POST", "/api/v1/game-sessions/start").body(body));
        assert_eq!((status, &answer["success"]), (400, &json!(false)), "{body}");
    }
    let long = " ".repeat((16 << 20) + 1);
    let (status, _) = read(table.to("POST", "/api/v1/game-sessions/start").body(long));
    assert_eq!(status, 413);
}

#[test]
fn ending_twice_answers_what_is_configured() {
    for (config, status, ended) in
        [("conflict", 409, "Session already ended"), ("not_found", 404, "Session not found"), ("ok", 200, "")]
    {
        let table = table(&json!({"end_twice": config}).to_string());
        let id = table.started();
        assert_eq!(table.end(&id).0, 200);
        let (again, body) = table.end(&id);
        assert_eq!(again, status, "{config}");
        assert!(status == 200 || body == no(ended), "{body}");
    }
}

#[test]
fn sessions_expire_on_the_clock_that_commands_move() {
    let table = table(r#"{"session_lifetime_s": 60, "end_twice": "conflict"}"#);
    let id = table.started();
    let closed = table.started();
    table.end(&closed);
    let before = table.control(json!({"command": "advance_clock", "seconds": 0}));
    table.control(json!({"command": "advance_clock", "seconds": 30}));
    assert_eq!(table.status(&id).1["data"]["status"], "active");
    let after = table.control(json!({"command": "advance_clock", "seconds": 86_400 * 365}));
    assert!(after["now"].as_str() > before["now"].as_str());
    assert_eq!(table.status(&id).1["data"]["status"], "expired");
    assert_eq!(table.status(&closed).1["data"]["status"], "closed");
    assert_eq!(table.end(&id).0, 409);
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["sessions"], json!({"total": 2, "active": 0, "closed": 1, "expired": 1}));
    // Answers are dated by the same clock.
    let date = table.games().headers()["date"].to_str().unwrap().to_owned();
    assert!(date.contains(&after["now"].as_str().unwrap()[..4]), "{date}");
}

#[test]
fn ids_in_the_path_are_decoded_and_unknown_ones_are_not_found() {
    let table = table("");
    for id in ["a%2Fb", "%C3%BCn%C3%AF%F0%9F%8E%B0", "a%3Fb%23c", "%7Bsession_id%7D", "x'(y)*!~-_.z"] {
        assert_eq!(table.status(id), (404, no("Session not found")), "{id}");
    }
    let id = table.started();
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(table.status(&encoded).0, 200);
    assert_eq!(table.status("%FF").0, 400);
}

#[test]
fn unknown_paths_and_wrong_methods_are_told_apart() {
    let table = table("");
    for path in ["/", "/api/v1", "/api/v1/game-sessions//status", "/api/v1/games/1/2", "/api/v1/games/"] {
        let (status, body) = read(table.to("GET", path));
        assert_eq!(status, 404, "{path}");
        assert!(body["message"].is_string() && body.get("success").is_none());
    }
    let response = table.to("PUT", "/api/v1/game-sessions/start").send().unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["requests"], json!({"total": 6, "by_operation": {}}));
}

#[test]
fn a_multi_session_is_started_checked_and_ended() {
    let table = table("");
    let all = json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1"});
    let start = |change| table.post("/api/v1/multi-sessions/start", changed(all.clone(), change));

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
        read(table.to(method, &format!("/api/v1/multi-sessions/{id}/{what}")))
    };
    let (_, body) = of("GET", id, "status");
    let data = &body["data"];
    assert_eq!((&data["status"], &data["active_sessions"]), (&json!("active"), &json!(1)));
    assert_eq!((&data["current_index"], &data["total_games"]), (&json!(0), &json!(2)));
    assert_eq!(data["games"][0], json!({"position": 0, "game_name": "Book of Dead", "status": "ready"}));
    assert_eq!(data["games"][1]["status"], "pending");
    let ended = json!({"success": true, "message": "Multi-session ended successfully"});
    assert_eq!(of("POST", id, "end"), (200, ended));
    assert_eq!(of("POST", id, "end"), (404, no("Multi-session not found")));
    assert_eq!(of("GET", id, "status").1["data"]["status"], "closed");
    assert_eq!(of("GET", "x", "status"), (404, no("Multi-session not found")));

    for bad in [json!([201]), json!(["x"]), json!([]), json!("1"), json!([1.5])] {
        assert_eq!(start(json!({"game_ids": bad})), (400, no("Invalid request parameters")));
    }
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["multi_sessions"], json!({"total": 2, "active": 1, "closed": 1, "expired": 0}));
}

#[test]
fn the_game_url_opens_a_page() {
    let table = table("");
    let (_, body) = table.start(json!({}));
    let url = body["data"]["game_url"].as_str().unwrap();
    let page = table.client.get(url).send().unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().unwrap().contains("Book of Dead"));
    assert_eq!(table.client.get(format!("{url}x")).send().unwrap().status(), 404);
}

#[test]
fn an_upload_needs_a_part_named_file_with_a_file_name() {
    let table = table("");
    let send = |form| read(table.to("POST", "/api/v1/external-games/import/csv").multipart(form));
    assert_eq!(send(multipart::Form::new().part("file", csv())), (200, json!({"success": true})));
    for form in [
        multipart::Form::new().part("upload", csv()),
        multipart::Form::new().text("file", "id,name"),
        multipart::Form::new()
            .part("file", multipart::Part::text("x".repeat(10_240 * 1024 + 1)).file_name("a")),
    ] {
        let (status, body) = send(form);
        assert_eq!(status, 422);
        assert_eq!(body["errors"]["file"].as_array().unwrap().len(), 1);
    }
    let (status, _) = read(table.to("POST", "/api/v1/external-games/import/csv").body("id,name"));
    assert_eq!(status, 422);
}

#[test]
fn an_export_is_a_file() {
    let table = table("");
    let response = table.to("GET", "/api/v1/transaction-exports/7/download").send().unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv");
    assert!(response.headers()["content-disposition"].to_str().unwrap().contains("filename="));
    assert!(response.text().unwrap().starts_with("id,"));
    let (status, _) = read(table.to("GET", "/api/v1/transaction-exports/seven/download"));
    assert_eq!(status, 422);
}

#[test]
fn connections_are_kept_and_counted() {
    let table = table("");
    let mut stream = table.raw();
    one_answer(&stream);
    table.ask(&mut stream);
    let (head, _) = one_answer(&stream);
    assert!(!head.contains("connection:"), "{head}");
    let _other = table.raw();
    one_answer(&_other);
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["connections"], json!({"accepted": 2, "open": 2, "peak": 2}));
}

// ---- faults

#[test]
fn a_status_fault_answers_a_page_and_does_nothing() {
    let table = table("");
    table.fault(json!({"operation": "start_a_game_session", "status": 502}));
    let request = table.to("POST", "/api/v1/game-sessions/start").body(player().to_string());
    let response = request.send().unwrap();
    assert_eq!(response.status(), 502);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().unwrap().contains("502 Bad Gateway"));
    assert_eq!(table.sessions(), 0);
    table.started();
}

#[test]
fn a_status_fault_can_speak_in_the_envelope() {
    let table = table("");
    table.fault(json!({"status": 503, "envelope": true, "message": "Down"}));
    assert_eq!(table.start(json!({})), (503, no("Down")));
    table.fault(json!({"status": 200, "envelope": true}));
    assert_eq!(table.start(json!({})), (200, no("OK")));
    assert_eq!(table.sessions(), 0);
}

#[test]
fn a_status_fault_can_come_after_the_work() {
    let table = table("");
    table.fault(json!({"status": 500, "process": true}));
    assert_eq!(
        table.to("POST", "/api/v1/game-sessions/start").body(player().to_string()).send().unwrap().status(),
        500
    );
    assert_eq!(table.sessions(), 1);
}

#[test]
fn faults_come_in_order_skip_and_repeat() {
    let table = table("");
    table.fault(json!({"operation": "list_games", "status": 500, "after": 1, "times": 2}));
    table.fault(json!({"operation": "*", "status": 429, "times": 0}));
    let got: Vec<_> = (0..5).map(|_| table.games().status().as_u16()).collect();
    assert_eq!(got, [429, 500, 500, 429, 429]);
    table.control(json!({"command": "clear_faults"}));
    assert_eq!(table.games().status(), 200);
}

#[test]
fn a_body_of_any_bytes_can_be_answered() {
    let table = table("");
    table.fault(json!({"operation": "start_a_game_session", "body": "{\"cut\":"}));
    let request = table.to("POST", "/api/v1/game-sessions/start").body(player().to_string());
    let response = request.send().unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (201, &"application/json".parse().unwrap())
    );
    assert_eq!(response.text().unwrap(), "{\"cut\":");
    // Without a status the operation was carried out.
    assert_eq!(table.sessions(), 1);

    table.fault(json!({"body_base64": "/wD+", "content_type": "image/png", "headers": {"X-Odd": "yes"}}));
    let response = table.games();
    assert_eq!(
        (&response.headers()["content-type"], &response.headers()["x-odd"]),
        (&"image/png".parse().unwrap(), &"yes".parse().unwrap())
    );
    assert_eq!(&response.bytes().unwrap()[..], [0xff, 0, 0xfe]);
}

#[test]
fn an_answer_can_be_empty() {
    let table = table("");
    table.fault(json!({"empty": true}));
    table.fault(json!({"empty": true, "status": 204}));
    for status in [200, 204] {
        let response = table.games();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.text().unwrap(), "");
    }
}

#[test]
fn an_answer_can_be_of_any_size() {
    let table = table("");
    table.fault(json!({"oversize_bytes": 9_000_000}));
    let body = table.games().bytes().unwrap();
    assert_eq!(body.len(), 9_000_000);
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let table = table("");
    table.fault(json!({"status": 429, "retry_after": 3}));
    assert_eq!(table.games().headers()["retry-after"], "3");
    table.control(json!({"command": "advance_clock", "seconds": 1_000_000}));
    for seconds in [120, -5] {
        table.fault(json!({"status": 503, "retry_after": {"date_in_s": seconds}}));
        let response = table.games();
        let time =
            |name: &str| httpdate::parse_http_date(response.headers()[name].to_str().unwrap()).unwrap();
        let unix = |name| time(name).duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        // The second may turn between the two.
        assert!((seconds - 1..=seconds).contains(&(unix("retry-after") - unix("date"))));
    }
}

#[test]
fn a_delay_holds_the_answer_back_but_not_the_work() {
    let table = table("");
    table.fault(json!({"operation": "start_a_game_session", "delay_ms": 3_600_000}));
    let stream = table.raw_start();
    while table.sessions() != 1 {
        std::thread::yield_now();
    }
    drop(stream);

    table.fault(json!({"operation": "list_games", "delay_ms": 120}));
    let begun = Instant::now();
    assert_eq!(table.games().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(120));
}

#[test]
fn a_connection_can_drop_before_or_after_the_work() {
    let table = table("");
    for (drop, sessions) in [("before", 0), ("after", 1)] {
        table.fault(json!({"drop": drop}));
        assert_eq!(rest(table.raw_start()), (String::new(), Ok(())));
        assert_eq!(table.sessions(), sessions, "{drop}");
    }
}

#[test]
#[cfg(unix)]
fn a_connection_can_be_reset_before_or_after_the_work() {
    let table = table("");
    for (fault, sessions) in [
        (json!({"reset": true}), 0),
        (json!({"reset": true, "drop": "after"}), 1),
        (json!({"reset": true, "process": true}), 2),
    ] {
        table.fault(fault.clone());
        let (bytes, end) = rest(table.raw_start());
        assert_eq!((bytes.as_str(), end), ("", Err(ErrorKind::ConnectionReset)), "{fault}");
        assert_eq!(table.sessions(), sessions, "{fault}");
    }
}

#[test]
fn an_answer_can_be_truncated() {
    let table = table("");
    for fault in [json!({"truncate": true}), json!({"truncate": true, "oversize_bytes": 3_000_000})] {
        table.fault(fault);
        let (answer, end) = rest(table.raw());
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert_eq!((end, body.len()), (Ok(()), content_length(&answer) / 2));
    }
    table.fault(json!({"truncate": true}));
    let error = table.games().text().unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    // Even of a single byte and of none.
    for body in ["x", ""] {
        table.fault(json!({"truncate": true, "body": body}));
        let (answer, end) = rest(table.raw());
        assert_eq!((end, content_length(&answer)), (Ok(()), body.len()));
        assert!(answer.ends_with("\r\n\r\n"));
    }
}

#[test]
fn a_connection_can_close_without_a_word_behind_an_answer() {
    let table = table("");
    for fault in [
        json!({"close": true}),
        json!({"close": true, "empty": true}),
        json!({"close": true, "status": 204, "body": "x"}),
        json!({"close": true, "oversize_bytes": 3_000_000}),
        json!({"close": true, "delay_ms": 5}),
    ] {
        table.fault(fault.clone());
        let (answer, end) = rest(table.raw());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(end, Ok(()), "{fault}");
        assert!(!head.to_ascii_lowercase().contains("connection:"), "{head}");
        if !head.contains(" 204 ") {
            assert_eq!(content_length(&answer), body.len(), "{fault}");
        }
    }
}

#[test]
fn a_body_can_drip() {
    let table = table("");
    table.fault(json!({"drip_ms": 2, "body": "0123456789"}));
    let begun = Instant::now();
    assert_eq!(table.games().text().unwrap(), "0123456789");
    assert!(begun.elapsed() >= Duration::from_millis(20));
    // While it drips, others are answered; and it can be cut in the middle.
    table.fault(json!({"drip_ms": 1, "body": "0123456789", "truncate": true}));
    let (answer, _) = rest(table.raw());
    assert!(answer.ends_with("\r\n\r\n01234"), "{answer}");
}

#[test]
fn a_bad_fault_is_refused_with_a_pointer_to_what_is_bad() {
    let table = table("");
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
        let error = table.sandbox.control(&command.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some(field)), "{fault}");
    }
    assert_eq!(table.games().status(), 200);
}

// ---- commands

#[test]
fn commands_over_http_are_the_same_and_need_no_key() {
    let table = table("");
    let post = |body: Value| {
        let request = table.client.post(format!("{}/_sandbox", table.sandbox.base_url()));
        read(request.header("content-type", "application/json").body(body.to_string()))
    };
    assert_eq!(post(json!({"command": "counts"})).1["success"], true);
    let (status, body) = post(json!({"command": "fault", "operation": "x"}));
    assert_eq!(
        (status, &body["error"]["field"], &body["success"]),
        (400, &json!("/operation"), &json!(false))
    );
    assert_eq!(read(table.to("GET", "/_sandbox")).0, 405);
    // A fault for everything does not lock one out.
    table.fault(json!({"drop": "before", "times": 0}));
    assert_eq!(post(json!({"command": "clear_faults"})), (200, json!({"success": true})));
    assert_eq!(table.control(json!({"command": "counts"}))["requests"]["total"], 0);
}

#[test]
fn web_pages_of_other_sites_can_neither_command_nor_read_the_sandbox() {
    let table = table("");
    let id = table.started();
    let host = table.host().to_owned();
    let port = host.rsplit(':').next().unwrap().to_owned();
    let fault = r#"{"command": "fault", "operation": "*", "status": 500}"#;
    // The status, and what the answer says.
    let ask = |line: &str, headers: &str, body: &str| {
        let mut stream = table.connect();
        let key = table.sandbox.api_key();
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
            let (code, answer) = ask(line, &format!("{headers}{json}"), body);
            assert_eq!(code, 403, "{line} {headers}{answer}");
            assert!(answer.contains("The sandbox refuses this request") && !answer.contains(&id), "{answer}");
        }
    }
    // What a form of another site's page can send without asking first.
    for content_type in ["", "Content-Type: text/plain\r\n", "Content-Type: text/plain; application/json\r\n"]
    {
        let (code, answer) = ask("POST /_sandbox", &format!("Host: {host}\r\n{content_type}"), fault);
        assert_eq!(code, 415, "{answer}");
    }
    // Nothing of that was carried out or noted; the machine's own programs and pages come in.
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["requests"]["total"], 1, "{counts}");
    let own =
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n");
    assert_eq!(ask(&status, &own, "").0, 200);
    let json = "Content-Type: Application/JSON; charset=utf-8\r\n";
    assert_eq!(ask("POST /_sandbox", &format!("{own}{json}"), r#"{"command": "counts"}"#).0, 200);
}

#[test]
fn a_bad_command_is_refused_with_a_pointer() {
    let table = table("");
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
        assert_eq!(table.sandbox.control(command).unwrap_err().field(), Some(field), "{command}");
    }
}

#[test]
fn sessions_are_listed_without_their_tokens() {
    let table = table("");
    let (_, body) = table.start(json!({"locale": "de"}));
    table.post(
        "/api/v1/multi-sessions/start",
        json!({"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1", "game_ids": [1]}),
    );
    let list = table.control(json!({"command": "sessions"}));
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
fn requests_are_shown_as_they_came_but_without_the_key() {
    let table = table("");
    table.to("GET", "/api/v1/games?type=slot").header("x-one", "1").send().unwrap();
    table.start(json!({}));
    table.client.get(format!("{}/nowhere", table.sandbox.base_url())).send().unwrap();
    table.client.get(format!("{}/api/v1/games", table.sandbox.base_url())).bearer_auth("x").send().unwrap();
    let answer = table.control(json!({"command": "requests"}));
    let rows = answer["requests"].as_array().unwrap();
    assert_eq!(rows[0]["operation"], "list_games");
    assert_eq!((&rows[0]["method"], &rows[0]["target"]), (&json!("GET"), &json!("/api/v1/games?type=slot")));
    assert_eq!(
        (&rows[0]["headers"]["x-one"], &rows[0]["headers"]["authorization"]),
        (&json!("1"), &json!("ok"))
    );
    assert_eq!(rows[1]["body"], player().to_string());
    assert_eq!(
        (&rows[2]["operation"], &rows[2]["headers"]["authorization"]),
        (&Value::Null, &json!("missing"))
    );
    assert_eq!(rows[3]["headers"]["authorization"], "wrong");
    assert!(!answer.to_string().contains(table.sandbox.api_key()));
    for _ in 0..300 {
        table.games();
    }
    assert_eq!(table.control(json!({"command": "requests"}))["requests"].as_array().unwrap().len(), 256);
}

#[test]
fn reset_makes_everything_new() {
    let table = table("");
    let id = table.started();
    table.fault(json!({"status": 500, "times": 0}));
    table.control(json!({"command": "advance_clock", "seconds": 1_000_000}));
    assert_eq!(table.control(json!({"command": "reset"})), json!({"success": true}));
    assert_eq!(table.control(json!({"command": "counts"}))["requests"]["total"], 0);
    assert_eq!(table.status(&id).0, 404);
    let now =
        table.control(json!({"command": "advance_clock", "seconds": 0}))["now"].as_str().unwrap().to_owned();
    let expires = table.start(json!({})).1["data"]["expires_at"].as_str().unwrap().to_owned();
    assert!(now[..10] <= expires[..10] && expires.starts_with(&now[..3]));
}

#[test]
fn the_documents_commands_and_configuration_work_as_written() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.md")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with('{')).collect();
    let commands = lines.iter().filter(|line| line.starts_with("{\"command\""));
    let table = table("");
    for command in commands.clone() {
        table.sandbox.control(command).unwrap_or_else(|error| panic!("{command}: {error}"));
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
fn many_clients_at_once_are_all_answered() {
    let table = table("");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let id = table.started();
                    assert_eq!(table.end(&id).0, 200);
                }
            });
        }
    });
    let counts = table.control(json!({"command": "counts"}));
    assert_eq!(counts["sessions"], json!({"total": 320, "active": 0, "closed": 320, "expired": 0}));
}
