//! A reqwest client of the host performs the calls: with its own headers, roots and proxies, and
//! never with a redirect of its own.

#![cfg(feature = "reqwest")]

mod support;

use std::io::Write;
use std::sync::mpsc::{Receiver, channel};

use iplaygames::{Client, ClientBuilder, Code, Outcome, StartSession};
use reqwest::header::{HeaderMap, HeaderValue};
#[cfg(unix)]
use support::child;
use support::tls::{Authority, secure};
use support::{
    ACTIVE, Received, SESSION, START, STARTED, TEST_TIMEOUT, answer, answering, json, options, read_request,
    serve,
};

/// A builder of reqwest clients that behaves as the library asks for.
fn reqwest_builder() -> reqwest::ClientBuilder {
    // A provider is there already from the second test on.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
}

fn builder(base_url: &str, client: reqwest::Client) -> ClientBuilder {
    Client::builder().api_key("test-key-123").base_url(base_url).timeout(TEST_TIMEOUT).reqwest(client)
}

fn at(port: u16, client: reqwest::Client) -> Client {
    builder(&format!("http://127.0.0.1:{port}"), client).build().unwrap()
}

/// A TLS server that starts, reports and ends a session, and counts its connections by reporting
/// the first request of each.
fn session_server(authority: &Authority) -> (u16, Receiver<(bool, Received)>) {
    let config = authority.certify("127.0.0.1").config(&["http/1.1"]);
    let (seen, requests) = channel();
    let port = serve(move |stream| {
        let mut stream = secure(&config, stream);
        let mut is_first = true;
        while let Some(request) = read_request(&mut stream) {
            let body = if request.line.contains("/start ") { STARTED } else { ACTIVE };
            let _ = seen.send((is_first, request));
            is_first = false;
            if stream.write_all(&json("200 OK", body)).is_err() {
                return;
            }
        }
    });
    (port, requests)
}

#[test]
fn a_session_runs_over_the_hosts_client_with_its_headers_and_its_roots() {
    let authority = Authority::new("Host CA");
    let (port, requests) = session_server(&authority);
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-studio", HeaderValue::from_static("seven"));
    let host = reqwest_builder().tls_certs_only([root]).default_headers(headers).build().unwrap();
    // The roots of this configuration are not those of the host's client.
    let client = builder(&format!("https://127.0.0.1:{port}"), host).build().unwrap();
    client.prewarm(TEST_TIMEOUT).unwrap();
    let start = StartSession::new(123).player_id("p").currency("USD").country_code("US");
    let started = client.sessions().start(&start.ip_address("192.0.2.1")).unwrap();
    assert_eq!(started.session_id, "abc123");
    client.sessions().status("abc123").unwrap();
    client.call("end_a_game_session", SESSION, &options()).unwrap();
    let mut connections = 0;
    for method in ["POST", "GET", "POST"] {
        let (is_first, request) = requests.recv_timeout(TEST_TIMEOUT).unwrap();
        connections += u32::from(is_first);
        assert!(request.line.starts_with(method), "{}", request.line);
        assert_eq!(request.header("x-studio"), Some("seven"));
        assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
        assert!(request.header("x-request-id").is_some());
    }
    assert_eq!(connections, 1);
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_server_that_the_hosts_client_does_not_trust_receives_nothing() {
    let (port, requests) = session_server(&Authority::new("Unknown CA"));
    let other = Authority::new("Host CA");
    let root = reqwest::Certificate::from_pem(other.pem().as_bytes()).unwrap();
    let host = reqwest_builder().tls_certs_only([root]).build().unwrap();
    let client = builder(&format!("https://127.0.0.1:{port}"), host).build().unwrap();
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_redirect_that_the_hosts_client_follows_is_an_error_of_unknown_outcome() {
    let (port, requests) = {
        let (seen, requests) = channel();
        let port = serve(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                let response = if request.line.contains("/elsewhere") {
                    json("200 OK", STARTED)
                } else {
                    answer("307 Temporary Redirect", "Location: /elsewhere\r\n", "")
                };
                let _ = seen.send(request);
                if stream.write_all(&response).is_err() {
                    return;
                }
            }
        });
        (port, requests)
    };
    let follows = reqwest_builder().redirect(reqwest::redirect::Policy::limited(3)).build().unwrap();
    let error = at(port, follows).call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");
    assert!(error.message().contains("redirect"), "{error}");
    assert_eq!((error.attempts(), requests.try_iter().count()), (1, 2));

    // A client that does not follow redirects shows the redirect itself.
    let error = at(port, reqwest_builder().build().unwrap())
        .call("start_a_game_session", START, &options())
        .unwrap_err();
    assert_eq!((error.code(), error.http_status()), (Code::REDIRECT, Some(307)), "{error}");
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn the_proxy_of_the_hosts_client_is_used_and_not_that_of_the_configuration() {
    let (proxy, requests) = answering(json("200 OK", ACTIVE));
    let (unused, ignored) = answering(json("200 OK", ACTIVE));
    let host = reqwest_builder()
        .proxy(reqwest::Proxy::all(format!("http://user:w0rd@127.0.0.1:{proxy}")).unwrap())
        .build()
        .unwrap();
    let client = builder("http://game.test", host)
        .allow_insecure_http(true)
        .proxy(&format!("http://127.0.0.1:{unused}"))
        .build()
        .unwrap();
    // The name of the server is for the proxy to resolve.
    client.prewarm(TEST_TIMEOUT).unwrap();
    client.call("get_session_status", SESSION, &options()).unwrap();
    let request = requests.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "GET http://game.test/api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjp3MHJk"));
    assert!(ignored.try_recv().is_err());
    assert!(!format!("{client:?}").contains("w0rd"));
}

#[test]
fn a_start_without_a_connection_was_not_sent_over_the_hosts_client() {
    // Bound, but nobody listens: every connection is refused.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = at(taken.local_addr().unwrap().port(), reqwest_builder().build().unwrap());
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
}

/// A process with one thread, so that the child can do more than `fork` allows.
#[cfg(unix)]
#[test]
fn a_forked_child_refuses_the_client_of_its_parent() {
    const NAME: &str = "a_forked_child_refuses_the_client_of_its_parent";
    if !child::is(NAME) {
        let (port, requests) = answering(json("200 OK", ACTIVE));
        child::run(NAME, &[("PORT", &port.to_string())]);
        assert_eq!(requests.try_iter().count(), 2, "both requests are of the parent");
        return;
    }
    let client = at(child::given("PORT").parse().unwrap(), reqwest_builder().build().unwrap());
    client.call("get_session_status", SESSION, &options()).unwrap();
    // SAFETY: the child uses only the client, which is made for that, and then ends.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let error = client.call("start_a_game_session", START, &options()).unwrap_err();
                assert_eq!((error.code(), error.outcome()), (Code::UNSUPPORTED, Outcome::NotSent));
            }));
            // SAFETY: ends the process and nothing else.
            unsafe { libc::_exit(refused.is_err().into()) }
        }
        pid => {
            let mut status = 0;
            // SAFETY: the child is this process's own, and the status has a place to be written to.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            assert_eq!(status, 0, "the forked child failed");
        }
    }
    client.call("get_session_status", SESSION, &options()).unwrap();
}
