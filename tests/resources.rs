//! What calls report if the process has no file descriptor left. Each test needs a process of its
//! own.

#![cfg(unix)]

mod support;

use std::fs::File;
use std::os::fd::OwnedFd;

use iplaygames::{Client, Code, Config, Error, Outcome};
use support::*;

const ACTIVE: &str = r#"{"success":true,"data":{"status":"active"}}"#;
const SESSION: &str = r#"{"session_id": "abc123"}"#;

/// Uses up the file descriptors of the process until the result is dropped.
fn use_up_descriptors() -> Vec<OwnedFd> {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the pointer is to a local.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    let mut used = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        used.push(file.into());
    }
    used
}

fn client_at(base_url: &str) -> Result<Client, Error> {
    let config = format!(r#"{{"api_key": "test-key-123", "base_url": "{base_url}", "max_retries": 1}}"#);
    Client::new(Config::from_json(&config)?)
}

fn assert_no_resources(error: &Error) {
    assert_eq!((error.code(), error.outcome()), (Code::RESOURCES, Outcome::NotSent), "{error}");
    assert_eq!(error.code().value(), 107);
}

#[test]
fn a_call_without_a_file_descriptor_is_not_sent_and_succeeds_later() {
    const NAME: &str = "a_call_without_a_file_descriptor_is_not_sent_and_succeeds_later";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    let (port, received) = answering(json("200 OK", ACTIVE));
    // They keep their connections, so that no other thread closes a descriptor.
    let mut clients = Vec::new();
    // The second host is looked up by the resolver, which opens files.
    for host in ["127.0.0.1", "localhost"] {
        let client = client_at(&format!("http://{host}:{port}")).unwrap();
        let used = use_up_descriptors();
        let error = client.call("start_a_game_session", START, &options()).unwrap_err();
        assert_no_resources(&error);
        assert!(error.retryable() && error.attempts() == 2, "{error:?}");
        assert_no_resources(&client.prewarm(TEST_TIMEOUT).unwrap_err());
        drop(used);
        assert!(client.call("get_session_status", SESSION, &options()).is_ok(), "{host}");
        assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().line.split(' ').next(), Some("GET"));
        clients.push(client);
    }
}

#[test]
fn a_client_without_a_file_descriptor_is_an_error_of_resources() {
    const NAME: &str = "a_client_without_a_file_descriptor_is_an_error_of_resources";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    let used = use_up_descriptors();
    assert_no_resources(&client_at("http://127.0.0.1:1").unwrap_err());
    drop(used);
    assert!(client_at("http://127.0.0.1:1").is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_without_a_thread_for_its_look_up_is_not_sent_and_succeeds_later() {
    const NAME: &str = "a_call_without_a_thread_for_its_look_up_is_not_sent_and_succeeds_later";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    let set_limit = |limit| {
        let limit = libc::rlimit { rlim_cur: limit, rlim_max: 1000 };
        // SAFETY: the pointer is to a local.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
    };
    let (port, _received) = answering(json("200 OK", ACTIVE));
    let client = client_at(&format!("http://localhost:{port}")).unwrap();
    let io_thread =
        format!(r#"{{"api_key": "k3y-1234", "base_url": "http://127.0.0.1:{port}", "io_thread": true}}"#);
    // The limit does not apply to root.
    // SAFETY: the calls have no pointers.
    if unsafe { libc::geteuid() } == 0 {
        assert_eq!(unsafe { libc::setuid(54_321) }, 0);
    }
    set_limit(0);
    if std::thread::Builder::new().spawn(|| ()).is_ok() {
        println!("This system does not limit the number of threads.");
        return;
    }
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_no_resources(&error);
    assert_no_resources(&Client::new(Config::from_json(&io_thread).unwrap()).unwrap_err());
    set_limit(1000);
    assert!(client.call("get_session_status", SESSION, &options()).is_ok());
}
