//! Many threads on the same clients, through the Rust and the C interface. `make test-tsan` runs
//! this under ThreadSanitizer and `make test-asan` under AddressSanitizer; here the results are
//! compared with what the sandbox counted.
//!
//! Environment: `ROUNDS` is the number of rounds (2). An argument selects a deliberate fault
//! instead (`data-race`, `use-after-free`, `leak`), which shows that a sanitizer is on.

#[path = "../support/mod.rs"]
mod support;

mod c_interface;
mod choices;
mod deliberate;
mod rust_interface;

use std::thread;
use std::time::{Duration, Instant};

use support::TEST_TIMEOUT;

const FRAME: Duration = Duration::from_micros(500);

/// How many calls each submitting thread makes in a round.
const CALLS: usize = 40;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("data-race") => return deliberate::data_race(),
        Some("use-after-free") => return deliberate::use_after_free(),
        Some("leak") => return deliberate::leak(),
        _ => {}
    }
    // A thread that failed would leave the others waiting for it.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::exit(101);
    }));
    let rounds = std::env::var("ROUNDS").map_or(2, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        rust_interface::one_client_serves_many_threads(round, false);
        rust_interface::one_client_serves_many_threads(round, true);
        rust_interface::clients_are_made_and_closed(round);
        c_interface::handles_are_used_and_freed(round);
    }
    println!("{} passed, 0 failed", 4 * rounds);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < TEST_TIMEOUT, "{what} never came");
        thread::yield_now();
    }
}
