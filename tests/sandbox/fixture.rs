//! A sandbox, an HTTP client for it, and requests and checks that the tests of the sandbox share.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Once;
use std::time::Duration;

use iplaygames::sandbox::Sandbox;
use iplaygames::{BodyKind, Format, Operation, Param, ParamLocation, ParamType};
use reqwest::blocking::{Client, RequestBuilder, Response, multipart};
use serde_json::{Value, json};

pub fn http_client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// A sandbox, and an HTTP client for requests to it.
pub struct Fixture {
    pub sandbox: Sandbox,
    pub client: Client,
}

pub fn start_sandbox(config: &str) -> Fixture {
    Fixture { sandbox: Sandbox::start(config).unwrap(), client: http_client() }
}

impl Fixture {
    pub fn control(&self, command: Value) -> Value {
        serde_json::from_str(&self.sandbox.control(&command.to_string()).unwrap()).unwrap()
    }

    pub fn queue_fault(&self, mut fault: Value) {
        fault["command"] = json!("fault");
        if fault.get("operation").is_none() {
            fault["operation"] = json!("*");
        }
        assert_eq!(self.control(fault)["success"], true);
    }

    pub fn session_count(&self) -> Value {
        self.control(json!({"command": "counts"}))["sessions"]["total"].clone()
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.sandbox.base_url());
        self.client.request(method, url).bearer_auth(self.sandbox.api_key())
    }

    pub fn post(&self, path: &str, body: Value) -> (u16, Value) {
        send(self.request("POST", path).header("content-type", "application/json").body(body.to_string()))
    }

    pub fn start_session(&self, change: Value) -> (u16, Value) {
        self.post("/api/v1/game-sessions/start", with_changes(start_arguments(), change))
    }

    pub fn create_session(&self) -> String {
        let (status, body) = self.start_session(json!({}));
        assert_eq!(status, 201, "{body}");
        body["data"]["session_id"].as_str().unwrap().to_owned()
    }

    pub fn session_status(&self, id: &str) -> (u16, Value) {
        send(self.request("GET", &format!("/api/v1/game-sessions/{id}/status")))
    }

    pub fn end_session(&self, id: &str) -> (u16, Value) {
        send(self.request("POST", &format!("/api/v1/game-sessions/{id}/end")))
    }

    pub fn list_games(&self) -> Response {
        self.request("GET", "/api/v1/games").send().unwrap()
    }

    /// Opens a connection and sends a GET request for the list of games.
    pub fn connect_and_list_games(&self) -> TcpStream {
        let mut stream = self.connect();
        self.write_list_games(&mut stream);
        stream
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    pub fn host(&self) -> &str {
        self.sandbox.base_url().strip_prefix("http://").unwrap()
    }

    pub fn write_list_games(&self, stream: &mut TcpStream) {
        let key = self.sandbox.api_key();
        let host = self.host();
        let request =
            format!("GET /api/v1/games HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
    }

    pub fn connect_and_start_session(&self) -> TcpStream {
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

pub fn start_arguments() -> Value {
    json!({"game_id": 123, "player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.168.1.1"})
}

/// Returns `value` with the members of `change`. A null removes the member.
pub fn with_changes(mut value: Value, change: Value) -> Value {
    for (key, new) in change.as_object().unwrap() {
        match new {
            Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
            new => value[key] = new.clone(),
        }
    }
    value
}

pub fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().unwrap()).unwrap())
}

pub fn api_error(message: &str) -> Value {
    json!({"success": false, "message": message})
}

/// Returns everything that arrives until the connection ends, and how the connection ended.
pub fn read_to_end(mut stream: impl Read) -> (String, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), end)
}

/// Reads one response from a connection that stays open. Returns its head and its body.
pub fn read_response(stream: &TcpStream) -> (String, String) {
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

pub fn content_length(answer: &str) -> usize {
    let lower = answer.to_ascii_lowercase();
    let line = lower.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
    line.trim().parse().unwrap()
}

/// Returns a value that the table of operations allows for a field.
pub fn valid_value(field: &Param) -> Value {
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
pub fn minimal_request(fixture: &Fixture, operation: &Operation) -> RequestBuilder {
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

pub fn csv_part() -> multipart::Part {
    multipart::Part::text("external_game_id,name\r\n1,One\r\n")
        .file_name("games.csv")
        .mime_str("text/csv")
        .unwrap()
}

pub fn assert_is_sentence(message: &str) {
    let begins_like_a_sentence = message.starts_with(|first: char| first.is_uppercase() || first == '`');
    assert!(begins_like_a_sentence && message.ends_with('.'), "{message}");
}
