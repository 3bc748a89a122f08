//! The file is what the server sent, over every protocol and transport, and little memory is used.

use std::sync::Arc;
use std::time::Duration;

use iplaygames::{Call, CallOptions, Client};
use serde_json::json;

use crate::fixture::{ARGUMENTS, FILE_HEADERS, Folder, Framing, OPERATION, http2_client, large, serve_file};
#[cfg(target_os = "linux")]
use crate::support::child;
use crate::support::{TEST_TIMEOUT, answer, answering, client, client_with};

const TRANSPORTS: [&str; 2] = ["native", "reqwest"];

/// Returns a client with enough time for a large file on a slow machine.
fn http1_client(port: u16, transport: &str) -> Client {
    client_with(port, &format!(r#", "timeout_ms": 120000, "transport": "{transport}""#))
}

#[test]
fn a_large_file_over_http1_is_what_the_server_sent() {
    for transport in TRANSPORTS {
        for framing in [Framing::Length, Framing::Chunked, Framing::Close] {
            let client = http1_client(serve_file(framing, large()), transport);
            let folder = Folder::new();
            let download = folder.download(&client).unwrap();
            assert_eq!(download.bytes(), large() as u64, "{transport} {framing:?}");
            folder.assert_has(large());
        }
    }
}

#[test]
fn a_large_file_over_http2_is_what_the_server_sent() {
    for transport in TRANSPORTS {
        for has_length in [true, false] {
            let folder = Folder::new();
            let download = folder.download(&http2_client(transport, has_length, large(), false)).unwrap();
            assert_eq!(download.bytes(), large() as u64, "{transport} {has_length}");
            folder.assert_has(large());
        }
    }
}

/// Returns the greatest number of bytes that this process has had in memory.
#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
#[cfg(target_os = "linux")]
fn the_memory_of_a_large_download_is_small() {
    const TEST: &str = "content::the_memory_of_a_large_download_is_small";
    if !child::is(TEST) {
        // The peak is the process's own, and the other tests run in this one.
        for transport in TRANSPORTS {
            for protocol in ["length", "chunked", "http2"] {
                child::run(TEST, &[("TRANSPORT", transport), ("PROTOCOL", protocol)]);
            }
        }
        return;
    }
    let (transport, protocol) = (child::given("TRANSPORT"), child::given("PROTOCOL"));
    let download = |size| {
        let client = match protocol.as_str() {
            "length" => http1_client(serve_file(Framing::Length, size), &transport),
            "chunked" => http1_client(serve_file(Framing::Chunked, size), &transport),
            _ => http2_client(&transport, true, size, false),
        };
        let folder = Folder::new();
        folder.download(&client).unwrap();
        folder.assert_has(size);
    };
    // What every client needs once is not counted.
    download(1_000_000);
    let before = peak_memory();
    download(large());
    let growth = peak_memory() - before;
    // Most of it is what HTTP/2 allows the server to send in advance.
    assert!(growth < 6 << 20, "{transport} {protocol}: {growth} bytes");
}

#[test]
fn a_download_tells_the_facts_of_its_file() {
    let (port, requests) = answering(answer("200 OK", FILE_HEADERS, "id\r\n1\r\n"));
    let folder = Folder::with_old_file();
    let options = CallOptions::from_json(r#"{"keep_headers": true, "call_id": "export-1"}"#).unwrap();
    let download = folder.download_with(&client(port), &options).unwrap();
    assert_eq!(std::fs::read(&folder.target).unwrap(), b"id\r\n1\r\n");
    assert_eq!(download.bytes(), 7);
    assert_eq!(download.filename().as_deref(), Some("export.csv"));
    assert_eq!(download.content_type().as_deref(), Some("text/csv"));
    let reply = download.reply();
    assert_eq!((reply.http_status(), reply.attempts(), reply.call_id()), (Some(200), 1, "export-1"));
    assert!(reply.headers().unwrap().to_ascii_lowercase().contains("content-type: text/csv\r\n"));
    let document: serde_json::Value = serde_json::from_str(reply.json()).unwrap();
    let described =
        json!({"success": true, "content_type": "text/csv", "filename": "export.csv", "bytes": 7});
    assert_eq!(document, described);
    let request = requests.recv().unwrap();
    assert_eq!(request.line, "GET /api/v1/transaction-exports/7/download HTTP/1.1");
}

#[test]
fn documents_and_empty_bodies_are_files_too() {
    // A document whose members are an envelope's is no refusal.
    for content in ["", "[1, 2]", r#"{"success": true, "data": []}"#, r#"{"data": {"success": false}}"#, "{"]
    {
        let (port, _requests) = answering(answer("200 OK", "Content-Type: application/json\r\n", content));
        let folder = Folder::new();
        let download = folder.download(&client(port)).unwrap();
        assert_eq!(std::fs::read_to_string(&folder.target).unwrap(), content);
        assert_eq!(download.bytes(), content.len() as u64);
    }
}

#[test]
fn a_connection_is_used_again_after_a_download() {
    let connections = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = Arc::clone(&connections);
    let port = crate::support::serve(move |mut stream| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        while crate::support::read_request(&mut stream).is_some() {
            use std::io::Write as _;
            stream.write_all(&answer("200 OK", FILE_HEADERS, "id\r\n")).unwrap();
        }
    });
    let (client, folder) = (client(port), Folder::new());
    for _ in 0..3 {
        folder.download(&client).unwrap();
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn a_submitted_download_has_its_file_when_its_result_is_taken() {
    let client = http1_client(serve_file(Framing::Length, large()), "native");
    let folder = Folder::with_old_file();
    let (call, progress): (Call, _) = client
        .submit_download(OPERATION, ARGUMENTS, &folder.target, &crate::support::options(), None)
        .unwrap();
    let mut seen = vec![0];
    let done = std::time::Instant::now() + 2 * TEST_TIMEOUT;
    while progress.bytes() < large() as u64 {
        client.tick(Duration::from_millis(5)).unwrap();
        seen.push(progress.bytes());
        assert!(std::time::Instant::now() < done, "the download never ends: {progress:?}");
    }
    assert_eq!(progress.total(), Some(large() as u64));
    assert!(seen.is_sorted() && seen.len() > 2, "{seen:?}");
    assert_eq!(std::fs::read(&folder.target).unwrap(), b"old");
    let reply = call.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap().clone();
    assert!(reply.json().contains(&format!("\"bytes\":{}", large())), "{}", reply.json());
    folder.assert_has(large());
}

#[test]
#[cfg(unix)]
fn the_file_has_the_rights_of_the_file_that_it_replaces_and_links_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let (port, _requests) = answering(answer("200 OK", FILE_HEADERS, "new"));
    let folder = Folder::with_old_file();
    std::fs::set_permissions(&folder.target, std::fs::Permissions::from_mode(0o600)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(&folder.target, &link).unwrap();
    client(port).download_to_file(OPERATION, ARGUMENTS, &link, &crate::support::options()).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&folder.target).unwrap(), b"new");
    assert_eq!(std::fs::metadata(&folder.target).unwrap().permissions().mode() & 0o777, 0o600);
}
