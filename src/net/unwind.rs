//! Panics of tasks: caught, so that each call still ends once and the runtime goes on.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

pub(crate) use crate::panics::run;

/// Polls a future; a panic is its message.
pub(crate) fn poll<F: Future>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Result<Poll<F::Output>, String> {
    // A future that panicked is not polled again, and what it shares is behind locks whose sections leave it whole.
    run(|| future.poll(context))
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
