//! What the host does to a call while it is in flight.

use super::super::fault::{Behavior, Claim, Event, Fault, Protocol};
use super::{Step, encode, head, script};

pub fn faults() -> Vec<Fault> {
    let held = || {
        script(|exchange| match exchange.stream {
            0 => vec![Step::Silence],
            // The other streams of the connection go on.
            _ => vec![Step::SignalHeld],
        })
    };
    let ended = &[Claim::NotSent, Claim::Unknown, Claim::None];
    vec![
        Fault::new("canceled-at-once", "The call is canceled before it is driven.", Behavior::Good)
            .event(Event::CancelAtOnce),
        Fault::new("canceled-while-waiting", "The call is canceled when the server has its request.", held())
            .must_be(ended)
            .event(Event::Cancel),
        Fault::new(
            "canceled-in-response",
            "The call is canceled in the middle of the response.",
            script(|exchange| {
                let bytes = encode(&exchange.good);
                let half = head(&exchange.good).len() + 5;
                vec![Step::Send(bytes[..half].to_vec()), Step::Silence]
            }),
        )
        .over(Protocol::ONE)
        .must_be(ended)
        .event(Event::Cancel),
        Fault::new("freed-while-waiting", "The client is freed when the server has the request.", held())
            .must_be(ended)
            .event(Event::Free),
        Fault::new(
            "shut-down-while-waiting",
            "The client is shut down when the server has the request.",
            held(),
        )
        .must_be(ended)
        .event(Event::Shutdown),
        Fault::new("canceled-any-time", "The call is canceled at any moment, many times.", Behavior::Good)
            .event(Event::CancelAnyTime),
        Fault::new("freed-any-time", "The client is freed at any moment, many times.", Behavior::Good)
            .event(Event::FreeAnyTime),
    ]
}
