//! Calls that nobody waits for: submitting, ticking, callbacks, watching, shutting down.
//!
//! A submitted call is a task of the driver like any other; whoever ticks or waits carries it. What it
//! comes to is put into words on the thread that asks. Callbacks run inside `tick` and `shutdown` only,
//! on the thread that called them, with no lock held, one at a time.

mod registry;
mod watch;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

pub(crate) use registry::CallRegistry;
use registry::{ActiveGuard, Completion, CompletionQueue, DispatchGuard};
use watch::{Reader, UpdateQueue};
pub use watch::{WatchOptions, WatchState};

use crate::api::operation::Operation;
use crate::client::{CallOptions, Client, Core, PreparedCall, Reply, name, read};
use crate::codes::Code;
use crate::config::Secrets;
use crate::error::Error;
use crate::fork::{self, Lock};
use crate::log::{Log, LogLevel};
use crate::message::{Outcome, Repeat};
use crate::net::call_cell::CallReport;
use crate::net::driver::{Driver, forked_child_error};
use crate::net::idle_time::Budget;
use crate::net::in_flight::{InFlightGuard, shut_down_error};
use crate::net::retry_loop::CallSpec;
use crate::net::unwind;
use crate::session::{session_arguments, text_at};
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A watch that reads more often than this would be a load and no watch.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// What a call came to.
pub type CallResult = Result<Reply, Error>;

/// What a callback is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// Of a watch: the session has changed, or several readings in a row have failed; more will follow.
    Update(&'a CallResult),
    /// The end, exactly once.
    Done(&'a CallResult),
}

/// What is called in [`Client::tick`] and [`Client::shutdown`].
pub type Callback = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// What is told that there is something to ask a call for. See [`Call::notify`].
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// One submitted call.
pub(crate) struct SubmittedCall {
    core: Weak<Core>,
    /// Weak: a call that is kept for its result must not keep connections open.
    driver: Weak<Driver>,
    guard: InFlightGuard,
    callback: Option<Callback>,
    result: OnceLock<CallResult>,
    /// The host has taken the result, or was given it.
    is_result_taken: AtomicBool,
    shared: Arc<CallShared>,
}

/// What of a call the runtime may touch: nothing of the host's.
struct CallShared {
    id: u64,
    process: u64,
    operation: &'static Operation,
    call_id: String,
    /// The argument that the response must repeat.
    echo: Option<String>,
    secrets: Arc<Secrets>,
    log: Arc<Log>,
    completions: Arc<CompletionQueue>,
    has_callback: bool,
    /// Whether a callback still counts as active.
    callback_pending: AtomicBool,
    /// Of a watch without a callback.
    updates: Lock<UpdateQueue>,
    /// Of a call without a callback.
    notify: OnceLock<Notify>,
}

/// What polling a call returns.
#[cfg(feature = "capi")]
pub(crate) enum PollResult<'a> {
    Pending,
    Update(CallResult),
    Done(&'a CallResult),
}

impl CallShared {
    /// Its callback stops counting as active, once.
    fn mark_delivered(&self) {
        if self.callback_pending.swap(false, Ordering::AcqRel) {
            self.completions.active.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn read(&self, report: CallReport) -> CallResult {
        read(self.operation, report, self.call_id.clone(), self.echo.as_deref())
            .map_err(|error| name(error, self.operation.id, Some(&self.call_id), &self.secrets))
    }

    /// Queues an update of a watch for its callback, or for the host to take.
    fn update(&self, update: CallResult) {
        if self.has_callback {
            self.completions.push(self.id, Completion::Update(update));
            return;
        }
        self.updates.lock().updates.push_back(update);
        if let Some(notify) = self.notify.get() {
            // An observer that panics does not end the watch.
            let _ = unwind::run(|| notify());
        }
    }

    fn set_state(&self, state: WatchState) {
        self.updates.lock().state = state;
    }

    /// Records a reading that failed. Returns how many have failed in a row.
    fn record_failure(&self, error: &Error) -> u32 {
        let state = &mut self.updates.lock().state;
        state.failures = state.failures.saturating_add(1);
        state.last_error = Some(error.clone());
        state.failures
    }
}

impl SubmittedCall {
    pub(crate) fn check_process(&self) -> Result<(), Error> {
        if self.shared.process == fork::generation() { Ok(()) } else { Err(forked_child_error()) }
    }

    pub(crate) fn call_id(&self) -> &str {
        &self.shared.call_id
    }

    /// Returns the result, if the call has ended; converts it the first time.
    fn result(&self) -> Option<&CallResult> {
        self.result_counted_by(None)
    }

    /// Returns the result as the host takes it.
    fn take_result(&self) -> Option<&CallResult> {
        let result = self.result();
        if result.is_some() {
            self.is_result_taken.store(true, Ordering::Relaxed);
        }
        result
    }

    /// The same as [`Flight::result`], for a client that is ending and has no weak reference any more.
    fn result_counted_by(&self, core: Option<&Core>) -> Option<&CallResult> {
        if let Some(result) = self.result.get() {
            return Some(result);
        }
        let cell = self.guard.cell();
        if !cell.is_done() {
            return None;
        }
        let mut attempts = None;
        let result = self.result.get_or_init(|| {
            // Taken, so that the answer is not kept twice.
            let report = cell.take_report();
            attempts = Some(report.attempts);
            self.shared.read(report)
        });
        if let Some(attempts) = attempts {
            let operation = self.shared.operation.id;
            let upgraded = if core.is_none() { self.core.upgrade() } else { None };
            if let Some(core) = core.or(upgraded.as_deref()) {
                core.count(operation, result, attempts);
            }
        }
        Some(result)
    }

    /// Ends the call for a client that ends, and counts and logs its result there.
    pub(crate) fn end_with_client(&self, core: &Core) {
        self.guard.release();
        self.result_counted_by(Some(core));
        if self.callback.is_some() {
            self.abandon(core);
        }
    }

    /// Counts and logs a call whose result the host can no longer take. A start among them may have made a session that
    /// only this line tells of.
    fn abandon(&self, core: &Core) {
        if self.is_result_taken.swap(true, Ordering::Relaxed) {
            return;
        }
        let Some(result) = self.result_counted_by(Some(core)) else { return };
        let operation = self.shared.operation;
        let changes = operation.repeat != Repeat::Read;
        let matters =
            changes && result.as_ref().err().is_none_or(|error| error.outcome() == Outcome::Unknown);
        let level = if matters { LogLevel::Warn } else { LogLevel::Info };
        core.count_abandoned();
        self.shared.log.add(level, "iplaygames::client", || {
            let end = match result {
                Err(error) => format!("its outcome is {}", error.outcome().as_str()),
                Ok(reply) => match text_at(reply.json(), "/data/session_id") {
                    Some(session_id) if changes => format!("it succeeded, with session {session_id}"),
                    _ => "it succeeded".to_owned(),
                },
            };
            format!("{} call {} ended and its result was not taken: {end}", operation.id, self.shared.call_id)
        });
    }

    /// Returns the oldest update that was not taken, then the end, as often as asked.
    #[cfg(feature = "capi")]
    pub(crate) fn poll(&self) -> PollResult<'_> {
        // Looked at first: with the end all the updates before it are there.
        let result = self.result();
        let update = {
            let mut queue = self.shared.updates.lock();
            let update = if queue.is_over { None } else { queue.updates.pop_front() };
            queue.is_over |= update.is_none() && result.is_some();
            update
        };
        match (update, result) {
            (Some(update), _) => PollResult::Update(update),
            (None, Some(result)) => {
                self.is_result_taken.store(true, Ordering::Relaxed);
                PollResult::Done(result)
            }
            (None, None) => PollResult::Pending,
        }
    }

    fn pop_update(&self) -> Option<CallResult> {
        self.shared.updates.lock().updates.pop_front()
    }

    pub(crate) fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        if let Some(driver) = self.driver.upgrade() {
            driver.wait(self.guard.cell(), timeout)?;
        }
        let result = self.take_result();
        if result.is_some() {
            self.shared.updates.lock().is_over = true;
        }
        Ok(result)
    }

    pub(crate) fn cancel(&self) {
        self.guard.cell().cancel();
        self.shared.updates.lock().is_over = true;
    }

    /// Queues the end for the callback, as soon as the call has ended.
    fn queue_end(&self) {
        let shared = Arc::clone(&self.shared);
        let on_end = Box::new(move || shared.completions.push(shared.id, Completion::Done));
        self.guard.cell().set_on_end(on_end);
    }

    /// Cancels it if it has not ended; its callback never runs. Answers whether that is complete.
    pub(crate) fn forget(&self) -> bool {
        let core = self.core.upgrade();
        self.forget_on(core.as_ref().map(|core| &core.registry))
    }

    /// The same as [`Flight::forget`], where `flights` are those of its client if there still is one.
    fn forget_on(&self, registry: Option<&CallRegistry>) -> bool {
        let complete = match registry {
            Some(registry) if self.callback.is_some() => registry.forget(self.shared.id),
            // Without its client, nobody delivers.
            _ => true,
        };
        self.shared.mark_delivered();
        self.guard.release();
        complete
    }

    #[cfg(feature = "capi")]
    pub(crate) fn deliver_log(&self) {
        if let Some(core) = self.core.upgrade() {
            core.deliver_log();
        }
    }
}

impl Drop for SubmittedCall {
    fn drop(&mut self) {
        if self.check_process().is_err() {
            return;
        }
        self.guard.release();
        if let Some(core) = self.core.upgrade() {
            if self.callback.is_none() {
                core.registry.remove_polled(self.shared.id);
            }
            self.abandon(&core);
        }
    }
}

/// A call in flight. Dropping it forgets the call: it is canceled if it has not ended, its callback
/// never runs, and nothing waits.
///
/// There are two ways to its result, each complete without the other: ask for it with
/// [`poll`](Call::poll) or [`wait`](Call::wait), or give a callback and [`tick`](Client::tick). A call is
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
    /// [`Call::poll`].
    pub fn notify(&self, notify: Notify) -> Result<(), Error> {
        let shared = &self.submitted()?.shared;
        if shared.has_callback || shared.notify.set(Arc::clone(&notify)).is_err() {
            return Err(Error::new(Code::UNSUPPORTED, "The call has somebody to invoke already."));
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
    /// As [`Client::call`] where this thread cannot wait.
    pub fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        self.submitted()?.wait(timeout)
    }

    /// Ends the call at once; one that has ended stays as it is. The connection it was using is closed as
    /// soon as somebody drives.
    ///
    /// # Errors
    ///
    /// As [`Call::poll`].
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

impl Client {
    /// Sends a call on its way and returns at once.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// while call.poll()?.is_none() {
    ///     client.tick(Duration::from_micros(500))?; // once a frame
    /// }
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with the arguments, [`Code::BUSY`] over `max_in_flight`, [`Code::SHUT_DOWN`]. Then the
    /// callback never runs.
    pub fn submit(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        let submitted = self.submit_with(operation, arguments_json, options, callback, |_| Ok(()))?;
        Ok(Call { submitted: Some(submitted), waiting: None })
    }

    /// Watches a session: reads its status at a pace (a tenth more or less), one reading at a time, and
    /// reports every change. Ends when the status says that the session is over (`closed`, `expired` and
    /// their like; an unknown word is a change), when it is gone, or when it cannot be read. The interval
    /// is ten milliseconds or more.
    ///
    /// A reading that fails and may work later does not end the watch. After three in a row the error is an
    /// update, and a line in the log; the next reading that succeeds is an update again.
    ///
    /// # Errors
    ///
    /// As [`Client::submit`].
    pub fn watch_session(
        &self,
        session_id: &str,
        interval: Duration,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        self.watch_session_with(session_id, &WatchOptions::every(interval), callback)
    }

    /// Watches as [`Client::watch_session`], with options.
    ///
    /// ```no_run
    /// # fn example(client: iplaygames::Client) -> Result<(), iplaygames::Error> {
    /// use std::time::Duration;
    /// use iplaygames::WatchOptions;
    /// let mut options = WatchOptions::every(Duration::from_secs(1));
    /// options.max_failures = Some(60);
    /// let watch = client.watch_session_with("abc123", &options, None)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::submit`].
    pub fn watch_session_with(
        &self,
        session_id: &str,
        options: &WatchOptions,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        let submitted = self.watch_with(session_id, options, callback, |_| Ok(()))?;
        Ok(Call { submitted: Some(submitted), waiting: None })
    }

    /// Submits; the call is made known through `announce` before anything of it can happen.
    pub(crate) fn submit_with(
        &self,
        operation: &str,
        arguments_json: &str,
        options: &CallOptions,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        let prepared = self.prepare(operation, arguments_json, options)?;
        self.start(prepared, callback, on_registered, |driver, submitted, plan, active| {
            driver.start(submitted.guard.cell(), plan, active);
        })
    }

    /// Watches, as [`Client::begin_submit`].
    pub(crate) fn watch_with(
        &self,
        session_id: &str,
        options: &WatchOptions,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
    ) -> Result<Arc<SubmittedCall>, Error> {
        if options.interval < SHORTEST_INTERVAL {
            let message = format!("`interval_ms` must be at least {}.", SHORTEST_INTERVAL.as_millis());
            return Err(Error::invalid("/interval_ms", message));
        }
        let arguments = session_arguments(session_id);
        let prepared = self.prepare("get_session_status", &arguments, &options.call)?;
        self.start(prepared, callback, on_registered, |driver, submitted, plan, active| {
            let shared = Arc::clone(&submitted.shared);
            let mut reader = Reader::new(options.max_failures);
            let read = move |report: &CallReport| reader.read(&shared, report);
            driver.start_watch(submitted.guard.cell(), plan, options.interval, read, active);
        })
    }

    fn start(
        &self,
        prepared: PreparedCall,
        callback: Option<Callback>,
        on_registered: impl FnOnce(&Arc<SubmittedCall>) -> Result<(), Error>,
        begin: impl FnOnce(&Driver, &SubmittedCall, CallSpec, ActiveGuard),
    ) -> Result<Arc<SubmittedCall>, Error> {
        let core = self.core();
        let PreparedCall { operation, plan, call_id, echo, driver } = prepared;
        let guard = driver.register().map_err(|error| core.name(error, operation.id, Some(&call_id)))?;
        let registry = &core.registry;
        let id = registry.with(|table| {
            table.next += 1;
            table.next
        });
        let has_callback = callback.is_some();
        let shared = Arc::new(CallShared {
            id,
            process: fork::generation(),
            operation,
            call_id,
            echo,
            secrets: Arc::clone(&core.config.secrets),
            log: Arc::clone(&core.log),
            completions: Arc::clone(&registry.completions),
            has_callback,
            callback_pending: AtomicBool::new(has_callback),
            updates: Lock::new(UpdateQueue::default()),
            notify: OnceLock::new(),
        });
        let core = Arc::downgrade(core);
        let submitted = Arc::new(SubmittedCall {
            core,
            driver: Arc::downgrade(&driver),
            guard,
            callback,
            result: OnceLock::new(),
            is_result_taken: AtomicBool::new(false),
            shared: Arc::clone(&shared),
        });
        if has_callback {
            // After the enrolling and before anything can happen: so a shutdown that shut the board
            // cancels whatever is on it, and finds it there.
            if !registry.add(&submitted) {
                submitted.forget();
                submitted.is_result_taken.store(true, Ordering::Relaxed);
                return Err(name(shut_down_error(), operation.id, Some(&shared.call_id), &shared.secrets));
            }
        } else {
            registry.with(|table| table.polled.insert(id, Arc::downgrade(&submitted)));
        }
        if let Err(error) = on_registered(&submitted) {
            // The error that is returned here is all there is to hear of the call.
            submitted.is_result_taken.store(true, Ordering::Relaxed);
            submitted.forget();
            return Err(name(error, operation.id, Some(&shared.call_id), &shared.secrets));
        }
        if has_callback {
            submitted.queue_end();
        }
        begin(&driver, &submitted, plan, registry.completions.enter());
        Ok(submitted)
    }

    /// Whether a tick has nothing to do: two atomic loads.
    #[cfg(feature = "capi")]
    pub(crate) fn is_idle(&self) -> bool {
        let core = self.core();
        core.registry.completions.active.load(Ordering::Acquire) == 0 && core.has_no_logger()
    }

    /// Does what can be done for calls in flight without waiting, and runs the callbacks that are due, on
    /// this thread. Answers how many ran. To be called once a frame.
    ///
    /// With nothing in flight it costs one atomic load. Else it runs the callbacks that are due, and then
    /// takes turns until one brings nothing or the budget has passed, which is checked between steps and
    /// between callbacks; a budget of zero is one short turn and at most one callback. Inside a callback, or
    /// while another thread ticks, it does nothing.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`] or [`Code::UNSUPPORTED`] where this thread cannot drive.
    pub fn tick(&self, budget: Duration) -> Result<u32, Error> {
        let core = self.core();
        if core.registry.completions.active.load(Ordering::Acquire) == 0 {
            return Ok(0);
        }
        let Some(dispatch) = DispatchGuard::begin(&core.registry) else { return Ok(0) };
        let is_without_time = budget.is_zero();
        let mut budget = Budget::new(budget);
        let mut completed = 0;
        // What is due comes first: callbacks must not wait behind traffic.
        while dispatch.dispatch_one() {
            completed += 1;
            if budget.is_over() {
                break;
            }
        }
        if completed > 0 && !is_without_time && budget.is_over() {
            return Ok(completed);
        }
        let driver = core.driver_in_use();
        loop {
            let moved = driver.as_ref().map_or(Ok(false), |driver| driver.poll_once(&budget));
            let mut has_delivered = false;
            while (completed == 0 || !budget.is_over()) && dispatch.dispatch_one() {
                completed += 1;
                has_delivered = true;
            }
            match moved {
                Ok(moved) if (moved || has_delivered) && !budget.is_over() => budget.end_turn(),
                // What was done is what counts.
                Err(error) if completed == 0 => return Err(error),
                _ => return Ok(completed),
            }
        }
    }

    /// Drives until a future is ready, for so long at most. For waiting on several calls at once, or on
    /// something beside them: the future should only look at what a [`Call::notify`] has left, and must
    /// not call into the client.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let mut call = client.submit("list_games", "", &CallOptions::default(), None)?;
    /// let result = client.drive(&mut call, Duration::from_secs(5))?;
    /// assert!(result.is_some_and(|result| result.is_ok()));
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`], and as [`Client::call`] where this thread cannot wait.
    pub fn drive<F: Future>(&self, future: F, timeout: Duration) -> Result<Option<F::Output>, Error> {
        let driver = self.core().driver_in_use().ok_or_else(shut_down_error)?;
        driver.drive(async { tokio::time::timeout(timeout, future).await.ok() })
    }

    /// Ends the client in order: new calls are refused, those in flight are driven for at most so long,
    /// the rest is canceled, watches at once; every callback runs, on this thread; the background thread
    /// is joined. When this returns no callback is running and none ever will, except for the one this is
    /// called from: so it waits for a callback that is running on another thread.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`] when it is shut down already, or when this thread cannot drive: then nothing was
    /// driven, and all else is done.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Error> {
        let core = self.core();
        let Some(driver) = core.close_for_new()? else { return Ok(()) };
        core.registry.shut();
        let driven = driver.drain(timeout);
        // Another thread that is delivering must be done first, and one that is just submitting must get to
        // the place where its call, which is canceled already, can tell so. Both is soon, unless it is the
        // host's callback that takes its time.
        let mut panic = None;
        loop {
            let deliver = || {
                DispatchGuard::begin_or_join(&core.registry).is_some_and(|dispatch| dispatch.dispatch_all())
            };
            match catch_unwind(AssertUnwindSafe(deliver)) {
                Ok(true) => break,
                Ok(false) => std::thread::sleep(Duration::from_millis(1)),
                // A callback of the host panicked: the others run all the same, and then it is the host's panic.
                Err(first) if panic.is_none() => panic = Some(first),
                // Dropping what a panic carries may panic again.
                Err(other) => std::mem::forget(other),
            }
        }
        driver.join_background();
        core.close_wholly();
        core.end_flights();
        match panic {
            Some(panic) => resume_unwind(panic),
            None => driven,
        }
    }
}
