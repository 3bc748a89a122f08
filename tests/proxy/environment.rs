//! The environment names a proxy, and the configuration overrides it.

use iplaygames::{Client, Code, Config};
#[cfg(unix)]
use serde_json::Value;
use serde_json::json;

use crate::fixture::{assert_never_holds, call, proxy, proxy_url, request_of, tls_server};
use crate::support::{ACTIVE, TEST_TIMEOUT, answering, child, json};

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
    const NAME: &str = "environment::another_machine_is_reached_through_the_proxy_of_the_environment";
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
    assert_eq!(
        requests.recv_timeout(TEST_TIMEOUT).unwrap().header("authorization"),
        Some("Bearer test-key-123")
    );
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    const NAME: &str = "environment::a_proxy_of_the_environment_is_not_asked_for_this_machine";
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
fn a_socks_proxy_of_the_system_that_cannot_be_used_is_an_error_and_is_not_bypassed() {
    const NAME: &str =
        "environment::a_socks_proxy_of_the_system_that_cannot_be_used_is_an_error_and_is_not_bypassed";
    if child::is(NAME) {
        let base = json!({"api_key": "test-key-123", "base_url": "https://game.test"});
        let refused = Config::from_json(&base.to_string()).and_then(Client::new).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), Code::INVALID_ARGUMENT);
        assert!(refused.to_json().contains(r#""/proxy""#), "{refused:?}");
        assert!(refused.message().contains("HTTPS_PROXY"), "{refused}");
        assert_never_holds(&refused.to_json(), &["w0rd", "nobody.test"]);
        return;
    }
    let socks = "socks4a://user:w0rd@nobody.test:1080";
    let names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"];
    child::run(NAME, &names.map(|name| (name, socks)));
}

/// 0.0.0.0 leads to this machine, but is not one of the addresses that stand for it.
#[cfg(unix)]
#[test]
fn the_value_none_turns_the_proxy_of_the_environment_off() {
    const NAME: &str = "environment::the_value_none_turns_the_proxy_of_the_environment_off";
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
