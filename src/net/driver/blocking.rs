//! Blocking calls: runs a call to its end on the calling thread, and waits for a submitted call.
//! Contains no runtime; [`Driver::drive`] runs it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{Driver, forked_child_error};
use crate::error::Error;
use crate::net::call_cell::{CallCell, CallReport, run_guarded};
use crate::net::retry_loop::{self, CallSpec};
use crate::net::transport::Transport as _;

impl Driver {
    /// Runs a call to its end on the calling thread.
    pub(crate) fn call(&self, spec: CallSpec) -> Result<CallReport, Error> {
        self.check_blocking()?;
        let call = self.register()?;
        let report = {
            // Polled here and not in a task: no other thread has to be woken.
            let run = pin!(retry_loop::run(self.context(), spec, Arc::clone(call.cell())));
            let guarded = pin!(run_guarded(Arc::clone(call.cell()), run));
            self.drive(end_of(call.cell(), guarded)).or_else(|error| ended_or(call.cell(), error))?
        };
        self.close_dropped();
        call.unregister();
        Ok(Arc::unwrap_or_clone(report))
    }

    /// Runs a call to its end on the calling thread, and asks `go_on` at intervals, outside of the
    /// runtime and with no lock held. Cancels the call when the answer is no.
    pub(crate) fn call_cancellable(
        &self,
        spec: CallSpec,
        interval: Duration,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<CallReport, Error> {
        self.check_blocking()?;
        let call = self.register()?;
        let run = Box::pin(retry_loop::run(self.context(), spec, Arc::clone(call.cell())));
        let mut guarded = Box::pin(run_guarded(Arc::clone(call.cell()), run));
        let report = loop {
            let end = end_of(call.cell(), guarded.as_mut());
            match self.drive(async { tokio::time::timeout(interval, end).await.ok() }) {
                Ok(Some(report)) => break report,
                Ok(None) => {}
                Err(error) if self.is_ours() => break ended_or(call.cell(), error)?,
                Err(error) => {
                    std::mem::forget(guarded);
                    return Err(error);
                }
            }
            if !go_on() {
                call.cell().cancel();
            }
            if !self.is_ours() {
                // `go_on` forked, and this is the child. The connection and the semaphore's queue
                // belong to the parent.
                std::mem::forget(guarded);
                return Err(forked_child_error());
            }
        };
        drop(guarded);
        self.close_dropped();
        call.unregister();
        Ok(Arc::unwrap_or_clone(report))
    }

    /// Lets the tasks run that close the connection of a call that has ended before its response.
    /// Otherwise the connection stays open until a thread drives the next call.
    fn close_dropped(&self) {
        if self.transport().take_unclosed() {
            // An error means that there are no connections any more.
            let _ = self.drive(async {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            });
        }
    }

    /// Drives until a call has ended or the timeout has passed.
    pub(crate) fn wait(&self, cell: &CallCell, timeout: Duration) -> Result<Option<Arc<CallReport>>, Error> {
        if let Some(report) = cell.report() {
            return Ok(Some(report));
        }
        self.check_blocking()?;
        self.drive(async { tokio::time::timeout(timeout, cell.wait()).await.ok() })
            .or_else(|error| ended_or(cell, error).map(Some))
    }
}

/// Polls the task of a call until the call has ended. The end is checked first: the task of a call
/// that was canceled on another thread is not polled again.
async fn end_of(cell: &CallCell, mut task: Pin<&mut impl Future<Output = ()>>) -> Arc<CallReport> {
    let mut ended = pin!(cell.wait());
    poll_fn(|context| {
        if let Poll::Ready(report) = ended.as_mut().poll(context) {
            return Poll::Ready(report);
        }
        match task.as_mut().poll(context) {
            Poll::Ready(()) => ended.as_mut().poll(context),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Returns the report of a call that has ended, else the error.
fn ended_or(cell: &CallCell, error: Error) -> Result<Arc<CallReport>, Error> {
    cell.report().ok_or(error)
}
