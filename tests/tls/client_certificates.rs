//! Servers that require a certificate of the client.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};

use iplaygames::{Client, Code, Error};
use rustls::{HandshakeKind, SupportedProtocolVersion};
use serde_json::{Value, json};

use crate::fixture::{at, status};
use crate::support::http2_server::{send_json, serve_http2};
use crate::support::tls::{Authority, ClientCertificates, Identity, secure};
use crate::support::{ACTIVE, START, STARTED, TEST_TIMEOUT, json, options, read_request, serve};

const TRANSPORTS: &[&str] = if cfg!(feature = "reqwest") { &["native", "reqwest"] } else { &["native"] };

const VERSIONS: [&[&SupportedProtocolVersion]; 2] = [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];

/// Returns the configuration of a client with a certificate.
fn with_certificate(authority: &Authority, identity: &Identity, transport: &str) -> Value {
    json!({
        "ca_pem": authority.pem(),
        "transport": transport,
        "client_cert_pem": identity.certificate_pem(),
        "client_key_pem": identity.key_pem(),
    })
}

/// A server that requires certificates of `authority`. It closes each connection after a response,
/// and reports how the handshake was made. Returns the port.
fn server(
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
) -> (u16, Receiver<HandshakeKind>) {
    let identity = authority.certify("127.0.0.1");
    let required = ClientCertificates::Required;
    let config = identity.config_for_clients(authority, required, versions, &["http/1.1"]);
    let (made, handshakes) = channel();
    let port = serve(move |stream| {
        let mut stream = secure(&config, stream);
        if let Some(request) = read_request(&mut stream) {
            assert!(stream.conn.peer_certificates().is_some_and(|chain| !chain.is_empty()));
            let _ = made.send(stream.conn.handshake_kind().unwrap());
            let response = match request.line.starts_with("POST") {
                true => json("201 Created", STARTED),
                false => json("200 OK", ACTIVE),
            };
            stream.write_all(&response).unwrap();
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        // A socket that is closed with unread data resets the connection, and the alert is lost.
        let _ = stream.sock.read_to_end(&mut Vec::new());
    });
    (port, handshakes)
}

fn assert_refused(client: &Client, word: &str) -> Error {
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!(error.code(), Code::TLS, "{error}");
    assert_eq!((error.attempts(), error.retryable()), (1, false), "{error}");
    assert!(error.message().contains("client certificate"), "{error}");
    assert!(error.message().contains(word), "{error}");
    error
}

#[test]
fn a_server_that_requires_a_certificate_accepts_a_client_that_has_one() {
    let authority = Authority::new("Test CA");
    let player = authority.certify("player");
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = write("cert.pem", player.certificate_pem());
    let key = write("key.pem", player.key_pem());
    let both = write("both.pem", player.key_pem() + &player.certificate_pem());
    for versions in VERSIONS {
        let (port, handshakes) = server(&authority, versions);
        for transport in TRANSPORTS {
            for mut more in [
                json!({"client_cert_pem": player.certificate_pem(), "client_key_pem": player.key_pem()}),
                json!({"client_cert_file": certificate, "client_key_file": key}),
                json!({"client_cert_file": both}),
            ] {
                more["ca_pem"] = authority.pem().into();
                more["transport"] = (*transport).into();
                let client = at(port, more);
                assert_eq!(status(&client).unwrap().json(), ACTIVE);
                assert_ne!(handshakes.recv_timeout(TEST_TIMEOUT).unwrap(), HandshakeKind::Resumed);
            }
        }
    }
}

#[test]
fn the_builder_takes_a_client_certificate() {
    let authority = Authority::new("Test CA");
    let (port, _) = server(&authority, rustls::ALL_VERSIONS);
    let player = authority.certify("player");
    let builder = || {
        let base_url = format!("https://127.0.0.1:{port}");
        Client::builder().api_key("test-key-123").base_url(&base_url).ca_pem(&authority.pem())
    };
    let client =
        builder().client_cert_pem(&player.certificate_pem()).client_key_pem(&player.key_pem()).build();
    assert_eq!(status(&client.unwrap()).unwrap().json(), ACTIVE);
    let directory = tempfile::tempdir().unwrap();
    let both = directory.path().join("both.pem");
    std::fs::write(&both, player.certificate_pem() + &player.key_pem()).unwrap();
    let client = builder().client_cert_file(&both).client_key_file(&both).build();
    assert_eq!(status(&client.unwrap()).unwrap().json(), ACTIVE);
}

#[test]
fn an_http2_server_that_requires_a_certificate_accepts_a_client_that_has_one() {
    let authority = Authority::new("Test CA");
    let required = ClientCertificates::Required;
    let identity = authority.certify("127.0.0.1");
    let config = identity.config_for_clients(&authority, required, rustls::ALL_VERSIONS, &["h2"]);
    let respond = |_, response| async { send_json(response, 200, ACTIVE) };
    let port = serve_http2(config, || (), respond);
    let client = at(port, with_certificate(&authority, &authority.certify("player"), "native"));
    for _ in 0..2 {
        assert_eq!(status(&client).unwrap().json(), ACTIVE);
    }
}

#[test]
fn a_server_that_receives_no_certificate_refuses_and_the_error_names_the_keys_to_set() {
    let authority = Authority::new("Test CA");
    for versions in VERSIONS {
        let (port, handshakes) = server(&authority, versions);
        for transport in TRANSPORTS {
            let more = json!({"ca_pem": authority.pem(), "transport": transport});
            assert_refused(&at(port, more), "`client_cert_file`");
        }
        assert!(handshakes.try_recv().is_err(), "the server received a request");
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_the_error_shows_no_key() {
    let authority = Authority::new("Test CA");
    let stranger = Authority::new("Unknown CA").certify("player");
    for versions in VERSIONS {
        let (port, handshakes) = server(&authority, versions);
        for transport in TRANSPORTS {
            let error = assert_refused(
                &at(port, with_certificate(&authority, &stranger, transport)),
                "does not accept",
            );
            for line in stranger.key_pem().lines().filter(|line| !line.starts_with('-')) {
                assert!(!error.to_json().contains(line), "{}", error.to_json());
            }
        }
        assert!(handshakes.try_recv().is_err(), "the server received a request");
    }
}

#[test]
fn a_session_that_was_authenticated_with_a_certificate_is_resumed() {
    let authority = Authority::new("Test CA");
    let player = authority.certify("player");
    for versions in VERSIONS {
        let (port, handshakes) = server(&authority, versions);
        for transport in TRANSPORTS {
            let client = at(port, with_certificate(&authority, &player, transport));
            for round in 0..3 {
                assert_eq!(status(&client).unwrap().json(), ACTIVE);
                let resumed = handshakes.recv_timeout(TEST_TIMEOUT).unwrap() == HandshakeKind::Resumed;
                assert_eq!(resumed, round > 0, "{transport} {versions:?} {round}");
            }
        }
    }
}
