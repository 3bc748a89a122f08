//! Processes that start and end sessions are killed at random points. Every session that exists at
//! the server is in the journal, and no session that was reported as not sent exists.
//!
//! `make kill9` kills 1,000 processes of each kind, also of Python.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, Client, EndAllOptions, JournalFilter, Outcome, SessionState, StartedSession};
use serde_json::Value;

use crate::fixture::{ALL, builder, read, request};
use crate::support::length::rounds;
use crate::support::{TEST_TIMEOUT, options};

/// The variable that makes this program a child, with the name of its kind.
const CHILD: &str = "IPLAYGAMES_KILL9_CHILD";

/// The number of processes to kill.
const KILLS: &str = "IPLAYGAMES_KILL9";

/// The interpreter that has the package, for the processes of Python.
const PYTHON: &str = "IPLAYGAMES_KILL9_PYTHON";

fn kills() -> u64 {
    match std::env::var(KILLS) {
        Ok(kills) => kills.parse().unwrap(),
        Err(_) => rounds(50, 10),
    }
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Prints a line at once: what is printed was reported before the kill.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn child_client() -> Client {
    let client = Client::builder().base_url(&given("SANDBOX")).api_key(&given("KEY"));
    client.max_in_flight(200).journal(given("JOURNAL")).build().unwrap()
}

fn report_start(player: &str, result: Result<String, &iplaygames::Error>) {
    match result {
        Ok(session_id) => report(&format!("started {player} {session_id}")),
        Err(error) if error.outcome() == Outcome::Unknown => {}
        Err(_) => report(&format!("not_sent {player}")),
    }
}

/// Starts and ends sessions on four threads until the process is killed.
fn run_blocking(prefix: &str) {
    let client = child_client();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for number in 0.. {
                    let player = format!("{prefix}-{thread}-{number}");
                    // Some calls have too little time: also too little to wait for the id.
                    let (mut options, is_short) = (options(), number % 4 == 3);
                    if is_short {
                        options.timeout = Some(Duration::from_millis(1));
                    }
                    let started = client.sessions().with_options(options).start(&request(&player));
                    let id = |session: &StartedSession| match is_short {
                        true => String::new(),
                        false => session.session_id.clone(),
                    };
                    report_start(&player, started.as_ref().map(id));
                    if let Ok(session) = started
                        && number % 2 == 0
                    {
                        let _ = client.sessions().end(&session.session_id);
                    }
                }
            });
        }
    });
}

/// Keeps thirty starts in flight, and cancels some, until the process is killed.
fn run_submitted(prefix: &str) {
    let client = child_client();
    let mut flying: Vec<(String, Call)> = Vec::new();
    for number in 0.. {
        let player = format!("{prefix}-{number}");
        let arguments = request(&player).to_json();
        let call = client.submit("start_a_game_session", &arguments, &options(), None).unwrap();
        if number % 7 == 3 {
            let _ = client.tick(Duration::from_micros(100));
            call.cancel().unwrap();
        }
        flying.push((player, call));
        while flying.len() > 30 {
            client.tick(Duration::from_millis(1)).unwrap();
            flying.retain(|(player, call)| match call.try_result().unwrap() {
                None => true,
                Some(Ok(reply)) => {
                    let document: Value = serde_json::from_str(reply.json()).unwrap();
                    let id = document["data"]["session_id"].as_str().unwrap();
                    report_start(player, Ok(id.to_owned()));
                    if player.ends_with(['0', '2', '4']) {
                        let _ = client.sessions().end(id);
                    }
                    false
                }
                Some(Err(error)) => {
                    report_start(player, Err(error));
                    false
                }
            });
        }
    }
}

/// The same with awaited starts, in Python.
const PYTHON_CHILD: &str = r#"
import asyncio, os
from iplaygames_native import AsyncClient, IPlayGamesError

START = {"game_id": 123, "currency": "USD", "country_code": "US", "ip_address": "192.0.2.77"}

async def play(client, prefix, task):
    number = 0
    while True:
        number += 1
        player = f"{prefix}-{task}-{number}"
        calls = client.with_options(timeout=0.001) if number % 4 == 3 else client
        try:
            session = await calls.sessions.start(player_id=player, **START)
        except IPlayGamesError as error:
            if error.outcome != "unknown":
                print("not_sent", player, flush=True)
            continue
        # A call with too little time does not wait for the id, either.
        print("started", player, "" if number % 4 == 3 else session.session_id, flush=True)
        if number % 2 == 0:
            try:
                await client.sessions.end(session.session_id)
            except IPlayGamesError:
                pass

async def main():
    prefix = os.environ["PREFIX"]
    async with AsyncClient(base_url=os.environ["SANDBOX"], api_key=os.environ["KEY"],
                           journal=os.environ["JOURNAL"]) as client:
        print("ready", flush=True)
        await asyncio.gather(*(play(client, prefix, task) for task in range(8)))

asyncio.run(main())
"#;

/// This test is the program of the children, and does nothing otherwise.
#[test]
fn child() {
    let Ok(kind) = std::env::var(CHILD) else { return };
    report("ready");
    match kind.as_str() {
        "blocking" => run_blocking(&given("PREFIX")),
        _ => run_submitted(&given("PREFIX")),
    }
}

fn spawn(kind: &str, prefix: &str, sandbox: &Sandbox, journal: &Path) -> Child {
    let mut command = if kind == "python" {
        let mut command = Command::new(given(PYTHON));
        command.args(["-c", PYTHON_CHILD]);
        command
    } else {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["kill9::child", "--exact", "--nocapture", "--test-threads=1"]);
        command
    };
    let environment =
        [(CHILD, kind), ("PREFIX", prefix), ("SANDBOX", sandbox.base_url()), ("KEY", sandbox.api_key())];
    command.envs(environment).env("JOURNAL", journal);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a child at a random point, and returns what it had reported.
fn kill(mut child: Child, after: Duration) -> Vec<String> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // The test harness prints the name of the test before it, on the same line.
    while !line.trim_end().ends_with("ready") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended");
    }
    // The pipe must not become full, or the child would only wait.
    let reader = std::thread::spawn(move || read_lines(out));
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn read_lines(out: BufReader<ChildStdout>) -> Vec<String> {
    out.lines().map(Result::unwrap).collect()
}

/// Waits until the server has processed everything that a killed process had sent.
fn wait_until_idle(sandbox: &Sandbox) {
    // A later connection has a response: the server has accepted all connections before it.
    builder(sandbox).build().unwrap().call("list_games", "", &options()).unwrap();
    let started = Instant::now();
    loop {
        let counts = sandbox.control(r#"{"command": "counts"}"#).unwrap();
        let counts: Value = serde_json::from_str(&counts).unwrap();
        if counts["connections"]["open"] == 0 {
            return;
        }
        assert!(started.elapsed() < TEST_TIMEOUT, "{counts}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills processes of one kind, which share a journal, and checks after each that nothing is lost.
fn check(kind: &str, kills: u64) {
    let sandbox = Sandbox::start("").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut random = fastrand::Rng::with_seed(kills ^ kind.len() as u64);
    let (mut sessions_seen, mut without_id, mut not_sent_seen) = (0, 0, 0);
    for round in 0..kills {
        let prefix = format!("round-{round}");
        let child = spawn(kind, &prefix, &sandbox, &journal);
        let reported = kill(child, Duration::from_micros(random.u64(0..120_000)));

        wait_until_idle(&sandbox);

        let client = builder(&sandbox).journal(&journal).build().unwrap();
        let mut filter = JournalFilter::default();
        filter.states = ALL.to_vec();
        filter.limit = Some(100_000);
        let entries: BTreeMap<String, _> = match client.journal().unwrap().open(&filter) {
            Ok(entries) => {
                entries.into_iter().map(|entry| (entry.player_id.clone().unwrap(), entry)).collect()
            }
            Err(error) => panic!("round {round}: {error}"),
        };
        let sessions: Value =
            serde_json::from_str(&sandbox.control(r#"{"command": "sessions"}"#).unwrap()).unwrap();
        let mut exists = BTreeSet::new();
        for session in sessions["sessions"].as_array().unwrap() {
            let player = session["player_id"].as_str().unwrap();
            let entry = entries.get(player);
            let entry =
                entry.unwrap_or_else(|| panic!("round {round}: the session of {player} has no trace"));
            let may_exist =
                [SessionState::Unknown, SessionState::Open, SessionState::Ending, SessionState::Ended];
            assert!(may_exist.contains(&entry.state), "round {round}: {entry:?}");
            if session["status"] == "active" {
                assert_ne!(entry.state, SessionState::Ended, "round {round}: {session}");
            }
            exists.insert(player.to_owned());
            sessions_seen += 1;
            without_id += u64::from(entry.session_id.is_none());
        }
        for line in &reported {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("not_sent"), Some(player), None) => {
                    assert!(!exists.contains(player), "round {round}: {line}, and the session exists");
                    not_sent_seen += 1;
                }
                // The line may be cut off by the kill.
                (Some("started"), Some(player), Some(id)) if id.len() > 8 && exists.contains(player) => {
                    let recorded = entries[player].session_id.as_deref().unwrap_or_default();
                    assert!(recorded.starts_with(id), "round {round}: {line}: {:?}", entries[player]);
                }
                _ => {}
            }
        }
        // So that the next round has only its own sessions.
        client.journal().unwrap().end_all(&EndAllOptions::default(), |_| true).unwrap();
        for entry in client.journal().unwrap().open(&JournalFilter::default()).unwrap() {
            client.journal().unwrap().resolve(entry.id, "no id").unwrap();
        }
        client.journal().unwrap().compact(Duration::ZERO).unwrap();
        sandbox.control(r#"{"command": "reset"}"#).unwrap();
    }
    assert_eq!(read::<String>(&journal, "PRAGMA integrity_check"), "ok");
    println!(
        "{kind}: {kills} kills, {sessions_seen} sessions, {without_id} without an id, {not_sent_seen} not sent"
    );
    assert!(sessions_seen > kills, "hardly any session was started: {sessions_seen}");
}

#[test]
fn a_session_that_a_killed_process_started_with_blocking_calls_is_in_the_journal() {
    check("blocking", kills());
}

#[test]
fn a_session_that_a_killed_process_started_with_submitted_calls_is_in_the_journal() {
    check("submitted", kills());
}

#[test]
fn a_session_that_a_killed_process_of_python_started_is_in_the_journal() {
    if std::env::var_os(PYTHON).is_none() {
        println!("skipped: {PYTHON} is not set");
        return;
    }
    check("python", kills());
}
