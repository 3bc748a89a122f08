//! The list of faults, by where they happen.

mod connection;
mod events;
mod http1;
mod http2;
mod responses;
mod tls;

use super::fault::{Behavior, Exchange, Fault, Response};
use super::http1::{encode, head};
use super::wire::Step;

/// Returns every fault, in the order of the documentation.
pub fn all() -> Vec<Fault> {
    let mut faults =
        vec![Fault::new("none", "Answers well.", Behavior::Good).must_be(&[super::fault::Claim::Success])];
    faults.extend(connection::faults());
    faults.extend(http1::faults());
    faults.extend(tls::faults());
    faults.extend(http2::faults());
    faults.extend(responses::faults());
    faults.extend(events::faults());
    faults
}

fn script(steps: impl Fn(&Exchange) -> Vec<Step> + Send + Sync + 'static) -> Behavior {
    Behavior::Script(std::sync::Arc::new(steps))
}

fn respond(response: impl Fn(&Exchange) -> Response + Send + Sync + 'static) -> Behavior {
    Behavior::Respond(std::sync::Arc::new(response))
}

fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

#[test]
fn every_fault_has_a_name_of_its_own_and_there_are_enough() {
    let faults = all();
    let mut names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), faults.len(), "a name is given twice");
    assert!(names.len() > 60, "{} faults", names.len());
}
