//! What goes through a proxy, what a proxy gets to see, and when there is one at all.

mod support;

use std::future::Future;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use iplaygames::{Client, Code, Config, Error, Outcome, Reply};
use rustls::ServerConfig;
use serde_json::{Value, json};
use support::tls::{Authority, secure};
use support::*;

const ACTIVE: &str = r#"{"success":true,"data":{"status":"active"}}"#;
const SESSION: &str = r#"{"session_id": "abc123"}"#;

/// What a proxy saw: each head, and every byte that passed from a client after a CONNECT.
#[derive(Debug)]
enum Seen {
    Request(Received),
    Passed(Vec<u8>),
}

/// A proxy for CONNECT that leads to `upstream`, whatever it is asked for. Other requests it answers
/// itself, with [`ACTIVE`].
fn proxy(upstream: u16) -> (u16, Receiver<Seen>) {
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
struct Recording<'a> {
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
fn refusing_proxy(status: &'static str) -> (u16, Receiver<Received>) {
    answering(answer(status, "Proxy-Authenticate: Basic realm=\"test\"\r\n", "No."))
}

/// A TLS server for that host, and the authority it needs.
fn tls_server(host: &str) -> (u16, Receiver<Received>, String) {
    let authority = Authority::new("Test CA");
    let (port, requests) = tls_server_of(&authority, host);
    (port, requests, authority.pem())
}

fn tls_server_of(authority: &Authority, host: &str) -> (u16, Receiver<Received>) {
    let config = authority.certify(host).config(&["http/1.1"]);
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

/// Does something with each connection, once TLS is agreed on.
fn serve_secured<F: Future>(
    config: Arc<ServerConfig>,
    work: impl Fn(Secured) -> F + Send + Sync + 'static,
) -> u16 {
    serve(move |stream| {
        stream.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&config));
            if let Ok(stream) = acceptor.accept(stream).await {
                work(stream).await;
            }
        });
    })
}

type Secured = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;

/// A TLS server that speaks HTTP/2 and nothing else.
fn http2_server_of(authority: &Authority, host: &str) -> (u16, Receiver<http::Uri>) {
    let config = authority.certify(host).config(&["h2"]);
    let (seen, requests) = channel();
    let port = serve_secured(config, move |stream| {
        let seen = seen.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let _ = seen.send(request.into_parts().0.uri);
                let response = http::Response::builder().header("content-type", "application/json");
                let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
                body.send_data(ACTIVE.into(), true).unwrap();
            }
        }
    });
    (port, requests)
}

/// The same proxy behind TLS, at 127.0.0.1: passes on what it decrypts, and tells of each connection which
/// protocol was agreed on.
fn behind_tls(authority: &Authority, proxy: u16) -> (u16, Receiver<Option<Vec<u8>>>) {
    let config = authority.certify("127.0.0.1").config(&["h2", "http/1.1"]);
    let (agreed, protocols) = channel();
    let port = serve_secured(config, move |mut client| {
        let agreed = agreed.clone();
        async move {
            let _ = agreed.send(client.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
            let mut proxy = tokio::net::TcpStream::connect(("127.0.0.1", proxy)).await.unwrap();
            // How it ends, both of its ends know.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut proxy).await;
        }
    });
    (port, protocols)
}

fn config(base_url: &str, more: Value) -> Config {
    let mut config = json!({"api_key": "test-key-123", "base_url": base_url});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Config::from_json(&config.to_string()).unwrap()
}

fn call(base_url: &str, more: Value) -> Result<Reply, Error> {
    let client = Client::new(config(base_url, more)).unwrap();
    client.call("get_session_status", SESSION, &options())
}

fn proxy_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn request_of(sees: &Receiver<Seen>) -> Received {
    match sees.recv_timeout(HANG).unwrap() {
        Seen::Request(request) => request,
        Seen::Passed(_) => panic!("no request came first"),
    }
}

fn assert_never_holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn https_through_a_proxy_shows_it_the_host_and_nothing_else() {
    let (port, requests, ca) = tls_server("game.test");
    let (proxy, sees) = proxy(port);
    // The proxy alone knows where that host is.
    let reply = call("https://game.test", json!({"proxy": proxy_url(proxy), "ca_pem": ca}));
    assert_eq!(reply.unwrap().json(), ACTIVE);

    let connect = request_of(&sees);
    assert_eq!(connect.line, "CONNECT game.test:443 HTTP/1.1");
    assert_eq!(connect.header("host"), Some("game.test:443"));
    let head = format!("{connect:?}");
    assert_never_holds(&head, &["test-key", "Bearer", "abc123", "game-sessions", "x-request-id"]);
    assert_eq!(connect.header("proxy-authorization"), None);
    let Seen::Passed(passed) = sees.recv_timeout(HANG).unwrap() else { panic!("one CONNECT is enough") };
    let passed = String::from_utf8_lossy(&passed).into_owned();
    assert_never_holds(&passed, &["test-key", "Bearer", "abc123", "game-sessions"]);

    let request = requests.recv_timeout(HANG).unwrap();
    assert_eq!(request.line, "GET /api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
}

#[test]
fn prewarming_through_a_proxy_makes_the_connection_and_asks_nothing() {
    let (port, requests, ca) = tls_server("game.test");
    let (proxy, sees) = proxy(port);
    let config = config("https://game.test", json!({"proxy": proxy_url(proxy), "ca_pem": ca}));
    let client = Client::new(config).unwrap();
    client.prewarm(HANG).unwrap();
    assert_eq!(request_of(&sees).line, "CONNECT game.test:443 HTTP/1.1");
    client.call("get_session_status", SESSION, &options()).unwrap();
    client.call("get_session_status", SESSION, &options()).unwrap();
    drop(client);
    // One connection, and nothing on it but what was asked.
    let Seen::Passed(_) = sees.recv_timeout(HANG).unwrap() else { panic!("one CONNECT is enough") };
    let lines: Vec<_> = requests.try_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /api/v1/game-sessions/abc123/status HTTP/1.1"; 2]);
}

#[test]
fn http2_goes_through_a_tunnel_too_and_shares_it() {
    let authority = Authority::new("Test CA");
    let (port, requests) = http2_server_of(&authority, "game.test");
    let (proxy, sees) = proxy(port);
    let more = json!({"proxy": proxy_url(proxy), "ca_pem": authority.pem()});
    let client = Client::new(config("https://game.test", more)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let call = || {
                client.call("get_session_status", SESSION, &options()).map(|reply| reply.json().to_owned())
            };
            scope.spawn(move || assert_eq!(call().unwrap(), ACTIVE));
        }
    });
    assert_eq!(request_of(&sees).line, "CONNECT game.test:443 HTTP/1.1");
    drop(client);
    let Seen::Passed(_) = sees.recv_timeout(HANG).unwrap() else { panic!("one CONNECT is enough for all") };
    let uris: Vec<_> = requests.try_iter().map(|uri| uri.to_string()).collect();
    assert_eq!(uris, ["https://game.test/api/v1/game-sessions/abc123/status"; 4]);
}

#[test]
fn a_proxy_behind_tls_is_spoken_to_over_tls_and_hides_the_server_in_it() {
    let authority = Authority::new("Test CA");
    let (port, requests) = tls_server_of(&authority, "game.test");
    let (plain, sees) = proxy(port);
    let (proxy, protocols) = behind_tls(&authority, plain);
    let url = format!("https://user:w0rd@127.0.0.1:{proxy}");
    let more = json!({"proxy": url, "ca_pem": authority.pem(), "allow_insecure_http": true});

    assert_eq!(call("https://game.test", more.clone()).unwrap().json(), ACTIVE);
    let connect = request_of(&sees);
    assert_eq!(connect.line, "CONNECT game.test:443 HTTP/1.1");
    assert_eq!(connect.header("proxy-authorization"), Some("Basic dXNlcjp3MHJk"));
    let Seen::Passed(passed) = sees.recv_timeout(HANG).unwrap() else { panic!("one CONNECT is enough") };
    assert_never_holds(&String::from_utf8_lossy(&passed), &["test-key", "Bearer", "abc123"]);
    let request = requests.recv_timeout(HANG).unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));

    assert_eq!(call("http://game.test", more).unwrap().json(), ACTIVE);
    let request = request_of(&sees);
    assert_eq!(request.line, "GET http://game.test/api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjp3MHJk"));
    // HTTP/2 is for the server; a proxy is never asked for it.
    assert_eq!([protocols.recv_timeout(HANG), protocols.recv_timeout(HANG)], [Ok(None), Ok(None)]);
}

#[test]
fn a_proxy_behind_tls_that_nobody_vouches_for_sees_nothing() {
    let (plain, sees) = proxy(1);
    let (proxy, _) = behind_tls(&Authority::new("Unknown CA"), plain);
    let more = json!({"proxy": format!("https://user:w0rd@127.0.0.1:{proxy}"), "max_retries": 0,
                      "allow_insecure_http": true});
    for base_url in ["https://game.test", "http://game.test"] {
        let error = call(base_url, more.clone()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
        assert_never_holds(&error.to_json(), &["w0rd", "test-key"]);
    }
    assert!(sees.try_recv().is_err(), "the proxy was told something");
}

#[test]
fn one_connection_through_a_proxy_serves_call_after_call() {
    let (asked, asks) = channel();
    let proxy = serve(move |mut client| {
        let mut lines = Vec::new();
        while let Some(request) = read_request(&mut client) {
            lines.push(request.line);
            client.write_all(&json("200 OK", ACTIVE)).unwrap();
        }
        let _ = asked.send(lines.len());
    });
    let more = json!({"proxy": proxy_url(proxy), "allow_insecure_http": true});
    let client = Client::new(config("http://game.test", more)).unwrap();
    for _ in 0..3 {
        client.call("get_session_status", SESSION, &options()).unwrap();
    }
    drop(client);
    assert_eq!(asks.recv_timeout(HANG), Ok(3));
}

#[test]
fn http_through_a_proxy_names_the_whole_address() {
    let (proxy, sees) = proxy(1);
    for base_url in ["http://game.test:81/relay", "http://127.0.0.1:9/relay"] {
        let more = json!({"proxy": proxy_url(proxy), "allow_insecure_http": true});
        assert_eq!(call(base_url, more).unwrap().json(), ACTIVE);
        let request = request_of(&sees);
        assert_eq!(request.line, format!("GET {base_url}/api/v1/game-sessions/abc123/status HTTP/1.1"));
        let host = base_url.split('/').nth(2).unwrap();
        assert_eq!(request.header("host"), Some(host));
    }
}

#[test]
fn a_proxys_password_goes_to_the_proxy_alone() {
    let (port, requests, ca) = tls_server("game.test");
    let (proxy, sees) = proxy(port);
    let url = format!("http://user:pa%24s-w0rd@127.0.0.1:{proxy}");
    // "user:pa$s-w0rd" in Base64.
    let basic = Some("Basic dXNlcjpwYSRzLXcwcmQ=");
    call("https://game.test", json!({"proxy": url, "ca_pem": ca})).unwrap();
    assert_eq!(request_of(&sees).header("proxy-authorization"), basic);
    let request = requests.recv_timeout(HANG).unwrap();
    assert_eq!(request.header("proxy-authorization"), None);
    assert_never_holds(&format!("{request:?}"), &["w0rd", "dXNlcjpw"]);

    let Seen::Passed(_) = sees.recv_timeout(HANG).unwrap() else { panic!("one CONNECT is enough") };
    call("http://game.test", json!({"proxy": url, "allow_insecure_http": true})).unwrap();
    assert_eq!(request_of(&sees).header("proxy-authorization"), basic);
}

#[test]
fn a_proxy_that_refuses_is_no_connection_and_nothing_was_sent() {
    for (status, attempts) in [
        ("407 Proxy Authentication Required", 1),
        ("403 Forbidden", 1),
        ("429 Too Many Requests", 1),
        ("502 Bad Gateway", 2),
    ] {
        let (proxy, received) = refusing_proxy(status);
        let url = format!("http://user:pa%24s-w0rd@127.0.0.1:{proxy}");
        let more = json!({"proxy": url, "max_retries": 1});
        let shown = format!("{:?}", config("https://game.test", more.clone()));
        let client = Client::new(config("https://game.test", more)).unwrap();
        let error = client.call("start_a_game_session", START, &options()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
        assert_eq!(
            (error.attempts(), received.try_iter().count()),
            (attempts, attempts as usize),
            "{status}"
        );
        assert_eq!(error.retryable(), attempts == 2, "{status}");
        assert_eq!(error.message().contains(&status[..3]), attempts == 1, "{error}");
        for text in [error.to_json(), error.to_string(), format!("{error:?}"), shown] {
            assert_never_holds(&text, &["w0rd", "pa$s", "pa%24s", "dXNlcjpw", "test-key"]);
        }
    }
}

#[test]
fn a_proxy_that_is_not_there_is_no_connection_and_keeps_its_password() {
    // Bound, but nobody listens: the port is taken, and every connection is refused.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = taken.local_addr().unwrap().port();
    let url = format!("http://user:pa%24s-w0rd@127.0.0.1:{nobody}");
    for base_url in ["https://game.test", "http://game.test"] {
        let more = json!({"proxy": url, "max_retries": 0, "allow_insecure_http": true});
        let error = call(base_url, more).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
        for text in [error.to_json(), error.to_string(), format!("{error:?}")] {
            assert_never_holds(&text, &["w0rd", "pa$s", "pa%24s", "dXNlcjpw", "test-key"]);
        }
    }
}

/// Runs a test's child with every variable that names a proxy.
fn with_proxy_of_the_environment(test: &str, proxy: u16, more: &[(&str, &str)]) {
    let proxy = proxy_url(proxy);
    let mut environment = more.to_vec();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        environment.push((name, &proxy));
    }
    child::run(test, &environment);
}

#[test]
fn another_machine_is_reached_through_the_proxy_of_the_environment() {
    const NAME: &str = "another_machine_is_reached_through_the_proxy_of_the_environment";
    if child::is(NAME) {
        let more = json!({"ca_pem": child::given("CA")});
        assert_eq!(call("https://game.test", more).unwrap().json(), ACTIVE);
        assert_eq!(call("http://game.test", json!({"allow_insecure_http": true})).unwrap().json(), ACTIVE);
        return;
    }
    let (port, requests, ca) = tls_server("game.test");
    let (proxy, sees) = proxy(port);
    with_proxy_of_the_environment(NAME, proxy, &[("CA", &ca)]);
    assert_eq!(request_of(&sees).line, "CONNECT game.test:443 HTTP/1.1");
    assert_eq!(requests.recv_timeout(HANG).unwrap().header("authorization"), Some("Bearer test-key-123"));
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    const NAME: &str = "a_proxy_of_the_environment_is_not_asked_for_this_machine";
    if child::is(NAME) {
        let port = child::given("PORT");
        for host in ["127.0.0.1", "localhost"] {
            assert_eq!(call(&format!("http://{host}:{port}"), json!({})).unwrap().json(), ACTIVE);
        }
        let more = json!({"ca_pem": child::given("CA")});
        let base_url = format!("https://localhost:{}", child::given("TLS_PORT"));
        assert_eq!(call(&base_url, more).unwrap().json(), ACTIVE);
        return;
    }
    let (port, received) = answering(json("200 OK", ACTIVE));
    let (tls_port, requests, ca) = tls_server("localhost");
    let (proxy, sees) = proxy(port);
    let (port, tls_port) = (port.to_string(), tls_port.to_string());
    with_proxy_of_the_environment(NAME, proxy, &[("PORT", &port), ("TLS_PORT", &tls_port), ("CA", &ca)]);
    assert_eq!((received.try_iter().count(), requests.try_iter().count()), (2, 1));
    assert!(sees.try_recv().is_err(), "the proxy was asked");
}

#[test]
fn a_system_that_names_a_proxy_for_socks_is_told_so_and_not_walked_past() {
    const NAME: &str = "a_system_that_names_a_proxy_for_socks_is_told_so_and_not_walked_past";
    if child::is(NAME) {
        let base = json!({"api_key": "test-key-123", "base_url": "https://game.test"});
        let refused = Config::from_json(&base.to_string()).and_then(Client::new).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), Code::INVALID_ARGUMENT);
        assert!(refused.to_json().contains(r#""/proxy""#), "{refused:?}");
        assert!(refused.message().contains("HTTPS_PROXY"), "{refused}");
        assert_never_holds(&refused.to_json(), &["w0rd", "nobody.test"]);
        return;
    }
    let socks = "socks5h://user:w0rd@nobody.test:1080";
    let names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"];
    child::run(NAME, &names.map(|name| (name, socks)));
}

/// 0.0.0.0 leads to this machine, but is not one of the addresses that stand for it.
#[cfg(unix)]
#[test]
fn the_word_none_turns_the_proxy_of_the_environment_off() {
    const NAME: &str = "the_word_none_turns_the_proxy_of_the_environment_off";
    if child::is(NAME) {
        let http = format!("http://0.0.0.0:{}", child::given("PORT"));
        let https = format!("https://0.0.0.0:{}", child::given("TLS_PORT"));
        let mut more = json!({"ca_pem": child::given("CA"), "allow_insecure_http": true, "proxy": "none"});
        assert_eq!(call(&http, more.clone()).unwrap().json(), ACTIVE);
        assert_eq!(call(&https, more.clone()).unwrap().json(), ACTIVE);
        // And with it, the same address is the proxy's.
        more["proxy"] = Value::Null;
        assert_eq!(call(&http, more).unwrap().json(), ACTIVE);
        return;
    }
    let (port, received) = answering(json("200 OK", ACTIVE));
    let (tls_port, requests, ca) = tls_server("0.0.0.0");
    let (proxy, sees) = proxy(1);
    let (port, tls_port) = (port.to_string(), tls_port.to_string());
    with_proxy_of_the_environment(NAME, proxy, &[("PORT", &port), ("TLS_PORT", &tls_port), ("CA", &ca)]);
    assert_eq!((received.try_iter().count(), requests.try_iter().count()), (1, 1));
    assert_eq!(request_of(&sees).line.split("/api/").next().unwrap(), format!("GET http://0.0.0.0:{port}"));
    assert!(sees.try_recv().is_err(), "the proxy was asked once more");
}
