//! Compares what was reported with the server's account: what can be checked at once, at once, and
//! the rest at the end, so that a long run keeps little.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use iplaygames::{CallResult, Outcome};

use crate::fault_server::FaultServer;
use crate::fault_server::ledger::Operation;

/// Counts of the whole run.
#[derive(Default)]
pub struct Account {
    pub lives: AtomicU64,
    pub calls: AtomicU64,
    pub succeeded: AtomicU64,
    pub not_sent: AtomicU64,
    pub rejected: AtomicU64,
    pub unknown: AtomicU64,
    /// Calls that were reported as `not_sent` or `unknown`, as numbers of their ids.
    open: Mutex<Open>,
    problems: Mutex<Problems>,
}

#[derive(Default)]
struct Open {
    not_sent: HashMap<u64, String>,
    unknown: HashSet<u64>,
}

/// Broken promises.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub not_sent_but_received: u64,
    pub rejected_but_acted: u64,
    pub success_but_no_session: u64,
    pub success_but_still_open: u64,
    pub two_sessions_for_one_call: u64,
    pub acted_after_the_report: u64,
    pub answer_of_another: u64,
    pub never_ended: u64,
    /// The first of each kind, in words.
    pub examples: Vec<String>,
}

impl Problems {
    pub fn count(&self) -> u64 {
        self.not_sent_but_received
            + self.rejected_but_acted
            + self.success_but_no_session
            + self.success_but_still_open
            + self.two_sessions_for_one_call
            + self.acted_after_the_report
            + self.answer_of_another
            + self.never_ended
    }
}

/// Returns the number of a call id.
fn number(call_id: &str) -> u64 {
    // FNV-1a.
    call_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Account {
    /// Checks one call. Returns the session that a start made.
    pub fn check(
        &self,
        server: &FaultServer,
        operation: Operation,
        call_id: &str,
        asked: &str,
        result: &CallResult,
    ) -> Option<String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match result {
            Ok(reply) => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                let document: serde_json::Value = serde_json::from_str(reply.json()).unwrap_or_default();
                let told = document["data"]["session_id"].as_str().unwrap_or_default();
                self.check_success(server, operation, call_id, asked, told)
            }
            Err(error) => {
                match error.outcome() {
                    Outcome::NotSent => {
                        self.not_sent.fetch_add(1, Ordering::Relaxed);
                        self.open.lock().unwrap().not_sent.insert(number(call_id), error.to_string());
                    }
                    Outcome::Unknown => {
                        self.unknown.fetch_add(1, Ordering::Relaxed);
                        self.open.lock().unwrap().unknown.insert(number(call_id));
                    }
                    Outcome::Rejected => {
                        self.rejected.fetch_add(1, Ordering::Relaxed);
                        let record = server.ledger().take_call(call_id);
                        if record.started + record.ended > 0 {
                            let what = format!("{call_id} rejected, {error}: {record:?}");
                            self.problem(|problems| &mut problems.rejected_but_acted, what);
                        }
                    }
                }
                None
            }
        }
    }

    fn check_success(
        &self,
        server: &FaultServer,
        operation: Operation,
        call_id: &str,
        asked: &str,
        told: &str,
    ) -> Option<String> {
        // The server acts before it answers: its account is up to date.
        let mut ledger = server.ledger();
        let record = ledger.take_call(call_id);
        match operation {
            Operation::Start => {
                let exists = ledger.session(told).is_some_and(|session| session.call_id == call_id);
                drop(ledger);
                if !exists {
                    let what = format!("{call_id} was told {told:?}: {record:?}");
                    self.problem(|problems| &mut problems.success_but_no_session, what);
                    return None;
                }
                if record.started > 1 {
                    let what = format!("{call_id}: {record:?}");
                    self.problem(|problems| &mut problems.two_sessions_for_one_call, what);
                }
                Some(told.to_owned())
            }
            Operation::Status => {
                drop(ledger);
                if told != asked {
                    let what = format!("{call_id} asked for {asked} and was told of {told}");
                    self.problem(|problems| &mut problems.answer_of_another, what);
                }
                None
            }
            Operation::End => {
                let open = ledger.take_session(asked).is_some_and(|session| session.open);
                drop(ledger);
                if open {
                    let what = format!("{call_id} of {asked}: {record:?}");
                    self.problem(|problems| &mut problems.success_but_still_open, what);
                }
                None
            }
        }
    }

    pub fn never_ended(&self, call_id: &str) {
        self.problem(|problems| &mut problems.never_ended, call_id.to_owned());
    }

    fn problem(&self, count: impl FnOnce(&mut Problems) -> &mut u64, what: String) {
        let mut problems = self.problems.lock().unwrap();
        let count = count(&mut problems);
        *count += 1;
        if *count <= 3 {
            problems.examples.push(what);
        }
    }

    /// Checks what could not be checked before. The clients are gone and the server has finished.
    pub fn close(&self, server: &FaultServer) -> Problems {
        let open = self.open.lock().unwrap();
        for (call_id, record) in server.ledger().calls() {
            let number = number(call_id);
            let what = format!("{call_id}: {record:?}");
            if record.started > 1 {
                self.problem(|problems| &mut problems.two_sessions_for_one_call, what.clone());
            }
            if let Some(error) = open.not_sent.get(&number) {
                if record.actionable() > 0 {
                    let what = format!("{error}: {what}");
                    self.problem(|problems| &mut problems.not_sent_but_received, what);
                }
            } else if !open.unknown.contains(&number) && record.started + record.ended > 0 {
                self.problem(|problems| &mut problems.acted_after_the_report, what);
            }
        }
        self.problems.lock().unwrap().clone()
    }
}
