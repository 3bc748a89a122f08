//! Whom a client trusts, when it reads its roots, and how it speaks HTTP/2, against servers whose
//! certificates are made on the spot.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use iplaygames::{Client, Code, Config, Outcome};
use serde_json::{Value, json};
use support::tls::{Authority, Identity, secure};
use support::*;

const ACTIVE: &str = r#"{"success":true,"data":{"status":"active"}}"#;
const SESSION: &str = r#"{"session_id": "abc123"}"#;

/// A TLS server that answers every request with [`ACTIVE`].
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Receiver<Received>,
}

impl Server {
    fn new(identity: &Identity) -> Server {
        let config = identity.config(&["http/1.1"]);
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let (seen, requests) = channel();
        let port = serve(move |stream| {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = secure(&config, stream);
            while let Some(request) = read_request(&mut stream) {
                let _ = seen.send(request);
                if stream.write_all(&json("200 OK", ACTIVE)).is_err() {
                    return;
                }
            }
        });
        Server { port, connections, requests }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn client_at(base_url: &str, more: Value) -> Client {
    let mut config = json!({"api_key": "test-key-123", "base_url": base_url});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
}

fn at(port: u16, more: Value) -> Client {
    client_at(&format!("https://127.0.0.1:{port}"), more)
}

fn status(client: &Client) -> Result<iplaygames::Reply, iplaygames::Error> {
    client.call("get_session_status", SESSION, &options())
}

fn roots(client: &Client) -> String {
    let stats: Value = serde_json::from_str(&client.stats_json()).unwrap();
    stats["roots"].as_str().unwrap().to_owned()
}

/// A server of that identity is refused before it hears anything, and is not asked again.
fn assert_refused(identity: &Identity, host: &str, more: Value) {
    let server = Server::new(identity);
    let client = client_at(&format!("https://{host}:{}", server.port), more);
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!((error.attempts(), error.retryable()), (1, false), "{error}");
    assert!(!error.to_json().contains("test-key"), "{}", error.to_json());
    assert_eq!(server.connections(), 1, "{error}");
    assert!(server.requests.try_recv().is_err(), "nothing was said to a server that is not trusted");
}

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
        json!({"ca_pem": authority.pem(), "only_these_cas": true}),
        // Certificates may stand beside others.
        json!({"ca_pem": format!("{}{}", Authority::new("Other CA").pem(), authority.pem())}),
    ] {
        let client = at(server.port, more);
        assert_eq!(status(&client).unwrap().json(), ACTIVE);
        let request = server.requests.recv_timeout(HANG).unwrap();
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
fn an_authority_nobody_gave_is_refused() {
    assert_refused(&Authority::new("Test CA").certify("127.0.0.1"), "127.0.0.1", json!({}));
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
fn a_certificate_that_vouches_for_itself_is_refused() {
    assert_refused(&Identity::self_signed("127.0.0.1"), "127.0.0.1", json!({}));
    let more = json!({"ca_pem": Authority::new("Test CA").pem()});
    assert_refused(&Identity::self_signed("127.0.0.1"), "127.0.0.1", more);
}

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
            let client = at(server.port, json!({"ca_pem": pem, "only_these_cas": true}));
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
    let client = at(server.port, json!({"ca_file": path, "only_these_cas": true}));
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert!(error.message().contains("ca.pem") && error.message().contains("private key"), "{error}");
    assert!(!error.to_json().contains("c2VjcmV0"), "{error}");
    std::fs::write(&path, authority.pem()).unwrap();
    client.prewarm(HANG).unwrap();
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
    let error = client.prewarm(HANG).unwrap_err();
    assert!(matches!(error.code(), Code::TLS | Code::CONNECT), "{error}");

    let large = "x".repeat((16 << 20) + 1);
    let config = json!({"api_key": "test-key-123", "ca_pem": large});
    let error = Config::from_json(&config.to_string()).unwrap_err();
    assert_eq!(error.field(), Some("/ca_pem"), "{error}");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_variable_for_certificates_that_cannot_be_read_is_named_by_the_error() {
    const NAME: &str = "a_variable_for_certificates_that_cannot_be_read_is_named_by_the_error";
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
        let only = json!({"ca_pem": authority.pem(), "only_these_cas": true});
        assert_eq!(status(&at(server.port, only)).unwrap().json(), ACTIVE);
        return;
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        child::run(NAME, &[(name, "/no-such/path"), ("EXPECTED", name)]);
    }
}

#[test]
fn a_server_that_answers_in_plain_http_is_a_tls_error_and_learns_nothing() {
    let (seen, bytes) = channel();
    let port = serve(move |mut stream| {
        let mut hello = vec![0; 4096];
        let length = stream.read(&mut hello).unwrap();
        hello.truncate(length);
        let _ = stream.write_all(&answer("400 Bad Request", "", "This is not a TLS port."));
        // What comes after the answer, until the client has gone.
        let _ = stream.read_to_end(&mut hello);
        let _ = seen.send(hello);
    });
    let client = at(port, json!({}));
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!(error.attempts(), 1);
    let bytes = bytes.recv_timeout(HANG).unwrap();
    // A TLS handshake record, and no word of the request.
    assert_eq!(bytes[0], 22);
    let text = String::from_utf8_lossy(&bytes);
    for word in ["test-key", "abc123", "game-sessions"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_is_no_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let port = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        let _ = stream.read(&mut [0; 4096]);
    });
    let error = status(&at(port, json!({"max_retries": 1}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
    // It may be a server that is just restarting: asked again, unlike one that is not trusted.
    assert_eq!((error.attempts(), connections.load(Ordering::SeqCst)), (2, 2));
}

#[test]
fn a_server_that_never_answers_the_handshake_is_no_connection() {
    let port = serve(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = status(&at(port, json!({"max_retries": 0, "connect_timeout_ms": 100}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
    let error = status(&at(port, json!({"max_retries": 0, "timeout_ms": 100}))).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::NotSent), "{error}");
}

#[test]
fn plain_http_to_another_machine_is_refused_before_there_is_a_client() {
    for base_url in ["http://api.iplaygames.ai", "http://192.0.2.1", "http://127.0.0.1.example.com"] {
        let config = json!({"api_key": "test-key-123", "base_url": base_url});
        let error = Config::from_json(&config.to_string()).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/base_url")));
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

/// Needs a process whose system trusts an authority of the test.
#[test]
fn only_these_cas_refuses_what_the_system_trusts() {
    const NAME: &str = "only_these_cas_refuses_what_the_system_trusts";
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
        (at(port, json!({"ca_pem": other})), at(port, json!({"ca_pem": other, "only_these_cas": true})));
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
fn only_these_cas_never_opens_the_systems_roots() {
    const NAME: &str = "only_these_cas_never_opens_the_systems_roots";
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
    let client = at(server.port, json!({"ca_pem": authority.pem(), "only_these_cas": true}));
    assert_eq!(roots(&client), "none");
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(roots(&client), "given");
    client.prewarm(HANG).unwrap();

    // The same without `only_these_cas` reads the pipe: or the calls above would show nothing.
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
    const NAME: &str = "roots_are_read_at_the_first_call_and_not_before";
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
fn prewarming_reads_the_roots_and_opens_the_connection_and_asks_nothing() {
    const NAME: &str = "prewarming_reads_the_roots_and_opens_the_connection_and_asks_nothing";
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
    client.prewarm(HANG).unwrap();
    assert_eq!(roots(&client), "system");
    // The first call finds everything ready.
    std::fs::remove_file(child::given("SSL_CERT_FILE")).unwrap();
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(server.connections(), 1);
    let request = server.requests.recv_timeout(HANG).unwrap();
    assert!(request.line.starts_with("GET "), "the first that was asked: {}", request.line);
}

#[test]
fn a_tls_error_in_the_middle_of_a_response_is_a_lost_connection() {
    let authority = Authority::new("Test CA");
    let config = authority.certify("127.0.0.1").config(&["http/1.1"]);
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let status = r#"{"success": true, "data": {"session_id": "abc123", "status": "active"}}"#;
    let port = serve(move |stream| {
        let mut stream = secure(&config, stream);
        while let Some(request) = read_request(&mut stream) {
            let start = request.line.contains("/start ");
            if counter.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) || start {
                // Half a response, and then a record that cannot be decrypted.
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").unwrap();
                stream.flush().unwrap();
                stream.sock.write_all(&[23, 3, 3, 0, 32]).unwrap();
                stream.sock.write_all(&[7; 32]).unwrap();
                let _ = stream.sock.read_to_end(&mut Vec::new());
                return;
            }
            stream.write_all(&json("200 OK", status)).unwrap();
        }
    });
    let client = at(port, json!({"ca_pem": authority.pem(), "only_these_cas": true}));
    for operation in ["get_session_status", "end_a_game_session"] {
        let reply = client.call(operation, r#"{"session_id": "abc123"}"#, &options()).unwrap();
        assert_eq!(reply.attempts(), 2, "{operation}");
    }
    let before = requests.load(Ordering::SeqCst);
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), before + 1);
}

#[test]
fn a_start_on_a_secure_connection_that_was_closed_goes_out_once_on_a_new_one() {
    for (farewell, background) in [(true, false), (false, false), (true, true), (false, true)] {
        let authority = Authority::new("Test CA");
        let config = authority.certify("127.0.0.1").config(&["http/1.1"]);
        let started = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&started);
        let (closed, is_closed) = channel();
        let port = serve(move |stream| {
            // One answer a connection, and no word in it that the connection will be closed.
            let mut stream = secure(&config, stream);
            if read_request(&mut stream).is_some() {
                counter.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&json("201 Created", STARTED)).unwrap();
                if farewell {
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                }
                drop(stream);
                closed.send(()).unwrap();
            }
        });
        let given = json!({"ca_pem": authority.pem(), "only_these_cas": true, "background": background});
        let client = at(port, given);
        for round in 1..=50 {
            let reply = client.call("start_a_game_session", START, &options()).unwrap();
            assert_eq!(reply.attempts(), 1, "{round}, {farewell}, {background}");
            is_closed.recv_timeout(HANG).unwrap();
        }
        assert_eq!(started.load(Ordering::SeqCst), 50);
    }
}

/// A server that speaks HTTP/2 alone.
struct Http2 {
    port: u16,
    connections: Arc<AtomicUsize>,
    leave: tokio::sync::watch::Sender<Leave>,
    left: Receiver<()>,
}

/// How a server takes its leave of the connections it has.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leave {
    Stay,
    /// A GOAWAY, and the connection is closed.
    Close,
    /// A GOAWAY that announces the end, and the connection stays open until the client has understood.
    Announce,
}

/// What a connection of [`Http2`] shares with the others.
#[derive(Clone)]
struct Shared {
    /// Requests for the session `together` are answered when there are as many as it takes.
    together: Arc<tokio::sync::Barrier>,
    /// Whether the request that is to be refused has been.
    refused: Arc<AtomicBool>,
    leave: tokio::sync::watch::Receiver<Leave>,
    left: Sender<()>,
}

impl Http2 {
    fn new(identity: &Identity, together: usize) -> Http2 {
        let acceptor = tokio_rustls::TlsAcceptor::from(identity.config(&["h2"]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let (leave, leaves) = tokio::sync::watch::channel(Leave::Stay);
        let (has_left, left) = channel();
        let shared = Shared {
            together: Arc::new(tokio::sync::Barrier::new(together)),
            refused: Arc::new(AtomicBool::new(false)),
            leave: leaves,
            left: has_left,
        };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let (acceptor, shared) = (acceptor.clone(), shared.clone());
                    tokio::spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            connection(stream, shared).await;
                        }
                    });
                }
            });
        });
        Http2 { port, connections, leave, left }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Takes leave of the one connection there is, and waits until that is on the wire.
    fn leave(&self, how: Leave) {
        self.leave.send_replace(how);
        self.left.recv_timeout(HANG).unwrap();
    }
}

type Stream = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;

async fn connection(stream: Stream, mut shared: Shared) {
    shared.leave.mark_unchanged();
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let (mut staying, mut told) = (true, false);
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    tokio::spawn(respond_to(request, respond, shared.clone()));
                }
                _ => break,
            },
            Ok(()) = shared.leave.changed(), if staying => {
                staying = false;
                let how = *shared.leave.borrow();
                match how {
                    Leave::Stay => unreachable!(),
                    Leave::Close => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                    Leave::Announce => {
                        connection.graceful_shutdown();
                        // A turn, so that it is written before the test goes on.
                        std::future::poll_fn(|context| {
                            assert!(connection.poll_accept(context).is_pending());
                            std::task::Poll::Ready(())
                        })
                        .await;
                        told = true;
                        let _ = shared.left.send(());
                    }
                }
            }
        }
    }
    drop(connection);
    if !staying && !told {
        let _ = shared.left.send(());
    }
}

async fn respond_to(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
    shared: Shared,
) {
    let path = request.uri().path().to_owned();
    let mut body = request.into_body();
    while let Some(Ok(chunk)) = body.data().await {
        let _ = body.flow_control().release_capacity(chunk.len());
    }
    if path.contains("/together/") {
        shared.together.wait().await;
    }
    if path.contains("/refused/") && !shared.refused.swap(true, Ordering::SeqCst) {
        return respond.send_reset(h2::Reason::REFUSED_STREAM);
    }
    let json = if path.ends_with("/start") { STARTED } else { ACTIVE };
    let answer = http::Response::builder().header("content-type", "application/json").body(()).unwrap();
    if let Ok(mut stream) = respond.send_response(answer, false) {
        let _ = stream.send_data(json.into(), true);
    }
}

fn http2(together: usize, more: Value) -> (Http2, Client) {
    let authority = Authority::new("Test CA");
    let server = Http2::new(&authority.certify("127.0.0.1"), together);
    let mut given = json!({"ca_pem": authority.pem(), "only_these_cas": true});
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let client = at(server.port, given);
    (server, client)
}

#[test]
fn a_session_starts_is_checked_and_ends_over_http2() {
    let (server, client) = http2(1, json!({}));
    assert_eq!(client.call("start_a_game_session", START, &options()).unwrap().json(), STARTED);
    assert_eq!(status(&client).unwrap().json(), ACTIVE);
    assert_eq!(client.call("end_a_game_session", SESSION, &options()).unwrap().json(), ACTIVE);
    assert_eq!(server.connections(), 1);
}

#[test]
fn calls_of_many_threads_share_one_http2_connection() {
    const THREADS: usize = 8;
    // They are answered only when all of them are there, and `max_connections` is no limit to streams.
    let (server, client) = http2(THREADS, json!({"max_connections": 1}));
    status(&client).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let reply =
                    client.call("get_session_status", r#"{"session_id": "together"}"#, &options()).unwrap();
                assert_eq!((reply.json(), reply.attempts()), (ACTIVE, 1));
            });
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_first_calls_of_many_threads_share_one_http2_connection_too() {
    const THREADS: usize = 8;
    let (server, client) = http2(THREADS, json!({"max_connections": 1}));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let reply =
                    client.call("get_session_status", r#"{"session_id": "together"}"#, &options()).unwrap();
                assert_eq!(reply.json(), ACTIVE);
            });
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_goaway_between_calls_fails_no_call() {
    for how in [Leave::Close, Leave::Announce] {
        let (server, client) = http2(1, json!({}));
        for round in 1..=30 {
            // A start is never repeated once it may have been done: so it must not go out in vain. An
            // announcement leaves the first one the right to go where it was; the second knows better.
            for _ in 0..2 {
                let reply = client.call("start_a_game_session", START, &options());
                assert_eq!(reply.unwrap().json(), STARTED, "{how:?}, round {round}");
            }
            assert_eq!(server.connections(), round, "{how:?}");
            server.leave(how);
        }
    }
}

#[test]
fn a_stream_the_server_refused_was_not_done_and_goes_again() {
    let (_server, client) = http2(1, json!({}));
    // A call that is never repeated once it may have been done.
    let arguments = r#"{"id": "refused"}"#;
    let reply = client.call("opt_in_operator_to_a_platformnetwork_promotion", arguments, &options()).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (ACTIVE, 2));
}
