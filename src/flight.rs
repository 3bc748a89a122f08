//! Calls that nobody waits for: submitting, ticking, callbacks, watching, shutting down.
//!
//! A submitted call is a task of the reactor like any other; whoever ticks or waits carries it. What it
//! comes to is put into words on the thread that asks. Callbacks run inside `tick` and `shutdown` only,
//! on the thread that called them, with no lock held, one at a time.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::api::operation::Operation;
use crate::client::{CallOptions, Client, Core, Prepared, Reply, read};
use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, Lock};
use crate::json;
use crate::net::reactor::Enrolled;
use crate::net::request::{Look, Report};
use crate::session::session_arguments;

/// What a call came to.
pub type CallResult = Result<Reply, Error>;

/// What a callback is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// Of a watch: what is watched has changed; more will follow.
    News(&'a Reply),
    /// The end, exactly once.
    Done(&'a CallResult),
}

/// What is called in [`Client::tick`] and [`Client::shutdown`].
pub type Callback = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// A client's calls in flight that have callbacks, and those with something to tell.
pub(crate) struct Flights {
    /// How many calls a tick could do something for. Zero makes a tick one load.
    active: AtomicUsize,
    board: Lock<Board>,
}

#[derive(Default)]
struct Board {
    /// The process whose calls these are.
    generation: u64,
    next: u64,
    with_callback: HashMap<u64, Arc<Flight>>,
    /// In the order in which they have something to tell. May name calls that are forgotten.
    ready: VecDeque<u64>,
    delivering: Option<Delivering>,
}

/// Who is delivering, and the call whose callback is running.
#[derive(Clone, Copy)]
struct Delivering {
    thread: ThreadId,
    call: Option<u64>,
}

/// One submitted call.
struct Flight {
    id: u64,
    core: Weak<Core>,
    operation: &'static Operation,
    call_id: String,
    enrolled: Enrolled,
    callback: Option<Callback>,
    /// Of a watch: what has not been told yet.
    news: Lock<VecDeque<Reply>>,
    result: OnceLock<CallResult>,
    /// Whether it still counts as active.
    counted: AtomicBool,
    process: u64,
}

impl Flights {
    pub(crate) fn new() -> Flights {
        Flights { active: AtomicUsize::new(0), board: Lock::new(Board::default()) }
    }

    /// The board, as this process may use it: what a parent left on it is taken off.
    fn with<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = self.board.lock();
        let mut of_parent = None;
        if board.generation != fork::generation() {
            of_parent = Some(std::mem::take(&mut *board));
            board.generation = fork::generation();
            board.next = of_parent.as_ref().map_or(0, |board| board.next);
            self.active.store(0, Ordering::Release);
        }
        let result = work(&mut board);
        drop(board);
        // A parent's calls are the parent's to end, and what their callbacks hold is in use there.
        std::mem::forget(of_parent);
        result
    }

    /// Forgets every call: no callback runs any more. Answers whether none is running on another thread.
    pub(crate) fn forget_all(&self) -> bool {
        let (forgotten, elsewhere) = self.with(|board| {
            board.ready.clear();
            let me = std::thread::current().id();
            let by = board.delivering.filter(|by| by.call.is_some() && by.thread != me);
            (std::mem::take(&mut board.with_callback), by.is_some())
        });
        for flight in forgotten.values() {
            flight.settle();
        }
        drop(forgotten);
        !elsewhere
    }

    /// A call has something to tell.
    fn ready(&self, id: u64) {
        self.with(|board| board.ready.push_back(id));
    }
}

impl Flight {
    /// Stops counting as active, once.
    fn settle(&self) {
        if self.counted.swap(false, Ordering::AcqRel)
            && let Some(core) = self.core.upgrade()
        {
            core.flights.active.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// What it came to, put into words the first time somebody asks.
    fn result(&self) -> Option<&CallResult> {
        if self.result.get().is_none() {
            let report = self.enrolled.request().report()?;
            return Some(self.result.get_or_init(|| {
                let result = self.read(&report);
                if let Some(core) = self.core.upgrade() {
                    core.count(self.operation.id, &result, report.attempts);
                }
                result
            }));
        }
        self.result.get()
    }

    fn read(&self, report: &Report) -> CallResult {
        let result = read(self.operation, report.clone(), self.call_id.clone());
        result.map_err(|error| match self.core.upgrade() {
            Some(core) => core.name(error, self.operation.id, Some(&self.call_id)),
            // The client is gone, and nobody is there to be told more.
            None => Error::new(Code::CANCELED, "The client of the call is gone."),
        })
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
    flight: Option<Arc<Flight>>,
    /// The future's own.
    waiting: Option<Pin<Box<dyn Future<Output = Arc<Report>> + Send>>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let flight = self.flight.as_ref();
        f.debug_struct("Call")
            .field("operation", &flight.map(|flight| flight.operation.id))
            .field("call_id", &flight.map(|flight| flight.call_id.as_str()))
            .finish_non_exhaustive()
    }
}

impl Call {
    fn flight(&self) -> Result<&Arc<Flight>, Error> {
        let flight = self.flight.as_ref().filter(|flight| flight.process == fork::generation());
        flight.ok_or_else(|| {
            Error::new(Code::INVALID_HANDLE, "The call belongs to the process that this one was forked from.")
        })
    }

    /// The id of the call, as it is sent.
    pub fn id(&self) -> &str {
        self.flight.as_ref().map_or("", |flight| &flight.call_id)
    }

    /// The result, if it is there; as often as asked. Never drives.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_HANDLE`] in a forked child, for a call of its parent.
    pub fn poll(&self) -> Result<Option<&CallResult>, Error> {
        Ok(self.flight()?.result())
    }

    /// Of a watch: the oldest change that was not told yet, each once.
    pub fn poll_news(&self) -> Option<Reply> {
        self.flight().ok()?.news.lock().pop_front()
    }

    /// Drives until the result is there, for so long at most.
    ///
    /// # Errors
    ///
    /// As [`Client::call`] where this thread cannot wait.
    pub fn wait(&self, timeout: Duration) -> Result<Option<&CallResult>, Error> {
        let flight = self.flight()?;
        flight.enrolled.reactor().wait(flight.enrolled.request(), timeout)?;
        Ok(flight.result())
    }

    /// Ends the call at once; one that has ended stays as it is. The connection it was using is closed.
    ///
    /// # Errors
    ///
    /// As [`Call::poll`].
    pub fn cancel(&self) -> Result<(), Error> {
        self.flight()?.enrolled.request().cancel();
        Ok(())
    }

    /// Lets go of the call without ending it: its callback will run. A call without a callback has nothing
    /// to go on for, and is forgotten.
    pub fn detach(mut self) {
        if self.flight.as_ref().is_some_and(|flight| flight.callback.is_some()) {
            // The client holds it until its callback has run.
            self.flight = None;
        }
    }

    /// Forgets the call, as dropping it does; says whether that is complete. It is not while the call's
    /// very callback is running on another thread: then the callback's return completes it.
    pub fn forget(mut self) -> bool {
        self.let_go()
    }

    fn let_go(&mut self) -> bool {
        let Some(flight) = self.flight.take() else { return true };
        if flight.process != fork::generation() {
            // The parent's: what is behind it must not be touched from here.
            std::mem::forget(flight);
            return true;
        }
        let mut complete = true;
        if let Some(core) = flight.core.upgrade() {
            let me = std::thread::current().id();
            let (held, elsewhere) = core.flights.with(|board| {
                let held = board.with_callback.remove(&flight.id);
                let by = board.delivering.filter(|by| by.call == Some(flight.id));
                (held, by.is_some_and(|by| by.thread != me))
            });
            complete = !elsewhere;
            drop(held);
        }
        flight.settle();
        flight.enrolled.request().cancel();
        complete
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
        let flight = Arc::clone(self.flight()?);
        if let Some(result) = flight.result() {
            return Poll::Ready(result.clone());
        }
        if !flight.enrolled.reactor().has_driver() {
            return Poll::Ready(Err(Error::new(
                Code::UNSUPPORTED,
                "Nobody drives this client, so the call would never end: configure it with \
                 \"background\": true, or tick it.",
            )));
        }
        let request = Arc::clone(flight.enrolled.request());
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(async move { request.wait().await }));
        let ended = waiting.as_mut().poll(context);
        match flight.result() {
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
        let prepared = self.prepare(operation, arguments_json, options)?;
        self.fly(prepared, callback, |flight, prepared| {
            let reactor = flight.enrolled.reactor();
            reactor.begin(&flight.enrolled, prepared.plan);
        })
    }

    /// Watches a session: reads its status at a pace (a tenth more or less), one reading at a time, and
    /// tells every change. Ends when the session is no longer active, is gone, or cannot be read.
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
        let arguments = session_arguments(session_id);
        let prepared = self.prepare("get_session_status", &arguments, &CallOptions::default())?;
        self.fly(prepared, callback, |flight, prepared| {
            let watched = Arc::downgrade(flight);
            let mut last_status = None;
            let look = move |report: &Report| match watched.upgrade() {
                Some(flight) => flight.look(report, &mut last_status),
                None => Look::Enough,
            };
            let reactor = flight.enrolled.reactor();
            reactor.begin_watch(&flight.enrolled, prepared.plan, interval, look);
        })
    }

    fn fly(
        &self,
        prepared: Prepared,
        callback: Option<Callback>,
        begin: impl FnOnce(&Arc<Flight>, Prepared),
    ) -> Result<Call, Error> {
        let core = self.core();
        let enrolled = prepared
            .reactor
            .enroll()
            .map_err(|error| core.name(error, prepared.operation.id, Some(&prepared.call_id)))?;
        let id = core.flights.with(|board| {
            board.next += 1;
            board.next
        });
        let flight = Arc::new(Flight {
            id,
            core: Arc::downgrade(core),
            operation: prepared.operation,
            call_id: prepared.call_id.clone(),
            enrolled,
            callback,
            news: Lock::new(VecDeque::new()),
            result: OnceLock::new(),
            counted: AtomicBool::new(true),
            process: fork::generation(),
        });
        core.flights.active.fetch_add(1, Ordering::AcqRel);
        if flight.callback.is_some() {
            core.flights.with(|board| board.with_callback.insert(id, Arc::clone(&flight)));
        }
        let ended = Arc::downgrade(&flight);
        flight.enrolled.request().set_on_end(Box::new(move || {
            let Some(flight) = ended.upgrade() else { return };
            if flight.callback.is_none() {
                flight.settle();
            } else if let Some(core) = flight.core.upgrade() {
                core.flights.ready(flight.id);
            }
        }));
        begin(&flight, prepared);
        Ok(Call { flight: Some(flight), waiting: None })
    }

    /// Does what can be done for calls in flight without waiting, and runs the callbacks that are due, on
    /// this thread. Answers how many ran. To be called once a frame.
    ///
    /// With nothing in flight it costs one atomic load. Else it takes turns until one brings nothing or
    /// the budget has passed, which is looked at between turns and between callbacks; a budget of zero is
    /// one turn and at most one callback. Inside a callback, or while another thread ticks, it does
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`] or [`Code::UNSUPPORTED`] where this thread cannot drive.
    pub fn tick(&self, budget: Duration) -> Result<u32, Error> {
        let flights = &self.core().flights;
        if flights.active.load(Ordering::Acquire) == 0 {
            return Ok(0);
        }
        let Some(delivery) = Delivery::begin(self.core()) else { return Ok(0) };
        let started = Instant::now();
        let reactor = self.core().reactor_in_use();
        let mut completed = 0;
        loop {
            let moved = match &reactor {
                Some(reactor) => reactor.turn()?,
                None => false,
            };
            let mut told = false;
            while delivery.deliver_one() {
                completed += 1;
                told = true;
                if budget.is_zero() || started.elapsed() >= budget {
                    return Ok(completed);
                }
            }
            if !(moved || told) || budget.is_zero() || started.elapsed() >= budget {
                return Ok(completed);
            }
        }
    }

    /// Ends the client in order: new calls are refused, those in flight are driven for at most so long,
    /// the rest is canceled, watches at once; every callback runs, on this thread; the background thread
    /// is joined. When this returns no callback is running and none ever will, except for the one this is
    /// called from.
    ///
    /// # Errors
    ///
    /// [`Code::SHUT_DOWN`] when it is shut down already or this thread cannot drive.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Error> {
        let core = self.core();
        let Some(reactor) = core.close_for_new()? else { return Ok(()) };
        let driven = reactor.wind_down(timeout);
        loop {
            // Another thread that is delivering must be done first; it is so when its callbacks are.
            match Delivery::begin_or_join(core) {
                Some(delivery) => {
                    while delivery.deliver_one() {}
                    break;
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        reactor.join_background();
        core.close_wholly();
        driven
    }
}

impl Flight {
    /// Looks at a reading of a watch.
    fn look(&self, report: &Report, last_status: &mut Option<String>) -> Look {
        let reply = match self.read(report) {
            Ok(reply) => reply,
            // What may pass is read again at the next time; what will not pass is the end.
            Err(error) if error.retryable() => return Look::Again,
            Err(_) => return Look::Enough,
        };
        let status = json::at(reply.json(), "/data/status").ok().map(str::to_owned);
        if status.as_deref() != Some("\"active\"") {
            return Look::Enough;
        }
        if *last_status != status {
            *last_status = status;
            self.news.lock().push_back(reply);
            if self.callback.is_some()
                && let Some(core) = self.core.upgrade()
            {
                core.flights.ready(self.id);
            }
        }
        Look::Again
    }
}

/// The right to deliver callbacks of a client.
struct Delivery<'a> {
    core: &'a Core,
    /// Whether this is inside another delivery of the same thread, which then keeps the right.
    nested: bool,
    outer: Option<u64>,
}

impl<'a> Delivery<'a> {
    fn begin(core: &'a Core) -> Option<Delivery<'a>> {
        let thread = std::thread::current().id();
        core.flights
            .with(|board| {
                if board.delivering.is_some() {
                    return false;
                }
                board.delivering = Some(Delivering { thread, call: None });
                true
            })
            .then_some(Delivery { core, nested: false, outer: None })
    }

    /// As `begin`, but inside a delivery of this very thread it goes on with it.
    fn begin_or_join(core: &'a Core) -> Option<Delivery<'a>> {
        let thread = std::thread::current().id();
        let mine = core.flights.with(|board| board.delivering.filter(|by| by.thread == thread));
        match mine {
            Some(by) => Some(Delivery { core, nested: true, outer: by.call }),
            None => Delivery::begin(core),
        }
    }

    /// Runs one callback that is due, with no lock held. Answers whether there was one.
    fn deliver_one(&self) -> bool {
        let next = self.core.flights.with(|board| {
            while let Some(id) = board.ready.pop_front() {
                let Some(flight) = board.with_callback.get(&id).map(Arc::clone) else { continue };
                if let Some(by) = &mut board.delivering {
                    by.call = Some(id);
                }
                return Some(flight);
            }
            None
        });
        let Some(flight) = next else { return false };
        let running = Running(self);
        let news = flight.news.lock().pop_front();
        if let (Some(news), Some(callback)) = (&news, &flight.callback) {
            callback(Event::News(news));
        } else if let Some(result) = flight.result() {
            // Taken off first: the end is told once, whatever the callback does.
            let held = self.core.flights.with(|board| board.with_callback.remove(&flight.id));
            flight.settle();
            if let (Some(_), Some(callback)) = (&held, &flight.callback) {
                callback(Event::Done(result));
            }
        }
        drop(running);
        true
    }
}

/// A callback is running; also when it unwinds, it is over afterwards.
struct Running<'a>(&'a Delivery<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let outer = self.0.outer;
        self.0.core.flights.with(|board| {
            if let Some(by) = &mut board.delivering {
                by.call = outer;
            }
        });
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        if !self.nested {
            self.core.flights.with(|board| board.delivering = None);
        }
    }
}
