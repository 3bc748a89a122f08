//! The board: which calls have callbacks, which of them have something to tell, and who tells it. One
//! thread at a time delivers, with no lock held.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use super::{CallResult, Event, Flight};
use crate::fork::{self, Lock};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread::{self, ThreadId};

/// A client's calls in flight that have callbacks, and who tells them.
pub(crate) struct Flights {
    pub(super) bell: Arc<Bell>,
    board: Lock<Board>,
}

/// What rings when a call has something to tell. The runtime rings it, so there is nothing of the host's
/// in it: neither a callback nor anything that could be the last to hold one.
pub(super) struct Bell {
    /// How much there is that a tick could do something for: calls on their way, and callbacks that have
    /// not run. Zero makes a tick one load.
    pub(super) active: AtomicUsize,
    /// In the order in which it arose. May name calls that are forgotten.
    ready: Lock<VecDeque<(u64, Tidings)>>,
}

pub(super) enum Tidings {
    Update(CallResult),
    Done,
}

#[derive(Default)]
pub(super) struct Board {
    /// The process whose calls these are.
    generation: u64,
    pub(super) next: u64,
    /// The client is shut down or freed: no call comes to the board any more.
    pub(super) shut: bool,
    pub(super) with_callback: HashMap<u64, Arc<Flight>>,
    /// The calls without a callback, which the host holds.
    pub(super) polled: HashMap<u64, Weak<Flight>>,
    /// The thread that delivers.
    delivering: Option<ThreadId>,
    /// The calls whose callbacks are running there, each inside the one before it.
    running: Vec<u64>,
}

impl Bell {
    pub(super) fn ring(&self, id: u64, tidings: Tidings) {
        self.ready.lock().push_back((id, tidings));
    }

    fn next(&self) -> Option<(u64, Tidings)> {
        self.ready.lock().pop_front()
    }

    pub(super) fn enter(self: &Arc<Bell>) -> Active {
        self.active.fetch_add(1, Ordering::AcqRel);
        Active(Arc::clone(self))
    }
}

/// Counts as active until it is dropped.
pub(super) struct Active(Arc<Bell>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Flights {
    pub(crate) fn new() -> Flights {
        let bell = Bell { active: AtomicUsize::new(0), ready: Lock::new(VecDeque::new()) };
        Flights { bell: Arc::new(bell), board: Lock::new(Board::default()) }
    }

    /// The board, as this process may use it: what a parent left on it is taken off.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = self.board.lock();
        let mut of_parent = None;
        if board.generation != fork::generation() {
            of_parent = Some(std::mem::take(&mut *board));
            board.generation = fork::generation();
            board.next = of_parent.as_ref().map_or(0, |board| board.next);
            self.bell.active.store(0, Ordering::Release);
        }
        let result = work(&mut board);
        drop(board);
        // A parent's calls are the parent's to end, and what their callbacks hold is in use there.
        std::mem::forget(of_parent);
        result
    }

    /// Puts a call that has a callback on the board. Returns false if no call comes to the board any more.
    pub(super) fn add(&self, flight: &Arc<Flight>) -> bool {
        self.bell.active.fetch_add(1, Ordering::AcqRel);
        self.with(|board| {
            if !board.shut {
                board.with_callback.insert(flight.track.id, Arc::clone(flight));
            }
            !board.shut
        })
    }

    /// Lets no call come to the board any more.
    pub(super) fn shut(&self) {
        self.with(|board| board.shut = true);
    }

    /// Forgets every call with a callback: no callback runs any more. Returns the calls, and whether no callback is
    /// running on another thread.
    pub(crate) fn forget_all(&self) -> (Vec<Arc<Flight>>, bool) {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|board| {
            board.shut = true;
            let elsewhere = !board.running.is_empty() && board.delivering.is_some_and(|by| by != me);
            (std::mem::take(&mut board.with_callback), elsewhere)
        });
        for flight in forgotten.values() {
            flight.track.settle();
        }
        (forgotten.into_values().collect(), !elsewhere)
    }

    /// The calls without a callback that are still held.
    pub(crate) fn polled(&self) -> Vec<Arc<Flight>> {
        self.with(|board| board.polled.values().filter_map(Weak::upgrade).collect())
    }

    /// Takes a call without a callback off the board.
    pub(super) fn remove_polled(&self, id: u64) {
        self.with(|board| board.polled.remove(&id));
    }

    /// Forgets one call. Answers whether its callback is not running on another thread.
    pub(super) fn forget(&self, id: u64) -> bool {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|board| {
            let elsewhere = board.running.contains(&id) && board.delivering.is_some_and(|by| by != me);
            (board.with_callback.remove(&id), elsewhere)
        });
        drop(forgotten);
        !elsewhere
    }
}

/// The right to deliver callbacks of a client.
pub(super) struct Delivery<'a> {
    flights: &'a Flights,
    process: u64,
    /// Whether this is inside another delivery of the same thread, which then keeps the right.
    nested: bool,
}

impl<'a> Delivery<'a> {
    pub(super) fn begin(flights: &'a Flights) -> Option<Delivery<'a>> {
        let thread = thread::current().id();
        let free = flights.with(|board| {
            let free = board.delivering.is_none();
            if free {
                board.delivering = Some(thread);
            }
            free
        });
        free.then(|| Delivery { flights, process: fork::generation(), nested: false })
    }

    /// As `begin`, but inside a delivery of this very thread it goes on with it.
    pub(super) fn begin_or_join(flights: &'a Flights) -> Option<Delivery<'a>> {
        let thread = thread::current().id();
        if flights.with(|board| board.delivering == Some(thread)) {
            return Some(Delivery { flights, process: fork::generation(), nested: true });
        }
        Delivery::begin(flights)
    }

    /// Runs the callbacks that are due. Answers whether there is no other that could become so.
    pub(super) fn deliver_all(&self) -> bool {
        while self.deliver_one() {}
        self.flights.with(|board| board.with_callback.is_empty())
    }

    /// Runs one callback that is due, with no lock held. Answers whether there was one.
    pub(super) fn deliver_one(&self) -> bool {
        let flights = self.flights;
        while let Some((id, tidings)) = flights.bell.next() {
            // From here on the callback runs, and who forgets the call is told so. The end is taken off:
            // it is told once, whatever the callback does.
            let flight = flights.with(|board| {
                let flight = match tidings {
                    Tidings::Update(_) => board.with_callback.get(&id).map(Arc::clone),
                    Tidings::Done => board.with_callback.remove(&id),
                };
                if flight.is_some() {
                    board.running.push(id);
                }
                flight
            });
            // One that is not there was forgotten.
            let Some(flight) = flight else { continue };
            self.tell(flight, &tidings);
            return true;
        }
        false
    }

    fn tell(&self, flight: Arc<Flight>, tidings: &Tidings) {
        let running = Running(self);
        if let Some(callback) = &flight.callback {
            match tidings {
                Tidings::Update(update) => callback(Event::Update(update)),
                Tidings::Done => {
                    flight.track.settle();
                    if let Some(result) = flight.take_result() {
                        callback(Event::Done(result));
                    }
                }
            }
        }
        drop(running);
        if flight.check_process().is_err() {
            // The callback forked, and this is the child.
            std::mem::forget(flight);
        }
    }
}

/// A callback is running; also when it unwinds, it is over afterwards.
struct Running<'a>(&'a Delivery<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.0.process == fork::generation() {
            self.0.flights.with(|board| board.running.pop());
        }
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        if !self.nested && self.process == fork::generation() {
            self.flights.with(|board| board.delivering = None);
        }
    }
}

#[cfg(all(test, iplaygames_loom))]
mod loom_tests;
