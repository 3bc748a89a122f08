//! What can be saved from a damaged file.

use iplaygames::{Code, SessionJournal, SessionState};

use crate::fixture::{Fixture, builder, read};
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
