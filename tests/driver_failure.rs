//! The I/O driver of a client fails for good: the host has closed its descriptors. Every request
//! ends, later calls are refused, and nothing waits longer than it may.
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashSet;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Client, Code, Error, Event, Outcome};
use support::*;

/// The descriptors of this process that are of a kind, such as `eventpoll`.
fn descriptors(kind: &str) -> HashSet<RawFd> {
    let target = format!("anon_inode:[{kind}]");
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == target.as_str())
        })
        .map(|entry| entry.file_name().to_str().unwrap().parse().unwrap())
        .collect()
}

/// A client, its event queues and what wakes the thread that waits for one.
struct Victim {
    client: Client,
    queues: HashSet<RawFd>,
    wakers: HashSet<RawFd>,
}

impl Victim {
    fn new(port: u16, more: &str) -> Victim {
        let before = ["eventpoll", "eventfd"].map(descriptors);
        let client = client_with(port, more);
        let [queues, wakers] = ["eventpoll", "eventfd"].map(descriptors);
        let new = |now: HashSet<RawFd>, before: &HashSet<RawFd>| -> HashSet<RawFd> {
            now.difference(before).copied().collect()
        };
        let (queues, wakers) = (new(queues, &before[0]), new(wakers, &before[1]));
        assert!(!queues.is_empty(), "a client has an event queue");
        Victim { client, queues, wakers }
    }

    /// Puts another file in the place of the client's event queues, as a host does that closes
    /// descriptors which are not its own and opens files afterwards.
    fn break_driver(&self) {
        Victim::replace(&self.queues);
    }

    /// Puts a file that cannot be written in the place of what wakes the client's threads.
    fn break_wakers(&self) {
        assert!(!self.wakers.is_empty(), "a client has a descriptor that wakes it");
        Victim::replace(&self.wakers);
    }

    fn replace(descriptors: &HashSet<RawFd>) {
        let null = std::fs::File::open("/dev/null").unwrap();
        for descriptor in descriptors {
            // SAFETY: replaces a descriptor; that it is not ours to replace is what the test is
            // about.
            assert_eq!(unsafe { libc::dup2(null.as_raw_fd(), *descriptor) }, *descriptor);
        }
    }

    /// Later calls of every kind are refused, and no wait outlives its limit.
    fn assert_refuses(&self) {
        let refused = |error: Error| {
            assert_eq!((error.code(), error.outcome()), (Code::INTERNAL, Outcome::NotSent), "{error}");
        };
        refused(self.client.call("start_a_game_session", START, &options()).unwrap_err());
        refused(self.client.submit("start_a_game_session", START, &options(), None).unwrap_err());
        refused(self.client.submit("list_games", "", &options(), Some(Box::new(|_| ()))).unwrap_err());
        refused(self.client.watch_session("abc", Duration::from_secs(1), None).unwrap_err());
        refused(self.client.prewarm(Duration::from_secs(1)).unwrap_err());
    }
}

/// A server that reads requests and never answers, and says when one has come.
fn silent() -> (u16, Receiver<Received>) {
    let (seen, sees) = channel();
    let seen = Mutex::new(seen);
    let port = serve(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = seen.lock().unwrap().send(request);
        }
    });
    (port, sees)
}

fn assert_failed(error: &Error, outcome: Outcome) {
    assert_eq!((error.code(), error.outcome()), (Code::INTERNAL, outcome), "{error}");
}

/// Ticks until a request has come to the server.
fn tick_until_received(client: &Client, sees: &Receiver<Received>, count: usize) {
    let (mut received, started) = (0, Instant::now());
    while received < count {
        client.tick(Duration::from_millis(1)).unwrap();
        received += sees.try_iter().count();
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
}

/// Runs a test in a child of its own: it closes descriptors, and others would get their numbers.
fn in_child(name: &str, test: impl FnOnce()) {
    if child::is(name) {
        test();
    } else {
        child::run(name, &[]);
    }
}

#[test]
fn submitted_calls_end_once_when_the_driver_fails() {
    in_child("submitted_calls_end_once_when_the_driver_fails", || {
        let (port, sees) = silent();
        let victim = Victim::new(port, r#", "max_connections": 2, "timeout_ms": 60000"#);
        let client = &victim.client;
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let callback = Box::new(move |event: Event<'_>| {
            let Event::Done(Err(error)) = event else { panic!("{event:?}") };
            sink.lock().unwrap().push(error.clone());
        });
        let start = |callback| client.submit("start_a_game_session", START, &options(), callback).unwrap();
        let sent = [start(None), start(Some(callback))];
        tick_until_received(client, &sees, 2);
        // It waits for a connection, so nothing of it is sent.
        let waiting = start(None);
        client.tick(Duration::from_millis(1)).unwrap();
        victim.break_driver();
        let error = client.tick(Duration::from_millis(1)).err();
        assert!(error.is_none_or(|error| error.code() == Code::INTERNAL));
        for _ in 0..3 {
            let _ = client.tick(Duration::from_millis(1));
        }
        {
            let told = told.lock().unwrap();
            assert_eq!(told.len(), 1, "{told:?}");
            assert_failed(&told[0], Outcome::Unknown);
        }
        for (call, outcome) in
            [(&sent[0], Outcome::Unknown), (&sent[1], Outcome::Unknown), (&waiting, Outcome::NotSent)]
        {
            assert_failed(call.try_result().unwrap().unwrap().as_ref().unwrap_err(), outcome);
            assert!(call.wait(Duration::from_millis(100)).unwrap().unwrap().is_err());
        }
        victim.assert_refuses();
        let _ = client.shutdown(Duration::from_secs(1));
        assert_eq!(told.lock().unwrap().len(), 1);
        assert!(sees.try_recv().is_err(), "nothing was sent afterwards");
    });
}

#[test]
fn waits_end_within_their_limit_when_the_driver_fails() {
    in_child("waits_end_within_their_limit_when_the_driver_fails", || {
        let (port, sees) = silent();
        let victim = Victim::new(port, r#", "timeout_ms": 2000, "max_retries": 0"#);
        let client = &victim.client;
        std::thread::scope(|scope| {
            let blocking = scope.spawn(|| client.call("start_a_game_session", START, &options()));
            sees.recv_timeout(TEST_TIMEOUT).unwrap();
            let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
            sees.recv_timeout(TEST_TIMEOUT).unwrap();
            victim.break_driver();
            let started = Instant::now();
            // The limit of the wait, or the end of the call.
            let waited = call.wait(Duration::from_millis(100));
            assert!(started.elapsed() < TEST_TIMEOUT);
            if let Ok(Some(result)) = waited {
                assert_failed(result.as_ref().unwrap_err(), Outcome::Unknown);
            }
            assert_failed(&blocking.join().unwrap().unwrap_err(), Outcome::Unknown);
            let result = call.wait(Duration::from_millis(100)).unwrap().unwrap();
            assert_failed(result.as_ref().unwrap_err(), Outcome::Unknown);
            assert!(started.elapsed() < TEST_TIMEOUT);
        });
        victim.assert_refuses();
    });
}

#[test]
fn calls_of_a_client_with_a_background_thread_end_when_the_driver_fails() {
    in_child("calls_of_a_client_with_a_background_thread_end_when_the_driver_fails", || {
        let (port, sees) = silent();
        let victim = Victim::new(port, r#", "io_thread": true, "timeout_ms": 60000"#);
        let client = &victim.client;
        let ended = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ended);
        let callback = Box::new(move |_: Event<'_>| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let sent = client.submit("start_a_game_session", START, &options(), None).unwrap();
        sees.recv_timeout(TEST_TIMEOUT).unwrap();
        victim.break_driver();
        // It wakes the thread, which finds the driver gone.
        let woken = client.submit("start_a_game_session", START, &options(), Some(callback));
        let started = Instant::now();
        while sent.try_result().unwrap().is_none() {
            assert!(started.elapsed() < TEST_TIMEOUT, "the call never ends");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_failed(sent.try_result().unwrap().unwrap().as_ref().unwrap_err(), Outcome::Unknown);
        if let Ok(call) = woken {
            while call.try_result().unwrap().is_none() || ended.load(Ordering::SeqCst) == 0 {
                let _ = client.tick(Duration::from_millis(1));
                assert!(started.elapsed() < TEST_TIMEOUT, "the callback never runs");
            }
            for _ in 0..3 {
                let _ = client.tick(Duration::from_millis(1));
            }
            assert_eq!(ended.load(Ordering::SeqCst), 1);
        }
        victim.assert_refuses();
        let Victim { client, .. } = victim;
        let _ = client.shutdown(Duration::from_secs(1));
        drop(client);
    });
}

#[test]
fn calls_end_when_the_io_thread_cannot_be_woken() {
    in_child("calls_end_when_the_io_thread_cannot_be_woken", || {
        let (port, sees) = silent();
        let victim = Victim::new(port, r#", "io_thread": true, "timeout_ms": 60000"#);
        let sent = victim.client.submit("start_a_game_session", START, &options(), None).unwrap();
        sees.recv_timeout(TEST_TIMEOUT).unwrap();
        // The thread waits for events, which needs no new descriptor.
        std::thread::sleep(Duration::from_millis(100));
        victim.break_wakers();
        let unsent = victim.client.submit("start_a_game_session", START, &options(), None).unwrap();
        assert_failed(unsent.try_result().unwrap().unwrap().as_ref().unwrap_err(), Outcome::NotSent);
        assert_failed(sent.try_result().unwrap().unwrap().as_ref().unwrap_err(), Outcome::Unknown);
        victim.assert_refuses();
        assert!(sees.try_recv().is_err(), "the second call was sent");
        victim.client.close();
        drop(victim);
    });
}

#[test]
fn a_client_whose_driver_has_failed_is_closed_and_dropped_without_waiting() {
    in_child("a_client_whose_driver_has_failed_is_closed_and_dropped_without_waiting", || {
        let (port, _sees) = silent();
        for io_thread in [false, true] {
            for fails_before in [false, true] {
                let victim = Victim::new(port, &format!(r#", "io_thread": {io_thread}"#));
                let call = victim.client.submit("start_a_game_session", START, &options(), None).unwrap();
                victim.break_driver();
                if fails_before {
                    let _ = call.wait(Duration::from_millis(100));
                }
                victim.client.close();
                drop(victim);
                let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err().clone();
                assert!(matches!(error.code(), Code::CANCELED | Code::INTERNAL), "{error}");
            }
        }
    });
}
