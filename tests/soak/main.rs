//! Many session lives from many threads, with faults, cancels and freed clients, against a server
//! that keeps an account: no report may be untrue, no answer another's, and nothing may grow.
//!
//! The clients use the transport of IPLAYGAMES_TRANSPORT.
//!
//! LIVES is the number of lives (20,000; 4,000 in a short run). SOAK_FAULT limits the faults to
//! those whose name contains it. SOAK_WRITE=1 writes docs/reliability-soak.csv. `make soak` sets
//! LIVES to a million, and SOAK_WRITE.

mod account;
#[path = "../support/fault_server/mod.rs"]
mod fault_server;
#[path = "../support/length.rs"]
mod length;
mod life;
mod sample;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fault_server::fault::{Behavior, Fault, Protocol};
use fault_server::{Certificate, FaultServer, faults};
use life::Soak;
use sample::Sample;

/// Threads that make blocking calls.
const THREADS: u64 = 16;
const SAMPLES: u64 = 200;
/// A guard against hanging: so long without the end of a life.
const TEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Returns the faults that a single request over HTTP/1.1 can meet.
fn suitable_faults() -> Vec<Arc<Fault>> {
    let wanted = std::env::var("SOAK_FAULT").unwrap_or_default();
    let is_suitable = |fault: &Fault| {
        matches!(fault.behavior, Behavior::Script(_) | Behavior::Respond(_) | Behavior::AfterHead(_))
            && fault.protocols.contains(&Protocol::Http1)
            && !fault.primed
            && fault.event.is_none()
            && fault.name.contains(&wanted)
            // A response that arrives while the next request is being sent cannot be told from the
            // response to it: HTTP/1.1 has no name for a response. docs/reliability.md states this
            // limit.
            && (fault.name != "response-twice-later" || wanted == fault.name)
    };
    faults::all().into_iter().filter(is_suitable).map(Arc::new).collect()
}

/// One call in a hundred meets a fault; half of them at the first attempt alone.
fn choose(faults: Vec<Arc<Fault>>) -> impl Fn(&str) -> Option<(Arc<Fault>, bool)> + Send + Sync {
    move |call_id| {
        let hash = call_id.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
        let mut random = fastrand::Rng::with_seed(hash);
        if random.u64(..100) != 0 {
            return None;
        }
        let fault = &faults[random.usize(..faults.len())];
        let step = call_id.rsplit('-').next().unwrap_or_default();
        let operation = match step {
            "0" => fault_server::ledger::Operation::Start,
            "3" => fault_server::ledger::Operation::End,
            _ => fault_server::ledger::Operation::Status,
        };
        let persistent = random.bool();
        fault.operations.contains(&operation).then(|| (Arc::clone(fault), persistent))
    }
}

#[test]
fn no_report_is_untrue_and_nothing_grows_over_many_session_lives() {
    let lives: u64 = std::env::var("LIVES")
        .map_or(length::rounds(20_000, 4_000), |lives| lives.parse().expect("LIVES is a number"));
    let faults = suitable_faults();
    assert!(!faults.is_empty(), "no fault has that name");
    let server = FaultServer::start_choosing(choose(faults), Protocol::Http1, &Certificate::new());
    let soak = Soak::new(server, lives);
    let started = Instant::now();
    let ended = AtomicBool::new(false);
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut samples = Vec::new();
            let mut due = 0;
            let mut progress = (0, Instant::now());
            while !ended.load(Ordering::SeqCst) {
                let done = soak.account.lives.load(Ordering::Relaxed);
                if done >= due {
                    due = done + lives / SAMPLES;
                    let in_flight = soak.in_flight.load(Ordering::Relaxed);
                    let clients = soak.clients.load(Ordering::Relaxed);
                    samples.push(Sample::take(started, done, in_flight, clients));
                }
                if done != progress.0 {
                    progress = (done, Instant::now());
                } else if progress.1.elapsed() > TEST_TIMEOUT {
                    // Threads that hang cannot be joined.
                    println!("no life has ended for {} s, after {done} of {lives}", TEST_TIMEOUT.as_secs());
                    std::process::exit(1);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            samples
        });
        let soak = &soak;
        let mut threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || soak.block(thread))).collect();
        threads.push(scope.spawn(move || soak.tick()));
        for thread in threads {
            thread.join().expect("the thread ends");
        }
        ended.store(true, Ordering::SeqCst);
        samples = sampler.join().expect("the sampler ends");
    });
    let elapsed = started.elapsed();
    let complete = soak.finish();
    samples.push(Sample::take(
        started,
        soak.account.lives.load(Ordering::Relaxed),
        soak.in_flight.load(Ordering::Relaxed),
        soak.clients.load(Ordering::Relaxed),
    ));
    let problems = soak.account.close(&soak.server);
    let (calls, before) = (soak.server.ledger().calls().count(), sample::heap_kb());
    *soak.server.ledger() = fault_server::ledger::Ledger::default();
    let after = sample::heap_kb();
    println!("heap: {before} kB, of them {} kB for the server's account of {calls} calls", before - after);
    let account = &soak.account;
    let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} lives, {} calls in {:.1} s: {} succeeded, {} not_sent, {} rejected, {} unknown; {} faults met",
        count(&account.lives),
        count(&account.calls),
        elapsed.as_secs_f64(),
        count(&account.succeeded),
        count(&account.not_sent),
        count(&account.rejected),
        count(&account.unknown),
        soak.server.times_applied(),
    );
    println!("{problems:#?}");
    if std::env::var_os("SOAK_WRITE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability-soak.csv");
        std::fs::write(path, sample::table(&samples)).expect("it can be written");
    }
    let calls = count(&account.calls);
    println!("{} passed, {} failed", calls - problems.count().min(calls), problems.count());
    assert!(complete, "a connection is still open, or the server failed");
    assert_eq!(count(&account.lives), lives);
    assert!(soak.server.times_applied() > lives / 100, "hardly any fault was met");
    assert_eq!(problems.count(), 0);
    assert_eq!(count(&soak.in_flight), 0);
    assert_eq!(sample::growth(&samples), Vec::<String>::new());
}
