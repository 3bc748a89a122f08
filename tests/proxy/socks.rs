//! SOCKS proxies.

use std::net::IpAddr;

use iplaygames::{Client, Code, Config, Outcome};
use serde_json::{Value, json};

use crate::fixture::{
    TRANSPORTS, assert_never_holds, call, config, http2_server_of, tls_server, tls_server_of,
};
use crate::support::socks::{Destination, SocksAnswer, SocksRequest, socks_proxy};
use crate::support::tls::Authority;
use crate::support::{ACTIVE, SESSION, START, TEST_TIMEOUT, answering, child, json, options};

fn request(version: u8, destination: Destination, port: u16) -> SocksRequest {
    SocksRequest { version, credentials: None, destination, port }
}

/// Runs a test for both transports and all schemes of SOCKS. It is given the version of SOCKS, and
/// whether the proxy resolves names.
fn for_each_scheme(test: impl Fn(&str, &str, u8, bool)) {
    for transport in TRANSPORTS {
        for (scheme, version, proxy_resolves) in
            [("socks4", 4, false), ("socks4a", 4, true), ("socks5", 5, false), ("socks5h", 5, true)]
        {
            test(transport, scheme, version, proxy_resolves);
        }
    }
}

#[test]
fn https_and_http_go_through_a_socks_proxy_which_resolves_the_name_if_the_scheme_says_so() {
    let authority = Authority::new("Test CA");
    let (plain_port, plain) = answering(json("200 OK", ACTIVE));
    for_each_scheme(|transport, scheme, version, proxy_resolves| {
        // Only the proxy knows where game.test is.
        let host = if proxy_resolves { "game.test" } else { "localhost" };
        let (tls_port, requests) = tls_server_of(&authority, host);
        for (base_url, upstream, port) in [
            (format!("https://{host}"), tls_port, 443),
            (format!("https://{host}:4443"), tls_port, 4443),
            (format!("http://{host}"), plain_port, 80),
            (format!("http://{host}:81/relay"), plain_port, 81),
        ] {
            let (proxy, asks) = socks_proxy(SocksAnswer::Connect(upstream));
            let more = json!({"proxy": format!("{scheme}://127.0.0.1:{proxy}"), "transport": transport,
                              "ca_pem": authority.pem(), "allow_insecure_http": true});
            let client = Client::new(config(&base_url, more)).unwrap();
            for _ in 0..2 {
                let reply = client.call("get_session_status", SESSION, &options());
                assert_eq!(reply.unwrap().json(), ACTIVE, "{transport} {scheme} {base_url}");
            }
            let asked = asks.recv_timeout(TEST_TIMEOUT).unwrap();
            match asked.destination {
                Destination::Address(address) => {
                    assert!(!proxy_resolves && address.is_loopback());
                    assert!(version == 5 || address.is_ipv4());
                }
                Destination::Name(ref name) => assert!(proxy_resolves && name == host),
            }
            assert_eq!((asked.version, asked.port), (version, port));
            assert!(asks.try_recv().is_err(), "one connection serves call after call");
            let seen = if base_url.starts_with("https") { &requests } else { &plain };
            for _ in 0..2 {
                let request = seen.recv_timeout(TEST_TIMEOUT).unwrap();
                assert!(request.line.starts_with("GET /"), "{request:?}");
                assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
                assert_eq!(request.header("proxy-authorization"), None);
            }
        }
    });
}

#[test]
fn an_address_is_sent_to_a_socks_proxy_as_an_address() {
    let (upstream, _) = answering(json("200 OK", ACTIVE));
    for_each_scheme(|transport, scheme, version, _| {
        for (base_url, address) in
            [("http://192.0.2.1:81", "192.0.2.1"), ("http://[2001:db8::1]:81", "2001:db8::1")]
        {
            let address: IpAddr = address.parse().unwrap();
            let (proxy, asks) = socks_proxy(SocksAnswer::Connect(upstream));
            let more = json!({"proxy": format!("{scheme}://127.0.0.1:{proxy}"), "transport": transport,
                              "allow_insecure_http": true});
            let result = call(base_url, more);
            if version == 4 && address.is_ipv6() {
                let error = result.unwrap_err();
                assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
                assert_eq!(error.attempts(), 1, "{error}");
                assert!(error.message().contains("IPv6"), "{error}");
            } else {
                assert_eq!(result.unwrap().json(), ACTIVE, "{transport} {scheme} {base_url}");
                let expected = request(version, Destination::Address(address), 81);
                assert_eq!(asks.recv_timeout(TEST_TIMEOUT).unwrap(), expected);
            }
        }
    });
}

#[test]
fn http2_goes_through_a_socks_proxy_and_shares_the_connection() {
    let authority = Authority::new("Test CA");
    let (port, requests) = http2_server_of(&authority, "game.test");
    let (proxy, asks) = socks_proxy(SocksAnswer::Connect(port));
    let more = json!({"proxy": format!("socks5h://127.0.0.1:{proxy}"), "ca_pem": authority.pem(),
                      "transport": "native"});
    let client = Client::new(config("https://game.test", more)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let call = || client.call("get_session_status", SESSION, &options()).unwrap().json().to_owned();
            scope.spawn(move || assert_eq!(call(), ACTIVE));
        }
    });
    assert_eq!(asks.recv_timeout(TEST_TIMEOUT).unwrap(), request(5, Destination::name("game.test"), 443));
    assert!(asks.try_recv().is_err(), "one connection is enough for all");
    assert_eq!(requests.try_iter().count(), 4);
}

#[test]
fn a_user_name_and_password_are_decoded_and_sent_to_a_socks5_proxy() {
    let (port, requests, ca) = tls_server("game.test");
    for transport in TRANSPORTS {
        let (proxy, asks) = socks_proxy(SocksAnswer::Connect(port));
        let url = format!("socks5h://us%40er:pa%24s%25%34%31-%3Aw0rd@127.0.0.1:{proxy}");
        let more = json!({"proxy": url, "ca_pem": ca, "transport": transport});
        assert_eq!(call("https://game.test", more).unwrap().json(), ACTIVE);
        let asked = asks.recv_timeout(TEST_TIMEOUT).unwrap();
        let credentials = ("us@er".to_owned(), "pa$s%41-:w0rd".to_owned());
        assert_eq!(asked.credentials, Some(credentials), "{transport}");
        let request = requests.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_never_holds(&format!("{request:?}"), &["w0rd"]);
    }
}

#[test]
fn a_socks_proxy_that_refuses_is_no_connection_and_is_asked_again_only_if_that_may_help() {
    let refusal = |version, code| (version, SocksAnswer::Refuse(code));
    for ((scheme, answer), attempts, word) in [
        (("socks5h", SocksAnswer::RefuseCredentials), 1, "user name and password"),
        (("socks5h", SocksAnswer::RefuseMethods), 1, "log in"),
        (refusal("socks5h", 1), 2, "general server failure"),
        (refusal("socks5h", 2), 1, "does not allow"),
        (refusal("socks5h", 3), 2, "network unreachable"),
        (refusal("socks5h", 4), 2, "host unreachable"),
        (refusal("socks5h", 5), 2, "connection refused"),
        (refusal("socks5h", 6), 2, "ttl expired"),
        (refusal("socks5h", 7), 1, "does not open connections"),
        (refusal("socks5h", 8), 1, "type of the server's address"),
        (refusal("socks4a", 0x5B), 2, "failed to execute command"),
        (refusal("socks4a", 0x5C), 1, "ident"),
        (refusal("socks4a", 0x5D), 1, "ident"),
    ] {
        for transport in TRANSPORTS {
            let (proxy, _asks) = socks_proxy(answer);
            let user = if scheme == "socks4a" { "" } else { "user:pa%24s-w0rd@" };
            let more = json!({"proxy": format!("{scheme}://{user}127.0.0.1:{proxy}"), "max_retries": 1,
                              "transport": transport});
            let client = Client::new(config("https://game.test", more)).unwrap();
            let error = client.call("start_a_game_session", START, &options()).unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
            assert_eq!(error.attempts(), attempts, "{transport} {answer:?} {error}");
            assert_eq!(error.retryable(), attempts == 2, "{error}");
            assert!(error.message().contains(word), "{transport} {word}: {error}");
            for text in [error.to_json(), error.to_string(), format!("{error:?}")] {
                assert_never_holds(&text, &["w0rd", "pa$s", "pa%24s", "test-key"]);
            }
        }
    }
}

#[test]
fn a_socks_proxy_that_cannot_be_reached_or_speaks_another_protocol_is_no_connection() {
    // Bound, but nobody listens: every connection is refused.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = taken.local_addr().unwrap().port();
    let hangs_up = crate::support::serve(|mut stream| {
        let _ = std::io::Read::read(&mut stream, &mut [0; 3]);
    });
    let http = crate::support::serve(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
    });
    for_each_scheme(|transport, scheme, _, proxy_resolves| {
        for port in [nobody, hangs_up, http] {
            let host = if proxy_resolves { "game.test" } else { "localhost" };
            let more = json!({"proxy": format!("{scheme}://127.0.0.1:{port}"), "max_retries": 0,
                              "transport": transport});
            let error = call(&format!("https://{host}"), more).unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
            assert!(port != nobody || error.message().contains("refused"), "{transport} {error}");
        }
    });
}

#[test]
fn connecting_early_through_a_proxy_that_resolves_names_looks_no_name_up() {
    for transport in TRANSPORTS {
        let (port, _requests, ca) = tls_server("game.test");
        let (proxy, _asks) = socks_proxy(SocksAnswer::Connect(port));
        let more =
            json!({"proxy": format!("socks5h://127.0.0.1:{proxy}"), "ca_pem": ca, "transport": transport});
        let client = Client::new(config("https://game.test", more)).unwrap();
        client.prewarm(TEST_TIMEOUT).unwrap();
    }
}

#[test]
fn a_socks_proxy_that_cannot_be_used_is_refused_with_the_client() {
    let long = "x".repeat(241);
    for transport in TRANSPORTS {
        for (proxy, word) in [
            ("socks4://w0rd@127.0.0.1:1".to_owned(), "SOCKS4"),
            ("socks4a://user:w0rd@127.0.0.1:1".to_owned(), "SOCKS4"),
            (format!("socks5://w0rd:{long}@127.0.0.1:1"), "too long"),
        ] {
            let config = json!({"api_key": "test-key-123", "base_url": "https://game.test",
                                "proxy": proxy, "transport": transport});
            let made = Config::from_json(&config.to_string()).and_then(Client::new);
            let error = made.map(|_| ()).unwrap_err();
            assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/proxy")), "{error}");
            assert!(error.message().contains(word), "{error}");
            assert_never_holds(&error.to_json(), &["w0rd", "xxx"]);
        }
    }
}

#[test]
fn the_longest_credentials_that_are_accepted_reach_the_proxy() {
    let (port, _requests, ca) = tls_server("game.test");
    // With the four bytes of the user name and the nine of the server's name.
    let password = "x".repeat(249 - 4 - 9);
    for transport in TRANSPORTS {
        let (proxy, asks) = socks_proxy(SocksAnswer::Connect(port));
        let more = json!({"proxy": format!("socks5h://user:{password}@127.0.0.1:{proxy}"), "ca_pem": ca,
                          "transport": transport});
        assert_eq!(call("https://game.test", more).unwrap().json(), ACTIVE);
        let credentials = asks.recv_timeout(TEST_TIMEOUT).unwrap().credentials;
        assert_eq!(credentials, Some(("user".to_owned(), password.clone())), "{transport}");
    }
}

#[test]
fn a_socks_proxy_of_the_environment_is_used() {
    const NAME: &str = "socks::a_socks_proxy_of_the_environment_is_used";
    if child::is(NAME) {
        for transport in TRANSPORTS {
            let more = json!({"ca_pem": child::given("CA"), "transport": transport});
            assert_eq!(call("https://game.test", more).unwrap().json(), ACTIVE);
        }
        return;
    }
    let (port, _requests, ca) = tls_server("game.test");
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let (proxy, asks) = socks_proxy(SocksAnswer::Connect(port));
        let url = format!("socks5h://user:w0rd@127.0.0.1:{proxy}");
        child::run(NAME, &[(name, &url), ("CA", &ca)]);
        for _ in TRANSPORTS {
            let asked = asks.recv_timeout(TEST_TIMEOUT).unwrap();
            assert_eq!(asked.destination, Destination::name("game.test"));
            assert_eq!(asked.credentials, Some(("user".to_owned(), "w0rd".to_owned())));
        }
        assert!(asks.try_recv().is_err());
    }
}

#[test]
fn a_client_certificate_is_sent_through_a_socks_proxy_to_the_server() {
    use crate::support::tls::ClientCertificates;
    let authority = Authority::new("Test CA");
    let player = authority.certify("player");
    let required = ClientCertificates::Required;
    let identity = authority.certify("game.test");
    let versions = rustls::ALL_VERSIONS;
    let server = identity.config_for_clients(&authority, required, versions, &["http/1.1"]);
    let (port, _requests) = crate::fixture::tls_server_with(server);
    for transport in TRANSPORTS {
        let (proxy, _asks) = socks_proxy(SocksAnswer::Connect(port));
        let mut more: Value =
            json!({"proxy": format!("socks5h://127.0.0.1:{proxy}"), "ca_pem": authority.pem()});
        more["transport"] = (*transport).into();
        more["client_cert_pem"] = (player.certificate_pem() + &player.key_pem()).into();
        assert_eq!(call("https://game.test", more).unwrap().json(), ACTIVE);
    }
}
