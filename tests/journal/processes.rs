//! Several clients, threads and processes share a file.

use iplaygames::{Client, SessionState};

use crate::fixture::{Fixture, builder, read, request, total};
use crate::support::child;

const STARTS: usize = 10;

#[test]
fn sixteen_processes_share_a_file() {
    const NAME: &str = "processes::sixteen_processes_share_a_file";
    const PROCESSES: usize = 16;
    if child::is(NAME) {
        let client = Client::builder()
            .base_url(&child::given("SANDBOX"))
            .api_key(&child::given("KEY"))
            .journal(child::given("JOURNAL"))
            .build()
            .unwrap();
        for start in 0..STARTS {
            let id = client.sessions().start(&request("p")).unwrap().session_id;
            if start % 2 == 0 {
                client.sessions().end(&id).unwrap();
            }
        }
        return;
    }
    let fixture = Fixture::new();
    let path = fixture.path();
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                let environment = [
                    ("SANDBOX", fixture.sandbox.base_url()),
                    ("KEY", fixture.sandbox.api_key()),
                    ("JOURNAL", path.to_str().unwrap()),
                ];
                child::run(NAME, &environment);
            });
        }
    });
    assert_eq!(total(&fixture.sandbox), (PROCESSES * STARTS) as u64);
    assert_eq!(read::<i64>(&path, "SELECT sessions FROM totals"), (PROCESSES * STARTS) as i64);
    assert_eq!(fixture.list(&[]).len(), PROCESSES * STARTS / 2);
    assert_eq!(read::<i64>(&path, "SELECT count(DISTINCT process) FROM sessions"), PROCESSES as i64);
    assert_eq!(read::<String>(&path, "PRAGMA integrity_check"), "ok");
}

#[test]
fn clients_and_threads_of_one_process_share_a_file() {
    const THREADS: usize = 8;
    let fixture = Fixture::new();
    let other = builder(&fixture.sandbox).journal(fixture.path()).build().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let client = if thread % 2 == 0 { &fixture.client } else { &other };
            scope.spawn(move || {
                for _ in 0..STARTS {
                    client.sessions().start(&request("p")).unwrap();
                }
            });
        }
    });
    drop(other);
    assert_eq!(fixture.list(&[]).len(), THREADS * STARTS);
    let result = fixture.client.journal().unwrap().end_all(&Default::default(), |_| true).unwrap();
    assert_eq!(result.ended, (THREADS * STARTS) as u64);
    assert_eq!(fixture.list(&[SessionState::Ended]).len(), THREADS * STARTS);
}
