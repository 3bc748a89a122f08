//! A client leaves the host's signals alone.

use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use iplaygames::{Client, Code, Outcome};

use crate::fixture::port_outside;

use crate::support::length::rounds;
use crate::support::{child, client, options, serve};

/// Closes with a reset: what was not read is thrown away. With `end_first` the client has seen the
/// end of the stream before, and the system then answers a write with SIGPIPE.
fn reset(stream: TcpStream, end_first: bool) {
    if end_first {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = libc::socklen_t::try_from(size_of::<libc::linger>()).unwrap();
    // SAFETY: the socket is open, and the option is a `linger` of that size.
    let result = unsafe {
        let option = (&raw const linger).cast();
        libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, option, size)
    };
    assert_eq!(result, 0);
}

/// A server that resets every upload after it has read its head.
fn resetting() -> u16 {
    let uploads = AtomicUsize::new(0);
    serve(move |mut stream| {
        let mut byte = [0];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match std::io::Read::read(&mut stream, &mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        reset(stream, uploads.fetch_add(1, Ordering::SeqCst) % 2 == 1);
    })
}

/// Uploads several megabytes to a server that takes none of it.
fn upload_in_vain(client: &Client) {
    let csv = "external_game_id,name\n".repeat(150_000);
    let arguments = serde_json::json!({"file": csv}).to_string();
    let error = client.call("import_external_games_from_csv_file", &arguments, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
}

/// The signals that are in a set.
fn signals(set: &libc::sigset_t) -> Vec<i32> {
    // SAFETY: the set is a valid one.
    (1..=64).filter(|signal| unsafe { libc::sigismember(set, *signal) } == 1).collect()
}

/// The thread's mask, and what waits behind it.
fn mask_and_pending() -> (Vec<i32>, Vec<i32>) {
    // SAFETY: both calls fill the sets they are given.
    unsafe {
        let (mut mask, mut pending) = (std::mem::zeroed(), std::mem::zeroed());
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
        libc::sigpending(&mut pending);
        (signals(&mask), signals(&pending))
    }
}

fn block(signal: i32) {
    // SAFETY: the set is made valid before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()), 0);
    }
}

#[test]
fn a_reset_upload_raises_no_signal_in_the_host() {
    const NAME: &str = "signals::a_reset_upload_raises_no_signal_in_the_host";
    if !child::is(NAME) {
        child::run(NAME, &[("PORT", &resetting().to_string())]);
        return;
    }
    // SAFETY: the action a program has that is not Rust's: SIGPIPE ends it.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let client = client(port_outside());
    block(libc::SIGUSR1);
    let before = mask_and_pending();
    assert_eq!(before, (vec![libc::SIGUSR1], vec![]));
    for _ in 0..rounds(6, 2) {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
    // A host that has the signal blocked finds none that is not its own…
    block(libc::SIGPIPE);
    let before = mask_and_pending();
    for _ in 0..rounds(6, 2) {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
    // …and its own where it was.
    // SAFETY: a blocked signal, for this thread.
    unsafe { libc::raise(libc::SIGPIPE) };
    let before = mask_and_pending();
    assert_eq!(before.1, [libc::SIGPIPE]);
    for _ in 0..2 {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
}
