//! What a proxy is told, and what it must not see.

use std::io::Write;
use std::sync::mpsc::channel;

use iplaygames::{Client, Code, Outcome};
use serde_json::json;

use crate::fixture::{
    Seen, assert_never_holds, behind_tls, call, config, http2_server_of, proxy, proxy_url, request_of,
    tls_server, tls_server_of,
};
use crate::support::tls::Authority;
use crate::support::transport::{expected, is_native_only, is_reqwest};
use crate::support::{ACTIVE, SESSION, TEST_TIMEOUT, json, options, read_request, serve};

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
    let Seen::Passed(passed) = sees.recv_timeout(TEST_TIMEOUT).unwrap() else {
        panic!("one CONNECT is enough")
    };
    let passed = String::from_utf8_lossy(&passed).into_owned();
    assert_never_holds(&passed, &["test-key", "Bearer", "abc123", "game-sessions"]);

    let request = requests.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.line, "GET /api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
}

#[test]
fn a_prewarm_through_a_proxy_makes_the_connection_and_sends_no_request() {
    let (port, requests, ca) = tls_server("game.test");
    let (proxy, sees) = proxy(port);
    let config = config("https://game.test", json!({"proxy": proxy_url(proxy), "ca_pem": ca}));
    let client = Client::new(config).unwrap();
    client.prewarm(TEST_TIMEOUT).unwrap();
    if !is_reqwest() {
        assert_eq!(request_of(&sees).line, "CONNECT game.test:443 HTTP/1.1");
    }
    assert!(requests.try_recv().is_err(), "a request was sent");
    client.call("get_session_status", SESSION, &options()).unwrap();
    client.call("get_session_status", SESSION, &options()).unwrap();
    drop(client);
    if is_reqwest() {
        // reqwest opens its connection with the first call.
        assert_eq!(request_of(&sees).line, "CONNECT game.test:443 HTTP/1.1");
    }
    // One connection, and nothing on it but what was asked.
    let Seen::Passed(_) = sees.recv_timeout(TEST_TIMEOUT).unwrap() else { panic!("one CONNECT is enough") };
    let lines: Vec<_> = requests.try_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /api/v1/game-sessions/abc123/status HTTP/1.1"; 2]);
}

#[test]
fn http2_goes_through_a_tunnel_too_and_shares_it() {
    if is_native_only("it speaks HTTP/1.1 only") {
        return;
    }
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
    let Seen::Passed(_) = sees.recv_timeout(TEST_TIMEOUT).unwrap() else {
        panic!("one CONNECT is enough for all")
    };
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
    let Seen::Passed(passed) = sees.recv_timeout(TEST_TIMEOUT).unwrap() else {
        panic!("one CONNECT is enough")
    };
    assert_never_holds(&String::from_utf8_lossy(&passed), &["test-key", "Bearer", "abc123"]);
    let request = requests.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));

    assert_eq!(call("http://game.test", more).unwrap().json(), ACTIVE);
    let request = request_of(&sees);
    assert_eq!(request.line, "GET http://game.test/api/v1/game-sessions/abc123/status HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjp3MHJk"));
    // HTTP/2 is for the server; a proxy is never asked for it. reqwest offers a proxy HTTP/1.1 in
    // some connections.
    for _ in 0..2 {
        let agreed = protocols.recv_timeout(TEST_TIMEOUT).unwrap();
        let is_http1 = agreed.as_deref() == Some(b"http/1.1");
        assert!(agreed.is_none() || expected(false, is_http1), "{agreed:?}");
    }
}

#[test]
fn a_proxy_behind_tls_that_is_not_trusted_receives_nothing() {
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
    assert_eq!(asks.recv_timeout(TEST_TIMEOUT), Ok(3));
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
    let request = requests.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(request.header("proxy-authorization"), None);
    assert_never_holds(&format!("{request:?}"), &["w0rd", "dXNlcjpw"]);

    let Seen::Passed(_) = sees.recv_timeout(TEST_TIMEOUT).unwrap() else { panic!("one CONNECT is enough") };
    call("http://game.test", json!({"proxy": url, "allow_insecure_http": true})).unwrap();
    assert_eq!(request_of(&sees).header("proxy-authorization"), basic);
}
