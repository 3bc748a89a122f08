//! Session lives: start, status up to twice, end; by threads that block and by one that ticks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use fastrand::Rng;
use iplaygames::{Call, CallOptions, CallResult, Client, Config, Event};
use serde_json::json;

use crate::THREADS;
use crate::account::Account;
use crate::fault_server::FaultServer;
use crate::fault_server::ledger::Operation;

/// Clients that all blocking threads share.
const SLOTS: usize = 4;
/// Lives that the ticking thread has in flight.
const TICKED: usize = 64;
/// A call that has not ended after so long never will.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

const START: &str = r#"{"game_id": 123, "player_id": "player_456", "currency": "USD",
    "country_code": "US", "ip_address": "192.0.2.1"}"#;

pub struct Soak {
    pub server: FaultServer,
    pub account: Account,
    /// Lives that were begun.
    begun: AtomicU64,
    wanted: u64,
    slots: [Mutex<Client>; SLOTS],
    pub in_flight: AtomicU64,
    pub clients: AtomicU64,
}

fn new_client(base_url: &str) -> Client {
    let config = json!({
        "api_key": "test-key-123", "base_url": base_url, "proxy": "none", "max_retries": 1,
        "timeout_ms": 1500, "attempt_timeout_ms": 500,
    });
    let config = Config::from_json(&config.to_string()).expect("the configuration is right");
    Client::new(config).expect("there are resources for a client")
}

fn options(call_id: &str) -> CallOptions {
    let mut options = CallOptions::default();
    options.call_id = Some(call_id.to_owned());
    options
}

fn arguments(operation: Operation, session: &str) -> String {
    match operation {
        Operation::Start => START.to_owned(),
        Operation::Status | Operation::End => json!({"session_id": session}).to_string(),
    }
}

impl Soak {
    pub fn new(server: FaultServer, wanted: u64) -> Soak {
        let slots = std::array::from_fn(|_| Mutex::new(new_client(&server.base_url())));
        Soak {
            server,
            account: Account::default(),
            begun: AtomicU64::new(0),
            wanted,
            slots,
            in_flight: AtomicU64::new(0),
            clients: AtomicU64::new(SLOTS as u64),
        }
    }

    /// Returns the number of the next life, until there are enough.
    fn next(&self) -> Option<u64> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        (number < self.wanted).then_some(number)
    }

    /// Frees one of the shared clients, whoever is calling on it, and makes another.
    fn replace(&self, slot: usize) {
        let client = new_client(&self.server.base_url());
        let old = std::mem::replace(&mut *self.slots[slot].lock().unwrap(), client);
        old.close();
    }

    /// Lives of one blocking thread.
    pub fn block(&self, thread: u64) {
        let mut random = Rng::with_seed(thread);
        while let Some(life) = self.next() {
            let slot = random.u64(..SLOTS as u64) as usize;
            if random.u64(..500) == 0 {
                self.replace(slot);
            }
            let client = self.slots[slot].lock().unwrap().clone();
            let mut call = |operation: Operation, step: u64, session: &str| {
                let call_id = format!("b-{life}-{step}");
                let cancel_after = (random.u64(..100) == 0).then(|| Duration::from_micros(random.u64(..400)));
                self.in_flight.fetch_add(1, Ordering::Relaxed);
                let result = call_blocking(&client, operation, session, &call_id, cancel_after);
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
                self.account.check(&self.server, operation, &call_id, session, &result)
            };
            if let Some(session) = call(Operation::Start, 0, "") {
                for step in 1..=life % 3 {
                    call(Operation::Status, step, &session);
                }
                call(Operation::End, 3, &session);
            }
            self.account.lives.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lives of the thread that ticks: many at once, of clients of its own.
    pub fn tick(&self) {
        let mut random = Rng::with_seed(THREADS);
        while !self.tick_one_client(&mut random) {}
    }

    /// Returns whether the last life was begun.
    fn tick_one_client(&self, random: &mut Rng) -> bool {
        let client = new_client(&self.server.base_url());
        self.clients.fetch_add(1, Ordering::Relaxed);
        let (done, results) = channel();
        let mut lives: Vec<Ticked> = Vec::new();
        let until = 2_000 + random.u64(..2_000);
        let mut begun = 0;
        let mut over = false;
        while begun < until && !over || !lives.is_empty() {
            while begun < until && !over && lives.len() < TICKED {
                match self.next() {
                    Some(life) => lives.push(self.submit(&client, life, 0, "", &done)),
                    None => over = true,
                }
                begun += 1;
            }
            if random.u64(..100) == 0 && !lives.is_empty() {
                let unlucky = random.u64(..lives.len() as u64) as usize;
                lives[unlucky].call.cancel().expect("the call is of this process");
            }
            // Half of the clients are freed with calls in flight: their results are asked for.
            if begun >= until && until.is_multiple_of(2) {
                client.close();
                for ticked in lives.drain(..) {
                    self.check_freed(ticked, &results);
                }
                break;
            }
            client.tick(Duration::from_micros(500)).expect("the client is open");
            self.take_results(&client, &mut lives, &results, &done);
            if lives.iter().any(|ticked| ticked.since.elapsed() > TEST_TIMEOUT) {
                lives.retain(|ticked| {
                    let hangs = ticked.since.elapsed() > TEST_TIMEOUT;
                    if hangs {
                        self.account.never_ended(&ticked.call_id());
                    }
                    !hangs
                });
            }
        }
        self.clients.fetch_sub(1, Ordering::Relaxed);
        over
    }

    fn submit(
        &self,
        client: &Client,
        life: u64,
        step: u64,
        session: &str,
        done: &Sender<(u64, CallResult)>,
    ) -> Ticked {
        let operation = match step {
            0 => Operation::Start,
            3 => Operation::End,
            _ => Operation::Status,
        };
        let done = Mutex::new(done.clone());
        let callback: iplaygames::Callback = Box::new(move |event| {
            if let Event::Done(result) = event {
                // The receiver is gone only after its client.
                let _sent = done.lock().unwrap().send((life, result.clone()));
            }
        });
        let call_id = format!("t-{life}-{step}");
        let text = arguments(operation, session);
        let call = client
            .submit(operation.id(), &text, &options(&call_id), Some(callback))
            .expect("there is room for a call");
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Ticked { life, step, operation, session: session.to_owned(), call, since: Instant::now() }
    }

    fn take_results(
        &self,
        client: &Client,
        lives: &mut Vec<Ticked>,
        results: &Receiver<(u64, CallResult)>,
        done: &Sender<(u64, CallResult)>,
    ) {
        while let Ok((life, result)) = results.try_recv() {
            let Some(at) = lives.iter().position(|ticked| ticked.life == life) else {
                self.account.never_ended(&format!("t-{life}: a callback that nobody waits for"));
                continue;
            };
            let ticked = lives.swap_remove(at);
            let started = self.check(&ticked, &result);
            let session = started.unwrap_or_else(|| ticked.session.clone());
            // A start that failed, or an end, is the end of a life.
            let next = match ticked.step {
                _ if session.is_empty() => None,
                3 => None,
                step if step < life % 3 => Some(step + 1),
                _ => Some(3),
            };
            match next {
                Some(step) => lives.push(self.submit(client, life, step, &session, done)),
                None => {
                    self.account.lives.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn check(&self, ticked: &Ticked, result: &CallResult) -> Option<String> {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.account.check(&self.server, ticked.operation, &ticked.call_id(), &ticked.session, result)
    }

    /// Checks a call whose client was freed: its callback may have run before.
    fn check_freed(&self, ticked: Ticked, results: &Receiver<(u64, CallResult)>) {
        // Freed clients run no callback; those that ran were taken.
        let told = results.try_iter().find(|(life, _)| *life == ticked.life).map(|(_, result)| result);
        match told.or_else(|| ticked.call.try_result().ok().flatten().cloned()) {
            Some(result) => {
                self.check(&ticked, &result);
            }
            None => {
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
                self.account.never_ended(&ticked.call_id());
            }
        }
        self.account.lives.fetch_add(1, Ordering::Relaxed);
    }

    /// Frees the clients, waits for the server, and checks the rest.
    pub fn finish(&self) -> bool {
        for slot in &self.slots {
            slot.lock().unwrap().close();
        }
        self.server.finish()
    }
}

/// A call of the ticking thread.
struct Ticked {
    life: u64,
    step: u64,
    operation: Operation,
    session: String,
    call: Call,
    since: Instant,
}

impl Ticked {
    fn call_id(&self) -> String {
        format!("t-{}-{}", self.life, self.step)
    }
}

fn call_blocking(
    client: &Client,
    operation: Operation,
    session: &str,
    call_id: &str,
    cancel_after: Option<Duration>,
) -> CallResult {
    let (text, options) = (arguments(operation, session), options(call_id));
    let Some(limit) = cancel_after else { return client.call(operation.id(), &text, &options) };
    let started = Instant::now();
    let every = Duration::from_micros(20);
    client.call_cancellable(operation.id(), &text, &options, every, || started.elapsed() < limit)
}
