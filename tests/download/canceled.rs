//! Downloads that end before the file is complete: nothing is left, and other calls go on.

use std::io::Write as _;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{CallOptions, Code};

use crate::fixture::{ARGUMENTS, Folder, Framing, OPERATION, send_content, send_head, serve_file};
use crate::support::{ACTIVE, SESSION, TEST_TIMEOUT, client_with, json, options, read_request, serve};

const SIZE: usize = 1_000_000;
const HALF: usize = SIZE / 2;

/// Starts a server that sends a half of a file, and the other half after a message. It responds to
/// other requests at once.
fn stalling_server() -> (u16, Sender<()>) {
    let (go_on, wait) = channel();
    let wait = Arc::new(Mutex::new(wait));
    let port = serve(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            if !request.line.contains("/download") {
                stream.write_all(&json("200 OK", ACTIVE)).unwrap();
                continue;
            }
            send_head(&mut stream, Framing::Length, SIZE).unwrap();
            let mut content = Vec::new();
            send_content(&mut content, Framing::Length, SIZE, SIZE).unwrap();
            stream.write_all(&content[..HALF]).unwrap();
            let _ = wait.lock().unwrap().recv_timeout(2 * TEST_TIMEOUT);
            if stream.write_all(&content[HALF..]).is_err() {
                return;
            }
        }
    });
    (port, go_on)
}

#[test]
fn a_download_that_is_canceled_half_way_leaves_nothing() {
    for transport in ["native", "reqwest"] {
        let (port, _go_on) = stalling_server();
        let client = client_with(port, &format!(r#", "transport": "{transport}""#));
        let folder = Folder::with_old_file();
        let every = Duration::from_millis(5);
        let mut seen = Vec::new();
        let result = client.download_to_file_cancellable(
            OPERATION,
            ARGUMENTS,
            &folder.target,
            &options(),
            every,
            |progress| {
                seen.push(progress.bytes());
                progress.bytes() < HALF as u64
            },
        );
        assert_eq!(result.unwrap_err().code(), Code::CANCELED);
        folder.assert_unchanged();
        assert!(seen.is_sorted() && seen.last() == Some(&(HALF as u64)), "{seen:?}");
    }
}

#[test]
fn a_download_that_is_canceled_when_it_is_complete_leaves_nothing() {
    let client = client_with(serve_file(Framing::Length, SIZE), "");
    let folder = Folder::with_old_file();
    for accepts in [false, true] {
        let every = TEST_TIMEOUT;
        let mut last = None;
        let result = client.download_to_file_cancellable(
            OPERATION,
            ARGUMENTS,
            &folder.target,
            &options(),
            every,
            |progress| {
                last = Some((progress.bytes(), progress.total()));
                accepts
            },
        );
        assert_eq!(last, Some((SIZE as u64, Some(SIZE as u64))));
        match accepts {
            false => {
                assert_eq!(result.unwrap_err().code(), Code::CANCELED);
                folder.assert_unchanged();
            }
            true => folder.assert_has(result.unwrap().bytes() as usize),
        }
    }
}

#[test]
fn a_download_that_takes_too_long_leaves_nothing() {
    let (port, _go_on) = stalling_server();
    let folder = Folder::with_old_file();
    let options = CallOptions::from_json(r#"{"timeout_ms": 300, "max_retries": 0}"#).unwrap();
    let error = folder.download_with(&client_with(port, ""), &options).unwrap_err();
    assert_eq!(error.code(), Code::TIMEOUT);
    folder.assert_unchanged();
}

#[test]
fn a_submitted_download_that_is_canceled_or_dropped_leaves_nothing() {
    for ends_by in ["cancel", "drop", "close"] {
        for is_complete in [false, true] {
            let (port, go_on) = stalling_server();
            if is_complete {
                go_on.send(()).unwrap();
            }
            let client = client_with(port, r#", "io_thread": true"#);
            let folder = Folder::with_old_file();
            let (call, progress) =
                client.submit_download(OPERATION, ARGUMENTS, &folder.target, &options(), None).unwrap();
            let expected = if is_complete { SIZE } else { HALF } as u64;
            let started = Instant::now();
            while progress.bytes() < expected {
                assert!(started.elapsed() < TEST_TIMEOUT, "{progress:?}");
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(folder.names().len(), 2, "the part and the old file");
            match ends_by {
                "cancel" => {
                    call.cancel().unwrap();
                    let result = call.try_result().unwrap().unwrap();
                    assert_eq!(result.as_ref().unwrap_err().code(), Code::CANCELED);
                }
                "drop" => drop(call),
                _ => {
                    client.close();
                    let result = call.try_result().unwrap().unwrap();
                    if is_complete && result.is_ok() {
                        folder.assert_has(SIZE);
                        continue;
                    }
                    assert_eq!(result.as_ref().unwrap_err().code(), Code::CANCELED);
                }
            }
            folder.assert_unchanged();
        }
    }
}

#[test]
fn other_calls_of_the_client_go_on_during_a_download() {
    for config in [r#", "io_thread": true"#, ""] {
        let (port, go_on) = stalling_server();
        let client = client_with(port, config);
        let folder = Folder::new();
        std::thread::scope(|scope| {
            let (half, is_half) = channel();
            let (folder, client) = (&folder, &client);
            let downloading = scope.spawn(move || {
                let every = Duration::from_millis(5);
                client.download_to_file_cancellable(
                    OPERATION,
                    ARGUMENTS,
                    &folder.target,
                    &options(),
                    every,
                    |progress| {
                        if progress.bytes() >= HALF as u64 {
                            let _ = half.send(());
                        }
                        true
                    },
                )
            });
            is_half.recv_timeout(TEST_TIMEOUT).unwrap();
            for _ in 0..10 {
                client.call("get_session_status", SESSION, &options()).unwrap();
            }
            assert!(!downloading.is_finished());
            go_on.send(()).unwrap();
            downloading.join().unwrap().unwrap();
        });
        folder.assert_has(SIZE);
    }
}

#[test]
#[cfg(unix)]
fn a_forked_child_leaves_the_file_to_its_parent() {
    use crate::support::child;
    const TEST: &str = "canceled::a_forked_child_leaves_the_file_to_its_parent";
    if !child::is(TEST) {
        child::run(TEST, &[]);
        return;
    }
    let (port, go_on) = stalling_server();
    let client = client_with(port, "");
    let folder = Folder::with_old_file();
    let (call, progress) =
        client.submit_download(OPERATION, ARGUMENTS, &folder.target, &options(), None).unwrap();
    let started = Instant::now();
    while progress.bytes() < HALF as u64 {
        client.tick(Duration::from_millis(1)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT, "{progress:?}");
    }
    // SAFETY: the child touches only what is whole in it, and ends at once.
    let pid = match unsafe { libc::fork() } {
        0 => {
            client.close();
            drop((call, client));
            // SAFETY: ends the process and nothing else.
            unsafe { libc::_exit(0) }
        }
        pid => pid,
    };
    let mut status = -1;
    // SAFETY: the child is this process's own, and the status is written to a place that is.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!((status, folder.names().len()), (0, 2));
    go_on.send(()).unwrap();
    call.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap();
    folder.assert_has(SIZE);
}
