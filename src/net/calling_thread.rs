//! Checks whether the calling thread may block on I/O.

use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::coop;

use crate::codes::Code;
use crate::error::Error;

/// Checks that this thread can drive the I/O of a call. Called before a call begins.
///
/// # Errors
///
/// [`Code::SHUT_DOWN`] on a thread that is exiting, [`Code::UNSUPPORTED`] inside an asynchronous
/// task.
pub(super) fn check() -> Result<(), Error> {
    if is_exiting() {
        return Err(Error::new(
            Code::SHUT_DOWN,
            "This thread is ending (a thread-local destructor or an exit handler): it can make no calls.",
        ));
    }
    if is_in_async_context() {
        return Err(Error::new(
            Code::UNSUPPORTED,
            "A blocking call was made inside an asynchronous task of Tokio: it would stop the task's thread. \
             Use tokio::task::spawn_blocking.",
        ));
    }
    Ok(())
}

/// Returns whether the thread-local state of Tokio is destroyed: the thread is exiting.
pub(super) fn is_exiting() -> bool {
    Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

/// Returns whether a Tokio runtime is polling this code. That is possible in a Rust host, which
/// shares its Tokio with this crate; blocking would panic there. Tokio limits a poll to 128 steps
/// of its own types, and counts steps nowhere else. So this function uses up the steps, and then
/// gives them back.
fn is_in_async_context() -> bool {
    const MORE_THAN_THE_LIMIT: usize = 256;
    if Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut steps = Vec::new();
    let is_limited = loop {
        match coop::poll_proceed(&mut context) {
            Poll::Pending => break true,
            Poll::Ready(_) if steps.len() == MORE_THAN_THE_LIMIT => break false,
            Poll::Ready(step) => steps.push(step),
        }
    };
    // Each step restores the count before it, so the first one must be dropped last.
    while steps.pop().is_some() {}
    is_limited
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn only_code_inside_a_task_counts_as_asynchronous() {
        assert!(!is_in_async_context());
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        {
            let _entered = runtime.enter();
            assert!(!is_in_async_context());
        }
        runtime.block_on(async {
            assert!(is_in_async_context());
            assert!(tokio::spawn(async { is_in_async_context() }).await.unwrap());
            assert!(!tokio::task::spawn_blocking(is_in_async_context).await.unwrap());
            // The steps that the check used were given back.
            assert!(coop::has_budget_remaining());
        });
    }
}
