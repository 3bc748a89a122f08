//! The certificate of the client is for the server, and not for a proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iplaygames::{Client, Code};
use serde_json::{Value, json};

use crate::fixture::{call, config, proxy, tls_server_with};
use crate::support::ACTIVE;
use crate::support::http2_server::serve_tls;
use crate::support::tls::{Authority, ClientCertificates};

/// The same proxy behind TLS, at 127.0.0.1. It asks for a certificate, and counts those that it
/// receives.
fn asking_proxy(authority: &Authority, proxy: u16) -> (u16, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let identity = authority.certify("127.0.0.1");
    let requested = ClientCertificates::Requested;
    let tls = identity.config_for_clients(authority, requested, rustls::ALL_VERSIONS, &[]);
    let connections = Arc::new(AtomicUsize::new(0));
    let certificates = Arc::new(AtomicUsize::new(0));
    let counters = (Arc::clone(&connections), Arc::clone(&certificates));
    let port = serve_tls(
        tls,
        || (),
        move |mut client| {
            connections.fetch_add(1, Ordering::SeqCst);
            if client.get_ref().1.peer_certificates().is_some() {
                certificates.fetch_add(1, Ordering::SeqCst);
            }
            async move {
                let mut proxy = tokio::net::TcpStream::connect(("127.0.0.1", proxy)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut proxy).await;
            }
        },
    );
    (port, counters.0, counters.1)
}

#[test]
fn a_client_certificate_is_not_sent_to_a_proxy_that_asks_for_one() {
    let authority = Authority::new("Test CA");
    let player = authority.certify("player");
    let identity = authority.certify("game.test");
    let required = ClientCertificates::Required;
    let versions = rustls::ALL_VERSIONS;
    let server = identity.config_for_clients(&authority, required, versions, &["http/1.1"]);
    let (port, _requests) = tls_server_with(server);
    let (plain, _sees) = proxy(port);
    let (proxy, connections, certificates) = asking_proxy(&authority, plain);
    let more = |transport: &str| -> Value {
        json!({"proxy": format!("https://127.0.0.1:{proxy}"), "ca_pem": authority.pem(),
               "client_cert_pem": player.certificate_pem(), "client_key_pem": player.key_pem(),
               "transport": transport, "allow_insecure_http": true})
    };
    for base_url in ["https://game.test", "http://game.test"] {
        assert_eq!(call(base_url, more("native")).unwrap().json(), ACTIVE);
    }
    assert_eq!((connections.load(Ordering::SeqCst), certificates.load(Ordering::SeqCst)), (2, 0));
    if cfg!(feature = "reqwest") {
        // reqwest has one TLS configuration for both.
        let error = Client::new(config("https://game.test", more("reqwest"))).map(|_| ()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/proxy")), "{error}");
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }
}
