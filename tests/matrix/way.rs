//! The ways to make a call: blocking, ticked, on the client's own thread, and from Python; and the
//! transports that send it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use iplaygames::{Call, CallOptions, CallResult, Client, Config, Outcome};
use serde_json::{Value, json};

use crate::fault_server::fault::{Claim, Event, Protocol};
use crate::fault_server::ledger::Operation;
use crate::python::{Interpreters, Remote};
use crate::transport::is_reqwest;

/// A guard against hanging: far longer than anything here takes.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Blocking,
    Tick,
    Background,
    PythonSync,
    PythonAsync,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Way::Blocking => "blocking",
            Way::Tick => "tick",
            Way::Background => "io_thread",
            Way::PythonSync => "Python",
            Way::PythonAsync => "asyncio",
        }
    }

    pub fn is_python(self) -> bool {
        matches!(self, Way::PythonSync | Way::PythonAsync)
    }

    /// Returns whether the host can do that in this way.
    pub fn can(self, event: Option<Event>) -> bool {
        match event {
            None | Some(Event::Free | Event::FreeAnyTime) => true,
            Some(Event::Cancel | Event::CancelAnyTime) => self != Way::PythonSync,
            Some(Event::CancelAtOnce) => !self.is_python(),
            Some(Event::Shutdown) => !self.is_python(),
        }
    }
}

/// Returns the ways that can be tried here.
pub fn available() -> Vec<Way> {
    let mut ways = vec![Way::Blocking, Way::Tick, Way::Background];
    if Interpreters::are_there() {
        ways.extend([Way::PythonSync, Way::PythonAsync]);
    } else {
        println!("Python is skipped: IPLAYGAMES_MATRIX_PYTHON names no interpreter that has the package.");
    }
    ways
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Native,
    Reqwest,
}

impl Transport {
    /// The transports of this build.
    pub const ALL: &'static [Transport] = if cfg!(feature = "reqwest") {
        &[Transport::Native, Transport::Reqwest]
    } else {
        &[Transport::Native]
    };

    /// Returns the transport of IPLAYGAMES_TRANSPORT.
    pub fn in_use() -> Transport {
        if is_reqwest() { Transport::Reqwest } else { Transport::Native }
    }

    /// Returns the name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Native => "native",
            Transport::Reqwest => "reqwest",
        }
    }

    /// Returns whether the transport offers a protocol.
    pub fn speaks(self, protocol: Protocol) -> bool {
        self == Transport::Native || protocol != Protocol::Http2
    }
}

#[derive(Clone, Copy)]
pub struct Limits {
    pub attempt: Duration,
    pub whole: Duration,
}

/// What the library reported of a call.
#[derive(Clone, Debug)]
pub struct Report {
    pub claim: Claim,
    pub code: i32,
    pub message: String,
    pub http_status: Option<u16>,
    /// Of a success: the session in the response.
    pub session_id: Option<String>,
    pub callbacks: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.claim.name(), self.message)
    }
}

impl Report {
    pub fn new(result: &CallResult) -> Report {
        match result {
            Ok(reply) => Report::success(reply.json(), reply.http_status()),
            Err(error) => Report {
                claim: match error.outcome() {
                    Outcome::NotSent => Claim::NotSent,
                    Outcome::Rejected => Claim::Rejected,
                    Outcome::Unknown => Claim::Unknown,
                },
                code: error.code().value(),
                message: error.message().to_owned(),
                http_status: error.http_status(),
                session_id: None,
                callbacks: 0,
            },
        }
    }

    fn success(document: &str, http_status: Option<u16>) -> Report {
        let parsed: Value = serde_json::from_str(document).unwrap_or_default();
        let session_id = parsed["data"]["session_id"].as_str().map(str::to_owned);
        let message = session_id.clone().unwrap_or_default();
        Report { claim: Claim::Success, code: 0, message, http_status, session_id, callbacks: 0 }
    }
}

/// A client, in this process or in a Python child.
pub enum Caller {
    Here(Way, Client),
    Remote(Remote),
}

/// A call that was begun.
pub struct InFlight {
    call: Option<Arc<Call>>,
    canceled: Arc<AtomicBool>,
    report: Receiver<Report>,
}

impl InFlight {
    /// Waits for the report; None if it never comes.
    pub fn report(&self) -> Option<Report> {
        self.report.recv_timeout(TEST_TIMEOUT).ok()
    }
}

/// Returns an operation's arguments.
pub fn arguments(operation: Operation, session: &str) -> Value {
    match operation {
        Operation::Start => json!({"game_id": 123, "player_id": "player_456", "currency": "USD",
            "country_code": "US", "ip_address": "192.0.2.1"}),
        Operation::Status | Operation::End => json!({"session_id": session}),
    }
}

impl Caller {
    pub fn new(
        way: Way,
        transport: Transport,
        base_url: &str,
        pem: &str,
        limits: Limits,
        interpreters: &Interpreters,
    ) -> Caller {
        if way.is_python() {
            return Caller::Remote(interpreters.open(way, transport, base_url, pem, limits));
        }
        let mut config = json!({
            "api_key": "test-key-123", "base_url": base_url, "max_retries": 1, "proxy": "none",
            "timeout_ms": limits.whole.as_millis() as u64,
            "attempt_timeout_ms": limits.attempt.as_millis() as u64,
            "io_thread": way == Way::Background, "transport": transport.name(),
        });
        if base_url.starts_with("https:") {
            config["ca_pem"] = pem.into();
            config["ca_only"] = true.into();
        }
        let config = Config::from_json(&config.to_string()).expect("the configuration is right");
        Caller::Here(way, Client::new(config).expect("there are resources for a client"))
    }

    /// Calls and waits; `timeout` instead of the client's own, with more attempts.
    pub fn call(
        &self,
        operation: Operation,
        session: &str,
        call_id: &str,
        timeout: Option<Duration>,
    ) -> Option<Report> {
        match self {
            Caller::Remote(remote) => {
                remote.begin(operation, session, call_id, timeout).recv_timeout(TEST_TIMEOUT).ok()
            }
            Caller::Here(way, client) => {
                let mut options = options(call_id);
                options.timeout = timeout;
                options.max_retries = timeout.map(|_| 6);
                let in_flight = begin(*way, client, operation, session, options, None);
                in_flight.report()
            }
        }
    }

    pub fn begin(
        &self,
        operation: Operation,
        session: &str,
        call_id: &str,
        event: Option<Event>,
    ) -> InFlight {
        match self {
            Caller::Remote(remote) => InFlight {
                call: None,
                canceled: Arc::default(),
                report: remote.begin(operation, session, call_id, None),
            },
            Caller::Here(way, client) => begin(*way, client, operation, session, options(call_id), event),
        }
    }

    /// Does what the host does to the call.
    pub fn fire(&self, event: Event, in_flight: &InFlight) {
        match (self, event) {
            (Caller::Remote(remote), Event::Free | Event::FreeAnyTime) => remote.event("free"),
            (Caller::Remote(remote), _) => remote.event("cancel"),
            (Caller::Here(_, client), Event::Free | Event::FreeAnyTime) => {
                client.close();
            }
            (Caller::Here(_, client), Event::Shutdown) => {
                client.shutdown(Duration::ZERO).expect("the client was open");
            }
            (Caller::Here(..), Event::Cancel | Event::CancelAnyTime | Event::CancelAtOnce) => {
                in_flight.canceled.store(true, Ordering::SeqCst);
                if let Some(call) = &in_flight.call {
                    call.cancel().expect("the call is of this process");
                }
            }
        }
    }

    pub fn drop(self) {
        if let Caller::Remote(remote) = self {
            remote.drop();
        }
    }
}

fn options(call_id: &str) -> CallOptions {
    let mut options = CallOptions::default();
    options.call_id = Some(call_id.to_owned());
    options
}

fn begin(
    way: Way,
    client: &Client,
    operation: Operation,
    session: &str,
    options: CallOptions,
    event: Option<Event>,
) -> InFlight {
    let (sender, report) = channel();
    let cancel_at_once = event == Some(Event::CancelAtOnce);
    let can_be_canceled = matches!(event, Some(Event::Cancel | Event::CancelAnyTime | Event::CancelAtOnce));
    let canceled = Arc::new(AtomicBool::new(cancel_at_once));
    let client = client.clone();
    let text = arguments(operation, session).to_string();
    if way == Way::Blocking {
        let stop = Arc::clone(&canceled);
        std::thread::spawn(move || {
            let result = if can_be_canceled {
                let every = Duration::from_micros(20);
                let go_on = || !stop.load(Ordering::SeqCst);
                client.call_cancellable(operation.id(), &text, &options, every, go_on)
            } else {
                client.call(operation.id(), &text, &options)
            };
            // The receiver is gone if the guard against hanging was faster.
            let _sent = sender.send(Report::new(&result));
        });
        return InFlight { call: None, canceled, report };
    }
    let callbacks = Arc::new(AtomicU32::new(0));
    let (told, outcome) = channel();
    let callback = (way == Way::Tick).then(|| {
        let callbacks = Arc::clone(&callbacks);
        let told = std::sync::Mutex::new(told.clone());
        let callback: iplaygames::Callback = Box::new(move |event| {
            if let iplaygames::Event::Done(result) = event {
                callbacks.fetch_add(1, Ordering::SeqCst);
                let _sent = told.lock().unwrap().send(Report::new(result));
            }
        });
        callback
    });
    let has_callback = callback.is_some();
    let call = match client.submit(operation.id(), &text, &options, callback) {
        Ok(call) => Arc::new(call),
        Err(error) => {
            let _sent = sender.send(Report::new(&Err(error)));
            return InFlight { call: None, canceled, report };
        }
    };
    if cancel_at_once {
        call.cancel().expect("the call is of this process");
    }
    let of_thread = Arc::clone(&call);
    std::thread::spawn(move || {
        let result = if has_callback { tick(&client, &of_thread, &outcome) } else { wait(&of_thread) };
        if let Some(mut result) = result {
            if has_callback {
                // A second callback would come now.
                let _ticked = client.tick(Duration::from_millis(1));
            }
            result.callbacks = callbacks.load(Ordering::SeqCst);
            let _sent = sender.send(result);
        }
    });
    InFlight { call: Some(call), canceled, report }
}

/// Ticks until the callback has run. Where the client was freed it does not run, and the result is
/// asked for.
fn tick(client: &Client, call: &Call, outcome: &Receiver<Report>) -> Option<Report> {
    let guard = std::time::Instant::now() + TEST_TIMEOUT;
    let mut ticks_after_end = 0;
    while std::time::Instant::now() < guard {
        // A client that is gone cannot tick: the call's own result tells it.
        let _ticked = client.tick(Duration::from_micros(500));
        if let Ok(report) = outcome.try_recv() {
            return Some(report);
        }
        if let Ok(Some(result)) = call.try_result() {
            ticks_after_end += 1;
            if ticks_after_end > 100 {
                return Some(Report::new(result));
            }
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    None
}

/// Waits for a call that the client's own thread carries.
fn wait(call: &Call) -> Option<Report> {
    let (notifier, notified) = channel();
    let notifier = std::sync::Mutex::new(notifier);
    let notify = move || {
        let _sent = notifier.lock().unwrap().send(());
    };
    call.notify(Arc::new(notify)).expect("the call has no callback");
    let guard = std::time::Instant::now() + TEST_TIMEOUT;
    while std::time::Instant::now() < guard {
        if let Ok(Some(result)) = call.try_result() {
            return Some(Report::new(result));
        }
        // A notifier that never runs is a call that never ends.
        let _told = notified.recv_timeout(Duration::from_secs(1));
    }
    None
}
