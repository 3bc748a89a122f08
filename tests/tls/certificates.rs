//! The certificates of a host: joined and indented files, files that are no certificates, variables
//! that cannot be read, and certificates for tests.

#[cfg(unix)]
use iplaygames::Config;
use iplaygames::{Code, Outcome};
use serde_json::json;

#[cfg(unix)]
use crate::fixture::client_at;
use crate::fixture::{Server, at, roots, status};
#[cfg(unix)]
use crate::support::child;
use crate::support::tls::{Authority, Identity};
use crate::support::{ACTIVE, TEST_TIMEOUT};

#[test]
fn the_error_of_a_certificate_for_tests_says_what_is_wrong_and_how_to_make_one() {
    let authority = Identity::self_signed_authority("127.0.0.1");
    let nameless = Identity::self_signed_without_names("127.0.0.1");
    let unknown = Identity::self_signed("127.0.0.1");
    for (identity, pem, expected) in [
        (&authority, authority.pem(), ["CA:TRUE", "-addext basicConstraints=critical,CA:FALSE"]),
        (&nameless, nameless.pem(), ["no subjectAltName", "-addext subjectAltName="]),
        (&unknown, Authority::new("Other CA").pem(), ["signed", "`ca_file`"]),
    ] {
        let server = Server::new(identity);
        let error = status(&at(server.port, json!({"ca_pem": pem}))).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
        for expected in expected {
            assert!(error.message().contains(expected), "{error}");
        }
    }
    // What the message recommends works.
    let good = Identity::self_signed("127.0.0.1");
    let server = Server::new(&good);
    assert_eq!(status(&at(server.port, json!({"ca_pem": good.pem()}))).unwrap().json(), ACTIVE);
}

#[test]
fn every_certificate_of_a_joined_or_indented_file_with_a_byte_order_mark_is_trusted() {
    let (first, second) = (Authority::new("First CA"), Authority::new("Second CA"));
    let joined = format!("{}{}", first.pem().trim_end(), second.pem());
    let indented: String = joined.lines().map(|line| format!("  {line}\r\n")).collect();
    let indented = format!("\u{FEFF}{indented}");
    for authority in [first, second] {
        let server = Server::new(&authority.certify("127.0.0.1"));
        for pem in [&joined, &indented] {
            let client = at(server.port, json!({"ca_pem": pem, "ca_only": true}));
            assert_eq!(status(&client).unwrap().json(), ACTIVE, "{pem}");
        }
    }
}

#[test]
fn a_ca_file_is_read_at_the_first_call_and_its_errors_name_it_without_its_content() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    std::fs::write(&path, key).unwrap();
    let authority = Authority::new("Test CA");
    let server = Server::new(&authority.certify("127.0.0.1"));
    let client = at(server.port, json!({"ca_file": path, "ca_only": true}));
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert!(error.message().contains("ca.pem") && error.message().contains("private key"), "{error}");
    assert!(!error.to_json().contains("c2VjcmV0"), "{error}");
    std::fs::write(&path, authority.pem()).unwrap();
    client.prewarm(TEST_TIMEOUT).unwrap();
    assert_eq!(roots(&client), "given");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
}

#[cfg(unix)]
#[test]
fn a_ca_file_that_is_no_regular_file_or_too_large_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let name = std::ffi::CString::new(at("pipe")).unwrap();
    // SAFETY: the name is text that ends with a NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    std::fs::File::create(at("large")).unwrap().set_len((16 << 20) + 1).unwrap();
    for path in [at("pipe"), at("large"), at(""), at("missing"), "/dev/zero".to_owned()] {
        let config = json!({"api_key": "test-key-123", "ca_file": path});
        let error = Config::from_json(&config.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/ca_file")), "{path}");
    }
    // The file may have become a pipe since.
    std::fs::write(at("ca.pem"), "").unwrap();
    let client = client_at("https://127.0.0.1:1", json!({"ca_file": at("ca.pem")}));
    std::fs::rename(at("pipe"), at("ca.pem")).unwrap();
    let error = client.prewarm(TEST_TIMEOUT).unwrap_err();
    assert!(matches!(error.code(), Code::TLS | Code::CONNECT), "{error}");

    let large = "x".repeat((16 << 20) + 1);
    let config = json!({"api_key": "test-key-123", "ca_pem": large});
    let error = Config::from_json(&config.to_string()).unwrap_err();
    assert_eq!(error.field(), Some("/ca_pem"), "{error}");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_variable_for_certificates_that_cannot_be_read_is_named_by_the_error() {
    const NAME: &str = "certificates::a_variable_for_certificates_that_cannot_be_read_is_named_by_the_error";
    if child::is(NAME) {
        let authority = Authority::new("Test CA");
        let server = Server::new(&authority.certify("127.0.0.1"));
        // Also beside a certificate of the configuration.
        for more in [json!({}), json!({"ca_pem": authority.pem()})] {
            let error = status(&at(server.port, more)).unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
            assert!(error.message().contains(&child::given("EXPECTED")), "{error}");
            assert!(error.message().contains("no-such"), "{error}");
        }
        let only = json!({"ca_pem": authority.pem(), "ca_only": true});
        assert_eq!(status(&at(server.port, only)).unwrap().json(), ACTIVE);
        return;
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        child::run(NAME, &[(name, "/no-such/path"), ("EXPECTED", name)]);
    }
}
