//! Catches panics of tasks, so that every call still ends once and the runtime continues.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

pub(crate) use crate::panics::run;

/// A point at which a test can make this thread panic. It does nothing outside of tests.
#[inline(always)]
pub(super) fn injection_point() {
    #[cfg(test)]
    injection::pass();
}

/// Polls a future. A panic becomes an error with the panic message.
pub(crate) fn poll<F: Future>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Result<Poll<F::Output>, String> {
    // A future that panicked is not polled again. Its shared state is behind locks, and every
    // locked section leaves the state consistent.
    run(|| future.poll(context))
}

/// Awaits a future. A panic becomes an error with the panic message.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| match poll(future.as_mut(), context) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}

#[cfg(test)]
pub(super) mod injection {
    use std::cell::Cell;

    thread_local! {
        static PASSED: Cell<u64> = const { Cell::new(0) };
        static PANIC_AT: Cell<u64> = const { Cell::new(u64::MAX) };
    }

    /// Counts the injection points that this thread passes from now on. It panics once, at the one
    /// with this number, counted from zero.
    pub(crate) fn panic_at(number: u64) {
        PASSED.set(0);
        PANIC_AT.set(number);
    }

    /// Returns how many injection points this thread has passed since then.
    pub(crate) fn passed() -> u64 {
        PASSED.get()
    }

    pub(super) fn pass() {
        let number = PASSED.replace(PASSED.get() + 1);
        assert!(number != PANIC_AT.get(), "an injected panic, at point {number}");
    }
}
