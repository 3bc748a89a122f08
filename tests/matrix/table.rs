//! The table of docs/reliability.md: what each fault is reported as, and what the server received
//! and did.

use std::fmt::Write;

use crate::cell::{Cell, Finding};
use crate::fault_server::fault::{Fault, Protocol};
use crate::fault_server::faults;
use crate::fault_server::ledger::Operation;
use crate::way::Transport;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability.md");
const BEGIN: &str = "<!-- The table begins. `make matrix` writes it. -->";
const END: &str = "<!-- The table ends. -->";
/// The fault does not apply.
const NONE: &str = "–";
const RACE: &str = "true in every round";

/// Writes the table into the documentation.
pub fn write(cells: &[Cell], findings: &[Finding]) {
    let document = std::fs::read_to_string(PATH).expect("the documentation is there");
    let (before, rest) = document.split_once(BEGIN).expect("the documentation has a place for the table");
    let (_, after) = rest.split_once(END).expect("the place for the table ends");
    let table = render(cells, findings);
    std::fs::write(PATH, format!("{before}{BEGIN}\n\n{table}\n{END}{after}")).expect("it can be written");
}

fn render(cells: &[Cell], findings: &[Finding]) -> String {
    let mut table =
        String::from("| fault | what the server or the host does | start | status | end | with reqwest |\n");
    table.push_str("|---|---|---|---|---|---|\n");
    for fault in faults::all() {
        let native = |cell: &Cell| cell.transport == Transport::Native;
        let column = |operation| column(&fault, operation, &native, cells, findings);
        let [start, status, end] = Operation::ALL.map(column);
        let reqwest = reqwest_column(&fault, cells, findings);
        writeln!(table, "| `{}` | {} | {start} | {status} | {end} | {reqwest} |", fault.name, fault.text)
            .unwrap();
    }
    let failed = findings.iter().filter(|finding| !finding.problems.is_empty()).count();
    writeln!(table, "\n{} cells passed, {failed} failed.", cells.len() - failed).unwrap();
    table
}

/// Returns what the cells of reqwest say, if that differs from what the native transport says over
/// the protocols that both have.
fn reqwest_column(fault: &Fault, cells: &[Cell], findings: &[Finding]) -> String {
    let reqwest = |cell: &Cell| cell.transport == Transport::Reqwest;
    let native = |cell: &Cell| cell.transport == Transport::Native && cell.protocol != Protocol::Http2;
    if !cells.iter().any(|cell| reqwest(cell) && cell.fault.name == fault.name) {
        return NONE.to_owned();
    }
    let mut differences = Vec::new();
    for operation in Operation::ALL {
        let found = column(fault, operation, &reqwest, cells, findings);
        if found != column(fault, operation, &native, cells, findings) {
            differences.push(format!("{}: {found}", operation.name()));
        }
    }
    if differences.is_empty() { "same".to_owned() } else { differences.join(". ") }
}

/// Returns what the cells of one fault and operation say that `is_wanted` selects; cells that agree
/// are named once.
fn column(
    fault: &Fault,
    operation: Operation,
    is_wanted: &dyn Fn(&Cell) -> bool,
    cells: &[Cell],
    findings: &[Finding],
) -> String {
    // Each value, and the cells that have it: their protocols and ways.
    let mut values: Vec<(String, Vec<&Cell>)> = Vec::new();
    for (cell, finding) in cells.iter().zip(findings) {
        let is_of_column = cell.fault.name == fault.name && cell.operation == operation && is_wanted(cell);
        if !is_of_column || !cell.persistent {
            continue;
        }
        let value = value(cell.operation, finding);
        match values.iter_mut().find(|(known, _)| *known == value) {
            Some((_, same)) => same.push(cell),
            None => values.push((value, vec![cell])),
        }
    }
    // The most frequent value first; the others are deviations, named with their cells.
    values.sort_by_key(|(_, cells)| std::cmp::Reverse(cells.len()));
    let mut text = String::new();
    for (number, (value, cells)) in values.iter().enumerate() {
        if number == 0 {
            text.push_str(value);
        } else {
            write!(text, "; {}: {value}", places(cells)).unwrap();
        }
    }
    if text.is_empty() { NONE.to_owned() } else { text }
}

fn value(operation: Operation, finding: &Finding) -> String {
    let Some(report) = &finding.report else { return RACE.to_owned() };
    let requests = finding.record.whole;
    let mut text = match report.code {
        0 => format!("{}, {requests} received", report.claim.name()),
        code => format!("{code} {}, {requests} received", report.claim.name()),
    };
    match operation {
        Operation::Start if finding.sessions == 1 => text.push_str(", 1 session"),
        Operation::Start => write!(text, ", {} sessions", finding.sessions).unwrap(),
        Operation::Status => {}
        Operation::End => write!(text, ", {} ended", finding.record.ended).unwrap(),
    }
    text
}

/// Names the protocols and ways of cells.
fn places(cells: &[&Cell]) -> String {
    let mut names: Vec<String> = Vec::new();
    for cell in cells {
        let protocol = cell.protocol.name();
        let ways: Vec<&str> = cells
            .iter()
            .filter(|other| other.protocol == cell.protocol)
            .map(|other| other.way.name())
            .collect();
        let name =
            if ways.len() >= 3 { protocol.to_owned() } else { format!("{protocol} {}", ways.join("+")) };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

#[test]
fn the_table_of_the_documentation_has_every_fault_and_no_other() {
    let document = std::fs::read_to_string(PATH).unwrap();
    let table = document.split_once(BEGIN).unwrap().1.split_once(END).unwrap().0;
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    let known: Vec<String> = faults::all().into_iter().map(|fault| fault.name).collect();
    assert_eq!(listed, known, "`make matrix` writes the table");
    let texts: Vec<&str> = faults::all().iter().map(|fault| fault.text).collect();
    for text in texts {
        assert!(table.contains(text), "the table does not say: {text}");
    }
}
