//! The threads of a client, and threads that share one.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};

use iplaygames::Client;

use crate::fixture::{ask, echo, echo_of, port_outside, session_of};

use crate::support::transport::expected;
use crate::support::{TEST_TIMEOUT, child, client, client_with, json, read_request, serve};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// A server outside the child, so that its threads are not counted. `held` is answered once
/// `release` was asked for, and `arrived` once `held` was.
fn holding() -> u16 {
    let requested = Arc::new((Mutex::new((false, false)), Condvar::new()));
    serve(move |mut stream| {
        let (lock, changed) = &*requested;
        while let Some(request) = read_request(&mut stream) {
            let session = session_of(&request);
            let mut requested = lock.lock().unwrap();
            requested.0 |= session == "held";
            requested.1 |= session == "release";
            changed.notify_all();
            let _requested = changed
                .wait_timeout_while(requested, TEST_TIMEOUT, |(held, release)| match session.as_str() {
                    "held" => !*release,
                    "arrived" => !*held,
                    _ => false,
                })
                .unwrap();
            stream.write_all(&json("200 OK", &echo_of(&session))).unwrap();
        }
    })
}

#[test]
fn a_blocking_client_has_no_thread() {
    const NAME: &str = "threads::a_blocking_client_has_no_thread";
    if !child::is(NAME) {
        child::run(NAME, &[("PORT", &holding().to_string())]);
        return;
    }
    let before = threads();
    let client = client(port_outside());
    assert_eq!(threads(), before, "a client alone");
    ask(&client, "first");
    assert_eq!(threads(), before, "after a call");
    std::thread::scope(|scope| {
        let (finish, finished) = channel::<()>();
        let (done, is_done) = channel();
        let client = &client;
        scope.spawn(move || {
            ask(client, "held");
            done.send(()).unwrap();
            let _ = finished.recv();
        });
        ask(client, "arrived");
        assert_eq!(threads(), before + 1, "while another thread waits in a call");
        ask(client, "release");
        is_done.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(threads(), before + 1, "after two calls at once");
        drop(finish);
    });
    drop(client);
    // The one exception: names are resolved on a thread that ends when it is done.
    let config = format!(r#"{{"base_url": "http://localhost:{}"}}"#, port_outside());
    let client = Client::new(iplaygames::Config::from_json(&config).unwrap()).unwrap();
    ask(&client, "by-name");
    let started = std::time::Instant::now();
    while threads() > before {
        assert!(started.elapsed() < TEST_TIMEOUT, "the resolver's thread stays");
        std::thread::yield_now();
    }
}

#[test]
fn threads_that_share_a_client_get_their_own_answers() {
    const THREADS: usize = 16;
    for limit in [32, 3] {
        let (port, connections) = echo();
        let client = client_with(port, &format!(r#", "max_connections": {limit}"#));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || (0..200).for_each(|call| ask(client, &format!("{thread}-{call}"))));
            }
        });
        // reqwest opens another connection if one is not in its pool again yet. Most calls of the
        // 3200 find one there.
        let limit = expected(limit, 320);
        assert!(connections.load(Ordering::SeqCst) <= limit, "{connections:?} of {limit}");
    }
}
