//! Responses that are too large, redirect, or break off.

use std::error::Error as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use iplaygames::{Client, Code, Outcome};

use crate::fixture::start;
use crate::support::{
    START, STARTED, TEST_TIMEOUT, answer, answering, client, client_with, close_and_deliver, json, options,
    read_request, serve,
};

#[test]
fn a_response_over_the_limit_is_an_error() {
    let big = format!(r#"{{"success": true, "data": "{}"}}"#, "x".repeat(10_000_000));
    let announced = json("201 Created", &big);
    let mut chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len()).as_bytes());
    for bytes in [announced, chunked] {
        let error = start(bytes).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::RESPONSE_TOO_LARGE, Outcome::Unknown));
    }
    let (port, _received) = answering(json("200 OK", &big));
    let roomy = client_with(port, r#", "max_response_bytes": 20000000"#);
    assert_eq!(roomy.call("get_api_v1_producers", "", &options()).unwrap().json(), big);
}

#[test]
fn a_redirect_is_an_error_and_nothing_reaches_the_other_host() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let target = other.local_addr().unwrap();
    for line in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let error = start(answer(line, &format!("Location: http://{target}/x\r\n"), "")).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::REDIRECT, Outcome::Unknown), "{line}");
    }
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_source_of_a_connection_error_is_the_error_of_the_system() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = client_with(closed, r#", "max_retries": 0"#).call("list_games", "", &options()).unwrap_err();
    assert_eq!(error.code(), Code::CONNECT);
    let source = error.source().expect("the error has a source").downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(source.raw_os_error().is_some());

    let refused = start(json("404 Not Found", r#"{"success":false,"message":"no"}"#)).unwrap_err();
    assert!(refused.source().is_none(), "a response is not an error of the connection");
}

#[test]
fn a_response_with_another_transfer_coding_than_chunked_is_refused() {
    for coding in ["gzip", "gzip, chunked", "identity"] {
        let headers = format!("HTTP/1.1 201 Created\r\nTransfer-Encoding: {coding}\r\n\r\n");
        let error = start([headers.as_bytes(), STARTED.as_bytes()].concat()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{coding}");
    }
}

#[test]
fn broken_connections_have_codes_of_their_own() {
    // The connection closes in the head, in the body, and instead of an answer.
    let cut = |bytes: &'static [u8]| {
        let port = serve(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(bytes).unwrap();
        });
        let mut options = options();
        options.max_retries = Some(0);
        client(port).call("start_a_game_session", START, &options).unwrap_err()
    };
    for bytes in
        [b"".as_slice(), b"HTTP/1.1 20", b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"succ"]
    {
        let error = cut(bytes);
        assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
        assert!(error.retryable());
    }
    let error = cut(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
    assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");

    // No program listens on port 1.
    let error = client_with(1, r#", "max_retries": 0"#).call("list_games", "", &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.retryable()), (Code::CONNECT, Outcome::NotSent, true));

    // A label of 64 letters is no host name: the resolver says so without asking anybody.
    let config = format!(
        r#"{{"base_url": "http://{}.invalid", "allow_insecure_http": true, "max_retries": 0, "proxy": "none"}}"#,
        "a".repeat(64)
    );
    let client = Client::new(iplaygames::Config::from_json(&config).unwrap()).unwrap();
    let error = client.call("list_games", "", &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::RESOLVE, Outcome::NotSent), "{error}");
    assert!(!error.message().contains("http://"), "{error}");
}

#[test]
fn an_upload_that_is_refused_half_way_gets_the_reason() {
    // It hears the head and a little more, says no, and neither reads on nor closes while the
    // client is there.
    let port = serve(|mut stream| {
        let mut some = [0; 10_000];
        std::io::Read::read_exact(&mut stream, &mut some).unwrap();
        let refusal = json("413 Content Too Large", r#"{"success": false, "message": "At most 1 MB"}"#);
        stream.write_all(&refusal).unwrap();
        std::thread::park_timeout(TEST_TIMEOUT);
    });
    let csv = "external_game_id,name\n".repeat(500_000);
    let arguments = serde_json::json!({"file": csv}).to_string();
    let error = client(port).call("import_external_games_from_csv_file", &arguments, &options()).unwrap_err();
    assert_eq!((error.http_status(), error.message()), (Some(413), "At most 1 MB"));
    assert_eq!((error.code(), error.outcome()), (Code::API, Outcome::Rejected));
}

#[test]
fn a_start_on_a_connection_the_server_has_closed_goes_out_once_on_a_new_one() {
    let started = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&started);
    let (closed, is_closed) = std::sync::mpsc::channel();
    let closed = Mutex::new(closed);
    let port = serve(move |mut stream| {
        // One answer a connection, and no word that it will be closed.
        if read_request(&mut stream).is_some() {
            counter.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&json("201 Created", STARTED)).unwrap();
            close_and_deliver(stream);
            closed.lock().unwrap().send(()).unwrap();
        }
    });
    let client = client(port);
    for _ in 0..200 {
        client.call("start_a_game_session", START, &options()).unwrap();
        is_closed.recv_timeout(TEST_TIMEOUT).unwrap();
    }
    assert_eq!(started.load(Ordering::SeqCst), 200);
}
