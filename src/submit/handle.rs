//! The handle of a submitted call for Rust hosts, which is also a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::call::SubmittedCall;
use super::event::{CallResult, Notify};
use super::updates::WatchState;
use crate::codes::Code;
use crate::error::Error;
use crate::net::call_cell::CallReport;
use crate::net::driver::forked_child_error;

/// A call in flight. Dropping the handle forgets the call: the call is canceled if it has not
/// ended, and its callback does not run. Dropping does not block.
///
/// There are two ways to get the result, and each is sufficient. The host calls
/// [`try_result`](Call::try_result) or [`wait`](Call::wait), or it passes a callback to
/// [`submit`](crate::Client::submit) and calls [`tick`](crate::Client::tick). The I/O of the call
/// runs on a thread that ticks or waits on the client, or on the client's I/O thread if the
/// configuration has `"io_thread": true`.
///
/// A call is also a future for any executor. A thread must then drive the client: the I/O
/// thread, or a thread that ticks.
pub struct Call {
    /// None after the handle has been detached or forgotten.
    submitted: Option<Arc<SubmittedCall>>,
    /// The wait of the future, from its first poll on.
    waiting: Option<Pin<Box<dyn Future<Output = Arc<CallReport>> + Send + Sync>>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shared = self.submitted.as_ref().map(|submitted| &submitted.shared);
        f.debug_struct("Call")
            .field("operation", &shared.and_then(|shared| shared.operation).map(|operation| operation.id))
            .field("call_id", &shared.map(|shared| shared.call_id.as_str()))
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn new(submitted: Arc<SubmittedCall>) -> Call {
        Call { submitted: Some(submitted), waiting: None }
    }

    fn submitted(&self) -> Result<&Arc<SubmittedCall>, Error> {
        let submitted = self.submitted.as_ref().ok_or_else(forked_child_error)?;
        submitted.check_process()?;
        Ok(submitted)
    }

    /// Returns the id of the call, which is sent as `X-Request-Id`.
    pub fn id(&self) -> &str {
        self.submitted.as_ref().map_or("", |submitted| submitted.call_id())
    }

    /// Returns the result if the call has ended. Every later poll returns the same result. Performs
    /// no I/O.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_HANDLE`] in a forked child, for a call of its parent.
    pub fn try_result(&self) -> Result<Option<&CallResult>, Error> {
        Ok(self.submitted()?.take_result())
    }

    /// Returns the oldest update of a watch that was not taken yet, and removes it. Only a watch
    /// without a callback has such updates. An update is a reading with a new status, or the error
    /// of the last of several readings that failed in a row.
    pub fn poll_update(&self) -> Option<CallResult> {
        self.submitted().ok()?.pop_update()
    }

    /// Returns the oldest reading of a watch that was not taken yet, and removes it. Only a watch
    /// without a callback and with [`keep_readings`](crate::WatchOptions::keep_readings) has
    /// readings: every status and every error, also those that are no update, and the last one. The
    /// last 64 readings that were not taken are kept.
    pub fn poll_reading(&self) -> Option<CallResult> {
        self.submitted().ok()?.shared.updates.lock().readings.pop_front()
    }

    /// Returns the state of a watch: when the last reading succeeded, and why the last reading
    /// failed.
    pub fn watch_state(&self) -> WatchState {
        self.submitted().map(|submitted| submitted.shared.updates.lock().state.clone()).unwrap_or_default()
    }

    /// Sets a function that is called when the call has a result, and when a watch has an update.
    ///
    /// The function runs with no lock held, on any thread that drives the client. It should only
    /// wake another thread up, and it must not call into the client. If there is a result or an
    /// update already, `notify` calls the function at once. The function may be called once more
    /// than necessary.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::sync::{Arc, mpsc};
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start(r#"{"api_key": "k"}"#)?;
    /// let config = format!(r#"{{"api_key": "k", "base_url": "{}", "io_thread": true}}"#, sandbox.base_url());
    /// let client = Client::new(Config::from_json(&config)?)?;
    /// let call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// let (sender, receiver) = mpsc::channel();
    /// call.notify(Arc::new(move || sender.send(()).unwrap()))?;
    /// receiver.recv().unwrap();
    /// assert!(call.try_result()?.is_some());
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Code::UNSUPPORTED`] for a call that already has a callback or a notifier; otherwise as
    /// [`Call::try_result`](crate::Call::poll).
    pub fn notify(&self, notify: Notify) -> Result<(), Error> {
        let shared = &self.submitted()?.shared;
        if shared.has_callback || shared.notify.set(Arc::clone(&notify)).is_err() {
            return Err(Error::new(Code::UNSUPPORTED, "The call already has a callback or a notifier."));
        }
        // The notifier is set before the queue is checked. An update in between is notified twice,
        // and no update is missed.
        if !shared.updates.lock().updates.is_empty() {
            notify();
        }
        self.submitted()?.guard.cell().set_on_end(Box::new(move || notify()));
        Ok(())
    }

    /// Drives the client on this thread until the call has ended or `timeout` has passed. Returns
    /// `None` after a timeout; the call then goes on.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`](crate::Client::call) on a thread that cannot wait.
    pub fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        self.submitted()?.wait(timeout)
    }

    /// Cancels the call at once. A call that has ended keeps its result, but the file of a download
    /// whose result was not taken is removed. The connection of the call is closed the next time a
    /// thread drives the client.
    ///
    /// # Errors
    ///
    /// As [`Call::try_result`](crate::Call::poll).
    pub fn cancel(&self) -> Result<(), Error> {
        self.submitted()?.cancel();
        Ok(())
    }

    /// Drops the handle without canceling the call: its callback still runs. A call without a
    /// callback is forgotten, because nothing could receive its result.
    pub fn detach(mut self) {
        if self.submitted.as_ref().is_some_and(|submitted| submitted.has_callback()) {
            let submitted = self.submitted.take();
            if submitted.as_ref().is_some_and(|submitted| submitted.check_process().is_err()) {
                std::mem::forget(submitted);
            }
            // The client keeps the call until its callback has run.
        }
    }

    /// Forgets the call, as dropping the handle does. Returns false if the callback of this call is
    /// running on another thread at this time; the call is then gone when the callback returns.
    pub fn abandon(mut self) -> bool {
        self.forget_call()
    }

    fn forget_call(&mut self) -> bool {
        let Some(submitted) = self.submitted.take() else { return true };
        if submitted.check_process().is_err() {
            // The call belongs to the parent process. This process must not touch its data.
            std::mem::forget(submitted);
            return true;
        }
        submitted.abandon()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.forget_call();
    }
}

impl Future for Call {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<CallResult> {
        let submitted = Arc::clone(self.submitted()?);
        if let Some(result) = submitted.take_result() {
            return Poll::Ready(result.clone());
        }
        if submitted.driver.upgrade().is_some_and(|driver| !driver.has_driver()) {
            return Poll::Ready(Err(Error::new(
                Code::UNSUPPORTED,
                "No thread drives this client, so the call would never end. Configure the client with \
                 \"io_thread\": true, or call `tick`.",
            )));
        }
        let cell = Arc::clone(submitted.guard.cell());
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(async move { cell.wait().await }));
        let ended = waiting.as_mut().poll(context);
        match submitted.take_result() {
            Some(result) if ended.is_ready() => Poll::Ready(result.clone()),
            _ => Poll::Pending,
        }
    }
}
