//! Faults that a sanitizer must report.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

pub fn data_race() {
    static mut NUMBER: u64 = 0;
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let add = || {
        // Both have started; relaxed, so that this orders nothing.
        STARTED.fetch_add(1, Ordering::Relaxed);
        while STARTED.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        for _ in 0..1000 {
            // SAFETY: not safe, on purpose: two threads write without order.
            unsafe { *black_box(&raw mut NUMBER) += 1 };
        }
    };
    thread::scope(|scope| {
        scope.spawn(add);
        add();
    });
}

pub fn use_after_free() {
    let number = Box::into_raw(Box::new(7_u64));
    // SAFETY: not safe, on purpose: the second line reads what the first freed.
    unsafe {
        drop(Box::from_raw(number));
        println!("{}", number.read_volatile());
    }
}

pub fn leak() {
    // On a thread of its own, whose stack is gone when leaks are looked for.
    thread::spawn(|| std::mem::forget(black_box(vec![7_u8; 4321]))).join().unwrap();
}
