//! Tests with a panic at every step of a call over real sockets: while it connects, in the
//! handshake, in the pool, while it sends and reads, and in the task of an HTTP/2 connection. Every
//! call still ends once, its outcome matches the server, and the client processes the next call.
//! `simulation/` tests panics in callbacks and in attempts of the simulated transport.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use super::unwind::injection;
use crate::panics::{self, InsideGuard};
use crate::submit::event::Event;
use crate::submit::handle::Call;
use crate::test_support::protocol::{Protocol, Server};
use crate::test_support::{START, STARTED, TEST_TIMEOUT, length, options};
use crate::{CallResult, Client, Code, Outcome, WatchOptions};

const STATUS: &str = r#"{"success": true, "data": {"session_id": "abc123", "status": "ACTIVE"}}"#;

/// A server that keeps the call ids of the starts that it received.
struct CountingServer {
    server: Server,
    starts: Arc<Mutex<Vec<String>>>,
    protocol: Protocol,
}

impl CountingServer {
    fn start(protocol: Protocol) -> CountingServer {
        let starts = Arc::<Mutex<Vec<String>>>::default();
        let received = Arc::clone(&starts);
        let server = Server::start(
            protocol,
            || (),
            move |method, id| {
                if method != "POST" {
                    return (200, STATUS);
                }
                received.lock().unwrap().push(id.to_owned());
                (201, STARTED)
            },
        );
        CountingServer { server, starts, protocol }
    }

    fn client(&self) -> Client {
        // Only the given certificates are trusted. Plain HTTP does not accept the option.
        self.server.client(&json!({"ca_only": self.protocol != Protocol::Http}))
    }
}

/// The events that the callback of a call has received.
#[derive(Default)]
struct Seen {
    ends: u32,
    outcome: Option<Outcome>,
    code: Option<Code>,
}

impl Seen {
    fn end(&mut self, result: &CallResult) {
        self.ends += 1;
        self.outcome = result.as_ref().err().map(crate::Error::outcome);
        self.code = result.as_ref().err().map(crate::Error::code);
    }
}

fn tick_until(client: &Client, what: &str, mut is_done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_done() {
        // A tick does not fail: the panic of a task ends only that task.
        client.tick(Duration::from_millis(20)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT, "{what}: a call has not ended");
        std::thread::yield_now();
    }
}

/// Makes all kinds of calls with a panic at the injection point `number`. Returns whether that
/// point was reached.
fn check(server: &CountingServer, number: u64) -> bool {
    let what = format!("panic at point {number}");
    let client = server.client();
    injection::panic_at(number);

    // Two starts with callbacks.
    let seen: Vec<Arc<Mutex<Seen>>> = (0..2).map(|_| Arc::default()).collect();
    for (index, seen) in seen.iter().enumerate() {
        let seen = Arc::clone(seen);
        let mut options = options();
        options.call_id = Some(format!("start-{number}-{index}"));
        let callback = Box::new(move |event: Event<'_>| match event {
            Event::Done(result) => seen.lock().unwrap().end(result),
            Event::Update(_) => panic!("a start has no updates"),
        });
        client.submit("start_a_game_session", START, &options, Some(callback)).unwrap().detach();
    }
    tick_until(&client, &what, || seen.iter().all(|seen| seen.lock().unwrap().ends > 0));

    // A watch, until it has reported an event.
    let (watch, told) = watch(&client);
    tick_until(&client, &what, || *told.lock().unwrap() != (0, 0));
    watch.cancel().unwrap();
    tick_until(&client, &what, || told.lock().unwrap().1 > 0);
    drop(watch);

    // A blocking call, which may return the panic as its error. The next call succeeds.
    let status = || client.call("get_session_status", r#"{"session_id": "abc123"}"#, &options());
    let _ = status();
    let is_reached = injection::passed() > number;
    injection::panic_at(u64::MAX);
    let last = status();
    assert!(last.is_ok(), "{what}: {last:?}");

    assert_eq!(told.lock().unwrap().1, 1, "{what}: the watch ended once");
    let stats: serde_json::Value = serde_json::from_str(&client.stats_json()).unwrap();
    assert_eq!(stats["in_flight"], 0, "{what}");
    client.close();
    drop(client);
    let starts = server.starts.lock().unwrap();
    for (index, seen) in seen.iter().enumerate() {
        let Seen { ends, outcome, code } = &*seen.lock().unwrap();
        let received = starts.iter().filter(|id| **id == format!("start-{number}-{index}")).count();
        let is_true = match outcome {
            None => received == 1,
            Some(Outcome::NotSent) => received == 0,
            Some(Outcome::Unknown) => received <= 1,
            Some(Outcome::Rejected) => false,
        };
        assert!(*ends == 1 && is_true, "{what}: {ends} ends, {outcome:?}, {code:?}, {received} received");
    }
    is_reached
}

/// The numbers of updates and ends that a watch has reported.
type Told = Arc<Mutex<(u32, u32)>>;

fn watch(client: &Client) -> (Call, Told) {
    let told = Told::default();
    let shared = Arc::clone(&told);
    let callback = Box::new(move |event: Event<'_>| match event {
        Event::Done(_) => shared.lock().unwrap().1 += 1,
        Event::Update(_) => shared.lock().unwrap().0 += 1,
    });
    let options = WatchOptions::every(Duration::from_millis(100));
    (client.watch_session_with("abc123", &options, Some(callback)).unwrap(), told)
}

fn panics_at_every_point(protocol: Protocol) {
    panics::silence();
    let server = CountingServer::start(protocol);
    let mut number = 0;
    // Injected panics are not printed. A failed check panics outside of the library and is printed.
    let checked = |number| {
        let _inside = InsideGuard::enter();
        panics::run(|| check(&server, number))
    };
    while checked(number).unwrap_or_else(|message| panic!("{protocol:?}: {message}")) {
        number += length::rounds(1, 5);
    }
    println!("{protocol:?}: {number} points");
    // This check finds injection points that were removed accidentally.
    assert!(number > 20, "{protocol:?}: only {number} points");
}

#[test]
fn every_call_over_http_ends_when_any_step_panics() {
    panics_at_every_point(Protocol::Http);
}

#[test]
fn every_call_over_https_ends_when_any_step_panics() {
    panics_at_every_point(Protocol::Https);
}

#[test]
fn every_call_over_http2_ends_when_any_step_panics() {
    panics_at_every_point(Protocol::Http2);
}
