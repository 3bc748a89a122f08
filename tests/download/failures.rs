//! Downloads that fail: what is left, what the error says, and what is repeated.

use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use iplaygames::{Code, Outcome};

use crate::fixture::{
    ARGUMENTS, FILE_HEADERS, Folder, Framing, OPERATION, http2_client, send_content, send_head,
};
#[cfg(unix)]
use crate::support::child;
use crate::support::{answer, answering, client, client_with, json, options, read_request, serve};

/// Starts a server that sends a part of a file for the first request, and the whole file for
/// others. Returns its port and the number of requests.
fn breaking_server(framing: Framing, size: usize) -> (u16, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let port = serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let end = if is_first { size / 2 } else { size };
            send_head(&mut stream, framing, size).unwrap();
            send_content(&mut stream, framing, size, end).unwrap();
            if is_first {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    });
    (port, requests)
}

#[test]
fn a_download_that_broke_is_repeated_from_the_beginning() {
    const SIZE: usize = 3_000_001;
    for framing in [Framing::Length, Framing::Chunked] {
        let (port, requests) = breaking_server(framing, SIZE);
        let folder = Folder::with_old_file();
        let download = folder.download(&client(port)).unwrap();
        folder.assert_has(SIZE);
        assert_eq!((download.bytes(), download.reply().attempts()), (SIZE as u64, 2), "{framing:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn a_shorter_second_attempt_leaves_nothing_of_the_first() {
    let first = Mutex::new(true);
    let port = serve(move |mut stream| {
        if read_request(&mut stream).is_some() {
            if std::mem::take(&mut *first.lock().unwrap()) {
                send_head(&mut stream, Framing::Length, 1_000_000).unwrap();
                send_content(&mut stream, Framing::Length, 1_000_000, 500_000).unwrap();
            } else {
                send_head(&mut stream, Framing::Length, 1000).unwrap();
                send_content(&mut stream, Framing::Length, 1000, 1000).unwrap();
            }
        }
    });
    let folder = Folder::new();
    assert_eq!(folder.download(&client(port)).unwrap().bytes(), 1000);
    folder.assert_has(1000);
}

#[test]
fn a_download_that_broke_and_is_not_repeated_leaves_nothing() {
    for transport in ["native", "reqwest"] {
        let (port, _requests) = breaking_server(Framing::Length, 3_000_000);
        let client = client_with(port, &format!(r#", "max_retries": 0, "transport": "{transport}""#));
        let folder = Folder::with_old_file();
        let error = folder.download(&client).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown));
        folder.assert_unchanged();
    }
}

#[test]
fn an_error_response_is_the_error_of_the_server_and_no_file() {
    let refused = r#"{"success": false, "message": "Export not found"}"#;
    for (status, code) in [
        ("404 Not Found", Code::NOT_FOUND),
        ("403 Forbidden", Code::FORBIDDEN),
        // The API also refuses with a status of success.
        ("200 OK", Code::API),
    ] {
        let (port, _requests) = answering(json(status, refused));
        let folder = Folder::with_old_file();
        let error = folder.download(&client(port)).unwrap_err();
        assert_eq!((error.code(), error.message()), (code, "Export not found"), "{status}");
        assert_eq!(error.operation(), Some(OPERATION));
        folder.assert_unchanged();
    }
}

#[test]
fn a_redirect_and_a_content_coding_are_errors_and_no_file() {
    let gzip = format!("{FILE_HEADERS}Content-Encoding: gzip\r\n");
    for (response, code) in [
        (answer("302 Found", "Location: /login\r\n", "moved"), Code::REDIRECT),
        (answer("200 OK", &gzip, "\u{1f}\u{8b}"), Code::BAD_RESPONSE),
    ] {
        let (port, _requests) = answering(response);
        let folder = Folder::with_old_file();
        assert_eq!(folder.download(&client(port)).unwrap_err().code(), code);
        folder.assert_unchanged();
    }
}

#[test]
fn the_body_of_an_error_response_is_limited() {
    let (port, _requests) = answering(answer("500 Error", "", vec![b'x'; 100_000]));
    let folder = Folder::new();
    let client = client_with(port, r#", "max_response_bytes": 50000, "max_retries": 0"#);
    let error = folder.download(&client).unwrap_err();
    assert_eq!(error.code(), Code::RESPONSE_TOO_LARGE);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn only_an_operation_that_returns_a_file_is_downloaded() {
    let (port, requests) = answering(json("200 OK", "{}"));
    let folder = Folder::with_old_file();
    let error = client(port).download_to_file("list_games", "", &folder.target, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::INVALID_ARGUMENT, Outcome::NotSent));
    assert!(error.message().contains("`list_games`"), "{error}");
    let error = client(port).download_to_file("lst_games", "", &folder.target, &options()).unwrap_err();
    assert_eq!(error.code(), Code::UNKNOWN_OPERATION);
    let error = client(port).download_to_file(OPERATION, "{}", &folder.target, &options()).unwrap_err();
    assert_eq!(error.field(), Some("/export_id"));
    folder.assert_unchanged();
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_path_that_cannot_be_written_fails_before_the_request_is_sent() {
    let (port, requests) = answering(answer("200 OK", FILE_HEADERS, "id\r\n"));
    let (client, folder) = (client(port), Folder::new());
    let root = folder.target.parent().unwrap();
    let mut cases = vec![
        (root.join("missing/export.csv"), Code::FILE, "missing"),
        (root.to_owned(), Code::INVALID_ARGUMENT, "it is a directory"),
        (root.join("new/"), Code::INVALID_ARGUMENT, "names no file"),
        (root.join(".."), Code::INVALID_ARGUMENT, "names no file"),
        ("".into(), Code::INVALID_ARGUMENT, "names no file"),
    ];
    if cfg!(target_os = "linux") {
        cases.push(("/dev/full".into(), Code::INVALID_ARGUMENT, "not a regular file"));
    }
    for (path, code, text) in cases {
        let error = client.download_to_file(OPERATION, ARGUMENTS, &path, &options()).unwrap_err();
        assert_eq!(
            (error.code(), error.outcome(), error.attempts()),
            (code, Outcome::NotSent, 0),
            "{path:?}"
        );
        assert!(error.message().contains(text), "{error}");
    }
    assert_eq!(folder.names(), [""; 0]);
    assert!(requests.try_recv().is_err());
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_grow_ends_the_call_at_once() {
    const TEST: &str = "failures::a_file_that_cannot_grow_ends_the_call_at_once";
    if !child::is(TEST) {
        for transport in ["native", "reqwest"] {
            child::run(TEST, &[("TRANSPORT", transport)]);
        }
        return;
    }
    use crate::fixture::serve_file;
    // A limit of the process's files stands for a disk that is full.
    let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
    // SAFETY: valid arguments; no other test runs in this process.
    unsafe {
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    let port = serve_file(Framing::Length, 3_000_000);
    let folder = Folder::with_old_file();
    let transport = child::given("TRANSPORT");
    let client = client_with(port, &format!(r#", "max_retries": 5, "transport": "{transport}""#));
    let error = folder.download(&client).unwrap_err();
    assert_eq!((error.code(), error.attempts(), error.retryable()), (Code::FILE, 1, false));
    let message = error.message();
    assert!(message.contains("export.csv") && message.contains("File too large"), "{message}");
    folder.assert_unchanged();
    // The client works as before.
    std::fs::write(&folder.target, "old").unwrap();
    assert_eq!(folder.download(&client).unwrap_err().code(), Code::FILE);
}

#[test]
fn a_broken_download_over_http2_is_repeated_from_the_beginning() {
    const SIZE: usize = 3_000_001;
    for has_length in [true, false] {
        for transport in ["native", "reqwest"] {
            let client = http2_client(transport, has_length, SIZE, true);
            let folder = Folder::with_old_file();
            let download = folder.download(&client).unwrap();
            folder.assert_has(SIZE);
            assert_eq!((download.bytes(), download.reply().attempts()), (SIZE as u64, 2), "{transport}");
        }
    }
}
