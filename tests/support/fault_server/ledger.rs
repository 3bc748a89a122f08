//! The server's own account: what it received of each call, and which sessions exist. The tests
//! compare it with what the library reported. It knows no socket and no fault.

use std::collections::HashMap;

/// The three operations of the main job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Start,
    Status,
    End,
}

impl Operation {
    pub const ALL: [Operation; 3] = [Operation::Start, Operation::Status, Operation::End];

    pub fn name(self) -> &'static str {
        match self {
            Operation::Start => "start",
            Operation::Status => "status",
            Operation::End => "end",
        }
    }

    /// Its name in the library's table of operations.
    pub fn id(self) -> &'static str {
        match self {
            Operation::Start => "start_a_game_session",
            Operation::Status => "get_session_status",
            Operation::End => "end_a_game_session",
        }
    }

    /// Returns the operation of a request and, for status and end, the session in its path.
    pub fn parse(method: &str, path: &str) -> Option<(Operation, Option<String>)> {
        let rest = path.strip_prefix("/api/v1/game-sessions/")?;
        match (method, rest.split_once('/')) {
            ("POST", None) if rest == "start" => Some((Operation::Start, None)),
            ("GET", Some((id, "status"))) => Some((Operation::Status, Some(id.to_owned()))),
            ("POST", Some((id, "end"))) => Some((Operation::End, Some(id.to_owned()))),
            _ => None,
        }
    }
}

/// What the server received of one call, over all its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallRecord {
    /// Whole requests.
    pub whole: u32,
    /// Requests of which the call id came, but not the end.
    pub partial: u32,
    /// Whole requests that the server disclaimed: it told the client, in HTTP/2's own terms, that
    /// it did nothing.
    pub disclaimed: u32,
    /// Sessions that the call started.
    pub started: u32,
    /// Sessions that the call ended.
    pub ended: u32,
}

impl CallRecord {
    /// Returns how many requests the server could act on.
    pub fn actionable(&self) -> u32 {
        self.whole - self.disclaimed
    }
}

/// What the server does with a whole request before it answers or misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Act,
    /// It refuses the request, and nothing changes.
    Refuse,
    /// It refuses the request in HTTP/2's own terms: nothing was processed.
    Disclaim,
}

/// Everything that the server knows.
#[derive(Debug, Default)]
pub struct Ledger {
    pub connections: u64,
    calls: HashMap<String, CallRecord>,
    /// Each session by its id, and whether it is open. Ended sessions may be forgotten.
    sessions: HashMap<String, Session>,
    last_session: u64,
}

#[derive(Debug, Clone)]
pub struct Session {
    /// The call that started it.
    pub call_id: String,
    pub open: bool,
}

impl Ledger {
    /// Adds a session that no call started.
    pub fn add_session(&mut self, id: &str) {
        self.sessions.insert(id.to_owned(), Session { call_id: String::new(), open: true });
    }

    /// Records a whole request and does what it asks for. Returns the id of the session it is
    /// about, or None when that session does not exist.
    pub fn receive(
        &mut self,
        operation: Operation,
        call_id: &str,
        session: Option<&str>,
        action: Action,
    ) -> Option<String> {
        let record = self.calls.entry(call_id.to_owned()).or_default();
        record.whole += 1;
        if action == Action::Disclaim {
            record.disclaimed += 1;
        }
        if operation == Operation::Start {
            self.last_session += 1;
            let id = format!("session-{}", self.last_session);
            if action == Action::Act {
                record.started += 1;
                self.sessions.insert(id.clone(), Session { call_id: call_id.to_owned(), open: true });
            }
            return Some(id);
        }
        let id = session?;
        let found = self.sessions.get_mut(id)?;
        if operation == Operation::End && action == Action::Act && found.open {
            found.open = false;
            record.ended += 1;
        }
        Some(id.to_owned())
    }

    /// Records that the server received a part of a request.
    pub fn receive_part(&mut self, call_id: &str) {
        self.calls.entry(call_id.to_owned()).or_default().partial += 1;
    }

    pub fn call(&self, call_id: &str) -> CallRecord {
        self.calls.get(call_id).copied().unwrap_or_default()
    }

    pub fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// Returns the sessions that a call started.
    pub fn sessions_of(&self, call_id: &str) -> Vec<String> {
        self.sessions
            .iter()
            .filter(|(_, session)| session.call_id == call_id)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Takes a call out, so that a long run does not grow.
    pub fn take_call(&mut self, call_id: &str) -> CallRecord {
        self.calls.remove(call_id).unwrap_or_default()
    }

    /// Takes a session out.
    pub fn take_session(&mut self, id: &str) -> Option<Session> {
        self.sessions.remove(id)
    }

    /// Returns the calls that were not taken out.
    pub fn calls(&self) -> impl Iterator<Item = (&String, &CallRecord)> {
        self.calls.iter()
    }

    /// Returns the sessions that were not taken out.
    pub fn sessions(&self) -> impl Iterator<Item = (&String, &Session)> {
        self.sessions.iter()
    }
}

#[test]
fn a_ledger_counts_what_was_received_and_what_was_done() {
    let mut ledger = Ledger::default();
    let first = ledger.receive(Operation::Start, "a", None, Action::Act).unwrap();
    ledger.receive(Operation::Start, "a", None, Action::Act).unwrap();
    ledger.receive(Operation::Start, "b", None, Action::Refuse).unwrap();
    ledger.receive(Operation::Start, "b", None, Action::Disclaim).unwrap();
    ledger.receive_part("b");
    assert_eq!(ledger.call("a"), CallRecord { whole: 2, started: 2, ..CallRecord::default() });
    assert_eq!(ledger.call("b"), CallRecord { whole: 2, disclaimed: 1, partial: 1, ..CallRecord::default() });
    assert_eq!((ledger.call("a").actionable(), ledger.call("b").actionable()), (2, 1));
    assert_eq!(ledger.sessions_of("a").len(), 2);
    assert!(ledger.sessions_of("b").is_empty());
    for ended in [1, 1] {
        ledger.receive(Operation::End, "c", Some(&first), Action::Act).unwrap();
        assert_eq!(ledger.call("c").ended, ended);
    }
    assert!(!ledger.session(&first).unwrap().open);
    assert_eq!(ledger.receive(Operation::Status, "d", Some("nowhere"), Action::Act), None);
}
