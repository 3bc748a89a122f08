//! No call that is reported as not sent stands in the server's log, whenever and from wherever it
//! is canceled: over HTTP/1.1, TLS and HTTP/2.

mod support;

use std::collections::HashSet;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{CallOptions, CallResult, Client, Code, Outcome};
use serde_json::{Value, json};
use support::length::rounds;
use support::protocol::{Protocol, Server};
use support::transport::is_reqwest;
use support::{START, STARTED, TEST_TIMEOUT, options};

/// The ids of all whole requests that a server received, and how many connections it has.
#[derive(Default)]
struct Log {
    ids: Mutex<HashSet<String>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

/// A connection that is open.
struct Open(Arc<Log>);

impl Log {
    fn open(self: &Arc<Log>) -> Open {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.accepted.fetch_add(1, Ordering::SeqCst);
        Open(Arc::clone(self))
    }

    fn add(&self, id: &str) {
        assert!(self.ids.lock().unwrap().insert(id.to_owned()), "{id} was sent twice");
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server that logs whole requests and answers each as a start.
struct LoggingServer {
    server: Server,
    log: Arc<Log>,
}

impl LoggingServer {
    fn start(protocol: Protocol) -> LoggingServer {
        let log = Arc::new(Log::default());
        let (opened, received) = (Arc::clone(&log), Arc::clone(&log));
        let server = Server::start(
            protocol,
            move || opened.open(),
            move |_, id| {
                received.add(id);
                (201, STARTED)
            },
        );
        LoggingServer { server, log }
    }

    fn client(&self, more: &Value) -> Client {
        let mut config = json!({"max_in_flight": 10_000});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.client(&config)
    }

    /// Returns the log, after everything that was sent has been read. All clients must be gone.
    fn log(&self) -> HashSet<String> {
        // Accepted after all connections before it.
        let before = self.log.accepted.load(Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.server.port)).unwrap());
        let started = Instant::now();
        while self.log.accepted.load(Ordering::SeqCst) == before || self.log.open.load(Ordering::SeqCst) > 0 {
            assert!(started.elapsed() < TEST_TIMEOUT, "a connection stays open");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.log.ids.lock().unwrap().clone()
    }
}

/// What became of the calls: their ids, and the outcome of those that failed.
#[derive(Default)]
struct Calls {
    made: AtomicUsize,
    results: Mutex<Vec<(String, Option<Outcome>)>>,
}

impl Calls {
    fn options(&self) -> CallOptions {
        let mut options = options();
        options.call_id = Some(format!("call-{}", self.made.fetch_add(1, Ordering::SeqCst)));
        options
    }

    fn record(&self, options: CallOptions, result: &CallResult) {
        let outcome = result.as_ref().err().map(|error| {
            assert!(matches!(error.code(), Code::CANCELED | Code::SHUT_DOWN), "{error}");
            error.outcome()
        });
        self.results.lock().unwrap().push((options.call_id.unwrap(), outcome));
    }

    /// Compares the outcomes with what the server received.
    fn compare(&self, log: &HashSet<String>, what: &str) {
        let results = self.results.lock().unwrap();
        assert_eq!(results.len(), self.made.load(Ordering::SeqCst), "{what}: each call has a result");
        let (mut not_sent, mut untrue) = (0, Vec::new());
        for (id, outcome) in results.iter() {
            match outcome {
                Some(Outcome::NotSent) if log.contains(id) => untrue.push(id),
                Some(Outcome::NotSent) => not_sent += 1,
                Some(Outcome::Rejected) => panic!("{what}: nobody rejected {id}"),
                Some(Outcome::Unknown) => {}
                None => assert!(log.contains(id), "{what}: {id} succeeded and was not received"),
            }
        }
        assert!(untrue.is_empty(), "{what}: of {} calls not sent, received: {untrue:?}", results.len());
        assert!(not_sent > 0 && !log.is_empty(), "{what}: {not_sent} calls were canceled in time");
    }

    /// Returns whether some calls may have been sent and others were not: only then a comparison
    /// proves anything.
    fn are_mixed(&self) -> bool {
        let results = self.results.lock().unwrap();
        let is_not_sent = |(_, outcome): &(String, Option<Outcome>)| *outcome == Some(Outcome::NotSent);
        results.iter().any(is_not_sent) && !results.iter().all(is_not_sent)
    }
}

/// The rounds of a test. In each one, calls run for another while before they are canceled.
struct Rounds {
    /// The first round is number 1.
    round: u32,
    at_least: u32,
    longest: Duration,
    began: Instant,
}

impl Rounds {
    fn new(at_least: u32) -> Rounds {
        Rounds { round: 0, at_least, longest: Duration::from_millis(1), began: Instant::now() }
    }

    /// Returns whether there is another round. There are more of them on a machine where the pauses
    /// turn out too short for any call to be sent, and they grow.
    fn next(&mut self, calls: &Calls) -> bool {
        if self.round >= self.at_least && calls.are_mixed() {
            return false;
        }
        assert!(
            self.began.elapsed() < TEST_TIMEOUT,
            "after {} rounds all calls have the same outcome",
            self.round
        );
        if self.round > 0 && self.round.is_multiple_of(40) && !calls.are_mixed() {
            self.longest *= 2;
        }
        self.round += 1;
        true
    }

    fn pause(&self) {
        let until = Instant::now() + self.longest * (self.round % 40) / 40;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
    }
}

const CALLERS: u32 = 4;

/// Returns the protocols of the transport, each with the number of rounds that run at least.
fn protocols() -> Vec<(Protocol, u32)> {
    let (http, tls) = rounds((160, 80), (40, 20));
    let mut protocols = vec![(Protocol::Http, http), (Protocol::Https, tls)];
    if !is_reqwest() {
        protocols.push((Protocol::Http2, tls));
    }
    protocols
}

/// Opens a connection, so that the calls after it reach the server within the pauses of the rounds.
fn open_connection(client: &Client, calls: &Calls) {
    client.prewarm(TEST_TIMEOUT).unwrap();
    if is_reqwest() {
        // reqwest opens a connection only for a call.
        let options = calls.options();
        let result = client.call("start_a_game_session", START, &options);
        calls.record(options, &result);
    }
}

#[test]
fn a_blocking_call_whose_client_is_closed_by_another_thread_is_not_sent_if_it_is_reported_so() {
    for (protocol, at_least) in protocols() {
        let (server, calls) = (LoggingServer::start(protocol), Calls::default());
        let mut rounds = Rounds::new(at_least);
        while rounds.next(&calls) {
            let round = rounds.round;
            let client = server.client(&json!({}));
            open_connection(&client, &calls);
            let begin = std::sync::Barrier::new(CALLERS as usize + 1);
            std::thread::scope(|scope| {
                for caller in 0..CALLERS {
                    let (client, calls, begin) = (&client, &calls, &begin);
                    scope.spawn(move || {
                        begin.wait();
                        let options = calls.options();
                        let result = if caller % 2 == 0 {
                            client.call("start_a_game_session", START, &options)
                        } else {
                            let every = Duration::from_micros(50);
                            let mut looks = 0;
                            client.call_cancellable("start_a_game_session", START, &options, every, || {
                                looks += 1;
                                looks <= round % 16
                            })
                        };
                        calls.record(options, &result);
                    });
                }
                begin.wait();
                rounds.pause();
                client.close();
            });
        }
        calls.compare(&server.log(), &format!("{protocol:?}"));
    }
}

#[test]
fn a_submitted_call_that_another_thread_cancels_is_not_sent_if_it_is_reported_so() {
    for io_thread in [false, true] {
        for (protocol, at_least) in protocols() {
            let (server, calls) = (LoggingServer::start(protocol), Calls::default());
            let more = json!({"io_thread": io_thread});
            let mut rounds = Rounds::new(at_least);
            let mut goes_on = true;
            while goes_on {
                let client = server.client(&more);
                open_connection(&client, &calls);
                let is_over = std::sync::atomic::AtomicBool::new(false);
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        while !is_over.load(Ordering::SeqCst) {
                            match client.tick(Duration::from_micros(500)) {
                                Ok(_) => std::thread::yield_now(),
                                Err(error) => assert_eq!(error.code(), Code::SHUT_DOWN, "{error}"),
                            }
                        }
                    });
                    for with_this_client in 0..20 {
                        goes_on = rounds.next(&calls);
                        let submitted: Vec<_> = (0..CALLERS)
                            .map(|_| {
                                let options = calls.options();
                                let call =
                                    client.submit("start_a_game_session", START, &options, None).unwrap();
                                (options, call)
                            })
                            .collect();
                        rounds.pause();
                        let is_last = with_this_client == 19 || !goes_on;
                        if is_last {
                            // The last ones end with their client.
                            client.close();
                        }
                        for (options, call) in submitted {
                            call.cancel().unwrap();
                            calls.record(options, call.try_result().unwrap().unwrap());
                        }
                        if is_last {
                            break;
                        }
                    }
                    is_over.store(true, Ordering::SeqCst);
                });
            }
            calls.compare(&server.log(), &format!("{protocol:?}, io_thread: {io_thread}"));
        }
    }
}

#[test]
fn a_call_that_is_canceled_or_freed_before_the_first_tick_is_never_sent() {
    for (protocol, _) in protocols() {
        let server = LoggingServer::start(protocol);
        let client = server.client(&json!({}));
        client.prewarm(TEST_TIMEOUT).unwrap();
        for round in 0..50 {
            let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
            if round % 2 == 0 {
                call.cancel().unwrap();
                let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err();
                assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent), "{error}");
            }
            drop(call);
            client.tick(Duration::from_millis(1)).unwrap();
        }
        // A call that is not canceled goes out after them.
        let reply = client.call("start_a_game_session", START, &options()).unwrap();
        let sent = HashSet::from([reply.call_id().to_owned()]);
        drop(client);
        assert_eq!(server.log(), sent, "{protocol:?}");
    }
}
