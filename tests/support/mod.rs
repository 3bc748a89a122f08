//! What the tests share: a server that answers with scripted bytes and keeps what it was sent.
#![allow(dead_code)]

pub mod child;
pub mod frames;
pub mod http2;
pub mod http2_server;
pub mod length;
pub mod protocol;
pub mod socks;
pub mod tls;
pub mod transport;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use iplaygames::{CallOptions, Client, Config};

/// A guard against hanging, not a measure: far longer than anything here takes.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What a server received: the head's lines and the body.
#[derive(Debug, Clone)]
pub struct Received {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice");
        first
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Reads one request; None when the client closed the connection.
pub fn read_request(stream: &mut impl Read) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").expect("a header"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut received = Received { line, headers, body: Vec::new() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    received.body = vec![0; length];
    stream.read_exact(&mut received.body).ok()?;
    Some(received)
}

/// The bytes of an answer with a length.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub fn json(status: &str, body: &str) -> Vec<u8> {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// A server on a free port that hands each connection to `serve` on a thread of its own.
pub fn serve(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = std::sync::Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = std::sync::Arc::clone(&serve);
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
                stream.set_nodelay(true).unwrap();
                serve(stream);
            });
        }
    });
    port
}

/// Closes the server's end of a connection, and waits until the client's system knows it. On a busy
/// machine the system may deliver the end of a stream after `close` has returned.
pub fn close_and_deliver(stream: TcpStream) {
    let client = stream.peer_addr().unwrap().port();
    drop(stream);
    if !cfg!(target_os = "linux") {
        return std::thread::sleep(Duration::from_millis(20));
    }
    let is_open = || {
        // The columns: a number, the own address, the other address, the state. 01 is ESTABLISHED.
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let port = format!(":{client:04X}");
        sockets.lines().any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            columns.next().is_some_and(|own| own.ends_with(&port)) && columns.nth(1) == Some("01")
        })
    };
    let end = std::time::Instant::now() + TEST_TIMEOUT;
    while is_open() {
        assert!(std::time::Instant::now() < end, "the client's socket never received the end of the stream");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A server that gives the same answer to every request and reports what it received.
pub fn answering(bytes: Vec<u8>) -> (u16, Receiver<Received>) {
    let (seen, received) = channel();
    let seen = std::sync::Mutex::new(seen);
    let port = serve(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = seen.lock().unwrap().send(request);
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    (port, received)
}

pub fn client_with(port: u16, more: &str) -> Client {
    let config = format!(r#"{{"api_key": "test-key-123", "base_url": "http://127.0.0.1:{port}"{more}}}"#);
    Client::new(Config::from_json(&config).unwrap()).unwrap()
}

pub fn client(port: u16) -> Client {
    client_with(port, "")
}

pub fn options() -> CallOptions {
    CallOptions::default()
}

pub const START: &str = r#"{"game_id": 123, "player_id": "player_456", "currency": "USD",
    "country_code": "US", "ip_address": "192.0.2.1"}"#;

/// The arguments of a call that names a session.
pub const SESSION: &str = r#"{"session_id": "abc123"}"#;

/// The response to a status request for a session that is active.
pub const ACTIVE: &str = r#"{"success":true,"data":{"status":"active"}}"#;

pub const STARTED: &str = r#"{"success": true, "data": {"session_id": "abc123", "session_token": "t",
    "game_url": "https://games.example/abc123", "expires_at": "2030-01-01T12:00:00Z"}}"#;

/// A sandbox, and a client of it whose configuration has `more` in it.
#[cfg(feature = "sandbox")]
pub fn sandbox_and_client(more: &str) -> (iplaygames::sandbox::Sandbox, Client) {
    let sandbox = iplaygames::sandbox::Sandbox::start("").unwrap();
    let config = format!("{}{more}}}", sandbox.client_config().trim_end_matches('}'));
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    (sandbox, client)
}
