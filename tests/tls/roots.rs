//! When the root certificates are read, and which.

#[cfg(unix)]
use std::sync::mpsc::channel;

use iplaygames::{Code, Outcome};
use serde_json::json;

use crate::fixture::{Server, at, roots, status};
use crate::support::tls::Authority;
use crate::support::{ACTIVE, TEST_TIMEOUT, child};

/// Needs a process whose system trusts an authority of the test.
#[test]
fn ca_only_refuses_what_the_system_trusts() {
    const NAME: &str = "roots::ca_only_refuses_what_the_system_trusts";
    if !child::is(NAME) {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new("System CA");
        let path = directory.path().join("system.pem");
        std::fs::write(&path, authority.pem()).unwrap();
        let server = Server::new(&authority.certify("127.0.0.1"));
        let (path, port) = (path.to_str().unwrap(), server.port.to_string());
        child::run(NAME, &[("SSL_CERT_FILE", path), ("PORT", &port)]);
        assert_eq!(server.requests.try_iter().count(), 2);
        return;
    }
    let port = child::given("PORT").parse().unwrap();
    let other = Authority::new("Other CA").pem();
    let (beside, instead) =
        (at(port, json!({"ca_pem": other})), at(port, json!({"ca_pem": other, "ca_only": true})));
    for client in [at(port, json!({})), beside] {
        assert_eq!(status(&client).unwrap().json(), ACTIVE);
        assert_eq!(roots(&client), "system");
    }
    let error = status(&instead).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!(roots(&instead), "given");
}

/// The system's roots are a pipe that nobody writes into: who opens it waits.
#[cfg(unix)]
#[test]
fn ca_only_never_opens_the_systems_roots() {
    const NAME: &str = "roots::ca_only_never_opens_the_systems_roots";
    if !child::is(NAME) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the name is text that ends with a NUL.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        child::run(NAME, &[("SSL_CERT_FILE", path.to_str().unwrap())]);
        return;
    }
    let authority = Authority::new("Test CA");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let client = at(server.port, json!({"ca_pem": authority.pem(), "ca_only": true}));
    assert_eq!(roots(&client), "none");
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "given");
    client.prewarm(TEST_TIMEOUT).unwrap();

    // The same without `ca_only` reads the pipe: or the calls above would show nothing.
    let (started, starts) = channel();
    let pem = authority.pem();
    let writer = std::thread::spawn(move || {
        started.send(()).unwrap();
        std::fs::write(child::given("SSL_CERT_FILE"), pem).unwrap();
    });
    starts.recv().unwrap();
    let client = at(server.port, json!({}));
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "system");
    writer.join().unwrap();
}

#[test]
fn roots_are_read_at_the_first_call_and_not_before() {
    const NAME: &str = "roots::roots_are_read_at_the_first_call_and_not_before";
    if !child::is(NAME) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        // Who reads it too early learns of another authority.
        std::fs::write(&path, Authority::new("Early CA").pem()).unwrap();
        child::run(NAME, &[("SSL_CERT_FILE", path.to_str().unwrap())]);
        return;
    }
    let authority = Authority::new("System CA");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let client = at(server.port, json!({}));
    let waiting = at(server.port, json!({}));
    assert_eq!(roots(&client), "none");
    std::fs::write(child::given("SSL_CERT_FILE"), authority.pem()).unwrap();
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "system");
    // And once only: what was read stays.
    std::fs::remove_file(child::given("SSL_CERT_FILE")).unwrap();
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&waiting), "none");
}

#[test]
fn a_prewarm_reads_the_roots_and_opens_the_connection_and_sends_no_request() {
    const NAME: &str = "roots::a_prewarm_reads_the_roots_and_opens_the_connection_and_sends_no_request";
    if !child::is(NAME) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        child::run(NAME, &[("SSL_CERT_FILE", path.to_str().unwrap())]);
        return;
    }
    let authority = Authority::new("System CA");
    std::fs::write(child::given("SSL_CERT_FILE"), authority.pem()).unwrap();
    let server = Server::new(&authority.certify("127.0.0.1"));
    let client = at(server.port, json!({}));
    client.prewarm(TEST_TIMEOUT).unwrap();
    assert_eq!(roots(&client), "system");
    // The first call finds everything ready.
    std::fs::remove_file(child::given("SSL_CERT_FILE")).unwrap();
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(server.connections(), 1);
    let request = server.requests.recv_timeout(TEST_TIMEOUT).unwrap();
    assert!(request.line.starts_with("GET "), "the first that was asked: {}", request.line);
}

/// The system's roots are a pipe that nobody writes into: who opens it waits.
#[cfg(all(unix, feature = "bundled-roots"))]
#[test]
fn a_client_with_bundled_roots_never_opens_the_systems_roots_and_trusts_given_ones() {
    const NAME: &str =
        "roots::a_client_with_bundled_roots_never_opens_the_systems_roots_and_trusts_given_ones";
    if !child::is(NAME) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the name is text that ends with a NUL.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        child::run(NAME, &[("SSL_CERT_FILE", path.to_str().unwrap()), ("SSL_CERT_DIR", "/no/such/folder")]);
        return;
    }
    let authority = Authority::new("Test CA");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let client = at(server.port, json!({}));
    assert_eq!(roots(&client), "none");
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!(roots(&client), "bundled");
    let client = at(server.port, json!({"ca_pem": authority.pem()}));
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "bundled");
    let client = at(server.port, json!({"ca_pem": authority.pem(), "ca_only": true}));
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "given");
}
