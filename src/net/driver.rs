//! Runs the I/O of one client in one process: a Tokio current-thread runtime without a thread of
//! its own. The thread that waits for a call, or ticks, runs it; all of them use [`Driver::drive`].
//!
//! This file contains the driver, the start of tasks and the end of a client. `driver/blocking.rs`
//! runs calls on the calling thread, `driver/prewarm.rs` opens connections,
//! `driver/start_queue.rs` passes tasks to the I/O thread, `driver/suspend.rs` stops the clock. The
//! calls themselves are in `call_cell.rs`, `in_flight.rs` and `retry_loop.rs`, HTTP in
//! `transport/`.

mod blocking;
mod prewarm;
mod start_queue;
mod suspend;

use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use self::start_queue::StartQueue;
use super::call_cell::{CallCell, CallReport, run_guarded};
use super::calling_thread;
use super::host_waker::{HostWaker, WakingTask};
use super::idle_time::DriveClock;
use super::idle_time::budget::Budget;
use super::in_flight::{Closed, InFlightCalls, InFlightGuard};
use super::random::Random;
use super::resolve::MAX_LOOKUPS;
use super::resources;
use super::retry_loop::{self, CallSpec};
use super::roots_state::RootsState;
use super::stdio_guard::StdioGuard;
use super::transport::Transport as _;
use super::transport::any::AnyTransport;
use super::transport::limits::POOL_IDLE;
use super::transport::permits::Permits;
use super::unwind;
use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};
use crate::log::Log;
use crate::panics::InsideGuard;
use crate::sys;

/// The maximum number of I/O events that the runtime takes at a time. A tick can stop between two
/// batches: a thousand sockets that are ready at once take longer than a small budget.
const IO_EVENTS: usize = 64;

/// The runtime and the connections of one client in one process. A forked child makes its own, and
/// does not touch those of its parent.
pub(crate) struct Driver {
    generation: u64,
    runtime: ManuallyDrop<Runtime>,
    context: ManuallyDrop<Arc<retry_loop::Context>>,
    clock: Arc<DriveClock>,
    in_flight: Arc<InFlightCalls>,
    /// Wakes the I/O thread to end.
    stop: Notify,
    io_thread: ForkSafeMutex<Option<JoinHandle<()>>>,
    has_io_thread: bool,
    /// The tasks that the I/O thread starts, if there is one.
    start_queue: ManuallyDrop<StartQueue<StartTask>>,
    host_waker: OnceLock<Arc<HostWaker>>,
}

/// Starts the task of a call.
type StartTask = Box<dyn FnOnce(&Runtime) + Send>;

impl Driver {
    pub(crate) fn new(config: &Config, log: &Arc<Log>) -> Result<Arc<Driver>, Error> {
        let clock = Arc::new(DriveClock::new());
        let transport = AnyTransport::new(config, &clock)?;
        Driver::assemble(config, log, clock, transport, Random::new()?, Builder::new_current_thread())
    }

    /// Makes a driver of the simulation: its time is virtual and moves when nothing else can, and
    /// its random numbers come from a seed.
    #[cfg(test)]
    pub(crate) fn simulated(
        config: &Config,
        log: &Arc<Log>,
        transport: Box<dyn super::transport::any::Simulate>,
        seed: u64,
    ) -> Result<Arc<Driver>, Error> {
        let clock = Arc::new(DriveClock::new());
        let transport = AnyTransport::Simulated(transport);
        let mut builder = Builder::new_current_thread();
        builder.start_paused(true);
        Driver::assemble(config, log, clock, transport, Random::with_seed(seed), builder)
    }

    /// Makes this thread's clock that of the simulation.
    #[cfg(test)]
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }

    fn assemble(
        config: &Config,
        log: &Arc<Log>,
        clock: Arc<DriveClock>,
        transport: AnyTransport,
        random: Random,
        mut builder: Builder,
    ) -> Result<Arc<Driver>, Error> {
        sys::keep_loaded();
        let permits = Permits::new(config.max_connections);
        let context = retry_loop::Context { transport, permits, log: Arc::clone(log), random };
        builder
            .enable_io()
            .enable_time()
            // Helper threads resolve names and load root certificates. They end when they have
            // nothing to do. There is one more than the look-ups that may hang at the same time.
            .max_blocking_threads(MAX_LOOKUPS + 1)
            .max_io_events_per_tick(IO_EVENTS)
            .thread_keep_alive(Duration::from_millis(1))
            .thread_name("iplaygames-dns")
            .on_thread_start(InsideGuard::enter_permanently);
        let built = {
            let _stdio = StdioGuard::new();
            builder.build()
        };
        let runtime = built.map_err(|error| {
            resources::creation_error("The I/O runtime", &error, resources::is_exhausted(&error))
        })?;
        let driver = Arc::new(Driver {
            generation: fork::generation(),
            runtime: ManuallyDrop::new(runtime),
            context: ManuallyDrop::new(Arc::new(context)),
            clock,
            in_flight: InFlightCalls::new(config.max_in_flight),
            stop: Notify::new(),
            io_thread: ForkSafeMutex::new(None),
            has_io_thread: config.io_thread,
            start_queue: ManuallyDrop::new(StartQueue::new()),
            host_waker: OnceLock::new(),
        });
        if config.io_thread {
            driver.start_io_thread()?;
        }
        Ok(driver)
    }

    /// Starts the thread that drives, so that the host need not.
    fn start_io_thread(self: &Arc<Driver>) -> Result<(), Error> {
        let driver = Arc::clone(self);
        let thread = std::thread::Builder::new().name("iplaygames-io".into()).spawn(move || {
            sys::block_all_signals();
            InsideGuard::enter_permanently();
            // This thread may drive, so an error of `drive` means that the I/O driver failed: all
            // calls have ended. After a panic no thread would start any calls.
            if let Err(message) = unwind::run(|| driver.drive(driver.run_io_thread())) {
                driver.fail(&message);
            }
        });
        let thread = thread.map_err(|error| {
            let exhausted = resources::is_exhausted_for_thread(&error);
            resources::creation_error("The I/O thread", &error, exhausted)
        })?;
        *self.io_thread.lock() = Some(thread);
        Ok(())
    }

    /// Starts the tasks of calls, and closes old connections, until [`Driver::close`].
    async fn run_io_thread(&self) {
        let mut stopped = pin!(self.stop.notified());
        let mut stop = pin!(poll_fn(|context| {
            for start in self.start_queue.take(context) {
                start(&self.runtime);
            }
            stopped.as_mut().poll(context)
        }));
        while tokio::time::timeout(POOL_IDLE, stop.as_mut()).await.is_err() {
            self.transport().sweep();
        }
    }

    /// Waits for the I/O thread to end, after [`Driver::close`].
    pub(crate) fn join_io_thread(&self) {
        let thread = self.io_thread.lock().take();
        if !self.is_ours() {
            // The thread runs in the parent process only.
            std::mem::forget(thread);
            return;
        }
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of the thread ended it and its calls. Nothing is left to do.
            let _ = thread.join();
        }
    }

    /// Returns whether the driver belongs to this process.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    fn transport(&self) -> &AnyTransport {
        &self.context.transport
    }

    /// Returns which root certificates are loaded.
    pub(crate) fn roots(&self) -> RootsState {
        self.transport().roots()
    }

    /// Returns a new call id.
    pub(crate) fn make_call_id(&self) -> String {
        self.context.random.call_id()
    }

    /// Returns the number of calls in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Adds a call to those in flight. Closing the client cancels it.
    pub(crate) fn register(&self) -> Result<InFlightGuard, Error> {
        self.in_flight.register(&self.clock)
    }

    /// Starts the task of a call. `kept` is dropped with the task: after a cancellation that is
    /// later than the end of the call, when its connection is closed.
    pub(crate) fn start(&self, cell: &Arc<CallCell>, spec: CallSpec, kept: impl Send + 'static) {
        self.spawn(cell, retry_loop::run(self.context(), spec, Arc::clone(cell)), kept);
    }

    /// Starts the task of a watch, which repeats a call until `read` breaks.
    pub(crate) fn start_watch(
        &self,
        cell: &Arc<CallCell>,
        spec: CallSpec,
        interval: Duration,
        read: impl FnMut(&CallReport) -> ControlFlow<()> + Send + 'static,
        kept: impl Send + 'static,
    ) {
        cell.set_endless();
        self.spawn(cell, retry_loop::watch(self.context(), spec, Arc::clone(cell), interval, read), kept);
    }

    fn context(&self) -> Arc<retry_loop::Context> {
        Arc::clone(&self.context)
    }

    fn spawn(
        &self,
        cell: &Arc<CallCell>,
        task: impl Future<Output = ()> + Send + 'static,
        kept: impl Send + 'static,
    ) {
        let clock = Arc::clone(&self.clock);
        let mut task = Box::pin(task);
        let host_waker = self.host_waker.get().filter(|waker| waker.is_set());
        let mut waking = host_waker.map(|waker| WakingTask::new(Arc::clone(waker), Arc::clone(&clock)));
        let (cell, owned_cell) = (Arc::clone(cell), Arc::clone(cell));
        let start = move |runtime: &Runtime| {
            let task = runtime.spawn(async move {
                let _kept = kept;
                let task = poll_fn(move |context| {
                    if clock.is_over_budget() {
                        context.waker().wake_by_ref();
                        if let Some(waking) = &waking {
                            waking.mark_ready();
                        }
                        return Poll::Pending;
                    }
                    clock.record_poll();
                    match &mut waking {
                        Some(waking) => waking.poll(context, |context| task.as_mut().poll(context)),
                        None => task.as_mut().poll(context),
                    }
                });
                run_guarded(owned_cell, task).await;
            });
            cell.set_task(task.abort_handle());
        };
        if !self.has_io_thread {
            start(&self.runtime);
        } else if let Err(message) = self.start_queue.push(Box::new(start)) {
            self.fail(&message);
        }
    }

    /// Polls the runtime once, as a part of a tick: does the work that needs no waiting, while the
    /// budget lasts. Returns whether a task was polled.
    pub(crate) fn poll_once(&self, budget: &Budget) -> Result<bool, Error> {
        if let Some(error) = self.in_flight.failure() {
            return Err(error);
        }
        if self.has_io_thread || self.clock.is_driven() {
            // Another thread drives already.
            return Ok(false);
        }
        self.clock.record_tick();
        if let Some(waker) = self.host_waker.get() {
            waker.begin_tick();
        }
        let before = self.clock.polls();
        let limit = self.clock.limit(budget);
        if self.clock.is_over_budget() {
            return Ok(false);
        }
        // The first yield runs the tasks that are ready and asks the system for I/O events. The
        // second one runs the tasks that these events woke; without time left, the next tick does.
        let driven = self.drive(async {
            tokio::task::yield_now().await;
            if !self.clock.is_over_budget() {
                tokio::task::yield_now().await;
            }
        });
        drop(limit);
        driven?;
        Ok(self.clock.polls() != before)
    }

    /// Returns whether any thread drives: the I/O thread, a thread that waits, or a host
    /// that ticks.
    pub(crate) fn has_driver(&self) -> bool {
        self.has_io_thread || self.clock.is_driven() || self.clock.was_ticked()
    }

    /// Accepts no more calls, cancels the watches, drives the other calls until the timeout has
    /// passed, and cancels those that have not ended by then.
    pub(crate) fn drain(&self, timeout: Duration) -> Result<(), Error> {
        let (watches, calls): (Vec<_>, Vec<_>) =
            self.in_flight.shut_down().into_iter().partition(|cell| cell.is_endless());
        for watch in watches {
            watch.cancel();
        }
        let driven = self.drive(async {
            let all = async {
                for cell in &calls {
                    cell.wait().await;
                }
            };
            // Calls that have not ended in time are canceled below.
            let _ = tokio::time::timeout(timeout, all).await;
        });
        self.close();
        driven
    }

    /// Runs a future on the calling thread, and with it the tasks of all calls in flight. No other
    /// function drives the runtime. It runs no code of the host.
    pub(crate) fn drive<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        calling_thread::check()?;
        if !self.is_ours() {
            // A callback forked, and this is the child.
            return Err(forked_child_error());
        }
        if let Some(error) = self.in_flight.failure() {
            return Err(error);
        }
        let driving = self.clock.drive();
        #[cfg(feature = "reqwest")]
        let _guards = self.transport().guard_host();
        // A panic of the future goes on to the caller. Any other panic means that the I/O driver
        // failed. The future is pinned first, because moving it costs more.
        let mut future = pin!(future);
        let output = unwind::run(|| {
            self.runtime.block_on(poll_fn(|context| {
                match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                    Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
                    Ok(Poll::Pending) => Poll::Pending,
                    Err(panic) => Poll::Ready(Err(panic)),
                }
            }))
        });
        drop(driving);
        match output {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(message) => Err(self.fail(&message)),
        }
    }

    /// Ends every call and accepts no more: the I/O driver failed.
    #[cold]
    fn fail(&self, message: &str) -> Error {
        let message = format!("the I/O of the client has stopped: {message}");
        let reason = Closed::Failed(message.as_str().into());
        let error = reason.error();
        for cell in self.in_flight.fail(reason) {
            cell.fail_internally(&message);
        }
        error
    }

    /// Cancels the calls in flight and accepts no more. Does not wait.
    pub(crate) fn close(&self) {
        for cell in self.in_flight.shut_down() {
            cell.cancel();
        }
        // Without its descriptor the thread cannot be woken. It ends when it looks by itself.
        let _ = unwind::run(|| self.stop.notify_one());
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.is_ours() {
            // The sockets and the event queue are shared with the parent process, which still uses
            // them. So they are not closed here, and the handle of the parent's thread is leaked.
            std::mem::forget(self.io_thread.lock().take());
            return;
        }
        if calling_thread::is_exiting() {
            // Without its thread-local state, Tokio cannot shut a runtime down.
            return;
        }
        // SAFETY: all of them are taken here only, and not used afterwards.
        unsafe {
            ManuallyDrop::drop(&mut self.start_queue);
            ManuallyDrop::drop(&mut self.context);
            // Does not wait for helper threads: a resolver may hang. A runtime whose I/O driver
            // failed may panic here; it has no tasks left.
            let runtime = ManuallyDrop::take(&mut self.runtime);
            let _ = unwind::run(|| runtime.shutdown_background());
        }
    }
}

/// Returns the error for a call of the parent process that a forked child uses.
pub(crate) fn forked_child_error() -> Error {
    Error::new(Code::INVALID_HANDLE, "The call belongs to the process that this one was forked from.")
}
