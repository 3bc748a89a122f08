//! When the file of a journal is closed. Windows removes no file that is open. Elsewhere the file's
//! log shows it, which the last connection removes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use iplaygames::{Client, Code, JournalFilter, SessionState};
use rusqlite::Connection;

use crate::fixture::{ALL, Fixture, builder, request};
use crate::support::TEST_TIMEOUT;

fn is_open(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_file = |entry: std::fs::DirEntry| std::fs::read_link(entry.path()).is_ok_and(|file| file == path);
    let has_descriptor = || std::fs::read_dir("/proc/self/fd").is_ok_and(|open| open.flatten().any(is_file));
    Path::new(&log).exists() || (cfg!(target_os = "linux") && has_descriptor())
}

fn wait_until_closed(path: &Path) {
    let until = Instant::now() + TEST_TIMEOUT;
    while is_open(path) {
        assert!(Instant::now() < until, "the file stays open");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_shutdown_closes_the_file() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    assert!(is_open(&fixture.path()));
    fixture.client.shutdown(TEST_TIMEOUT).unwrap();
    assert!(!is_open(&fixture.path()));
    std::fs::remove_file(fixture.path()).unwrap();
}

#[test]
fn closing_waits_for_what_was_recorded_and_a_later_use_opens_the_file_again() {
    let fixture = Fixture::new();
    let journal = fixture.client.journal().unwrap();
    assert!(journal.close(TEST_TIMEOUT), "nothing was open");
    for round in 1..=3 {
        fixture.start("player-1");
        assert!(journal.close(TEST_TIMEOUT));
        assert!(!is_open(&fixture.path()));
        assert_eq!(fixture.list(&[SessionState::Open]).len(), round);
        assert!(is_open(&fixture.path()));
        assert!(journal.close(TEST_TIMEOUT));
        assert!(!is_open(&fixture.path()));
    }
}

#[test]
fn a_client_that_only_reads_closes_the_file() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    fixture.client.shutdown(TEST_TIMEOUT).unwrap();
    let reader = builder(&fixture.sandbox).journal(fixture.path()).build().unwrap();
    assert_eq!(reader.journal().unwrap().open(&JournalFilter::default()).unwrap().len(), 1);
    assert!(is_open(&fixture.path()));
    drop(reader);
    wait_until_closed(&fixture.path());
}

#[test]
fn closing_without_a_wait_goes_on_afterwards() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    fixture.client.close();
    let journal = fixture.client.journal().unwrap();
    assert!(journal.close(TEST_TIMEOUT));
    assert!(!is_open(&fixture.path()));
    let error = fixture.client.sessions().start(&request("player-2")).unwrap_err();
    assert_eq!(error.code(), Code::SHUT_DOWN);
    assert_eq!(fixture.only().state, SessionState::Open);
}

#[test]
fn queries_during_and_after_a_shutdown_do_not_keep_the_file_open() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    let is_shut_down = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let journal = fixture.client.journal().unwrap();
                let mut later = 0;
                while later < 20 {
                    assert_eq!(journal.open(&JournalFilter::default()).unwrap().len(), 1);
                    later += usize::from(is_shut_down.load(Ordering::SeqCst));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(20));
        fixture.client.shutdown(TEST_TIMEOUT).unwrap();
        is_shut_down.store(true, Ordering::SeqCst);
    });
    wait_until_closed(&fixture.path());
}

#[test]
fn a_query_that_waits_for_a_locked_file_during_a_shutdown_closes_it_later() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    let id = fixture.only().id;
    assert!(fixture.client.journal().unwrap().close(TEST_TIMEOUT));
    let other = Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::thread::scope(|scope| {
        let query = scope.spawn(|| fixture.client.journal().unwrap().resolve(id, "by hand"));
        std::thread::sleep(Duration::from_millis(100));
        // It waits for two seconds, and the query is not disturbed.
        fixture.client.shutdown(TEST_TIMEOUT).unwrap();
        other.execute_batch("COMMIT").unwrap();
        query.join().unwrap().unwrap();
    });
    // The other connection is the last one, and removes the log: two that close at the same moment
    // may both leave it.
    assert!(fixture.client.journal().unwrap().close(TEST_TIMEOUT));
    other.close().unwrap();
    assert!(!is_open(&fixture.path()));
    assert_eq!(fixture.only().state, SessionState::Resolved);
}

/// Another connection, such as one of another process, keeps SQLite from copying the log into the
/// file when this one is closed.
#[test]
fn a_shutdown_brings_outcomes_to_the_disk_while_the_file_is_in_use_elsewhere() {
    let fixture = Fixture::new();
    fixture.start("player-1");
    let other = Connection::open(fixture.path()).unwrap();
    let count = |connection: &Connection| {
        let sql = "SELECT count(*) FROM sessions WHERE state = 'open'";
        connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(count(&other), 1);
    fixture.start("player-2");
    fixture.client.shutdown(TEST_TIMEOUT).unwrap();
    let copy = fixture.folder.path().join("copy");
    std::fs::copy(fixture.path(), &copy).unwrap();
    assert_eq!(count(&Connection::open(copy).unwrap()), 2);
    assert_eq!(count(&other), 2);
}

#[test]
fn nothing_is_lost_while_another_client_closes_the_file_again_and_again() {
    let fixture = Fixture::new();
    let other: Client = builder(&fixture.sandbox).journal(fixture.path()).build().unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = [&fixture.client, &other, &fixture.client]
            .map(|client| {
                scope.spawn(move || {
                    for _ in 0..50 {
                        let id = client.sessions().start(&request("player-1")).unwrap().session_id;
                        client.sessions().end(&id).unwrap();
                    }
                })
            })
            .into();
        let journals = [&fixture.client, &other].map(|client| client.journal().unwrap());
        while !threads.iter().all(|thread| thread.is_finished()) {
            for journal in &journals {
                let _ = journal.close(Duration::from_millis(1));
            }
        }
    });
    let entries = fixture.list(&ALL);
    assert_eq!(entries.len(), 150);
    assert!(entries.iter().all(|entry| entry.state == SessionState::Ended), "{entries:?}");
    assert_eq!(fixture.journal_stats()["failed"], 0);
    assert_eq!(fixture.total(), 150);
}
