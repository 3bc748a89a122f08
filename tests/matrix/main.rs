//! Proves the promise of the library: the reported outcome of a call is true at the server. Every
//! fault meets every operation, over every protocol that has it, in every way to make a call; the
//! server's own account decides.
//!
//! The tests of one protocol use the transport of IPLAYGAMES_TRANSPORT. The ignored test of the
//! whole matrix uses every transport.
//! The Python package takes part where IPLAYGAMES_MATRIX_PYTHON names an interpreter that can
//! import it (`make matrix` sets it). IPLAYGAMES_MATRIX_FAULT limits the run to the faults whose
//! name contains it, and IPLAYGAMES_MATRIX_WRITE=1 writes the table of docs/reliability.md.

mod cell;
#[path = "../support/fault_server/mod.rs"]
mod fault_server;
#[path = "../support/length.rs"]
mod length;
mod python;
mod table;
#[path = "../support/transport.rs"]
#[allow(dead_code)]
mod transport;
mod way;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::{Cell, Finding};
use fault_server::Certificate;
use fault_server::fault::Protocol;
use python::Interpreters;
use way::{Transport, Way};

/// The variable that limits the run to some faults.
const FAULT: &str = "IPLAYGAMES_MATRIX_FAULT";

/// Most cells wait for a socket or a timer, so more run at once than there are processors.
const AT_ONCE: usize = 24;

/// Runs cells side by side. Returns what was found, in the order of the cells.
fn run(cells: &[Cell]) -> Vec<Finding> {
    let certificate = Certificate::new();
    let interpreters = Interpreters::start();
    let next = AtomicUsize::new(0);
    let findings: Mutex<Vec<Option<Finding>>> = Mutex::new(cells.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(cell) = cells.get(number) else { return };
                    let finding = cell.run(&certificate, &interpreters);
                    findings.lock().unwrap()[number] = Some(finding);
                }
            });
        }
    });
    findings.into_inner().unwrap().into_iter().map(|finding| finding.expect("every cell was run")).collect()
}

/// Runs the cells of one protocol, a part of them in a short run, and fails with the list of broken
/// promises.
fn check(protocol: Protocol) {
    let ways = way::available();
    let mut cells = cell::cells(&ways, &[protocol], Transport::in_use());
    if !length::is_full() && std::env::var_os(FAULT).is_none() {
        cells = cell::sample(cells);
    }
    let findings = run(&cells);
    let failed = report(&cells, &findings);
    assert!(failed == 0 && !cells.is_empty(), "{failed} of {} cells failed", cells.len());
}

/// Prints the failed cells and the count. Returns how many failed.
fn report(cells: &[Cell], findings: &[Finding]) -> usize {
    let mut failed = 0;
    for (cell, finding) in cells.iter().zip(findings) {
        if !finding.problems.is_empty() {
            failed += 1;
            println!("FAILED {cell}: {}", finding.problems.join("; "));
        }
    }
    println!("{} passed, {failed} failed", cells.len() - failed);
    failed
}

#[test]
fn a_short_run_meets_every_fault_operation_and_way() {
    for &protocol in Protocol::ALL {
        let ways = way::available();
        let all = cell::cells(&ways, &[protocol], Transport::Native);
        let count = |parts: &dyn Fn(&Cell) -> String, cells: &[Cell]| {
            cells.iter().map(parts).collect::<std::collections::BTreeSet<_>>().len()
        };
        let parts: [&dyn Fn(&Cell) -> String; 3] =
            [&|cell| cell.fault.name.to_string(), &|cell| cell.operation.name().to_owned(), &|cell| {
                format!("{} {}", cell.way.name(), cell.persistent)
            }];
        let expected = parts.map(|part| count(part, &all));
        let (total, sample) = (all.len(), cell::sample(all));
        assert_eq!(parts.map(|part| count(part, &sample)), expected, "{}", protocol.name());
        assert!(sample.len() < total / 4, "{} of {total}", sample.len());
    }
}

#[test]
fn reported_outcomes_are_true_over_http1() {
    check(Protocol::Http1);
}

#[test]
fn reported_outcomes_are_true_over_http1_with_tls() {
    check(Protocol::Http1Tls);
}

#[test]
fn reported_outcomes_are_true_over_http2() {
    if transport::is_native_only("it offers HTTP/1.1 only") {
        return;
    }
    check(Protocol::Http2);
}

#[test]
#[ignore = "runs everything at once and writes the documentation: make matrix"]
fn every_reported_outcome_of_the_whole_matrix_is_true() {
    let ways: Vec<Way> = way::available();
    let cells: Vec<Cell> =
        Transport::ALL.iter().flat_map(|&transport| cell::cells(&ways, Protocol::ALL, transport)).collect();
    let findings = run(&cells);
    let failed = report(&cells, &findings);
    if std::env::var_os("IPLAYGAMES_MATRIX_WRITE").is_some() {
        table::write(&cells, &findings);
    }
    assert!(failed == 0, "{failed} of {} cells failed", cells.len());
}
