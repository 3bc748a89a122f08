//! Simulation of the client against a server that keeps accounts: in memory, in virtual time, from
//! a seed.
//!
//! Each seed makes a client, a few calls in random ways (blocking, ticked, waited for, watched),
//! and faults. At every await of a simulated attempt something may happen that another thread could
//! do at that moment: a call is canceled or freed, or the client is closed; or the attempt panics.
//! In the end the results are compared with the accounts:
//!
//! - a call reported as `not_sent` or `rejected` was not acted on, and is not acted on later;
//! - a start that succeeded made exactly one session, and the result names it; no start made two;
//! - every call ends, each callback runs once, and nothing stays in flight.
//!
//! `SEEDS=N` sets how many seeds run, `SEED=S` replays one. A seed that fails is printed.

mod transport;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;

use crate::client::Client;
use crate::client::options::CallOptions;
use crate::codes::Code;
use crate::config::Config;
use crate::http_types::Outcome;
use crate::panics::{self, InsideGuard};
use crate::submit::event::{CallResult, Event};
use crate::submit::handle::Call;
use crate::test_support::length::rounds;
use transport::SimulatedTransport;
use world::{Action, World};

/// How many seeds run if the tests run in full, and otherwise.
const SEEDS: u64 = 2000;
const SEEDS_IF_SHORT: u64 = 300;

/// Longer than any call of the simulation may take, in virtual time.
const LONG: Duration = Duration::from_secs(600);

const START: &str = r#"{"game_id": 1, "player_id": "p", "currency": "USD", "country_code": "US",
                        "ip_address": "192.0.2.1"}"#;

/// What a call was asked to do.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Start,
    Status(String),
    End(String),
}

impl Kind {
    fn call(&self) -> (&'static str, String) {
        match self {
            Kind::Start => ("start_a_game_session", START.to_owned()),
            Kind::Status(id) => ("get_session_status", format!(r#"{{"session_id": "{id}"}}"#)),
            Kind::End(id) => ("end_a_game_session", format!(r#"{{"session_id": "{id}"}}"#)),
        }
    }
}

/// What became of the calls, by their ids.
#[derive(Default)]
struct Results {
    kinds: BTreeMap<String, Kind>,
    /// All results that were delivered of a call; there must be one at most.
    delivered: BTreeMap<String, Vec<CallResult>>,
    /// How often a callback was given the end.
    callbacks: BTreeMap<String, u32>,
}

/// The calls that the host holds, which the world may cancel or free at any await.
type Held = Arc<Mutex<Vec<Option<Call>>>>;

struct Simulation {
    rng: Rng,
    world: Arc<World>,
    client: Client,
    held: Held,
    results: Arc<Mutex<Results>>,
    next: u64,
}

impl Simulation {
    fn new(seed: u64) -> Simulation {
        let mut rng = Rng::with_seed(seed);
        let held = Held::default();
        let slot: Arc<Mutex<Option<Client>>> = Arc::default();
        let world = Arc::new(World::new(rng.fork(), actor(&held, &slot)));
        let config = format!(
            r#"{{"base_url": "http://127.0.0.1:9", "api_key": "simulated-key", "proxy": "none", "timeout_ms": {},
                 "attempt_timeout_ms": {}, "max_retries": {}, "max_connections": {}}}"#,
            rng.u32(50..4000),
            rng.u32(20..1500),
            rng.u32(0..4),
            rng.u32(1..5),
        );
        let transport = Box::new(SimulatedTransport::new(Arc::clone(&world)));
        let config = Config::from_json(&config).unwrap();
        let client = Client::simulated(config, transport, rng.u64(..)).unwrap();
        *slot.lock().unwrap() = Some(client.clone());
        Simulation { rng, world, client, held, results: Arc::default(), next: 0 }
    }

    fn run(&mut self) {
        let driver = self.client.inner().driver_in_use().unwrap();
        let _virtual_time = driver.enter();
        for _ in 0..self.rng.u32(1..12) {
            self.step();
        }
        self.finish();
        self.check();
    }

    /// One thing that the host does.
    fn step(&mut self) {
        match self.rng.u32(0..100) {
            0..14 => self.call_blocking(),
            14..30 => self.submit(false),
            30..50 => self.submit(true),
            50..56 => self.watch(),
            56..76 => self.tick(),
            76..88 => self.wait(),
            88..93 => self.cancel_or_free(),
            93..96 => {
                // A callback that panics inside is the host's own panic.
                let time = Duration::from_millis(self.rng.u64(0..3000));
                let _ = catch_unwind(AssertUnwindSafe(|| self.client.shutdown(time)));
            }
            96..97 => drop(self.client.close()),
            _ => self.pass_time(),
        }
    }

    fn kind(&mut self) -> Kind {
        let session = self.world.some_session();
        match (self.rng.u32(0..10), session) {
            (0..6, _) | (_, None) => Kind::Start,
            (6..8, Some(id)) => Kind::Status(id),
            (_, Some(id)) => Kind::End(id),
        }
    }

    /// Makes the options of a call, and remembers what the call is.
    fn options(&mut self, kind: &Kind) -> CallOptions {
        self.next += 1;
        let call_id = format!("call-{}", self.next);
        self.results.lock().unwrap().kinds.insert(call_id.clone(), kind.clone());
        CallOptions { call_id: Some(call_id), ..CallOptions::default() }
    }

    fn call_blocking(&mut self) {
        let kind = self.kind();
        let options = self.options(&kind);
        let (operation, arguments) = kind.call();
        let result = match self.rng.bool() {
            true => self.client.call(operation, &arguments, &options),
            false => {
                let mut left = self.rng.u32(1..40);
                let every = Duration::from_millis(self.rng.u64(1..50));
                self.client.call_cancellable(operation, &arguments, &options, every, || {
                    left = left.saturating_sub(1);
                    left > 0
                })
            }
        };
        deliver(&self.results, &options.call_id.unwrap(), result);
    }

    fn submit(&mut self, with_callback: bool) {
        let kind = self.kind();
        let options = self.options(&kind);
        let call_id = options.call_id.clone().unwrap();
        let (operation, arguments) = kind.call();
        let callback = with_callback.then(|| self.callback(call_id.clone()));
        match self.client.submit(operation, &arguments, &options, callback) {
            Ok(call) if with_callback && self.rng.bool() => call.detach(),
            Ok(call) => self.held.lock().unwrap().push(Some(call)),
            Err(error) => deliver(&self.results, &call_id, Err(error)),
        }
    }

    fn watch(&mut self) {
        let Some(id) = self.world.some_session() else { return };
        self.next += 1;
        let callback = self.rng.bool().then(|| self.callback(format!("watch-{}", self.next)));
        let interval = Duration::from_millis(self.rng.u64(10..400));
        if let Ok(watch) = self.client.watch_session(&id, interval, callback) {
            self.held.lock().unwrap().push(Some(watch));
        }
    }

    /// A callback that delivers the end, and sometimes panics after it.
    fn callback(&mut self, call_id: String) -> crate::submit::event::Callback {
        let results = Arc::clone(&self.results);
        let panics = self.rng.u32(0..30) == 0;
        Box::new(move |event| {
            if let Event::Done(result) = event {
                *results.lock().unwrap().callbacks.entry(call_id.clone()).or_default() += 1;
                deliver_polled(&results, &call_id, result.clone());
                assert!(!panics, "the callback panics on purpose");
            }
        })
    }

    fn tick(&mut self) {
        for _ in 0..self.rng.u32(1..10) {
            let budget = Duration::from_micros([0, 1, 1000][self.rng.usize(0..3)]);
            // A callback of the host that panics is the host's own panic, and the client goes on.
            let _ = catch_unwind(AssertUnwindSafe(|| self.client.tick(budget)));
            self.pass_time();
        }
    }

    fn wait(&mut self) {
        let call = {
            let mut held = self.held.lock().unwrap();
            let index = self.rng.usize(0..held.len().max(1));
            held.get_mut(index).and_then(Option::take)
        };
        let Some(call) = call else { return };
        let result = call.wait(Duration::from_millis(self.rng.u64(0..3000)));
        if let Ok(Some(result)) = result
            && call.try_result().is_ok()
        {
            deliver_polled(&self.results, call.id(), result.clone());
        }
        self.held.lock().unwrap().push(Some(call));
    }

    fn cancel_or_free(&mut self) {
        let action = if self.rng.bool() { Action::Cancel } else { Action::Free };
        act(action, &self.held, self.rng.usize(..), None);
    }

    fn pass_time(&mut self) {
        let time = Duration::from_millis(self.rng.u64(0..40));
        let _ = self.client.drive(tokio::time::advance(time), LONG);
    }

    /// Drives everything to its end, and ends the client.
    fn finish(&mut self) {
        let watches_end = self.rng.bool();
        if watches_end {
            // Shutting down ends watches at once, and waits for the others.
            while catch_unwind(AssertUnwindSafe(|| self.client.shutdown(LONG))).is_err() {}
        } else {
            let calls: Vec<Call> = self.held.lock().unwrap().iter_mut().filter_map(Option::take).collect();
            for call in calls {
                if call.id().starts_with("call-") {
                    let ended = call.wait(LONG).map(|result| result.is_some());
                    assert!(!matches!(ended, Ok(false)), "{} does not end", call.id());
                }
                self.held.lock().unwrap().push(Some(call));
            }
            while catch_unwind(AssertUnwindSafe(|| self.client.tick(LONG))).is_err() {}
            while catch_unwind(AssertUnwindSafe(|| self.client.shutdown(Duration::ZERO))).is_err() {}
        }
        let calls: Vec<Call> = self.held.lock().unwrap().iter_mut().filter_map(Option::take).collect();
        for call in calls {
            let result = call.try_result().unwrap();
            let result = result.unwrap_or_else(|| panic!("{} has not ended", call.id())).clone();
            deliver_polled(&self.results, call.id(), result);
        }
        self.world.settle();
    }

    /// Compares what was reported with the accounts.
    fn check(&self) {
        let results = self.results.lock().unwrap();
        for (call_id, count) in &results.callbacks {
            assert_eq!(*count, 1, "the callback of {call_id}");
        }
        for (call_id, kind) in &results.kinds {
            let account = self.world.account(call_id);
            if *kind == Kind::Start {
                assert!(account.acted <= 1, "{call_id} was done {} times", account.acted);
            }
            // A call that was freed has no result.
            let Some(delivered) = results.delivered.get(call_id) else { continue };
            assert_eq!(delivered.len(), 1, "{call_id} ended more than once: {delivered:?}");
            match (&delivered[0], kind) {
                (Err(error), Kind::Start | Kind::End(_)) => {
                    if error.outcome() != Outcome::Unknown {
                        assert_eq!(account.acted, 0, "{call_id} was acted on: {error:?}");
                    }
                    if error.outcome() == Outcome::NotSent {
                        assert_eq!(account.received, 0, "{call_id} was received: {error:?}");
                    }
                }
                (Err(error), Kind::Status(_)) => {
                    if error.outcome() == Outcome::NotSent {
                        assert_eq!(account.received, 0, "{call_id} was received: {error:?}");
                    }
                }
                (Ok(reply), Kind::Start) => {
                    assert_eq!(account.acted, 1, "{call_id} succeeded");
                    let id = account.session.as_deref().unwrap();
                    assert!(
                        reply.json().contains(&format!("\"{id}\"")),
                        "{call_id}: {reply:?} names no {id}"
                    );
                }
                (Ok(reply), Kind::Status(id)) => {
                    assert!(reply.json().contains(&format!("\"{id}\"")), "{call_id}: another session's");
                }
                (Ok(_), Kind::End(id)) => assert!(self.world.is_ended(id), "{call_id}: {id} goes on"),
            }
        }
        assert!(self.client.stats_json().contains("\"in_flight\":0"), "{}", self.client.stats_json());
        let error = self.client.call("list_games", "", &CallOptions::default()).unwrap_err();
        assert_eq!(error.code(), Code::SHUT_DOWN);
    }
}

fn deliver(results: &Mutex<Results>, call_id: &str, result: CallResult) {
    results.lock().unwrap().delivered.entry(call_id.to_owned()).or_default().push(result);
}

/// A polled result may be taken as often as wanted, and is the same each time.
fn deliver_polled(results: &Mutex<Results>, call_id: &str, result: CallResult) {
    let mut results = results.lock().unwrap();
    let delivered = results.delivered.entry(call_id.to_owned()).or_default();
    let text = |result: &CallResult| match result {
        Ok(reply) => reply.json().to_owned(),
        Err(error) => error.to_json(),
    };
    match delivered.first().map(text) {
        None => delivered.push(result),
        Some(before) if before == text(&result) => {}
        // Not asserted here: a callback that panics is caught.
        Some(_) => delivered.push(result),
    }
}

/// Returns what another thread may do to the host's calls at an await.
fn actor(held: &Held, client: &Arc<Mutex<Option<Client>>>) -> Box<dyn Fn(Action, usize) + Send + Sync> {
    let (held, client) = (Arc::downgrade(held), Arc::clone(client));
    Box::new(move |action, index| {
        let client = client.lock().unwrap().clone();
        if let Some(held) = held.upgrade() {
            act(action, &held, index, client.as_ref());
        }
    })
}

fn act(action: Action, held: &Held, index: usize, client: Option<&Client>) {
    if action == Action::Close {
        if let Some(client) = client {
            client.close();
        }
        return;
    }
    let call = {
        let mut held = held.lock().unwrap();
        let count = held.len().max(1);
        held.get_mut(index % count).and_then(Option::take)
    };
    let Some(call) = call else { return };
    if action == Action::Cancel {
        call.cancel().unwrap();
        held.lock().unwrap().push(Some(call));
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn what_calls_report_is_true_at_the_server_for_every_seed() {
    panics::silence();
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(rounds(SEEDS, SEEDS_IF_SHORT)),
    };
    let count = seeds.end - seeds.start;
    let mut totals = world::Totals::default();
    for seed in seeds {
        let ended = {
            // The panics of tasks are part of it and are not printed.
            let _inside = InsideGuard::enter();
            catch_unwind(|| {
                let mut simulation = Simulation::new(seed);
                simulation.run();
                simulation.world.totals()
            })
        };
        match ended {
            Ok(of_seed) => totals.add(&of_seed),
            Err(panic) => {
                panic!("seed {seed} fails; replay it with SEED={seed}: {}", panics::panic_message(&*panic))
            }
        }
    }
    println!("{count} seeds: {totals:?}");
    if count >= SEEDS_IF_SHORT {
        assert!(totals.all_happened(), "something was never tried: {totals:?}");
    }
}
