//! What can be saved from a damaged file.

use std::path::Path;

use iplaygames::{Client, Code, SessionJournal, SessionState};

use crate::fixture::{Fixture, builder, hooked, read, request, started};
use crate::support::length::rounds;

const SESSIONS: usize = 200;

/// A journal with open and ended sessions, whose file has everything.
fn journal() -> Fixture {
    let fixture = Fixture::new();
    for player in 0..SESSIONS {
        let id = fixture.start(&format!("player-{player}"));
        if player % 2 == 0 {
            fixture.client.sessions().end(&id).unwrap();
        }
    }
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    fixture
}

#[test]
fn a_whole_file_is_recovered_completely() {
    let fixture = journal();
    let new = fixture.folder.path().join("new");
    let recovered = SessionJournal::recover(fixture.path(), &new).unwrap();
    assert_eq!((recovered.entries, recovered.not_closed), (SESSIONS as u64, SESSIONS as u64 / 2));
    let client = builder(&fixture.sandbox).journal(&new).build().unwrap();
    assert_eq!(client.journal().unwrap().open(&Default::default()).unwrap(), fixture.list(&[]));
    // The new file exists.
    let error = SessionJournal::recover(fixture.path(), &new).unwrap_err();
    assert_eq!(error.code(), Code::JOURNAL);
    assert_eq!(read::<i64>(&new, "SELECT sessions FROM totals"), SESSIONS as i64);
}

#[test]
fn what_is_in_the_log_only_is_recovered() {
    let fixture = Fixture::new();
    let id = fixture.start("first");
    fixture.start("second");
    fixture.client.sessions().end(&id).unwrap();
    // A copy of the files of a process that was killed.
    let killed = fixture.folder.path().join("killed");
    std::fs::write(&killed, "").unwrap();
    std::fs::copy(fixture.folder.path().join("journal-wal"), fixture.folder.path().join("killed-wal"))
        .unwrap();
    let new = fixture.folder.path().join("new");
    let recovered = SessionJournal::recover(&killed, &new).unwrap();
    assert_eq!((recovered.entries, recovered.not_closed), (2, 1));
}

#[cfg(unix)]
#[test]
fn the_log_is_found_through_a_symbolic_link() {
    let fixture = Fixture::new();
    fixture.start("first");
    let killed = fixture.folder.path().join("killed");
    std::fs::write(&killed, "").unwrap();
    std::fs::copy(fixture.folder.path().join("journal-wal"), fixture.folder.path().join("killed-wal"))
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(&killed, &link).unwrap();
    let recovered = SessionJournal::recover(&link, elsewhere.path().join("new")).unwrap();
    assert_eq!((recovered.entries, recovered.not_closed), (1, 1));
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let fixture = journal();
    let (damaged, new) = (fixture.folder.path().join("damaged"), fixture.folder.path().join("new"));
    std::fs::copy(fixture.path(), &damaged).unwrap();
    std::fs::create_dir(fixture.folder.path().join("damaged-wal")).unwrap();
    let error = SessionJournal::recover(&damaged, &new).unwrap_err();
    assert_eq!(error.code(), Code::JOURNAL);
    assert!(error.message().contains("damaged-wal"), "{error}");
    assert!(!new.exists());
}

#[test]
fn rows_that_are_longer_than_a_page_are_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = hooked(&path, |_| started("session-1"));
    // Lengths whose rest fits beside the row, and lengths whose rest does not.
    for length in [10, 4000, 4100, 5000, 8200, 20_000, 300_000] {
        client.sessions().start(&request(&"p".repeat(length))).unwrap();
    }
    let list = |path: &Path| {
        let client = Client::builder().api_key("key").journal(path).build().unwrap();
        client.journal().unwrap().open(&Default::default()).unwrap()
    };
    let in_log = folder.path().join("from-log");
    let recovered = SessionJournal::recover(&path, &in_log).unwrap();
    assert_eq!((recovered.entries, recovered.not_closed), (7, 7));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let new = folder.path().join("new");
    SessionJournal::recover(&path, &new).unwrap();
    for new in [in_log, new] {
        assert_eq!(list(&new), list(&path));
    }
}

/// A transaction that failed gives its ids back, and leaves its pages in the log.
#[test]
fn two_starts_with_one_id_are_both_recovered() {
    let fixture = Fixture::new();
    fixture.start("first");
    let path = fixture.path();
    // The next commit is in the log, and is undone: the log ends before it.
    let log = fixture.folder.path().join("journal-wal");
    let before = std::fs::read(&log).unwrap();
    fixture.start("failed");
    let failed = std::fs::read(&log).unwrap().split_off(before.len());
    let folder = tempfile::tempdir().unwrap();
    let (killed, new) = (folder.path().join("killed"), folder.path().join("new"));
    std::fs::copy(&path, &killed).unwrap();
    // Another start has the id of the one that failed, whose pages follow.
    let mut second = failed.clone();
    for at in 0..second.len() - 6 {
        if &second[at..at + 6] == b"failed" {
            second[at..at + 6].copy_from_slice(b"second");
        }
    }
    let call_ids: Vec<String> = fixture.list(&[]).into_iter().map(|entry| entry.call_id).collect();
    let (old, other) = (call_ids[1].as_bytes(), "x".repeat(call_ids[1].len()));
    for at in 0..second.len() - old.len() {
        if &second[at..at + old.len()] == old {
            second[at..at + old.len()].copy_from_slice(other.as_bytes());
        }
    }
    std::fs::write(folder.path().join("killed-wal"), [before, second, failed].concat()).unwrap();
    let recovered = SessionJournal::recover(&killed, &new).unwrap();
    assert_eq!((recovered.entries, recovered.not_closed), (3, 3));
    let players = "SELECT group_concat(player_id) FROM (SELECT player_id FROM sessions ORDER BY player_id)";
    assert_eq!(read::<String>(&new, players), "failed,first,second");
    assert_eq!(read::<i64>(&new, "SELECT count(DISTINCT id) FROM sessions"), 3);
}

#[test]
fn a_torn_file_gives_the_entries_of_its_whole_pages() {
    let fixture = journal();
    let file = std::fs::read(fixture.path()).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    let mut saved_all = 0;
    for round in 0..rounds(120, 40) {
        let mut torn = file.clone();
        match round % 4 {
            // The beginning is gone, with the header and the schema.
            0 => torn[..4096].fill(0),
            1 => torn.truncate(random.usize(0..file.len())),
            2 => (0..20).for_each(|_| torn[random.usize(0..file.len())] = random.u8(..)),
            _ => {
                let from = random.usize(0..file.len());
                torn[from..].fill(0xFF);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let (damaged, new) = (folder.path().join("damaged"), folder.path().join("new"));
        std::fs::write(&damaged, &torn).unwrap();
        let recovered = SessionJournal::recover(&damaged, &new).unwrap();
        assert!(recovered.entries <= SESSIONS as u64, "round {round}");
        saved_all += u32::from(recovered.entries == SESSIONS as u64);
        assert_eq!(read::<String>(&new, "PRAGMA integrity_check"), "ok");
        // A client that uses the damaged file fails or works, and does not crash.
        let client = builder(&fixture.sandbox).journal(&damaged).build().unwrap();
        let _ = client.sessions().start(&crate::fixture::request("p"));
        let _ = client.journal().unwrap().open(&Default::default());
    }
    assert!(saved_all >= rounds(120, 40) / 4, "a lost header loses no entry: {saved_all}");
}

#[test]
fn noise_is_recovered_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (damaged, new) = (folder.path().join("damaged"), folder.path().join("new"));
    let mut random = fastrand::Rng::with_seed(9);
    let mut noise: Vec<u8> = (0..200_000).map(|_| random.u8(..)).collect();
    // Pages that look like leaves of a table.
    noise.chunks_mut(4096).for_each(|page| page[0] = 0x0D);
    std::fs::write(&damaged, noise).unwrap();
    assert_eq!(SessionJournal::recover(&damaged, &new).unwrap().entries, 0);
    assert_eq!(read::<i64>(&new, "SELECT count(*) FROM sessions"), 0);
    let missing = SessionJournal::recover(folder.path().join("missing"), folder.path().join("other"));
    assert_eq!(missing.unwrap_err().code(), Code::JOURNAL);
    assert_eq!(SessionState::Unknown.as_str(), "unknown");
}
