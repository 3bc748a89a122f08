//! A loss of power: the files then have what was synced, and an arbitrary part of the other writes.
//! Every start that was sent before is still in the journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::{Client, Config};

use crate::disk::Disk;
use crate::fixture::{Hook, request, started};
use crate::support::length::rounds;
use crate::support::{START, TEST_TIMEOUT, options};

/// A folder after a loss of power, and the calls that had been sent by then.
struct Cut {
    folder: tempfile::TempDir,
    sent: BTreeSet<String>,
}

/// A client whose every request is a loss of power: what it leaves is kept, and the request is
/// answered.
struct Scene {
    folder: tempfile::TempDir,
    client: Client,
    disk: Arc<Disk>,
    cuts: Arc<Mutex<Vec<Cut>>>,
}

fn scene(durability: &str, seed: u64) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::of(folder.path());
    let cuts = Arc::new(Mutex::new(Vec::new()));
    let config = format!(
        r#"{{"api_key": "k", "base_url": "http://127.0.0.1:1", "max_in_flight": 5000,
            "journal": {{"path": {:?}, "durability": "{durability}"}}}}"#,
        folder.path().join("journal")
    );
    let mut config = Config::from_json(&config).unwrap();
    let (here, kept) = (Arc::clone(&disk), Arc::clone(&cuts));
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    let sent = Mutex::new(BTreeSet::new());
    let hook = Hook(move |request: &iplaygames::HostRequest<'_>| {
        let call_id = request.headers.iter().find(|(name, _)| *name == "x-request-id").unwrap().1;
        sent.lock().unwrap().insert(call_id.to_owned());
        let mut random = random.lock().unwrap();
        let share = [0.0, 0.5, 1.0][random.usize(0..3)];
        if random.u32(0..4) == 0 {
            let folder = tempfile::tempdir().unwrap();
            here.cut_power(folder.path(), || random.f64() < share);
            kept.lock().unwrap().push(Cut { folder, sent: sent.lock().unwrap().clone() });
        }
        started(&format!("session-{call_id}"))
    });
    config.set_host_transport(Arc::new(hook)).unwrap();
    Scene { folder, client: Client::new(config).unwrap(), disk, cuts }
}

/// Returns the call ids that a journal has after a loss of power; None if it cannot be read.
fn call_ids(folder: &Path) -> Option<BTreeSet<String>> {
    let connection = rusqlite::Connection::open(folder.join("journal")).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).ok()?;
    assert_eq!(check, "ok");
    let mut statement = connection.prepare("SELECT call_id FROM sessions").ok()?;
    let rows = statement.query_map((), |row| row.get(0)).unwrap();
    Some(rows.map(Result::unwrap).collect())
}

/// Starts sessions one after the other and together. Returns how many cuts lost a start that was
/// sent, and how many cuts there were.
fn lost(durability: &str, seed: u64) -> (usize, usize) {
    let scene = scene(durability, seed);
    for player in 0..20 {
        scene.client.sessions().start(&request(&format!("player-{player}"))).unwrap();
        if player % 5 == 0 {
            // The log is copied into the database, and begins anew.
            let path = scene.folder.path().join("journal");
            let connection = rusqlite::Connection::open(path).unwrap();
            let _ = connection.query_row("PRAGMA wal_checkpoint(RESTART)", (), |_| Ok(()));
        }
    }
    let calls: Vec<_> = (0..100)
        .map(|_| scene.client.submit("start_a_game_session", START, &options(), None).unwrap())
        .collect();
    for call in &calls {
        call.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap();
    }
    let cuts = scene.cuts.lock().unwrap();
    let is_lost = |cut: &&Cut| {
        call_ids(cut.folder.path()).is_none_or(|ids| !cut.sent.iter().all(|id| ids.contains(id)))
    };
    (cuts.iter().filter(is_lost).count(), cuts.len())
}

#[test]
fn every_start_that_was_sent_survives_a_loss_of_power() {
    for seed in 0..rounds(20, 4) {
        let (lost, cuts) = lost("full", seed);
        assert!(cuts > 5, "seed {seed}: hardly any cuts");
        assert_eq!(lost, 0, "seed {seed}: of {cuts} cuts");
    }
}

/// Shows that the simulation loses what is not synced.
#[test]
fn without_full_durability_a_loss_of_power_loses_starts() {
    let (lost, cuts) = lost("normal", 1);
    assert!(lost > cuts / 4, "{lost} of {cuts}");
}

#[test]
fn the_outcome_of_the_last_start_reaches_the_disk_without_another_start() {
    let scene = scene("full", 7);
    scene.client.sessions().start(&request("player")).unwrap();
    let survives = || {
        let folder = tempfile::tempdir().unwrap();
        scene.disk.cut_power(folder.path(), || false);
        let path: PathBuf = folder.path().join("journal");
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT count(*) FROM sessions WHERE state = 'open' AND session_id IS NOT NULL";
        connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap() == 1
    };
    let started = Instant::now();
    while !survives() {
        assert!(started.elapsed() < TEST_TIMEOUT, "the outcome never reached the disk");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_start_whose_record_cannot_be_synced_is_not_sent() {
    let scene = scene("full", 3);
    scene.client.sessions().start(&request("first")).unwrap();
    let before = scene.disk.syncs();
    assert!(before > 0);
    scene.disk.fail_syncs(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let error = scene.client.sessions().start(&request("second")).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (iplaygames::Code::JOURNAL, iplaygames::Outcome::NotSent));
    scene.disk.fail_syncs(0);
    scene.client.sessions().start(&request("third")).unwrap();
}
