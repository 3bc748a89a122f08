//! A transport of the host performs the calls: what the library reports is what the server
//! received, and every exchange that the host does not answer is canceled once.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use iplaygames::sandbox::Sandbox;
use iplaygames::{
    CallOptions, Client, Code, Config, Error, Exchange, ExchangeFailure, ExchangeId, HostRequest,
    HostTransport, Outcome, StartSession,
};
use serde_json::Value;

const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A function that answers an exchange.
type Answer = Box<dyn Fn(Exchange, &HostRequest<'_>) + Send + Sync>;

/// A host that answers with a function and keeps what the library asked for.
struct TestHost {
    answer: Answer,
    sent: Mutex<Vec<ExchangeId>>,
    canceled: Mutex<Vec<ExchangeId>>,
}

impl TestHost {
    fn new(answer: impl Fn(Exchange, &HostRequest<'_>) + Send + Sync + 'static) -> Arc<TestHost> {
        Arc::new(TestHost { answer: Box::new(answer), sent: Mutex::default(), canceled: Mutex::default() })
    }

    fn sent(&self) -> Vec<ExchangeId> {
        self.sent.lock().unwrap().clone()
    }

    fn canceled(&self) -> Vec<ExchangeId> {
        self.canceled.lock().unwrap().clone()
    }
}

impl HostTransport for TestHost {
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
        self.sent.lock().unwrap().push(exchange.id());
        (self.answer)(exchange, request);
    }

    fn cancel(&self, exchange: ExchangeId) {
        self.canceled.lock().unwrap().push(exchange);
    }
}

fn client(host: &Arc<TestHost>) -> Client {
    let builder = Client::builder().api_key("key").base_url("http://127.0.0.1:1").timeout(TEST_TIMEOUT);
    builder.max_retries(2).host_transport(Arc::clone(host) as _).build().unwrap()
}

fn start() -> StartSession {
    StartSession::new(42).player_id("player").currency("EUR").country_code("DE").ip_address("203.0.113.9")
}

fn start_error(host: &Arc<TestHost>) -> Error {
    client(host).sessions().start(&start()).unwrap_err()
}

/// A host that keeps its exchanges for the test.
fn keeping() -> (Arc<TestHost>, Receiver<Exchange>) {
    let (sender, receiver): (Sender<Exchange>, _) = channel();
    let sender = Mutex::new(sender);
    let host = TestHost::new(move |exchange, _| {
        // The test may have ended.
        let _ = sender.lock().unwrap().send(exchange);
    });
    (host, receiver)
}

fn owned<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Sends a request with reqwest on a thread of the host, and answers the exchange there.
fn over_reqwest(exchange: Exchange, request: &HostRequest<'_>) {
    let (method, url) = (request.method.parse().unwrap(), request.url.to_owned());
    let (headers, body) = (owned(request.headers.iter().copied()), request.body.to_vec());
    thread::spawn(move || {
        // A provider is there already from the second call on.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        let mut outgoing = client.request(method, url).body(body);
        for (name, value) in headers {
            outgoing = outgoing.header(name, value);
        }
        let response = match outgoing.send() {
            Ok(response) => response,
            Err(error) => {
                let failure = ExchangeFailure::Connect;
                exchange.fail(failure, !error.is_connect(), &error.to_string()).unwrap();
                return;
            }
        };
        let status = response.status().as_u16();
        let headers =
            owned(response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        exchange.respond(status, &headers, response.bytes().unwrap().to_vec()).unwrap();
    });
}

#[test]
fn a_session_starts_is_checked_and_ends_over_the_hosts_http_library() {
    let sandbox = Sandbox::start("").unwrap();
    let host = TestHost::new(over_reqwest);
    let config: Value = serde_json::from_str(&sandbox.client_config()).unwrap();
    let client = Client::builder()
        .api_key(config["api_key"].as_str().unwrap())
        .base_url(config["base_url"].as_str().unwrap())
        .host_transport(Arc::clone(&host) as _)
        .build()
        .unwrap();
    client.prewarm(TEST_TIMEOUT).unwrap();
    let started = client.sessions().start(&start()).unwrap();
    let status = client.sessions().status(&started.session_id).unwrap();
    assert_eq!(status.session_id.as_deref(), Some(&*started.session_id));
    client.sessions().end(&started.session_id).unwrap();
    let error = client.sessions().status("no-such-session").unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::NOT_FOUND, Outcome::Rejected));
    let games = client.call("list_games", "{}", &CallOptions::default()).unwrap();
    assert!(games.json().contains("\"data\":[{"), "{}", games.json());
    assert_eq!(host.sent().len(), 5);
    assert!(host.canceled().is_empty());
    let counts: Value = serde_json::from_str(&sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap();
    assert_eq!(counts["requests"]["total"], 5, "{counts}");
}

#[test]
fn a_start_that_the_host_certainly_did_not_send_is_sent_again() {
    let host = TestHost::new(|exchange, _| {
        exchange.fail(ExchangeFailure::ConnectionLost, false, "closed").unwrap();
    });
    let error = start_error(&host);
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::NotSent), "{error}");
    assert_eq!(host.sent().len(), 3);
}

#[test]
fn a_start_that_the_host_may_have_sent_is_unknown_and_not_sent_again() {
    for failure in [
        ExchangeFailure::Resolve,
        ExchangeFailure::Connect,
        ExchangeFailure::Tls,
        ExchangeFailure::Timeout,
        ExchangeFailure::ConnectionLost,
        ExchangeFailure::BadResponse,
    ] {
        let host = TestHost::new(move |exchange, _| exchange.fail(failure, true, "why").unwrap());
        let error = start_error(&host);
        assert_eq!(error.outcome(), Outcome::Unknown, "{failure:?}: {error}");
        assert_eq!(host.sent().len(), 1, "{failure:?}");
    }
}

#[test]
fn each_failure_of_the_host_has_its_code() {
    for (failure, code) in [
        (ExchangeFailure::Resolve, Code::RESOLVE),
        (ExchangeFailure::Connect, Code::CONNECT),
        (ExchangeFailure::Tls, Code::TLS),
        (ExchangeFailure::Timeout, Code::TIMEOUT),
        (ExchangeFailure::ConnectionLost, Code::CONNECTION_LOST),
        (ExchangeFailure::BadResponse, Code::BAD_RESPONSE),
    ] {
        let host = TestHost::new(move |exchange, _| exchange.fail(failure, false, "why").unwrap());
        let error = start_error(&host);
        assert_eq!((error.code(), error.outcome()), (code, Outcome::NotSent), "{failure:?}: {error}");
        assert!(error.message().contains("why"), "{error}");
    }
}

#[test]
fn an_exchange_that_the_host_drops_ends_the_call_as_unknown() {
    let host = TestHost::new(|exchange, _| drop(exchange));
    let error = start_error(&host);
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
    assert!(host.canceled().is_empty(), "the host has ended the exchange itself");
}

#[test]
fn a_panic_of_the_host_ends_the_call_as_unknown() {
    let host = TestHost::new(|_, _| panic!("a panic of the host on purpose"));
    let error = start_error(&host);
    assert_eq!((error.code(), error.outcome()), (Code::INTERNAL, Outcome::Unknown), "{error}");
}

#[test]
fn a_call_that_times_out_cancels_its_exchange_and_refuses_a_late_answer() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let options = CallOptions::from_json(r#"{"timeout_ms": 50}"#).unwrap();
    let error = client.call("list_games", "", &options).unwrap_err();
    assert_eq!(error.code(), Code::TIMEOUT, "{error}");
    let exchange = exchanges.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(host.canceled(), [exchange.id()]);
    let late = exchange.respond(200, &[], b"{}".to_vec()).unwrap_err();
    assert_eq!(late.code(), Code::INVALID_HANDLE);
}

#[test]
fn a_submitted_call_is_answered_by_another_thread() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let options = CallOptions::default();
    let call = client.submit("list_games", "", &options, None).unwrap();
    client.tick(Duration::ZERO).unwrap();
    let exchange = exchanges.recv_timeout(TEST_TIMEOUT).unwrap();
    thread::spawn(move || {
        let headers = [("Content-Type", "application/json")];
        exchange.respond(200, &headers, br#"{"success": true, "data": []}"#.to_vec()).unwrap();
    });
    let result = call.wait(TEST_TIMEOUT).unwrap().expect("the call ends");
    assert_eq!(result.as_ref().unwrap().http_status(), Some(200));
    assert!(host.canceled().is_empty());
}

#[test]
fn a_submitted_start_that_is_canceled_after_the_host_has_it_is_unknown() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let call = client
        .submit(
            "start_a_game_session",
            r#"{"game_id": 42, "player_id": "p", "currency": "EUR", "country_code": "DE", "ip_address": "203.0.113.9"}"#,
            &CallOptions::default(),
            None,
        )
        .unwrap();
    client.tick(Duration::ZERO).unwrap();
    let exchange = exchanges.recv_timeout(TEST_TIMEOUT).unwrap();
    call.cancel().unwrap();
    let error = call.wait(TEST_TIMEOUT).unwrap().expect("the call ends").as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::Unknown), "{error}");
    client.tick(Duration::ZERO).unwrap();
    assert_eq!(host.canceled(), [exchange.id()]);
}

#[test]
fn a_call_that_is_canceled_before_the_first_tick_never_reaches_the_host() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let call = client.submit("list_games", "", &CallOptions::default(), None).unwrap();
    call.cancel().unwrap();
    client.tick(Duration::ZERO).unwrap();
    let error = call.wait(TEST_TIMEOUT).unwrap().expect("the call ends").as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent), "{error}");
    assert!(exchanges.try_recv().is_err() && host.sent().is_empty());
}

#[test]
fn freeing_the_client_cancels_the_exchanges_in_flight_once() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let calls: Vec<_> =
        (0..8).map(|_| client.submit("list_games", "", &CallOptions::default(), None).unwrap()).collect();
    let mut sent = Vec::new();
    while sent.len() < calls.len() {
        client.tick(Duration::ZERO).unwrap();
        sent.extend(exchanges.try_iter());
    }
    let _ = client.shutdown(Duration::ZERO);
    drop((calls, client));
    let mut canceled = host.canceled();
    let by_number = |id: &ExchangeId| format!("{id:?}");
    canceled.sort_by_key(by_number);
    sent.sort_by_key(|exchange| by_number(&exchange.id()));
    assert_eq!(canceled, sent.iter().map(Exchange::id).collect::<Vec<_>>());
}

#[test]
fn a_response_above_the_limit_is_refused() {
    let host = TestHost::new(|exchange, _| exchange.respond(200, &[], vec![b' '; 2000]).unwrap());
    let client = Client::builder()
        .api_key("key")
        .max_response_bytes(1000)
        .host_transport(Arc::clone(&host) as _)
        .build()
        .unwrap();
    let error = client.call("list_games", "", &CallOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::RESPONSE_TOO_LARGE, "{error}");
}

#[test]
fn a_blocking_call_inside_the_hosts_send_is_refused() {
    let inner: Arc<Mutex<Option<Client>>> = Arc::default();
    let results: Arc<Mutex<Vec<Code>>> = Arc::default();
    let (seen, used) = (Arc::clone(&results), Arc::clone(&inner));
    let host = TestHost::new(move |exchange, _| {
        let client = used.lock().unwrap().clone().unwrap();
        let error = client.call("list_games", "", &CallOptions::default()).unwrap_err();
        seen.lock().unwrap().push(error.code());
        // Another call drives, so a tick has nothing to do.
        assert_eq!(client.tick(Duration::ZERO).unwrap(), 0);
        exchange.respond(200, &[("content-type", "application/json")], b"{}".to_vec()).unwrap();
    });
    let client = client(&host);
    *inner.lock().unwrap() = Some(client.clone());
    // The document lacks what the operation requires; only the end of the call counts here.
    let _ = client.call("list_games", "", &CallOptions::default());
    *inner.lock().unwrap() = None;
    assert_eq!(*results.lock().unwrap(), [Code::UNSUPPORTED]);
}

#[test]
fn a_thread_of_the_library_and_a_transport_of_the_host_exclude_each_other() {
    let host = TestHost::new(|exchange, _| drop(exchange));
    let error =
        Client::builder().api_key("key").io_thread(true).host_transport(host as _).build().unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/io_thread")));
}

#[test]
fn the_debug_output_of_a_request_shows_no_header_value() {
    let texts: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&texts);
    let host = TestHost::new(move |exchange, request| {
        seen.lock().unwrap().push(format!("{request:?}"));
        drop(exchange);
    });
    let client = Client::builder()
        .api_key("very-secret-key")
        .header("X-Player-Token", "hush-hush-hush")
        .host_transport(Arc::clone(&host) as _)
        .max_retries(0)
        .build()
        .unwrap();
    let _ = client.call("list_games", "", &CallOptions::default());
    let text = texts.lock().unwrap().concat();
    assert!(text.contains("x-player-token"), "{text}");
    assert!(!text.contains("very-secret-key") && !text.contains("hush-hush"), "{text}");
    // The names of the configuration's keys are those of the builder.
    assert!(Config::from_json(r#"{"api_key": "k", "transport": "host"}"#).is_err());
}

#[test]
fn an_answer_of_the_host_wakes_a_loop_that_sleeps_between_ticks() {
    let (host, exchanges) = keeping();
    let client = client(&host);
    let (woken, wakes) = channel();
    let woken = Mutex::new(woken);
    let waker = Arc::new(move || {
        // The test may have ended.
        let _ = woken.lock().unwrap().send(());
    });
    client.set_waker(Some(waker)).unwrap();
    assert_eq!(client.next_tick(), None);
    let call = client.submit("list_games", "", &CallOptions::default(), None).unwrap();
    wakes.recv_timeout(TEST_TIMEOUT).unwrap();
    while host.sent().is_empty() || client.next_tick() == Some(Duration::ZERO) {
        client.tick(Duration::from_millis(1)).unwrap();
    }
    while wakes.try_recv().is_ok() {}
    assert!(client.next_tick().is_some_and(|time| time <= Duration::from_millis(10)));
    let exchange = exchanges.recv_timeout(TEST_TIMEOUT).unwrap();
    let answering = thread::spawn(move || {
        exchange.respond(
            200,
            &[("content-type", "application/json")],
            br#"{"success":true,"data":[]}"#.to_vec(),
        )
    });
    wakes.recv_timeout(TEST_TIMEOUT).unwrap();
    assert_eq!(client.next_tick(), Some(Duration::ZERO));
    answering.join().unwrap().unwrap();
    while call.try_result().unwrap().is_none() {
        client.tick(Duration::from_millis(1)).unwrap();
    }
    assert!(call.try_result().unwrap().unwrap().is_ok());
    client.set_waker(None).unwrap();
}
