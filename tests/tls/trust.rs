//! A client sends nothing to a server that it does not trust.

use serde_json::json;

use crate::fixture::{Server, assert_refused, at, status};
use crate::support::tls::{Authority, Identity};
use crate::support::{ACTIVE, TEST_TIMEOUT};

#[test]
fn an_authority_given_as_text_or_as_a_file_is_trusted() {
    let authority = Authority::new("Test CA");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    for more in [
        json!({"ca_pem": authority.pem()}),
        json!({"ca_file": path}),
        json!({"ca_pem": authority.pem(), "ca_only": true}),
        // Certificates may stand beside others.
        json!({"ca_pem": format!("{}{}", Authority::new("Other CA").pem(), authority.pem())}),
    ] {
        let client = at(server.port, more);
        assert_eq!(status(&client).unwrap().json(), ACTIVE);
        let request = server.requests.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(request.header("authorization"), Some("Bearer test-key-123"));
    }
}

#[test]
fn a_call_over_tls_fits_into_the_stack_that_the_header_asks_for() {
    let authority = Authority::new("stack");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let pem = authority.pem();
    let caller = std::thread::Builder::new().stack_size(256 * 1024);
    let done =
        caller.spawn(move || status(&at(server.port, json!({"ca_pem": pem}))).unwrap().json().to_owned());
    assert_eq!(done.unwrap().join().unwrap(), ACTIVE);
}

#[test]
fn an_authority_that_is_not_configured_is_refused() {
    assert_refused(&Authority::new("Test CA").certify("127.0.0.1"), "127.0.0.1", json!({}));
}

#[test]
fn the_source_of_a_refused_certificate_is_the_error_of_rustls() {
    use std::error::Error as _;

    let server = Server::new(&Authority::new("Test CA").certify("127.0.0.1"));
    let error = status(&at(server.port, json!({}))).unwrap_err();
    let source = error.source().expect("the error has a source").downcast_ref::<rustls::Error>();
    assert!(matches!(source, Some(rustls::Error::InvalidCertificate(_))), "{source:?}");
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let more = json!({"ca_pem": Authority::new("Test CA").pem()});
    assert_refused(&Authority::new("Test CA").certify("127.0.0.1"), "127.0.0.1", more);
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new("Test CA");
    let more = json!({"ca_pem": authority.pem()});
    assert_refused(&authority.certify("other.test"), "127.0.0.1", more.clone());
    assert_refused(&authority.certify("127.0.0.1"), "localhost", more.clone());
    assert_refused(&authority.certify("127.0.0.2"), "127.0.0.1", more);
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new("Test CA");
    let more = json!({"ca_pem": authority.pem()});
    assert_refused(&authority.certify_expired("127.0.0.1"), "127.0.0.1", more);
}

#[test]
fn a_self_signed_certificate_is_refused() {
    assert_refused(&Identity::self_signed("127.0.0.1"), "127.0.0.1", json!({}));
    let more = json!({"ca_pem": Authority::new("Test CA").pem()});
    assert_refused(&Identity::self_signed("127.0.0.1"), "127.0.0.1", more);
}
