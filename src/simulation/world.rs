//! The server of the simulation, its accounts, and what happens at an await.

use std::collections::BTreeMap;
use std::sync::Mutex;

use fastrand::Rng;

/// What another thread may do at an await.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Cancel,
    Free,
    Close,
}

/// What the server knows of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Whole requests that it received.
    pub(super) received: u32,
    /// How often it acted on one.
    pub(super) acted: u32,
    /// The session that a start made.
    pub(super) session: Option<String>,
}

/// How often each thing happened, so that a simulation that tries nothing is noticed.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    awaits: u64,
    cancels: u64,
    frees: u64,
    closes: u64,
    panics: u64,
    requests: u64,
    acted: u64,
    called_off: u64,
}

impl Totals {
    pub(super) fn add(&mut self, other: &Totals) {
        let Totals { awaits, cancels, frees, closes, panics, requests, acted, called_off } = other;
        self.awaits += awaits;
        self.cancels += cancels;
        self.frees += frees;
        self.closes += closes;
        self.panics += panics;
        self.requests += requests;
        self.acted += acted;
        self.called_off += called_off;
    }

    pub(super) fn all_happened(&self) -> bool {
        let Totals { awaits, cancels, frees, closes, panics, requests, acted, called_off } = self;
        [awaits, cancels, frees, closes, panics, requests, acted, called_off].into_iter().all(|n| *n > 0)
    }
}

/// A request on its way to the server.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) call_id: String,
    pub(super) request: Operation,
}

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Start,
    Status(String),
    End(String),
}

pub(super) struct World {
    state: Mutex<State>,
    act: Box<dyn Fn(Action, usize) + Send + Sync>,
}

struct State {
    rng: Rng,
    accounts: BTreeMap<String, Account>,
    /// Sessions, and whether they have ended.
    sessions: BTreeMap<String, bool>,
    /// Requests that were sent, and that the server has not looked at. A connection that breaks
    /// does not call them back.
    on_the_way: Vec<(u64, Wire)>,
    next: u64,
    totals: Totals,
}

impl World {
    pub(super) fn new(rng: Rng, act: Box<dyn Fn(Action, usize) + Send + Sync>) -> World {
        let state = State {
            rng,
            accounts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            on_the_way: Vec::new(),
            next: 0,
            totals: Totals::default(),
        };
        World { state: Mutex::new(state), act }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// A random number below `end`.
    pub(super) fn below(&self, end: u32) -> u32 {
        self.with(|state| state.rng.u32(0..end))
    }

    /// Lets happen what another thread could do at this moment, or panics.
    pub(super) fn at_an_await(&self) {
        let (action, index) = self.with(|state| {
            state.totals.awaits += 1;
            let action = match state.rng.u32(0..400) {
                0..16 => Some(Action::Cancel),
                16..30 => Some(Action::Free),
                30 => Some(Action::Close),
                31..37 => None,
                _ => return (Some(None), 0),
            };
            match action {
                Some(Action::Cancel) => state.totals.cancels += 1,
                Some(Action::Free) => state.totals.frees += 1,
                Some(Action::Close) => state.totals.closes += 1,
                None => state.totals.panics += 1,
            }
            (action.map(Some), state.rng.usize(..))
        });
        match action {
            Some(Some(action)) => (self.act)(action, index),
            Some(None) => {}
            None => panic!("an attempt panics on purpose"),
        }
    }

    pub(super) fn count_called_off(&self) {
        self.with(|state| state.totals.called_off += 1);
    }

    /// A request leaves the client. Returns its number.
    pub(super) fn send(&self, wire: Wire) -> u64 {
        self.with(|state| {
            state.next += 1;
            state.totals.requests += 1;
            state.on_the_way.push((state.next, wire));
            state.next
        })
    }

    /// The request is lost on the way, or refused before the server looks at it.
    pub(super) fn lose(&self, number: u64) {
        self.with(|state| state.on_the_way.retain(|(known, _)| *known != number));
    }

    /// The server acts on a request, if it has not done so. Returns the body of the success.
    pub(super) fn act_on(&self, number: u64) -> Option<String> {
        self.with(|state| {
            let index = state.on_the_way.iter().position(|(known, _)| *known == number)?;
            let (_, wire) = state.on_the_way.remove(index);
            Some(state.act_on(wire))
        })
    }

    /// The server received a request and refuses it, without acting on it.
    pub(super) fn refuse(&self, number: u64) {
        self.with(|state| {
            if let Some(index) = state.on_the_way.iter().position(|(known, _)| *known == number) {
                let (_, wire) = state.on_the_way.remove(index);
                state.accounts.entry(wire.call_id).or_default().received += 1;
            }
        });
    }

    /// What is still on the way arrives, long after its connection is gone.
    pub(super) fn settle(&self) {
        self.with(|state| {
            for (_, wire) in std::mem::take(&mut state.on_the_way) {
                state.act_on(wire);
            }
        });
    }

    pub(super) fn account(&self, call_id: &str) -> Account {
        self.with(|state| state.accounts.get(call_id).cloned().unwrap_or_default())
    }

    pub(super) fn is_ended(&self, session: &str) -> bool {
        self.with(|state| state.sessions.get(session).copied().unwrap_or(false))
    }

    pub(super) fn some_session(&self) -> Option<String> {
        self.with(|state| {
            let ids: Vec<&String> = state.sessions.keys().collect();
            let index = state.rng.usize(0..ids.len().max(1));
            ids.get(index).map(|id| (*id).clone())
        })
    }

    pub(super) fn totals(&self) -> Totals {
        self.with(|state| state.totals.clone())
    }
}

impl State {
    fn act_on(&mut self, wire: Wire) -> String {
        let account = self.accounts.entry(wire.call_id).or_default();
        account.received += 1;
        match wire.request {
            Operation::Start => {
                account.acted += 1;
                self.totals.acted += 1;
                let id = format!("session-{}", self.sessions.len() + 1);
                account.session = Some(id.clone());
                self.sessions.insert(id.clone(), false);
                format!(
                    r#"{{"success":true,"data":{{"session_id":"{id}","game_url":"https://g.example/{id}"}}}}"#
                )
            }
            Operation::Status(id) => {
                let status = if self.sessions.get(&id) == Some(&true) { "closed" } else { "active" };
                format!(r#"{{"success":true,"data":{{"session_id":"{id}","status":"{status}"}}}}"#)
            }
            Operation::End(id) => {
                account.acted += 1;
                self.totals.acted += 1;
                self.sessions.insert(id, true);
                r#"{"success":true,"message":"ended"}"#.to_owned()
            }
        }
    }
}
