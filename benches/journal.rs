//! What the journal costs: starts a second with a journal and without, one commit a call against
//! group commit, and a journal with a million rows. Prints figures and no verdict. The sandbox runs
//! in the same process, so the figures without a journal are those of both.
//!
//!     cargo bench --profile quick --bench journal [FOLDER]
//!
//! FOLDER is on the disk to measure; the default is `target`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{CallOptions, Client, Config, JournalFilter, SessionState, StartSession};

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_secs(3);

fn request() -> StartSession {
    StartSession::new(123).player_id("player").currency("USD").country_code("US").ip_address("192.0.2.1")
}

fn client(sandbox: &Sandbox, journal: Option<(&Path, &str)>) -> Client {
    let journal = journal.map_or_else(String::new, |(path, durability)| {
        format!(r#", "journal": {{"path": {path:?}, "durability": "{durability}"}}"#)
    });
    let config = format!(
        r#"{{"base_url": "{}", "api_key": "{}", "max_in_flight": 2000{journal}}}"#,
        sandbox.base_url(),
        sandbox.api_key()
    );
    Client::new(Config::from_json(&config).expect("a valid configuration")).expect("a client")
}

/// Starts sessions with blocking calls on threads. Returns the starts a second.
fn blocking(client: &Client, threads: usize) -> f64 {
    let started = Instant::now();
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while started.elapsed() < MEASURED {
                        client.sessions().start(&request()).expect("a session");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    counts.iter().sum::<u64>() as f64 / started.elapsed().as_secs_f64()
}

/// Keeps a number of starts in flight. Returns the starts a second.
fn submitted(client: &Client, in_flight: usize) -> f64 {
    let arguments = request().to_json();
    let submit = || {
        client.submit("start_a_game_session", &arguments, &CallOptions::default(), None).expect("submitted")
    };
    let started = Instant::now();
    let (mut calls, mut count) = (Vec::new(), 0_u64);
    while started.elapsed() < MEASURED {
        while calls.len() < in_flight {
            calls.push(submit());
        }
        client.tick(Duration::from_millis(2)).expect("a tick");
        calls.retain(|call| match call.try_result().expect("a call of this process") {
            None => true,
            Some(result) => {
                result.as_ref().expect("a session");
                count += 1;
                false
            }
        });
    }
    count as f64 / started.elapsed().as_secs_f64()
}

fn syncs(client: &Client) -> (u64, u64) {
    let stats: serde_json::Value = serde_json::from_str(&client.stats_json()).expect("JSON");
    let number = |name: &str| stats["journal"][name].as_u64().unwrap_or(0);
    (number("syncs"), number("sync_us"))
}

fn row(name: &str, folder: &Path, measure: impl Fn(&Client) -> f64) {
    print!("{name:32}");
    for durability in [None, Some("normal"), Some("full")] {
        let sandbox = Sandbox::start("").expect("a sandbox");
        let path = folder.join(format!("{}-{}", name.replace(' ', "-"), durability.unwrap_or("none")));
        let client = client(&sandbox, durability.map(|durability| (path.as_path(), durability)));
        let starts = measure(&client);
        print!(" {starts:>10.0}");
        if durability == Some("full") {
            let (syncs, micros) = syncs(&client);
            let each = starts * MEASURED.as_secs_f64() / syncs.max(1) as f64;
            print!(" {:>14.1} {:>12.2}", each, micros as f64 / 1000.0 / syncs.max(1) as f64);
        }
    }
    println!();
}

/// Measures a journal with a million rows, of which a thousand are open.
fn million(folder: &Path) {
    let path = folder.join("million");
    let sandbox = Sandbox::start("").expect("a sandbox");
    client(&sandbox, Some((&path, "full"))).sessions().start(&request()).expect("a session");
    let connection = rusqlite::Connection::open(&path).expect("the journal");
    connection.busy_timeout(Duration::from_secs(60)).expect("a timeout");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        INSERT INTO sessions (state, operation, call_id, host, player_id, game_id, currency, process, started_at,
            outcome_at, code, session_id, expires_at, ended_at)
        SELECT iif(i % 1000 = 0, 'open', 'ended'), 'start_a_game_session', printf('%032x', i), '127.0.0.1:8080',
            'player-' || i, '123', 'USD', 1, 1700000000000 + i, 1700000000000 + i, 0, printf('%032x', i),
            '2030-01-01T00:00:00Z', 1700000000000 + i FROM n";
    connection.execute(sql, ()).expect("rows");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).expect("a checkpoint");
    drop(connection);
    let bytes = std::fs::metadata(&path).expect("the file").len();
    println!("\n1,000,000 rows: {bytes} bytes, {} a row", bytes / 1_000_000);
    let client = client(&sandbox, Some((&path, "full")));
    let timed = |name: &str, work: &dyn Fn()| {
        let started = Instant::now();
        work();
        println!("  {name:42} {:>10.2} ms", started.elapsed().as_secs_f64() * 1000.0);
    };
    timed("first start, with opening the file", &|| {
        drop(client.sessions().start(&request()).expect("a session"))
    });
    timed("another start", &|| drop(client.sessions().start(&request()).expect("a session")));
    let journal = client.journal().expect("a journal");
    timed("the 1,000 open sessions", &|| {
        assert_eq!(journal.open(&JournalFilter::default()).expect("entries").len(), 1000);
    });
    timed("1,000 ended sessions of 1,000,000", &|| {
        let mut filter = JournalFilter::default();
        filter.states = vec![SessionState::Ended];
        assert_eq!(journal.open(&filter).expect("entries").len(), 1000);
    });
    timed("compact: removing 999,000 rows", &|| {
        assert_eq!(journal.compact(Duration::from_secs(1)).expect("removed"), 999_000);
    });
}

fn main() {
    // Cargo passes `--bench`.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = folder.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    println!(
        "{:32} {:>10} {:>10} {:>10} {:>14} {:>12}",
        "starts a second", "without", "normal", "full", "starts a sync", "ms a sync"
    );
    row("1 thread, one commit a call", folder.path(), |client| blocking(client, 1));
    row("8 threads", folder.path(), |client| blocking(client, 8));
    row("32 threads", folder.path(), |client| blocking(client, 32));
    row("32 in flight", folder.path(), |client| submitted(client, 32));
    row("1,000 in flight", folder.path(), |client| submitted(client, 1000));
    million(folder.path());
}
