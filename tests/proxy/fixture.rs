//! Proxies, servers behind them, and calls through them.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use iplaygames::{Client, Config, Error, Reply};
use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::support::http2_server::{send_json, serve_http2, serve_tls};
use crate::support::tls::{Authority, secure, trust_only_given_on_wine};
use crate::support::{
    ACTIVE, Received, SESSION, TEST_TIMEOUT, answer, answering, json, options, read_request, serve,
};

/// The transports of this build that use the configuration of proxies.
pub const TRANSPORTS: &[&str] = if cfg!(feature = "reqwest") { &["native", "reqwest"] } else { &["native"] };

/// What a proxy saw: each head, and every byte that passed from a client after a CONNECT.
#[derive(Debug)]
pub enum Seen {
    Request(Received),
    Passed(Vec<u8>),
}

/// A proxy for CONNECT that leads to `upstream`, whatever it is asked for. Other requests it
/// answers itself, with [`ACTIVE`].
pub fn proxy(upstream: u16) -> (u16, Receiver<Seen>) {
    let (seen, sees) = channel();
    let port = serve(move |mut client| {
        while let Some(request) = read_request(&mut client) {
            let tunnel = request.line.starts_with("CONNECT ");
            let _ = seen.send(Seen::Request(request));
            if tunnel {
                let mut server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut back);
                    let _ = back.shutdown(Shutdown::Both);
                });
                let mut passed = Vec::new();
                let _ = std::io::copy(&mut client, &mut Recording { to: &mut server, kept: &mut passed });
                let _ = server.shutdown(Shutdown::Both);
                let _ = seen.send(Seen::Passed(passed));
                return;
            }
            client.write_all(&json("200 OK", ACTIVE)).unwrap();
        }
    });
    (port, sees)
}

/// Passes bytes on and keeps them.
pub struct Recording<'a> {
    to: &'a mut TcpStream,
    kept: &'a mut Vec<u8>,
}

impl Write for Recording<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        self.to.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// A proxy that answers everything with the same status.
pub fn refusing_proxy(status: &'static str) -> (u16, Receiver<Received>) {
    answering(answer(status, "Proxy-Authenticate: Basic realm=\"test\"\r\n", "No."))
}

/// A TLS server for that host, and the authority it needs.
pub fn tls_server(host: &str) -> (u16, Receiver<Received>, String) {
    let authority = Authority::new("Test CA");
    let (port, requests) = tls_server_of(&authority, host);
    (port, requests, authority.pem())
}

pub fn tls_server_of(authority: &Authority, host: &str) -> (u16, Receiver<Received>) {
    tls_server_with(authority.certify(host).config(&["http/1.1"]))
}

/// A TLS server with this configuration.
pub fn tls_server_with(config: Arc<ServerConfig>) -> (u16, Receiver<Received>) {
    let (seen, requests) = channel();
    let port = serve(move |stream| {
        let mut stream = secure(&config, stream);
        while let Some(request) = read_request(&mut stream) {
            let _ = seen.send(request);
            if stream.write_all(&json("200 OK", ACTIVE)).is_err() {
                return;
            }
        }
    });
    (port, requests)
}

/// A TLS server that speaks HTTP/2 and nothing else.
pub fn http2_server_of(authority: &Authority, host: &str) -> (u16, Receiver<http::Uri>) {
    let config = authority.certify(host).config(&["h2"]);
    let (seen, requests) = channel();
    let port = serve_http2(
        config,
        || (),
        move |request, response| {
            let _ = seen.send(request.into_parts().0.uri);
            async { send_json(response, 200, ACTIVE) }
        },
    );
    (port, requests)
}

/// The same proxy behind TLS, at 127.0.0.1: passes on what it decrypts, and tells of each
/// connection which protocol was agreed on.
pub fn behind_tls(authority: &Authority, proxy: u16) -> (u16, Receiver<Option<Vec<u8>>>) {
    let config = authority.certify("127.0.0.1").config(&["h2", "http/1.1"]);
    let (agreed, protocols) = channel();
    let port = serve_tls(
        config,
        || (),
        move |mut client| {
            let agreed = agreed.clone();
            async move {
                let _ = agreed.send(client.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
                let mut proxy = tokio::net::TcpStream::connect(("127.0.0.1", proxy)).await.unwrap();
                // How it ends, both of its ends know.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut proxy).await;
            }
        },
    );
    (port, protocols)
}

pub fn config(base_url: &str, more: Value) -> Config {
    let mut config = json!({"api_key": "test-key-123", "base_url": base_url});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    trust_only_given_on_wine(&mut config);
    Config::from_json(&config.to_string()).unwrap()
}

pub fn call(base_url: &str, more: Value) -> Result<Reply, Error> {
    let client = Client::new(config(base_url, more)).unwrap();
    client.call("get_session_status", SESSION, &options())
}

pub fn proxy_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

pub fn request_of(sees: &Receiver<Seen>) -> Received {
    match sees.recv_timeout(TEST_TIMEOUT).unwrap() {
        Seen::Request(request) => request,
        Seen::Passed(_) => panic!("no request came first"),
    }
}

pub fn assert_never_holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(!text.contains(word), "{word} in {text}");
    }
}
