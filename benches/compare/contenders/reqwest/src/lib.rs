//! What both contenders with reqwest are told, measure and answer: the same as `contender.h` says.

use std::time::{Duration, Instant};

pub const TOKEN: &str = "bench-key";
pub const START_BODY: &str = r#"{"game_id":123,"player_id":"player_456","currency":"USD","country_code":"US","ip_address":"192.0.2.1"}"#;

pub struct Run {
    pub mode: String,
    pub base_url: String,
    pub calls: usize,
    pub warm: usize,
    pub flight: usize,
    pub session: String,
    pub ca: Option<reqwest::Certificate>,
    latencies: Option<String>,
    times: Vec<u64>,
    began: Instant,
    before: libc::rusage,
}

fn usage() -> libc::rusage {
    // SAFETY: getrusage fills the structure it is given.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    }
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// A number of /proc/self/status.
fn own_status(key: &str) -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = text.lines().find_map(|line| line.strip_prefix(key)).expect("a line with the key");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

impl Run {
    pub fn read() -> Run {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut words = std::env::args().skip(1);
        let mut next = || words.next().expect("PROGRAM MODE BASE_URL CALLS [key=value ...]");
        let (mode, base_url, calls) = (next(), next(), next().parse().expect("CALLS is a number"));
        let mut run = Run {
            mode,
            base_url,
            calls,
            warm: 0,
            flight: 1,
            session: "abc123".into(),
            ca: None,
            latencies: None,
            times: Vec::with_capacity(calls),
            began: Instant::now(),
            before: usage(),
        };
        for word in words {
            let (key, value) = word.split_once('=').expect("key=value");
            match key {
                "warm" => run.warm = value.parse().expect("a number"),
                "flight" => run.flight = value.parse().expect("a number"),
                "session" => run.session = value.into(),
                "latencies" => run.latencies = Some(value.into()),
                "ca" => {
                    let pem = std::fs::read(value).expect("the CA's file");
                    run.ca = Some(reqwest::Certificate::from_pem(&pem).expect("a certificate"));
                }
                _ => panic!("unknown key {key}"),
            }
        }
        run
    }

    pub fn begin(&mut self) {
        self.before = usage();
        self.began = Instant::now();
    }

    pub fn took(&mut self, time: Duration) {
        self.times.push(time.as_nanos() as u64);
    }

    pub fn finish(self) {
        let elapsed = self.began.elapsed().as_secs_f64();
        let after = usage();
        assert_eq!(self.times.len(), self.calls, "calls are missing");
        if let Some(path) = &self.latencies {
            let bytes: Vec<u8> = self.times.iter().flat_map(|time| time.to_ne_bytes()).collect();
            std::fs::write(path, bytes).expect("the file of latencies");
        }
        println!(
            r#"{{"calls": {}, "seconds": {elapsed:.9}, "user_s": {:.6}, "sys_s": {:.6}, "switches": {}, "rss_kb": {}, "threads": {}}}"#,
            self.calls,
            seconds(after.ru_utime) - seconds(self.before.ru_utime),
            seconds(after.ru_stime) - seconds(self.before.ru_stime),
            after.ru_nvcsw + after.ru_nivcsw - self.before.ru_nvcsw - self.before.ru_nivcsw,
            own_status("VmHWM:"),
            own_status("Threads:"),
        );
    }
}
