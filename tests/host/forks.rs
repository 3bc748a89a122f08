//! Parents and forked children use their own connections.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use iplaygames::Code;

use crate::fixture::{ask, port_outside, status, with_echo_outside};

use crate::support::length::rounds;
use crate::support::{child, client};

/// Forks; the child does `child` and ends with 0 if it did not panic.
fn fork(child: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child touches only what is whole in it: that this is so is what the test shows.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            let failed = catch_unwind(AssertUnwindSafe(child)).is_err();
            // SAFETY: ends the process and nothing else.
            unsafe { libc::_exit(failed.into()) }
        }
        pid => pid,
    }
}

/// Waits for a forked child, which must not have failed.
fn reap(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: the child is this process's own, and the status is written to a place that is.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0, "the forked child failed");
}

#[test]
fn a_fork_leaves_the_parents_connection_to_the_parent() {
    const NAME: &str = "forks::a_fork_leaves_the_parents_connection_to_the_parent";
    if !child::is(NAME) {
        let (connections, _) = with_echo_outside(NAME);
        assert_eq!(connections, 2, "one of the parent, one of the child that made calls");
        return;
    }
    let client = client(port_outside());
    ask(&client, "warm");
    let calling = fork(|| (0..200).for_each(|call| ask(&client, &format!("child-{call}"))));
    (0..200).for_each(|call| ask(&client, &format!("parent-{call}")));
    reap(calling);
    // A child that only drops its clients does not disturb the parent.
    let clone = client.clone();
    reap(fork(move || drop(clone)));
    reap(fork(|| {
        client.close();
        assert_eq!(status(&client, "closed").unwrap_err().code(), Code::SHUT_DOWN);
    }));
    ask(&client, "at-last");
}

#[test]
fn forks_while_other_threads_call_mix_no_answers() {
    const NAME: &str = "forks::forks_while_other_threads_call_mix_no_answers";
    if !child::is(NAME) {
        with_echo_outside(NAME);
        return;
    }
    let client = client(port_outside());
    ask(&client, "warm");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (client, stop) = (&client, &stop);
            scope.spawn(move || {
                let mut call = 0;
                while !stop.load(Ordering::Relaxed) {
                    ask(client, &format!("thread-{thread}-{call}"));
                    call += 1;
                }
            });
        }
        let rounds = catch_unwind(AssertUnwindSafe(|| {
            for round in 0..rounds(8, 3) {
                let pid = fork(|| (0..200).for_each(|call| ask(&client, &format!("child-{round}-{call}"))));
                (0..200).for_each(|call| ask(&client, &format!("parent-{round}-{call}")));
                reap(pid);
            }
        }));
        stop.store(true, Ordering::Relaxed);
        rounds.unwrap();
    });
}

#[test]
fn a_child_of_a_child_has_a_client_too() {
    const NAME: &str = "forks::a_child_of_a_child_has_a_client_too";
    if !child::is(NAME) {
        let (connections, _) = with_echo_outside(NAME);
        assert_eq!(connections, 3);
        return;
    }
    let client = client(port_outside());
    ask(&client, "first");
    reap(fork(|| {
        ask(&client, "second");
        reap(fork(|| ask(&client, "third")));
        ask(&client, "second-again");
    }));
    ask(&client, "first-again");
}
