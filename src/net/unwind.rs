//! Panics of tasks: caught, so that each call still ends once and the runtime goes on.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Polls a future; a panic is its message.
pub(crate) fn poll<F: Future>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Result<Poll<F::Output>, String> {
    // A future that panicked is not polled again, and what it shares is behind locks whose sections leave it whole.
    run(|| future.poll(context))
}

/// Runs a function; a panic is its message.
pub(crate) fn run<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic_message(&*panic).to_owned();
        // Dropping what a panic carries may panic again.
        std::mem::forget(panic);
        message
    })
}

/// Runs a future to its end; a panic is its message.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| match poll(future.as_mut(), context) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}

/// Returns the text of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&'static str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "the panic has no message",
    }
}
