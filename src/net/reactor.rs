//! One Tokio current-thread runtime, driven by whoever waits; it has no thread of its own. Everything
//! that drives goes through [`Reactor::drive`].

use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::{Either, select};
use slab::Slab;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::coop;

use super::deadline::{self, Deadline};
use super::failure::{Failure, FailureKind};
use super::idle_time::{Budget, DriveClock};
use super::pool::POOL_IDLE;
use super::request::{self, Look, Plan, Report, Request};
use super::resolve::MAX_LOOKUPS;
use super::signal;
use super::transport::Transport;
use super::unwind;
use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::fork::{self, Lock};
use crate::log::Log;
use crate::panics::InsideGuard;
use crate::sync::atomic::{AtomicBool, Ordering};

/// How many sockets the runtime asks about at a time. Between two times a tick can stop: a thousand of them that are
/// ready at once take longer than a small budget.
const IO_EVENTS: usize = 64;

/// The runtime and the connections of one client in one process. A forked child makes its own and
/// leaves its parent's alone.
pub(crate) struct Reactor {
    generation: u64,
    runtime: ManuallyDrop<Runtime>,
    context: ManuallyDrop<Arc<request::Context>>,
    clock: Arc<DriveClock>,
    max_in_flight: usize,
    in_flight: Lock<InFlight>,
    /// The I/O driver failed, for good.
    has_failed: AtomicBool,
    /// Wakes the background thread to end.
    stop: Notify,
    background: Lock<Option<JoinHandle<()>>>,
    has_background: bool,
}

#[derive(Default)]
struct InFlight {
    /// Why no more calls are taken.
    closed: Option<Closed>,
    requests: Slab<Arc<Request>>,
}

/// Why a driver takes no more calls.
#[derive(Clone)]
enum Closed {
    ShutDown,
    /// The I/O driver failed. The host may have closed its descriptor, or the system refuses to wait for it.
    Failed(Arc<str>),
}

impl Closed {
    fn error(&self) -> Error {
        match self {
            Closed::ShutDown => shut_down(),
            Closed::Failed(message) => {
                Error::new(Code::INTERNAL, format!("A defect in this library: {message}"))
            }
        }
    }
}

impl Reactor {
    pub(crate) fn new(config: &Config, log: &Arc<Log>) -> Result<Arc<Reactor>, Error> {
        let clock = Arc::new(DriveClock::new());
        let transport = Transport::new(config, &clock)?;
        Reactor::assemble(config, log, clock, transport, Chance::new()?, Builder::new_current_thread())
    }

    /// Makes a driver of the simulation: its time is virtual and moves when nothing else can, and its random numbers
    /// come from a seed.
    #[cfg(test)]
    pub(crate) fn simulated(
        config: &Config,
        log: &Arc<Log>,
        transport: Box<dyn super::transport::Simulate>,
        seed: u64,
    ) -> Result<Arc<Reactor>, Error> {
        let clock = Arc::new(DriveClock::new());
        let mut all = Transport::new(config, &clock)?;
        all.simulated = Some(transport);
        let mut builder = Builder::new_current_thread();
        builder.start_paused(true);
        Reactor::assemble(config, log, clock, all, Chance(AtomicU64::new(seed)), builder)
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
        transport: Transport,
        chance: Chance,
        mut builder: Builder,
    ) -> Result<Arc<Reactor>, Error> {
        let context = request::Context { transport, log: Arc::clone(log), chance };
        let runtime = builder
            .enable_io()
            .enable_time()
            // The helpers that look names up and load roots: gone as soon as they are done. One more than look-ups
            // may hang.
            .max_blocking_threads(MAX_LOOKUPS + 1)
            .max_io_events_per_tick(IO_EVENTS)
            .thread_keep_alive(Duration::from_millis(1))
            .thread_name("iplaygames-dns")
            .on_thread_start(InsideGuard::enter_for_good)
            .build()
            .map_err(|error| {
                Error::new(Code::INTERNAL, format!("The system has no event queue for us: {error}"))
            })?;
        let reactor = Arc::new(Reactor {
            generation: fork::generation(),
            runtime: ManuallyDrop::new(runtime),
            context: ManuallyDrop::new(Arc::new(context)),
            clock,
            max_in_flight: config.max_in_flight,
            in_flight: Lock::new(InFlight::default()),
            has_failed: AtomicBool::new(false),
            stop: Notify::new(),
            background: Lock::new(None),
            has_background: config.background,
        });
        if config.background {
            reactor.start_background()?;
        }
        Ok(reactor)
    }

    /// Starts the thread that drives where nobody else has to.
    fn start_background(self: &Arc<Reactor>) -> Result<(), Error> {
        let reactor = Arc::clone(self);
        let thread = std::thread::Builder::new().name("iplaygames-io".into()).spawn(move || {
            signal::block_all();
            InsideGuard::enter_for_good();
            // The place is good for driving: the thread is our own. When it ends, so may the reactor.
            let _ = reactor.drive(async {
                let mut stop = pin!(reactor.stop.notified());
                while tokio::time::timeout(POOL_IDLE, stop.as_mut()).await.is_err() {
                    reactor.transport().sweep();
                }
            });
        });
        let thread = thread.map_err(|error| {
            Error::new(Code::INTERNAL, format!("The system has no thread for the background: {error}"))
        })?;
        *self.background.lock() = Some(thread);
        Ok(())
    }

    /// Waits for the background thread to end, after [`Reactor::close`].
    pub(crate) fn join_background(&self) {
        let thread = self.background.lock().take();
        if !self.is_ours() {
            // It runs in the parent, and only there.
            std::mem::forget(thread);
            return;
        }
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            // Its own panic is its own end: there is nothing more to do for it.
            let _ = thread.join();
        }
    }

    /// Whether it belongs to this process.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.context.transport
    }

    /// An id for a call: 128 random bits.
    pub(crate) fn make_call_id(&self) -> String {
        self.context.chance.call_id()
    }

    /// How many calls are in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.lock().requests.len()
    }

    /// Carries a call to its end on the calling thread.
    pub(crate) fn call(self: &Arc<Reactor>, plan: Plan) -> Result<Report, Error> {
        check_place()?;
        let call = self.enroll()?;
        let report = {
            // Carried here and not by a task: nobody has to be woken for it.
            let run = pin!(request::run(self.context(), plan, Arc::clone(&call.request)));
            let carried = pin!(request::guarded(Arc::clone(&call.request), run));
            self.drive(end_of(&call.request, carried)).or_else(|error| ended_or(&call.request, error))?
        };
        self.dismiss(call);
        Ok(Arc::unwrap_or_clone(report))
    }

    /// Lets go of a request that has ended, the last but one who holds its report, so that it need not be copied.
    fn dismiss(&self, call: Enrolled) {
        self.in_flight.lock().requests.try_remove(call.key);
        call.counts.store(false, Ordering::Release);
    }

    /// The same, but it asks every so often whether to go on, outside of the runtime and with no lock held. If
    /// not, the call is canceled.
    pub(crate) fn call_while(
        self: &Arc<Reactor>,
        plan: Plan,
        every: Duration,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Report, Error> {
        check_place()?;
        let call = self.enroll()?;
        let run = Box::pin(request::run(self.context(), plan, Arc::clone(&call.request)));
        let mut carried = Box::pin(request::guarded(Arc::clone(&call.request), run));
        let report = loop {
            let end = end_of(&call.request, carried.as_mut());
            match self.drive(async { tokio::time::timeout(every, end).await.ok() }) {
                Ok(Some(report)) => break report,
                Ok(None) => {}
                Err(error) if self.is_ours() => break ended_or(&call.request, error)?,
                Err(error) => {
                    std::mem::forget(carried);
                    return Err(error);
                }
            }
            if !go_on() {
                call.request.cancel();
            }
            if !self.is_ours() {
                // It forked, and this is the child: the connection is its parent's, also its place in the queue.
                std::mem::forget(carried);
                return Err(of_parent());
            }
        };
        drop(carried);
        self.dismiss(call);
        Ok(Arc::unwrap_or_clone(report))
    }

    /// Opens a connection on the calling thread. Answers the failure as a call does.
    pub(crate) fn connect(self: &Arc<Reactor>, timeout: Duration) -> Result<Result<(), Failure>, Error> {
        check_place()?;
        let connecting = self.enroll()?;
        self.drive(async {
            let canceled = pin!(connecting.request.wait());
            let deadline = Deadline::after(timeout, &self.clock);
            let connect = pin!(self.transport().connect());
            let connected = pin!(deadline::timeout_at(deadline, &self.clock, || 0, connect));
            match select(connected, canceled).await {
                Either::Left((Ok(result), _)) => result,
                Either::Left((Err(_), _)) => {
                    let message =
                        format!("No connection within the time given ({} ms).", timeout.as_millis());
                    Err(Failure::new(FailureKind::Timeout, message))
                }
                Either::Right((report, _)) => Arc::unwrap_or_clone(report).result.map(|_| ()),
            }
        })
    }

    /// Makes a request that closing the client cancels, and that counts until it is dropped.
    pub(crate) fn enroll(self: &Arc<Reactor>) -> Result<Enrolled, Error> {
        let request = Arc::new(Request::new(&self.clock));
        let mut in_flight = self.in_flight.lock();
        if let Some(closed) = &in_flight.closed {
            return Err(closed.error());
        }
        if in_flight.requests.len() >= self.max_in_flight {
            let message = format!(
                "The client has as many calls in flight as `max_in_flight` allows ({}).",
                self.max_in_flight
            );
            let mut error = Error::new(Code::BUSY, message);
            error.facts_mut().retryable = true;
            return Err(error);
        }
        let key = in_flight.requests.insert(Arc::clone(&request));
        drop(in_flight);
        Ok(Enrolled {
            reactor: Arc::downgrade(self),
            generation: self.generation,
            request,
            key,
            counts: AtomicBool::new(true),
        })
    }

    /// Sends an enrolled request on its way. Whoever drives carries it. `kept` is dropped when nothing of
    /// it is left to be done, which after a cancelation is later than its end: its connection is closed then.
    pub(crate) fn begin(&self, enrolled: &Enrolled, plan: Plan, kept: impl Send + 'static) {
        self.spawn(enrolled, request::run(self.context(), plan, Arc::clone(&enrolled.request)), kept);
    }

    /// Watches by repeating a plan, until `look` has seen enough.
    pub(crate) fn begin_watch(
        &self,
        enrolled: &Enrolled,
        plan: Plan,
        interval: Duration,
        look: impl FnMut(&Report) -> Look + Send + 'static,
        kept: impl Send + 'static,
    ) {
        enrolled.request.set_endless();
        let request = Arc::clone(&enrolled.request);
        self.spawn(enrolled, request::watch(self.context(), plan, request, interval, look), kept);
    }

    fn context(&self) -> Arc<request::Context> {
        Arc::clone(&self.context)
    }

    fn spawn(
        &self,
        enrolled: &Enrolled,
        task: impl Future<Output = ()> + Send + 'static,
        kept: impl Send + 'static,
    ) {
        let clock = Arc::clone(&self.clock);
        let mut task = Box::pin(task);
        let request = Arc::clone(&enrolled.request);
        let task = self.runtime.spawn(async move {
            let _kept = kept;
            let task = poll_fn(move |context| {
                if clock.is_over_budget() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                clock.record_poll();
                task.as_mut().poll(context)
            });
            request::guarded(request, task).await;
        });
        enrolled.request.set_task(task.abort_handle());
    }

    /// Takes one turn of a tick: does what can be done without waiting, while the budget lasts. Returns whether a call
    /// moved.
    pub(crate) fn turn(&self, budget: &Budget) -> Result<bool, Error> {
        if let Some(error) = self.failure() {
            return Err(error);
        }
        if self.has_background || self.clock.is_driven() {
            // Another thread does it, and better.
            return Ok(false);
        }
        self.clock.record_tick();
        let before = self.clock.polls();
        let limit = self.clock.limit(budget);
        if self.clock.is_over_budget() {
            return Ok(false);
        }
        // The first yield runs what is ready and asks the system for I/O, the second runs what that woke. Without time
        // left the next turn does that.
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

    /// Returns why the driver failed, if it did.
    fn failure(&self) -> Option<Error> {
        if !self.has_failed.load(Ordering::Acquire) {
            return None;
        }
        self.in_flight.lock().closed.as_ref().map(Closed::error)
    }

    /// Whether anybody drives: the background, a thread that waits, or a host that ticks.
    pub(crate) fn has_driver(&self) -> bool {
        self.has_background || self.clock.is_driven() || self.clock.was_ticked()
    }

    /// Drives until a request has ended, for so long at most.
    pub(crate) fn wait(&self, request: &Request, timeout: Duration) -> Result<Option<Arc<Report>>, Error> {
        if let Some(report) = request.report() {
            return Ok(Some(report));
        }
        self.drive(async { tokio::time::timeout(timeout, request.wait()).await.ok() })
            .or_else(|error| ended_or(request, error).map(Some))
    }

    /// Refuses what comes, cancels what never ends by itself, drives the rest for so long at most, and
    /// cancels what is left.
    pub(crate) fn wind_down(&self, timeout: Duration) -> Result<(), Error> {
        let (endless, requests): (Vec<_>, Vec<_>) =
            self.refuse_more().into_iter().partition(|request| request.is_endless());
        for watch in endless {
            watch.cancel();
        }
        let driven = self.drive(async {
            let all = async {
                for request in &requests {
                    request.wait().await;
                }
            };
            // What is left when time is up is canceled below.
            let _ = tokio::time::timeout(timeout, all).await;
        });
        self.close();
        driven
    }

    fn refuse_more(&self) -> Vec<Arc<Request>> {
        let mut in_flight = self.in_flight.lock();
        in_flight.closed.get_or_insert(Closed::ShutDown);
        in_flight.requests.iter().map(|(_, request)| Arc::clone(request)).collect()
    }

    /// Runs a future on the calling thread, and everything else that is in flight with it. The only
    /// place that drives the runtime. No foreign code runs in here.
    pub(crate) fn drive<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        check_place()?;
        if !self.is_ours() {
            // A callback forked, and this is the child, which went on where its parent was.
            return Err(of_parent());
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let driving = self.clock.drive();
        // A panic of the future itself is its caller's; any other one is the end of the I/O driver. By reference: the
        // future is not moved any more.
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

    /// Ends every request, and refuses what comes: the I/O driver is gone.
    #[cold]
    fn fail(&self, message: &str) -> Error {
        let closed = Closed::Failed(format!("the I/O of the client has stopped: {message}").into());
        let error = closed.error();
        let requests: Vec<_> = {
            let mut in_flight = self.in_flight.lock();
            in_flight.closed = Some(closed);
            in_flight.requests.iter().map(|(_, request)| Arc::clone(request)).collect()
        };
        self.has_failed.store(true, Ordering::Release);
        for request in requests {
            request.fail_internally(&format!("the I/O of the client has stopped: {message}"));
        }
        error
    }

    /// Cancels what is in flight and refuses what comes. Never waits.
    pub(crate) fn close(&self) {
        for request in self.refuse_more() {
            request.cancel();
        }
        self.stop.notify_one();
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        if !self.is_ours() {
            // A parent's sockets and event queue are shared with the parent: closing them here would
            // disturb it there. Its thread is not here, nor need be the memory that stands for it.
            std::mem::forget(self.background.lock().take());
            return;
        }
        if thread_is_ending() {
            // A thread whose Tokio is gone cannot take a runtime down.
            return;
        }
        // SAFETY: both are taken once, here, and never used again.
        unsafe {
            ManuallyDrop::drop(&mut self.context);
            // In the background: a resolver that hangs must not hold up the one who lets go. One whose I/O driver
            // failed may panic here, and has nothing more to do.
            let runtime = ManuallyDrop::take(&mut self.runtime);
            let _ = unwind::run(|| runtime.shutdown_background());
        }
    }
}

/// A request that counts as in flight; it stops counting, and is canceled if it has not ended, when
/// this is dropped.
pub(crate) struct Enrolled {
    /// Weak: a request that somebody keeps for its result must not keep connections open.
    reactor: Weak<Reactor>,
    generation: u64,
    request: Arc<Request>,
    key: usize,
    counts: AtomicBool,
}

impl Enrolled {
    /// Returns a request that no driver knows, for the models.
    #[cfg(all(test, iplaygames_loom))]
    pub(crate) fn without_reactor() -> Enrolled {
        Enrolled {
            reactor: Weak::new(),
            generation: fork::generation(),
            request: Arc::new(Request::new(&Arc::new(DriveClock::new()))),
            key: 0,
            counts: AtomicBool::new(true),
        }
    }

    pub(crate) fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// The reactor, unless its client is gone; the request has ended then.
    pub(crate) fn reactor(&self) -> Option<Arc<Reactor>> {
        self.reactor.upgrade()
    }

    /// Cancels the request if it has not ended, and lets it count no more.
    pub(crate) fn release(&self) {
        if self.generation != fork::generation() {
            // A parent's call: its task and its connection are the parent's to end.
            return;
        }
        // Who found it released before finds it ended, too.
        if self.counts.load(Ordering::Acquire) && self.counts.swap(false, Ordering::AcqRel) {
            if let Some(reactor) = self.reactor.upgrade() {
                reactor.in_flight.lock().requests.try_remove(self.key);
            }
            self.request.cancel();
        }
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.release();
    }
}

/// Drives `carried` until the request has ended. The end is checked first: a request that was canceled on
/// another thread is not driven on.
async fn end_of(request: &Request, mut carried: Pin<&mut impl Future<Output = ()>>) -> Arc<Report> {
    let mut ended = pin!(request.wait());
    poll_fn(|context| {
        if let Poll::Ready(report) = ended.as_mut().poll(context) {
            return Poll::Ready(report);
        }
        match carried.as_mut().poll(context) {
            Poll::Ready(()) => ended.as_mut().poll(context),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Returns the report of a request that has ended, else the error.
fn ended_or(request: &Request, error: Error) -> Result<Arc<Report>, Error> {
    request.report().ok_or(error)
}

pub(crate) fn shut_down() -> Error {
    Error::new(Code::SHUT_DOWN, "The client is shut down.")
}

pub(crate) fn of_parent() -> Error {
    Error::new(Code::INVALID_HANDLE, "The call belongs to the process that this one was forked from.")
}

/// Whether this thread can wait for I/O, said before any work begins.
fn check_place() -> Result<(), Error> {
    if thread_is_ending() {
        return Err(Error::new(
            Code::SHUT_DOWN,
            "This thread is ending (a thread-local destructor or an exit handler): it can make no calls.",
        ));
    }
    if inside_a_task() {
        return Err(Error::new(
            Code::UNSUPPORTED,
            "A blocking call was made inside an asynchronous task of Tokio: it would stop the task's thread. \
             Use tokio::task::spawn_blocking.",
        ));
    }
    Ok(())
}

fn thread_is_ending() -> bool {
    Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed())
}

/// Whether this code is being polled by a Tokio runtime that shares our Tokio (a Rust host's).
/// Blocking would panic there. Inside a poll Tokio counts a budget of 128 steps; elsewhere it does not:
/// so a budget that can be used up tells, and what was used is given back.
fn inside_a_task() -> bool {
    const MORE_THAN_THE_BUDGET: usize = 256;
    if Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut steps = Vec::new();
    let counted = loop {
        match coop::poll_proceed(&mut context) {
            Poll::Pending => break true,
            Poll::Ready(_) if steps.len() == MORE_THAN_THE_BUDGET => break false,
            Poll::Ready(step) => steps.push(step),
        }
    };
    // Each step restores what was there before it: the first one must be the last to do so.
    while steps.pop().is_some() {}
    counted
}

/// Random numbers for pauses and call ids (nothing secret): splitmix64 from a random seed.
pub(crate) struct Chance(AtomicU64);

impl Chance {
    fn new() -> Result<Chance, Error> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::new(Code::INTERNAL, format!("The system has no random numbers: {error}"))
        })?;
        Ok(Chance(AtomicU64::new(u64::from_ne_bytes(seed))))
    }

    pub(crate) fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn call_id(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let mut id = [0; 32];
        for (digits, byte) in id.as_chunks_mut::<2>().0.iter_mut().zip(bits.to_be_bytes()) {
            *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        // Digits are always text; this is the quick way to say so.
        str::from_utf8(&id).unwrap_or_default().to_owned()
    }

    /// From 0 up to 1.
    pub(crate) fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_told_from_every_place_where_blocking_is_fine() {
        assert!(!inside_a_task());
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        {
            let _entered = runtime.enter();
            assert!(!inside_a_task());
        }
        runtime.block_on(async {
            assert!(inside_a_task());
            assert!(tokio::spawn(async { inside_a_task() }).await.unwrap());
            assert!(!tokio::task::spawn_blocking(inside_a_task).await.unwrap());
            // What was used of the budget was given back.
            assert!(coop::has_budget_remaining());
        });
    }

    #[test]
    fn chance_is_spread_over_its_range() {
        let chance = Chance::new().unwrap();
        let numbers: Vec<f64> = (0..1000).map(|_| chance.fraction()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        // Eight standard errors of the mean of 1000 uniform numbers.
        assert!((mean - 0.5).abs() < 8.0 * 0.2887 / 1000f64.sqrt(), "{mean}");
    }
}
