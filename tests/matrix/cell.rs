//! One cell of the matrix: a fault, an operation, a protocol, a transport and a way to call. It
//! runs the call and holds the report against the server's account.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::FAULT;
use crate::fault_server::fault::{Behavior, Claim, Event, Fault, Protocol};
use crate::fault_server::faults;
use crate::fault_server::ledger::{CallRecord, Ledger, Operation};
use crate::fault_server::{Certificate, FaultServer, UNDISTURBED};
use crate::length::rounds;
use crate::python::Interpreters;
use crate::way::{Caller, Limits, Report, Transport, Way};

/// The session that status and end ask for.
const ASKED: &str = "asked-session";
/// One that must stay as it is.
const ANOTHER: &str = "another-session";

pub struct Cell {
    pub fault: Arc<Fault>,
    pub operation: Operation,
    pub protocol: Protocol,
    pub transport: Transport,
    pub way: Way,
    /// Whether every attempt meets the fault, or the first alone.
    pub persistent: bool,
}

/// What was found out about a cell.
pub struct Finding {
    /// What was reported, for the documentation.
    pub report: Option<Report>,
    pub record: CallRecord,
    pub sessions: usize,
    /// The promises that were broken.
    pub problems: Vec<String>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, protocol) = (self.operation.name(), self.protocol.name());
        let (transport, way) = (self.transport.name(), self.way.name());
        let times = if self.persistent { "always" } else { "once" };
        write!(f, "{} / {operation} / {protocol} / {transport} / {way} / {times}", self.fault.name)
    }
}

/// Returns every cell of these ways and protocols with one transport.
pub fn cells(ways: &[Way], protocols: &[Protocol], transport: Transport) -> Vec<Cell> {
    let wanted = std::env::var(FAULT).unwrap_or_default();
    let mut cells = Vec::new();
    for fault in faults::all() {
        if !fault.name.contains(&wanted) {
            continue;
        }
        let fault = Arc::new(fault);
        let suitable =
            |protocol: &&Protocol| fault.protocols.contains(protocol) && transport.speaks(**protocol);
        for &protocol in protocols.iter().filter(suitable) {
            for &operation in &fault.operations {
                for &way in ways.iter().filter(|way| way.can(fault.event)) {
                    for persistent in [true, false] {
                        // Without a fault of the server's there is nothing to repeat.
                        if persistent || !matches!(fault.behavior, Behavior::Good | Behavior::Refuse) {
                            cells.push(Cell {
                                fault: Arc::clone(&fault),
                                operation,
                                protocol,
                                transport,
                                way,
                                persistent,
                            });
                        }
                    }
                }
            }
        }
    }
    cells
}

/// Returns about a seventh of the cells, which has every fault. The operation and the way change
/// from one fault to the next.
pub fn sample(cells: Vec<Cell>) -> Vec<Cell> {
    const STEP: usize = 7;
    let mut sample: Vec<Cell> = Vec::new();
    let mut groups = 0;
    let mut cells = cells.into_iter().peekable();
    while let Some(first) = cells.next() {
        let fault = Arc::clone(&first.fault);
        let mut group = vec![first];
        while let Some(next) = cells.next_if(|cell| Arc::ptr_eq(&cell.fault, &fault)) {
            group.push(next);
        }
        let begin = groups % STEP.min(group.len());
        groups += 1;
        sample.extend(group.into_iter().skip(begin).step_by(STEP));
    }
    sample
}

impl Cell {
    /// Runs the cell. On a busy machine the short time for a stalling fault may run out before the
    /// request is there, so such a cell has several tries to meet its fault.
    pub fn run(&self, certificate: &Certificate, interpreters: &Interpreters) -> Finding {
        let mut tries = if self.fault.stalls { 5 } else { 1 };
        loop {
            tries -= 1;
            let (mut finding, is_met) = self.run_with_a_server(certificate, interpreters);
            if is_met {
                return finding;
            }
            if tries == 0 {
                finding.problems.push("the fault was never met".to_owned());
                return finding;
            }
        }
    }

    /// Returns what was found, and whether the fault was met if one must be.
    fn run_with_a_server(&self, certificate: &Certificate, interpreters: &Interpreters) -> (Finding, bool) {
        let times = if self.persistent { i64::MAX } else { 1 };
        let server = FaultServer::start(&self.fault, times, self.protocol, certificate);
        let finding = match self.fault.event {
            Some(Event::CancelAnyTime | Event::FreeAnyTime) => self.race(&server, certificate, interpreters),
            _ => self.run_once(&server, certificate, interpreters),
        };
        let none_needed = matches!(self.fault.behavior, Behavior::Good | Behavior::Refuse)
            || self.fault.event == Some(Event::CancelAtOnce);
        (finding, none_needed || server.times_applied() > 0)
    }

    fn caller(&self, url: &str, certificate: &Certificate, interpreters: &Interpreters) -> Caller {
        Caller::new(self.way, self.transport, url, &certificate.pem, self.limits(), interpreters)
    }

    fn limits(&self) -> Limits {
        if self.fault.stalls {
            Limits { attempt: Duration::from_millis(250), whole: Duration::from_millis(1000) }
        } else {
            // Far more than is needed, so that a busy machine changes nothing.
            Limits { attempt: Duration::from_secs(10), whole: Duration::from_secs(25) }
        }
    }

    fn run_once(
        &self,
        server: &FaultServer,
        certificate: &Certificate,
        interpreters: &Interpreters,
    ) -> Finding {
        for id in [ASKED, ANOTHER] {
            server.ledger().add_session(id);
        }
        let mut problems = Vec::new();
        let url = server.base_url();
        let caller = self.caller(&url, certificate, interpreters);
        if self.fault.primed {
            let report = caller.call(Operation::Status, ANOTHER, "before", None);
            expect_success(&mut problems, "the call before", report.as_ref(), ANOTHER);
        }
        let started = Instant::now();
        let in_flight = caller.begin(self.operation, ASKED, "call", self.fault.event);
        if let Some(event @ (Event::Cancel | Event::Free | Event::Shutdown)) = self.fault.event {
            if !server.wait_until_held() {
                problems.push("the request never came".to_owned());
            }
            caller.fire(event, &in_flight);
        }
        let report = in_flight.report();
        // The limit, and what a busy machine needs.
        if started.elapsed() > self.limits().whole + Duration::from_secs(10) {
            problems.push(format!("the call took {} ms", started.elapsed().as_millis()));
        }
        server.disarm();
        let client_gone = matches!(self.fault.event, Some(Event::Free | Event::Shutdown));
        if !client_gone && report.is_some() {
            let id = format!("{UNDISTURBED}after");
            let after = caller.call(Operation::Status, ANOTHER, &id, Some(Duration::from_secs(20)));
            expect_success(&mut problems, "the next call", after.as_ref(), ANOTHER);
        }
        caller.drop();
        if !server.finish() {
            problems.push("a connection is still open, or the server failed".to_owned());
        }
        let ledger = server.ledger();
        let Some(report) = report else {
            problems.push("the call never ended".to_owned());
            return Finding { report: None, record: ledger.call("call"), sessions: 0, problems };
        };
        problems.extend(untruths(self.operation, "call", ASKED, &report, &ledger));
        if self.way == Way::Tick && report.callbacks != 1 && self.fault.event != Some(Event::Free) {
            problems.push(format!("the callback ran {} times", report.callbacks));
        }
        if !ledger.session(ANOTHER).is_some_and(|session| session.open) {
            problems.push("a session that no call asked for was ended".to_owned());
        }
        let allowed = &self.fault.allowed[self.operation as usize];
        if self.persistent && !allowed.contains(&report.claim) {
            let names: Vec<&str> = allowed.iter().map(|claim| claim.name()).collect();
            problems.push(format!("reported {report}, must be {}", names.join(" or ")));
        }
        let (record, sessions) = (ledger.call("call"), ledger.sessions_of("call").len());
        Finding { report: Some(report), record, sessions, problems }
    }

    /// Runs a race many times against one server, each time with a client of its own.
    fn race(&self, server: &FaultServer, certificate: &Certificate, interpreters: &Interpreters) -> Finding {
        let mut reports = Vec::new();
        let mut problems = Vec::new();
        let url = server.base_url();
        server.ledger().add_session(ANOTHER);
        // How often a race is run.
        let rounds = rounds(60, 15);
        for round in 0..rounds {
            let (call_id, session) = (format!("call-{round}"), format!("asked-{round}"));
            server.ledger().add_session(&session);
            let caller = self.caller(&url, certificate, interpreters);
            // In half of the rounds the connection is there already, so that the race is about the
            // request alone.
            if round % 2 == 0 {
                let before = caller.call(Operation::Status, ANOTHER, &format!("{UNDISTURBED}{round}"), None);
                expect_success(&mut problems, "the call before", before.as_ref(), ANOTHER);
            }
            let in_flight = caller.begin(self.operation, &session, &call_id, self.fault.event);
            // Up to 600 microseconds, in no order.
            std::thread::sleep(Duration::from_micros(round * 17 % rounds * (600 / rounds)));
            caller.fire(self.fault.event.expect("a race has an event"), &in_flight);
            match in_flight.report() {
                Some(report) => reports.push((call_id, session, report)),
                None => problems.push("the call never ended".to_owned()),
            }
            caller.drop();
        }
        if !server.finish() {
            problems.push("a connection is still open, or the server failed".to_owned());
        }
        let ledger = server.ledger();
        for (call_id, session, report) in &reports {
            problems.extend(untruths(self.operation, call_id, session, report, &ledger));
        }
        Finding { report: None, record: CallRecord::default(), sessions: 0, problems }
    }
}

fn expect_success(problems: &mut Vec<String>, which: &str, report: Option<&Report>, session: &str) {
    match report {
        Some(report) if report.claim == Claim::Success => {
            if report.session_id.as_deref() != Some(session) {
                problems.push(format!("{which} was given the answer of another: {report}"));
            }
        }
        Some(report) => problems.push(format!("{which} failed: {report}")),
        None => problems.push(format!("{which} never ended")),
    }
}

/// Returns what of a report is not true at the server.
pub fn untruths(
    operation: Operation,
    call_id: &str,
    asked: &str,
    report: &Report,
    ledger: &Ledger,
) -> Vec<String> {
    let record = ledger.call(call_id);
    let mut problems = Vec::new();
    let mut untrue = |what: String| problems.push(format!("{what} (reported {report}; {record:?})"));
    let acted = record.started + record.ended;
    match report.claim {
        Claim::NotSent if record.actionable() > 0 => {
            untrue("not_sent, and the server received it whole".to_owned());
        }
        Claim::Rejected if acted > 0 => untrue("rejected, and the server acted".to_owned()),
        Claim::Success => match operation {
            Operation::Start => {
                let exists = report
                    .session_id
                    .as_deref()
                    .and_then(|id| ledger.session(id))
                    .is_some_and(|session| session.call_id == call_id);
                if !exists || record.started != 1 {
                    untrue("success, and the call has not exactly that session".to_owned());
                }
            }
            Operation::Status if report.session_id.as_deref() != Some(asked) => {
                untrue("the status is of another session".to_owned());
            }
            Operation::Status => {}
            Operation::End if ledger.session(asked).is_some_and(|session| session.open) => {
                untrue("success, and the session is still open".to_owned());
            }
            Operation::End => {}
        },
        _ => {}
    }
    if record.started > 1 {
        untrue(format!("one call started {} sessions", record.started));
    }
    if operation == Operation::Status && report.claim == Claim::Unknown && report.http_status == Some(404) {
        untrue("a status that the API refused is reported as unknown".to_owned());
    }
    problems
}
