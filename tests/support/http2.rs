//! An HTTP/2 server written frame by frame over TLS, so that a test can break each rule of the
//! protocol on its own.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iplaygames::{Client, Config};
use serde_json::{Value, json};

use super::frames::{self, ACK, DATA, END_STREAM, HEADERS, PING, SETTINGS};
use super::tls::{Authority, Secured, secure};
use super::{TEST_TIMEOUT, serve};

/// The server, its authority, and what it counted.
pub struct Server {
    pub port: u16,
    ca_pem: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server. `script` runs once for each connection, with its number from 1 on; its end
    /// closes the connection.
    pub fn start(script: impl Fn(&mut Peer, usize) + Send + Sync + 'static) -> Server {
        let authority = Authority::new("Test CA");
        let config = authority.certify("127.0.0.1").config(&["h2"]);
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let port = serve(move |stream| {
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            script(&mut Peer { stream: secure(&config, stream), is_open: true }, number);
        });
        Server { port, ca_pem: authority.pem(), connections }
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns a client of this server.
    pub fn client(&self, more: Value) -> Client {
        let mut config = json!({
            "api_key": "test-key-123",
            "base_url": format!("https://127.0.0.1:{}", self.port),
            "ca_pem": self.ca_pem,
            "ca_only": true,
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
    }
}

/// One frame.
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// The client's end of a connection, as the server sees it.
pub struct Peer {
    stream: Secured,
    is_open: bool,
}

impl Peer {
    /// Sends the settings and reads the client's preface. Returns false if the client went away.
    pub fn greet(&mut self, settings: &[(u16, u32)]) -> bool {
        self.settings(settings);
        let mut preface = [0; 24];
        self.stream.read_exact(&mut preface).is_ok() && preface.starts_with(b"PRI * HTTP/2.0")
    }

    pub fn settings(&mut self, settings: &[(u16, u32)]) {
        self.write(&frames::settings(settings));
    }

    /// Writes a frame.
    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.write(&frames::frame(kind, flags, stream, payload));
    }

    /// Writes bytes. A client that went away is no failure of the test.
    fn write(&mut self, bytes: &[u8]) {
        self.is_open &= self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok();
    }

    /// Returns whether everything could be written so far.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.stream.conn.send_close_notify();
        let _ = self.stream.flush();
        let _ = self.stream.sock.shutdown(std::net::Shutdown::Both);
        self.is_open = false;
    }

    /// Reads a frame; None when the client closed the connection.
    fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Reads up to the end of the next whole request and returns the number of its stream; None
    /// when the client closed the connection. Acknowledges SETTINGS and answers PINGs on the way.
    pub fn request(&mut self) -> Option<u32> {
        loop {
            let frame = self.read()?;
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[]),
                PING if frame.flags & ACK == 0 => self.frame(PING, ACK, 0, &frame.payload),
                HEADERS | DATA if frame.flags & END_STREAM != 0 => return Some(frame.stream),
                _ => {}
            }
        }
    }

    /// Reads until the client has acknowledged the settings. Returns the streams whose requests
    /// came before.
    pub fn until_settings_are_known(&mut self) -> Vec<u32> {
        let mut requests = Vec::new();
        while let Some(frame) = self.read() {
            match frame.kind {
                SETTINGS if frame.flags & ACK != 0 => break,
                SETTINGS => self.frame(SETTINGS, ACK, 0, &[]),
                HEADERS | DATA if frame.flags & END_STREAM != 0 => requests.push(frame.stream),
                _ => {}
            }
        }
        requests
    }

    /// Returns whether the client has sent something within `time`.
    pub fn has_more(&mut self, time: Duration) -> bool {
        if self.stream.conn.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0) {
            return true;
        }
        self.stream.sock.set_read_timeout(Some(time)).unwrap();
        let more = self.stream.sock.peek(&mut [0]).is_ok_and(|length| length > 0);
        self.stream.sock.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
        more
    }

    /// Sends headers, in as many frames as it takes.
    pub fn headers(&mut self, stream: u32, fields: &[(&str, &str)], ends: bool) {
        let mut block = Vec::new();
        for (name, value) in fields {
            frames::literal(&mut block, name, value);
        }
        self.write(&frames::headers(stream, if ends { END_STREAM } else { 0 }, &block));
    }

    pub fn data(&mut self, stream: u32, content: &[u8], ends: bool) {
        self.frame(DATA, if ends { END_STREAM } else { 0 }, stream, content);
    }

    /// Answers 200 with a JSON document.
    pub fn respond(&mut self, stream: u32, json: &str) {
        let length = json.len().to_string();
        let fields =
            [(":status", "200"), ("content-type", "application/json"), ("content-length", length.as_str())];
        self.headers(stream, &fields, false);
        self.data(stream, json.as_bytes(), true);
    }

    pub fn reset(&mut self, stream: u32, reason: u32) {
        self.write(&frames::reset(stream, reason));
    }

    pub fn go_away(&mut self, last_stream: u32, reason: u32) {
        self.write(&frames::goaway(last_stream, reason));
    }

    /// Answers every further request with a JSON document, until the client closes the connection.
    pub fn respond_to_all(&mut self, json: &str) {
        while let Some(stream) = self.request() {
            self.respond(stream, json);
        }
    }
}
