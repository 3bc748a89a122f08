//! Tests of the fork handlers of `fork.rs`, with real forks.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::fork::{StaticForkSafeMutex, generation};

#[test]
fn a_child_finds_a_static_mutex_unlocked_and_its_value_consistent() {
    static PAIR: StaticForkSafeMutex<(u64, u64)> = StaticForkSafeMutex::new((0, 0));
    generation();
    let stop = AtomicBool::new(false);
    let mut statuses = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let mut pair = PAIR.lock();
                pair.0 += 1;
                std::hint::black_box(&mut pair);
                pair.1 += 1;
            }
        });
        for _ in 0..200 {
            // SAFETY: the child locks one mutex and exits without running destructors.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: the alarm ends a child that finds the mutex locked.
                unsafe { libc::alarm(60) };
                let pair = PAIR.lock();
                let code = i32::from(pair.0 != pair.1);
                // SAFETY: `_exit` flushes and drops nothing that belongs to the parent.
                unsafe { libc::_exit(code) };
            }
            let mut status = -1;
            // SAFETY: `child` is a child of this process, and `status` is writable.
            unsafe { libc::waitpid(child, &mut status, 0) };
            statuses.push(status);
            if status != 0 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(
        statuses.iter().all(|status| *status == 0),
        "256: the value was inconsistent; 14: the mutex stayed locked: {statuses:?}"
    );
}
