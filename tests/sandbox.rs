//! The sandbox, tested with an independent HTTP client (reqwest) and, where the bytes on the
//! connection matter, with plain sockets.

#![cfg(feature = "sandbox")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Once;
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{BodyKind, Code, Format, Method, Operation, Param, ParamLocation, ParamType, operations};
use reqwest::blocking::{Client, RequestBuilder, Response, multipart};
use serde_json::{Value, json};

// ---- helpers

fn http_client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// A sandbox, and an HTTP client for requests to it.
struct Fixture {
    sandbox: Sandbox,
    client: Client,
}

fn start_sandbox(config: &str) -> Fixture {
    Fixture { sandbox: Sandbox::start(config).unwrap(), client: http_client() }
}

impl Fixture {
    fn control(&self, command: Value) -> Value {
        serde_json::from_str(&self.sandbox.control(&command.to_string()).unwrap()).unwrap()
    }

    fn queue_fault(&self, mut fault: Value) {
        fault["command"] = json!("fault");
        if fault.get("operation").is_none() {
            fault["operation"] = json!("*");
        }
        assert_eq!(self.control(fault)["success"], true);
    }

    fn session_count(&self) -> Value {
        self.control(json!({"command": "counts"}))["sessions"]["total"].clone()
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.sandbox.base_url());
        self.client.request(method, url).bearer_auth(self.sandbox.api_key())
    }

    fn post(&self, path: &str, body: Value) -> (u16, Value) {
        send(self.request("POST", path).header("content-type", "application/json").body(body.to_string()))
    }

    fn start_session(&self, change: Value) -> (u16, Value) {
        self.post("/api/v1/game-sessions/start", with_changes(start_arguments(), change))
    }

    fn create_session(&self) -> String {
        let (status, body) = self.start_session(json!({}));
        assert_eq!(status, 201, "{body}");
        body["data"]["session_id"].as_str().unwrap().to_owned()
    }

    fn session_status(&self, id: &str) -> (u16, Value) {
        send(self.request("GET", &format!("/api/v1/game-sessions/{id}/status")))
    }

    fn end_session(&self, id: &str) -> (u16, Value) {
        send(self.request("POST", &format!("/api/v1/game-sessions/{id}/end")))
    }

    fn list_games(&self) -> Response {
        self.request("GET", "/api/v1/games").send().unwrap()
    }

    /// Opens a connection and sends a GET request for the list of games.
    fn connect_and_list_games(&self) -> TcpStream {
        let mut stream = self.connect();
        self.write_list_games(&mut stream);
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

    fn write_list_games(&self, stream: &mut TcpStream) {
        let key = self.sandbox.api_key();
        let host = self.host();
        let request =
            format!("GET /api/v1/games HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
    }

    fn connect_and_start_session(&self) -> TcpStream {
        let (mut stream, key, body) = (self.connect(), self.sandbox.api_key(), start_arguments().to_string());
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

fn start_arguments() -> Value {
    json!({"game_id": 123, "player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.168.1.1"})
}

/// Returns `value` with the members of `change`. A null removes the member.
fn with_changes(mut value: Value, change: Value) -> Value {
    for (key, new) in change.as_object().unwrap() {
        match new {
            Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
            new => value[key] = new.clone(),
        }
    }
    value
}

fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().unwrap()).unwrap())
}

fn api_error(message: &str) -> Value {
    json!({"success": false, "message": message})
}

/// Returns everything that arrives until the connection ends, and how the connection ended.
fn read_to_end(mut stream: impl Read) -> (String, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), end)
}

/// Reads one response from a connection that stays open. Returns its head and its body.
fn read_response(stream: &TcpStream) -> (String, String) {
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

/// Returns a value that the table of operations allows for a field.
fn valid_value(field: &Param) -> Value {
    match (field.format, field.param_type) {
        (Format::Currency, _) => json!("USD"),
        (Format::Country, _) => json!("US"),
        (Format::Ip, _) => json!("2001:db8::1"),
        (_, ParamType::String) => json!("1"),
        (_, ParamType::Integer | ParamType::Number) => json!(1),
        (_, ParamType::Numeric) => json!("0.50"),
        (_, ParamType::Boolean) => json!(true),
        (_, ParamType::Object) => json!({}),
        (_, ParamType::Strings | ParamType::Integers) => json!([1]),
        (_, ParamType::Objects) => json!([{}]),
    }
}

/// Returns a request with the required fields only.
fn minimal_request(fixture: &Fixture, operation: &Operation) -> RequestBuilder {
    let required =
        |place| operation.params.iter().filter(move |field| field.required && field.location == place);
    let mut path = operation.path.to_owned();
    for field in required(ParamLocation::Path) {
        path = path.replace(&format!("{{{}}}", field.name), "1");
    }
    let text = |field: &Param| {
        valid_value(field).as_str().map_or_else(|| valid_value(field).to_string(), str::to_owned)
    };
    let query: Vec<_> =
        required(ParamLocation::Query).map(|field| format!("{}={}", field.name, text(field))).collect();
    let request = fixture.request(operation.method.as_str(), &format!("{path}?{}", query.join("&")));
    match operation.body {
        BodyKind::None => request,
        BodyKind::Json => {
            let body: serde_json::Map<_, _> = required(ParamLocation::Body)
                .map(|field| (field.name.to_owned(), valid_value(field)))
                .collect();
            request.header("content-type", "application/json").body(Value::Object(body).to_string())
        }
        BodyKind::File => request.multipart(multipart::Form::new().part("file", csv_part())),
    }
}

fn csv_part() -> multipart::Part {
    multipart::Part::text("external_game_id,name\r\n1,One\r\n")
        .file_name("games.csv")
        .mime_str("text/csv")
        .unwrap()
}

fn assert_is_sentence(message: &str) {
    let begins_like_a_sentence = message.starts_with(|first: char| first.is_uppercase() || first == '`');
    assert!(begins_like_a_sentence && message.ends_with('.'), "{message}");
}

// ---- starting and stopping

#[test]
fn an_invalid_configuration_is_an_error_that_names_the_key() {
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
        assert_is_sentence(error.message());
    }
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_key_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"port": taken.local_addr().unwrap().port()}).to_string();
    assert_eq!(Sandbox::start(&config).unwrap_err().field(), Some("/port"));
}

#[test]
fn a_sandbox_can_start_fail_and_stop_inside_an_async_task_of_the_host() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start("").unwrap();
        let port: u16 = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
        assert!(Sandbox::start(&json!({"port": port}).to_string()).is_err());
        drop(sandbox);
    });
}

#[test]
fn the_client_config_has_the_address_and_the_key() {
    let sandbox = Sandbox::start("{}").unwrap();
    let config: Value = serde_json::from_str(&sandbox.client_config()).unwrap();
    assert_eq!(config, json!({"base_url": sandbox.base_url(), "api_key": sandbox.api_key()}));
    assert!(sandbox.api_key().len() > 30);
    assert!(!format!("{sandbox:?}").contains(sandbox.api_key()));
}

#[test]
fn two_sandboxes_share_no_state() {
    let (one, other) = (start_sandbox(""), start_sandbox(""));
    let id = one.create_session();
    assert_ne!(one.sandbox.api_key(), other.sandbox.api_key());
    assert_eq!(other.session_status(&id).0, 404);
    assert_eq!((one.session_count(), other.session_count()), (json!(1), json!(0)));
}

#[test]
fn stopping_closes_the_port_and_every_connection() {
    let fixture = start_sandbox("");
    let idle = fixture.connect();
    let kept = fixture.connect_and_list_games();
    read_response(&kept);
    fixture.queue_fault(json!({"delay_ms": 3_600_000}));
    let waiting = fixture.connect_and_list_games();
    // The command shows when the sandbox has read the third request, whose response is delayed.
    while fixture.control(json!({"command": "counts"}))["requests"]["total"] != 2 {
        std::thread::yield_now();
    }
    fixture.sandbox.stop();
    for stream in [idle, kept, waiting] {
        assert_eq!(read_to_end(stream), (String::new(), Ok(())));
    }
    let address = fixture.sandbox.base_url().strip_prefix("http://").unwrap();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    fixture.sandbox.stop();
    // Commands still work after the stop.
    assert_eq!(fixture.control(json!({"command": "counts"}))["connections"]["open"], 0);
}

#[test]
fn a_port_can_be_reused_immediately_after_a_stop() {
    let first = start_sandbox("");
    first.list_games();
    let port: u16 = first.sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    first.sandbox.stop();
    let second = start_sandbox(&json!({"port": port}).to_string());
    assert_eq!(second.list_games().status(), 200);
}

#[test]
#[cfg(target_os = "linux")]
fn the_server_thread_has_the_name_of_the_sandbox() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("iplaygames-sand")).count()
    };
    // Other tests may run sandboxes in this process, so the number of threads can be larger than
    // one.
    let fixture = start_sandbox("");
    fixture.create_session();
    assert!(threads() >= 1);
}

#[test]
#[cfg(unix)]
fn a_forked_child_can_neither_stop_nor_control_the_sandbox_of_its_parent() {
    let fixture = start_sandbox("");
    let idle = fixture.connect_and_list_games();
    read_response(&idle);
    let mut report = [0; 2];
    // SAFETY: the child only calls the sandbox, writes to a pipe and ends without unwinding.
    let child = unsafe {
        assert_eq!(libc::pipe(report.as_mut_ptr()), 0);
        libc::fork()
    };
    let Fixture { sandbox, client } = fixture;
    if child == 0 {
        let code = sandbox.control(r#"{"command":"counts"}"#).map_err(|error| error.code());
        sandbox.stop();
        drop(sandbox);
        let verdict = if code == Err(Code::INVALID_HANDLE) { b"y" } else { b"n" };
        // SAFETY: these are system calls on descriptors of this process. The child waits to be
        // killed, so that its copies of the sockets are open while the parent stops.
        unsafe {
            libc::write(report[1], verdict.as_ptr().cast(), 1);
            // Ends the child if the test fails before it kills the child.
            libc::alarm(30);
            loop {
                libc::pause();
            }
        }
    }
    let mut verdict = [0u8];
    // SAFETY: the buffer has one byte, and the pipe is open.
    assert_eq!(unsafe { libc::read(report[0], verdict.as_mut_ptr().cast(), 1) }, 1);
    assert_eq!(&verdict, b"y");
    let fixture = Fixture { sandbox, client };
    assert_eq!(fixture.list_games().status(), 200);
    fixture.sandbox.stop();
    let ended = read_to_end(idle);
    let address = fixture.sandbox.base_url().strip_prefix("http://").unwrap();
    let refused = TcpStream::connect(address).is_err();
    // SAFETY: the id is that of the child, which was not waited for yet.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    assert_eq!((ended, refused), ((String::new(), Ok(())), true));
}

// ---- the API

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

// ---- faults

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

// ---- commands

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
