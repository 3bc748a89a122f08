//! Forked children: they use the journal of their parent with a connection and a thread of their
//! own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use iplaygames::SessionState;

use crate::fixture::{Fixture, read, request, total};
use crate::support::child;

/// Forks; the child does `work` and ends with 0 if it did not panic.
fn fork(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child uses what is whole in it; that this is so is what the test shows.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            let failed = catch_unwind(AssertUnwindSafe(work)).is_err();
            // SAFETY: ends the process and nothing else.
            unsafe { libc::_exit(failed.into()) }
        }
        pid => pid,
    }
}

fn reap(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: the child is this process's own, and the status is a place of this function.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0, "the forked child failed");
}

#[test]
fn parents_and_children_write_to_one_journal_while_threads_start_sessions() {
    const NAME: &str = "forks::parents_and_children_write_to_one_journal_while_threads_start_sessions";
    const CHILDREN: usize = 6;
    const STARTS: usize = 8;
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    let fixture = Fixture::new();
    fixture.start("before");
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let fixture = &fixture;
            scope.spawn(move || (0..STARTS).for_each(|_| drop(fixture.start(&format!("thread-{thread}")))));
        }
        let children: Vec<_> = (0..CHILDREN)
            .map(|_| {
                fork(|| {
                    // SAFETY: ends a child that hangs.
                    unsafe { libc::alarm(60) };
                    for _ in 0..STARTS {
                        let id = fixture.client.sessions().start(&request("child")).unwrap().session_id;
                        fixture.client.sessions().end(&id).unwrap();
                    }
                })
            })
            .collect();
        children.into_iter().for_each(reap);
    });
    let path = fixture.path();
    let pid = fork(|| {
        // SAFETY: as above.
        unsafe { libc::alarm(60) };
        fixture.client.sessions().start(&request("last")).unwrap();
    });
    reap(pid);
    let expected = 1 + 3 * STARTS + CHILDREN * STARTS + 1;
    assert_eq!(total(&fixture.sandbox), expected as u64);
    assert_eq!(read::<i64>(&path, "SELECT count(*) FROM sessions"), expected as i64);
    assert_eq!(read::<i64>(&path, "SELECT sessions FROM totals"), expected as i64);
    assert_eq!(fixture.list(&[SessionState::Ended]).len(), CHILDREN * STARTS);
    assert_eq!(read::<String>(&path, "PRAGMA integrity_check"), "ok");
    let processes: i64 = read(&path, "SELECT count(DISTINCT process) FROM sessions");
    assert_eq!(processes, 2 + CHILDREN as i64);
}
