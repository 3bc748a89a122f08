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

/// A call in flight. Dropping it forgets the call: it is canceled if it has not ended, its callback
/// never runs, and nothing waits.
///
/// There are two ways to its result, each complete without the other: ask for it with
/// [`poll`](Call::poll) or [`wait`](Call::wait), or give a callback and [`tick`](crate::Client::tick). A call is
/// carried by whoever ticks or waits on its client, or by the client's own thread if it is configured
/// with `"background": true`.
///
/// It is a future as well, for any executor; the client then needs one who drives it.
pub struct Call {
    /// None only once it was let go of.
    submitted: Option<Arc<SubmittedCall>>,
    /// The future's own.
    waiting: Option<Pin<Box<dyn Future<Output = Arc<CallReport>> + Send + Sync>>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shared = self.submitted.as_ref().map(|submitted| &submitted.shared);
        f.debug_struct("Call")
            .field("operation", &shared.map(|shared| shared.operation.id))
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

    /// The id of the call, as it is sent.
    pub fn id(&self) -> &str {
        self.submitted.as_ref().map_or("", |submitted| submitted.call_id())
    }

    /// The result, if it is there; as often as asked. Never drives.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_HANDLE`] in a forked child, for a call of its parent.
    pub fn poll(&self) -> Result<Option<&CallResult>, Error> {
        Ok(self.submitted()?.take_result())
    }

    /// Returns, of a watch without a callback, the oldest update that was not taken yet, each once: a reading with
    /// another status, or the error of the last of several readings that failed.
    pub fn poll_update(&self) -> Option<CallResult> {
        self.submitted().ok()?.pop_update()
    }

    /// Returns what is known of a watch: when it was read last, and why the last reading failed.
    pub fn watch_state(&self) -> WatchState {
        self.submitted().map(|submitted| submitted.shared.updates.lock().state.clone()).unwrap_or_default()
    }

    /// Sets what is told whenever there is something new to ask for: the end, and of a watch each change. It
    /// is told with no lock held, on whatever thread is at work, also on one that drives: it should do no
    /// more than wake somebody up, and must not call into the client. What came before is told at once;
    /// once too often is possible.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::sync::{Arc, mpsc};
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start(r#"{"api_key": "k"}"#)?;
    /// let config = format!(r#"{{"api_key": "k", "base_url": "{}", "background": true}}"#, sandbox.base_url());
    /// let client = Client::new(Config::from_json(&config)?)?;
    /// let call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// let (sender, receiver) = mpsc::channel();
    /// call.notify(Arc::new(move || sender.send(()).unwrap()))?;
    /// receiver.recv().unwrap();
    /// assert!(call.poll()?.is_some());
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Code::UNSUPPORTED`] for a call that has a callback, or was given a notifier already; else as
    /// [`Call::poll`](crate::Call::poll).
    pub fn notify(&self, notify: Notify) -> Result<(), Error> {
        let shared = &self.submitted()?.shared;
        if shared.has_callback || shared.notify.set(Arc::clone(&notify)).is_err() {
            return Err(Error::new(Code::UNSUPPORTED, "The call already has a callback or a notifier."));
        }
        // Set first, looked at second: what comes in between is told twice, and nothing never.
        if !shared.updates.lock().updates.is_empty() {
            notify();
        }
        self.submitted()?.guard.cell().set_on_end(Box::new(move || notify()));
        Ok(())
    }

    /// Drives until the result is there, for so long at most.
    ///
    /// # Errors
    ///
    /// As [`Client::call`](crate::Client::call) where this thread cannot wait.
    pub fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        self.submitted()?.wait(timeout)
    }

    /// Ends the call at once; one that has ended stays as it is. The connection it was using is closed as
    /// soon as somebody drives.
    ///
    /// # Errors
    ///
    /// As [`Call::poll`](crate::Call::poll).
    pub fn cancel(&self) -> Result<(), Error> {
        self.submitted()?.cancel();
        Ok(())
    }

    /// Lets go of the call without ending it: its callback will run. A call without a callback has nothing
    /// to go on for, and is forgotten.
    pub fn detach(mut self) {
        if self.submitted.as_ref().is_some_and(|submitted| submitted.callback.is_some()) {
            let submitted = self.submitted.take();
            if submitted.as_ref().is_some_and(|submitted| submitted.check_process().is_err()) {
                std::mem::forget(submitted);
            }
            // The client holds it until its callback has run.
        }
    }

    /// Forgets the call, as dropping it does; says whether that is complete. It is not while the call's
    /// very callback is running on another thread: then the callback's return completes it.
    pub fn forget(mut self) -> bool {
        self.let_go()
    }

    fn let_go(&mut self) -> bool {
        let Some(submitted) = self.submitted.take() else { return true };
        if submitted.check_process().is_err() {
            // The parent's: what is behind it must not be touched from here.
            std::mem::forget(submitted);
            return true;
        }
        submitted.forget()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.let_go();
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
                "Nobody drives this client, so the call would never end: configure it with \
                 \"background\": true, or tick it.",
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
