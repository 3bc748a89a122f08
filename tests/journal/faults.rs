//! Broken disks and files: a start is refused before it is sent, a success stays a success, and a
//! client that starts no session is not disturbed.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iplaygames::{CallOptions, Code, Error, LogLevel, Outcome, SessionState};
use rusqlite::ffi;

use crate::disk::Disk;
use crate::fixture::{Fixture, builder, hooked, read, request, started};
use crate::support::TEST_TIMEOUT;

#[track_caller]
fn assert_refused(error: &Error, path: &Path) {
    assert_eq!((error.code(), error.outcome()), (Code::JOURNAL, Outcome::NotSent), "{error}");
    assert!(error.message().contains(&format!("{path:?}")), "{error}");
    assert_eq!(error.attempts(), 0);
}

#[test]
fn a_full_disk_refuses_starts_and_lets_other_calls_pass() {
    let fixture = Fixture::new();
    let disk = Disk::of(fixture.folder.path());
    let id = fixture.start("first");
    disk.fail_writes(ffi::SQLITE_FULL);
    let error = fixture.client.sessions().start(&request("second")).unwrap_err();
    assert_refused(&error, &fixture.path());
    assert!(error.message().contains("full") && error.retryable(), "{error}");
    assert_eq!(fixture.total(), 1, "nothing was sent");
    // What ends and checks sessions goes on.
    assert_eq!(fixture.client.sessions().status(&id).unwrap().status, "active");
    fixture.client.sessions().end(&id).unwrap();
    assert!(fixture.journal_stats()["failed"].as_u64().unwrap() > 0);
    disk.fail_writes(0);
    fixture.start("third");
    let may_exist = fixture.list(&[]).into_iter().map(|entry| entry.player_id.unwrap()).collect::<Vec<_>>();
    assert_eq!(may_exist, ["first", "third"], "the end of the first is not recorded");
}

#[test]
fn a_warning_does_not_contain_the_id_of_a_multi_session_which_is_a_secret() {
    let fixture = Fixture::new();
    let disk = Disk::of(fixture.folder.path());
    let arguments = r#"{"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.0.2.1",
        "game_ids": ["1", "2"]}"#;
    let options = CallOptions::default();
    fixture.client.call("start_a_multi_session", arguments, &options).unwrap();
    let token = fixture.only().session_id.unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let added = Arc::clone(&lines);
    let logger = move |line: &iplaygames::LogLine| {
        if line.target == "iplaygames::journal" {
            added.lock().unwrap().push(line.message.to_string());
        }
    };
    fixture.client.set_logger(Some(Arc::new(logger)), Some(LogLevel::Warn)).unwrap();
    disk.fail_writes(ffi::SQLITE_FULL);
    let ended = fixture.client.call("end_multi_session", &format!(r#"{{"token": "{token}"}}"#), &options);
    let call_id = ended.unwrap().call_id().to_owned();
    fixture.client.deliver_log();
    let lines = lines.lock().unwrap();
    let names_call = |line: &&String| line.contains(&call_id) && line.contains("Ended");
    assert_eq!(lines.iter().filter(names_call).count(), 1, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains(&token)), "{lines:?}");
}

#[test]
fn a_success_stays_a_success_if_its_outcome_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let disk = Disk::of(folder.path());
    let broken = Arc::clone(&disk);
    let client = hooked(&path, move |_| {
        broken.fail_writes(ffi::SQLITE_IOERR_WRITE);
        started("session-1")
    });
    let warnings = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&warnings);
    let logger = move |line: &iplaygames::LogLine| {
        if line.target == "iplaygames::journal" && line.message.contains("outcome") {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    };
    client.set_logger(Some(Arc::new(logger)), Some(LogLevel::Warn)).unwrap();
    let session = client.sessions().start(&request("p")).unwrap();
    assert_eq!(session.session_id, "session-1");
    disk.fail_writes(0);
    assert_eq!(read::<String>(&path, "SELECT state FROM sessions"), "unknown");
    assert_eq!(warnings.load(Ordering::SeqCst), 1);
    assert!(client.stats_json().contains("\"failed\":1"), "{}", client.stats_json());
}

#[test]
fn a_file_that_is_no_journal_stops_starts_only_and_is_not_changed() {
    let other_program = |path: &Path| {
        rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    };
    let later_version = |path: &Path| {
        let sql = "PRAGMA application_id = 0x4950474A; PRAGMA user_version = 1000; CREATE TABLE sessions (x)";
        rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    let makers: [&dyn Fn(&Path); 4] = [
        &|path| std::fs::write(path, "notes of someone\n".repeat(1000)).unwrap(),
        &other_program,
        &later_version,
        &|path| std::fs::create_dir(path).unwrap(),
    ];
    for (index, make) in makers.into_iter().enumerate() {
        let fixture = Fixture::new();
        make(&fixture.path());
        let before = std::fs::read(fixture.path()).ok();
        let error = fixture.client.sessions().start(&request("p")).unwrap_err();
        assert_refused(&error, &fixture.path());
        assert!(!error.retryable(), "{index}: {error}");
        assert_eq!(fixture.total(), 0, "{index}");
        fixture.client.call("list_games", "", &CallOptions::default()).unwrap();
        let error = fixture.client.journal().unwrap().open(&Default::default()).unwrap_err();
        assert_eq!(error.code(), Code::JOURNAL, "{index}");
        assert!(std::fs::read(fixture.path()).ok() == before, "{index}: the file was changed");
    }
}

#[test]
fn a_folder_that_does_not_exist_refuses_starts() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("missing").join("journal");
    let client = builder(&fixture.sandbox).journal(&path).build().unwrap();
    assert_refused(&client.sessions().start(&request("p")).unwrap_err(), &path);
    assert_eq!(fixture.total(), 0);
    // A later start succeeds without a new client.
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    client.sessions().start(&request("p")).unwrap();
}

/// The administrator may write to files that are read-only, so the simulated disk refuses.
#[test]
fn a_disk_that_is_read_only_or_broken_refuses_starts() {
    for code in [ffi::SQLITE_READONLY, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CORRUPT] {
        let fixture = Fixture::new();
        let disk = Disk::of(fixture.folder.path());
        fixture.start("first");
        disk.fail_writes(code);
        let error = fixture.client.sessions().start(&request("second")).unwrap_err();
        assert_refused(&error, &fixture.path());
        assert!(!error.retryable(), "{error}");
        assert_eq!(fixture.total(), 1, "{code}");
        disk.fail_writes(0);
        fixture.start("third");
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_was_removed_or_replaced_is_created_again() {
    let fixture = Fixture::new();
    let first = fixture.start("first");
    for suffix in ["", "-wal", "-shm"] {
        let mut path = fixture.path().into_os_string();
        path.push(suffix);
        std::fs::remove_file(path).unwrap();
    }
    fixture.start("second");
    assert_eq!(read::<i64>(&fixture.path(), "SELECT count(*) FROM sessions WHERE state = 'open'"), 1);
    // The end of a session that the new file does not have succeeds.
    fixture.client.sessions().end(&first).unwrap();
    std::fs::rename(fixture.path(), fixture.folder.path().join("old")).unwrap();
    fixture.start("third");
    let players: Vec<_> = fixture.list(&[]).into_iter().map(|entry| entry.player_id.unwrap()).collect();
    assert!(players.contains(&"third".to_owned()), "{players:?}");
}

#[test]
#[cfg(unix)]
fn a_replaced_file_keeps_the_log_of_its_new_owner() {
    let fixture = Fixture::new();
    fixture.start("first");
    for suffix in ["", "-wal", "-shm"] {
        let mut path = fixture.path().into_os_string();
        path.push(suffix);
        std::fs::remove_file(path).unwrap();
    }
    let owner = rusqlite::Connection::open(fixture.path()).unwrap();
    owner.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(())).unwrap();
    owner.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('kept')").unwrap();
    assert_refused(&fixture.client.sessions().start(&request("second")).unwrap_err(), &fixture.path());
    let log = std::fs::metadata(fixture.folder.path().join("journal-wal")).unwrap();
    assert!(log.len() > 0, "the log of the other program was removed");
}

#[test]
#[cfg(unix)]
fn an_outcome_whose_file_was_removed_is_written_to_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let removed = path.clone();
    let client = hooked(&path, move |_| {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = removed.clone().into_os_string();
            path.push(suffix);
            std::fs::remove_file(path).unwrap();
        }
        started("session-1")
    });
    client.sessions().start(&request("p")).unwrap();
    assert_eq!(read::<String>(&path, "SELECT state || ' ' || session_id FROM sessions"), "open session-1");
}

/// Removes files that SQLite keeps beside the file.
#[cfg(unix)]
fn remove_beside(path: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        std::fs::remove_file(path).unwrap();
    }
}

/// Returns the states that a process finds that opens the file now. A copy is read: in this process
/// SQLite would find the removed files, which the client has open.
#[cfg(unix)]
fn states_for_others(path: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    std::fs::copy(path, &copy).unwrap();
    let [log, log_copy] = [path, &copy].map(|path| {
        let mut path = path.as_os_str().to_owned();
        path.push("-wal");
        path
    });
    std::fs::copy(log, log_copy).unwrap();
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let sql = "SELECT group_concat(player_id || ' ' || state, ', ' ORDER BY id) FROM sessions";
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

#[test]
#[cfg(unix)]
fn a_log_that_was_removed_while_it_is_in_use_loses_no_session() {
    for suffixes in [&["-wal"][..], &["-shm"], &["-wal", "-shm"]] {
        let fixture = Fixture::new();
        fixture.start("first");
        remove_beside(&fixture.path(), suffixes);
        fixture.start("second");
        assert_eq!(states_for_others(&fixture.path()), "first open, second open", "{suffixes:?}");
        fixture.start("third");
        assert_eq!(fixture.list(&[]).len(), 3, "{suffixes:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_log_that_is_removed_all_the_time_loses_no_session() {
    const STARTS: u64 = 30;
    let fixture = Fixture::new();
    let has_ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = fixture.path().into_os_string();
            log.push("-wal");
            while !has_ended.load(Ordering::SeqCst) {
                // There may be none at this moment.
                let _ = std::fs::remove_file(&log);
            }
        });
        // A start that is refused is not sent.
        let start = |_: &u64| fixture.client.sessions().start(&request("p")).is_ok();
        let started = (0..STARTS).filter(start).count();
        has_ended.store(true, Ordering::SeqCst);
        assert_eq!(fixture.total(), started as u64);
    });
    let listed = fixture.list(&[SessionState::Open, SessionState::Unknown]).len() as u64;
    assert!(listed >= fixture.total(), "{listed} of {}", fixture.total());
}

#[test]
#[cfg(unix)]
fn an_outcome_whose_log_was_removed_is_written_once() {
    for suffixes in [&["-wal"][..], &["-shm"], &["-wal", "-shm"]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let removed = path.clone();
        let client = hooked(&path, move |_| {
            remove_beside(&removed, suffixes);
            started("session-1")
        });
        client.sessions().start(&request("p")).unwrap();
        assert_eq!(states_for_others(&path), "p open", "{suffixes:?}");
    }
}

#[test]
fn a_locked_file_delays_a_start() {
    let fixture = Fixture::new();
    fixture.start("first");
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.busy_timeout(TEST_TIMEOUT).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| fixture.start("second"));
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(fixture.total(), 1, "the second start was sent before its record was written");
        connection.execute_batch("COMMIT").unwrap();
        start.join().unwrap();
    });
    // A start whose time runs out meanwhile is not sent, and leaves nothing that may exist.
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut options = CallOptions::default();
    options.timeout = Some(Duration::from_millis(200));
    let error = fixture.client.sessions().with_options(options).start(&request("third")).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::NotSent), "{error}");
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!((fixture.list(&[]).len(), fixture.total()), (2, 2));
}

#[test]
fn a_clock_that_goes_back_loses_no_session() {
    let fixture = Fixture::new();
    fixture.start("first");
    // The row is from the future, as if the clock had been set back since.
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.busy_timeout(TEST_TIMEOUT).unwrap();
    connection.execute("UPDATE sessions SET started_at = started_at + 1000000000", ()).unwrap();
    let second = fixture.start("second");
    let players: Vec<_> = fixture.list(&[]).into_iter().map(|entry| entry.player_id.unwrap()).collect();
    assert_eq!(players, ["first", "second"], "the order of the starts");
    fixture.client.sessions().end(&second).unwrap();
    assert_eq!(fixture.client.journal().unwrap().compact(Duration::ZERO).unwrap(), 1);
    assert_eq!(fixture.only().state, SessionState::Open);
}
