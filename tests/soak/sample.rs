//! What the process holds while the soak runs: memory, descriptors, threads, calls in flight.

use std::fmt::Write;
use std::time::Instant;

/// One look at the process.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub seconds: f64,
    pub lives: u64,
    pub memory_kb: u64,
    pub descriptors: u64,
    pub threads: u64,
    pub in_flight: u64,
    pub clients: u64,
}

impl Sample {
    /// Looks at this process. Elsewhere than on Linux, memory, descriptors and threads are zero.
    pub fn take(started: Instant, lives: u64, in_flight: u64, clients: u64) -> Sample {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
        Sample {
            seconds: started.elapsed().as_secs_f64(),
            lives,
            memory_kb: value("VmRSS:"),
            descriptors,
            threads: value("Threads:"),
            in_flight,
            clients,
        }
    }
}

/// Returns how much memory is allocated, in kB. Elsewhere than with glibc it is zero.
pub fn heap_kb() -> usize {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: the function only returns counts of the allocator.
        unsafe { libc::mallinfo2() }.uordblks / 1024
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    0
}

/// Returns the samples as a table of comma-separated values.
pub fn table(samples: &[Sample]) -> String {
    let mut text = String::from("seconds,lives,memory_kb,descriptors,threads,in_flight,clients\n");
    for sample in samples {
        let Sample { seconds, lives, memory_kb, descriptors, threads, in_flight, clients } = sample;
        writeln!(text, "{seconds:.1},{lives},{memory_kb},{descriptors},{threads},{in_flight},{clients}")
            .unwrap();
    }
    text
}

/// A name, its value in a sample, and how much of it may be added.
type Watched = (&'static str, fn(&Sample) -> u64, u64);

/// Returns what grew from the second quarter of the run to the last, beyond what its own account
/// explains.
pub fn growth(samples: &[Sample]) -> Vec<String> {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return Vec::new();
    }
    let largest =
        |part: &[Sample], value: fn(&Sample) -> u64| part.iter().map(value).max().unwrap_or_default();
    let mut grown = Vec::new();
    let values: [Watched; 3] = [
        // The account keeps a few hundred bytes for each call whose outcome is unknown.
        ("memory_kb", |sample| sample.memory_kb, 32 << 10),
        // Connections and their threads of the server come and go.
        ("descriptors", |sample| sample.descriptors, 64),
        ("threads", |sample| sample.threads, 32),
    ];
    for (name, value, slack) in values {
        let (before, after) =
            (largest(&samples[quarter..2 * quarter], value), largest(&samples[3 * quarter..], value));
        if after > before + slack {
            grown.push(format!("{name} grew from {before} to {after}"));
        }
    }
    grown
}

#[test]
fn growth_is_noticed() {
    // One sample of this process, repeated: the other tests of this program run beside this one.
    let flat = vec![Sample::take(Instant::now(), 0, 0, 0); 40];
    if cfg!(target_os = "linux") {
        assert!(flat[0].memory_kb > 0 && flat[0].descriptors > 0 && flat[0].threads > 0, "{:?}", flat[0]);
    }
    let mut growing = flat.clone();
    for (number, sample) in growing.iter_mut().enumerate() {
        sample.memory_kb += 4096 * number as u64;
        sample.threads += 3 * number as u64;
    }
    assert_eq!(growth(&flat), Vec::<String>::new());
    assert_eq!(growth(&growing).len(), 2, "{:?}", growth(&growing));
    assert_eq!(table(&flat).lines().count(), 41);
}
