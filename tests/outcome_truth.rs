//! No call that is reported as not sent stands in the server's log, whenever and from wherever it is canceled: over
//! HTTP/1.1, TLS and HTTP/2.

mod support;

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{CallOptions, CallResult, Client, Code, Config, Outcome};
use serde_json::{Value, json};
use std::io::Write;
use support::tls::{Authority, secure};
use support::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    Http,
    Https,
    Http2,
}

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
struct Server {
    protocol: Protocol,
    port: u16,
    ca_pem: String,
    log: Arc<Log>,
}

impl Server {
    fn start(protocol: Protocol) -> Server {
        let authority = Authority::new("Test CA");
        let identity = authority.certify("127.0.0.1");
        let log = Arc::new(Log::default());
        let shared = Arc::clone(&log);
        let port = match protocol {
            Protocol::Http => serve(move |mut stream| {
                let _open = shared.open();
                serve_http1(&mut stream, &shared);
            }),
            Protocol::Https => {
                let config = identity.config(&["http/1.1"]);
                serve(move |stream| {
                    let _open = shared.open();
                    serve_http1(&mut secure(&config, stream), &shared);
                })
            }
            Protocol::Http2 => serve_http2(identity.config(&["h2"]), shared),
        };
        Server { protocol, port, ca_pem: authority.pem(), log }
    }

    fn client(&self, more: &Value) -> Client {
        let scheme = if self.protocol == Protocol::Http { "http" } else { "https" };
        let mut config = json!({
            "api_key": "test-key-123",
            "base_url": format!("{scheme}://127.0.0.1:{}", self.port),
            "ca_pem": self.ca_pem,
            "max_in_flight": 10_000,
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
    }

    /// Returns the log, after everything that was sent has been read. All clients must be gone.
    fn log(&self) -> HashSet<String> {
        // Accepted after all connections before it.
        let before = self.log.accepted.load(Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        let started = Instant::now();
        while self.log.accepted.load(Ordering::SeqCst) == before || self.log.open.load(Ordering::SeqCst) > 0 {
            assert!(started.elapsed() < HANG, "a connection stays open");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.log.ids.lock().unwrap().clone()
    }
}

fn serve_http1(stream: &mut (impl std::io::Read + Write), log: &Log) {
    while let Some(request) = read_request(stream) {
        log.add(request.header("x-request-id").unwrap());
        if stream.write_all(&json("201 Created", STARTED)).is_err() {
            return;
        }
    }
}

fn serve_http2(config: Arc<rustls::ServerConfig>, log: Arc<Log>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (open, acceptor, log) = (log.open(), acceptor.clone(), Arc::clone(&log));
                tokio::spawn(async move {
                    let _open = open;
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(respond_over_http2(request, respond, Arc::clone(&log)));
                    }
                });
            }
        });
    });
    port
}

async fn respond_over_http2(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
    log: Arc<Log>,
) {
    let id = request.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut body = request.into_body();
    while let Some(chunk) = body.data().await {
        // A stream that was reset before its end is no whole request.
        let Ok(chunk) = chunk else { return };
        let _ = body.flow_control().release_capacity(chunk.len());
    }
    log.add(&id);
    let head = http::Response::builder().status(201).body(()).unwrap();
    if let Ok(mut stream) = respond.send_response(head, false) {
        let _ = stream.send_data(STARTED.into(), true);
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

    /// Returns whether some calls may have been sent and others were not: only then a comparison proves anything.
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

    /// Returns whether there is another round. There are more of them on a machine where the pauses turn out too short
    /// for any call to be sent, and they grow.
    fn next(&mut self, calls: &Calls) -> bool {
        if self.round >= self.at_least && calls.are_mixed() {
            return false;
        }
        assert!(self.began.elapsed() < HANG, "after {} rounds all calls have the same outcome", self.round);
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
const PROTOCOLS: [(Protocol, u32); 3] = [(Protocol::Http, 160), (Protocol::Https, 80), (Protocol::Http2, 80)];

#[test]
fn a_blocking_call_whose_client_is_closed_by_another_thread_is_not_sent_if_it_is_reported_so() {
    for (protocol, at_least) in PROTOCOLS {
        let (server, calls) = (Server::start(protocol), Calls::default());
        let mut rounds = Rounds::new(at_least);
        while rounds.next(&calls) {
            let round = rounds.round;
            let client = server.client(&json!({}));
            client.prewarm(HANG).unwrap();
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
                            client.call_while("start_a_game_session", START, &options, every, || {
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
    for background in [false, true] {
        for (protocol, at_least) in PROTOCOLS {
            let (server, calls) = (Server::start(protocol), Calls::default());
            let more = json!({"background": background});
            let mut rounds = Rounds::new(at_least);
            let mut goes_on = true;
            while goes_on {
                let client = server.client(&more);
                client.prewarm(HANG).unwrap();
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
                            calls.record(options, call.poll().unwrap().unwrap());
                        }
                        if is_last {
                            break;
                        }
                    }
                    is_over.store(true, Ordering::SeqCst);
                });
            }
            calls.compare(&server.log(), &format!("{protocol:?}, background: {background}"));
        }
    }
}

#[test]
fn a_call_that_is_canceled_or_freed_before_the_first_tick_is_never_sent() {
    for (protocol, _) in PROTOCOLS {
        let server = Server::start(protocol);
        let client = server.client(&json!({}));
        client.prewarm(HANG).unwrap();
        for round in 0..50 {
            let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
            if round % 2 == 0 {
                call.cancel().unwrap();
                let error = call.poll().unwrap().unwrap().as_ref().unwrap_err();
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
