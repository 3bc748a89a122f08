//! The board: which calls have callbacks, which of them have something to tell, and who tells it. One
//! thread at a time delivers, with no lock held.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use super::{CallResult, Event, SubmittedCall};
use crate::fork::{self, Lock};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread::{self, ThreadId};

/// A client's calls in flight that have callbacks, and who tells them.
pub(crate) struct CallRegistry {
    pub(super) completions: Arc<CompletionQueue>,
    table: Lock<CallTable>,
}

/// What rings when a call has something to tell. The runtime rings it, so there is nothing of the host's
/// in it: neither a callback nor anything that could be the last to hold one.
pub(super) struct CompletionQueue {
    /// How much there is that a tick could do something for: calls on their way, and callbacks that have
    /// not run. Zero makes a tick one load.
    pub(super) active: AtomicUsize,
    /// In the order in which it arose. May name calls that are forgotten.
    ready: Lock<VecDeque<(u64, Completion)>>,
}

pub(super) enum Completion {
    Update(CallResult),
    Done,
}

#[derive(Default)]
pub(super) struct CallTable {
    /// The process whose calls these are.
    generation: u64,
    pub(super) next: u64,
    /// The client is shut down or freed: no call comes to the board any more.
    pub(super) shut: bool,
    pub(super) with_callback: HashMap<u64, Arc<SubmittedCall>>,
    /// The calls without a callback, which the host holds.
    pub(super) polled: HashMap<u64, Weak<SubmittedCall>>,
    /// The thread that delivers.
    dispatching: Option<ThreadId>,
    /// The calls whose callbacks are running there, each inside the one before it.
    running: Vec<u64>,
}

impl CompletionQueue {
    pub(super) fn push(&self, id: u64, completion: Completion) {
        self.ready.lock().push_back((id, completion));
    }

    fn next(&self) -> Option<(u64, Completion)> {
        self.ready.lock().pop_front()
    }

    pub(super) fn enter(self: &Arc<CompletionQueue>) -> ActiveGuard {
        self.active.fetch_add(1, Ordering::AcqRel);
        ActiveGuard(Arc::clone(self))
    }
}

/// Counts as active until it is dropped.
pub(super) struct ActiveGuard(Arc<CompletionQueue>);

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

impl CallRegistry {
    pub(crate) fn new() -> CallRegistry {
        let completions = CompletionQueue { active: AtomicUsize::new(0), ready: Lock::new(VecDeque::new()) };
        CallRegistry { completions: Arc::new(completions), table: Lock::new(CallTable::default()) }
    }

    /// The board, as this process may use it: what a parent left on it is taken off.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut CallTable) -> T) -> T {
        let mut table = self.table.lock();
        let mut forked_child_error = None;
        if table.generation != fork::generation() {
            forked_child_error = Some(std::mem::take(&mut *table));
            table.generation = fork::generation();
            table.next = forked_child_error.as_ref().map_or(0, |table| table.next);
            self.completions.active.store(0, Ordering::Release);
        }
        let result = work(&mut table);
        drop(table);
        // A parent's calls are the parent's to end, and what their callbacks hold is in use there.
        std::mem::forget(forked_child_error);
        result
    }

    /// Puts a call that has a callback on the board. Returns false if no call comes to the board any more.
    pub(super) fn add(&self, submitted: &Arc<SubmittedCall>) -> bool {
        self.completions.active.fetch_add(1, Ordering::AcqRel);
        self.with(|table| {
            if !table.shut {
                table.with_callback.insert(submitted.shared.id, Arc::clone(submitted));
            }
            !table.shut
        })
    }

    /// Lets no call come to the board any more.
    pub(super) fn shut(&self) {
        self.with(|table| table.shut = true);
    }

    /// Forgets every call with a callback: no callback runs any more. Returns the calls, and whether no callback is
    /// running on another thread.
    pub(crate) fn forget_all(&self) -> (Vec<Arc<SubmittedCall>>, bool) {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|table| {
            table.shut = true;
            let elsewhere = !table.running.is_empty() && table.dispatching.is_some_and(|by| by != me);
            (std::mem::take(&mut table.with_callback), elsewhere)
        });
        for submitted in forgotten.values() {
            submitted.shared.mark_delivered();
        }
        (forgotten.into_values().collect(), !elsewhere)
    }

    /// The calls without a callback that are still held.
    pub(crate) fn polled(&self) -> Vec<Arc<SubmittedCall>> {
        self.with(|table| table.polled.values().filter_map(Weak::upgrade).collect())
    }

    /// Takes a call without a callback off the board.
    pub(super) fn remove_polled(&self, id: u64) {
        self.with(|table| table.polled.remove(&id));
    }

    /// Forgets one call. Answers whether its callback is not running on another thread.
    pub(super) fn forget(&self, id: u64) -> bool {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|table| {
            let elsewhere = table.running.contains(&id) && table.dispatching.is_some_and(|by| by != me);
            (table.with_callback.remove(&id), elsewhere)
        });
        drop(forgotten);
        !elsewhere
    }
}

/// The right to deliver callbacks of a client.
pub(super) struct DispatchGuard<'a> {
    registry: &'a CallRegistry,
    process: u64,
    /// Whether this is inside another delivery of the same thread, which then keeps the right.
    nested: bool,
}

impl<'a> DispatchGuard<'a> {
    pub(super) fn begin(registry: &'a CallRegistry) -> Option<DispatchGuard<'a>> {
        let thread = thread::current().id();
        let free = registry.with(|table| {
            let free = table.dispatching.is_none();
            if free {
                table.dispatching = Some(thread);
            }
            free
        });
        free.then(|| DispatchGuard { registry, process: fork::generation(), nested: false })
    }

    /// As `begin`, but inside a delivery of this very thread it goes on with it.
    pub(super) fn begin_or_join(registry: &'a CallRegistry) -> Option<DispatchGuard<'a>> {
        let thread = thread::current().id();
        if registry.with(|table| table.dispatching == Some(thread)) {
            return Some(DispatchGuard { registry, process: fork::generation(), nested: true });
        }
        DispatchGuard::begin(registry)
    }

    /// Runs the callbacks that are due. Answers whether there is no other that could become so.
    pub(super) fn dispatch_all(&self) -> bool {
        while self.dispatch_one() {}
        self.registry.with(|table| table.with_callback.is_empty())
    }

    /// Runs one callback that is due, with no lock held. Answers whether there was one.
    pub(super) fn dispatch_one(&self) -> bool {
        let registry = self.registry;
        while let Some((id, completion)) = registry.completions.next() {
            // From here on the callback runs, and who forgets the call is told so. The end is taken off:
            // it is told once, whatever the callback does.
            let submitted = registry.with(|table| {
                let submitted = match completion {
                    Completion::Update(_) => table.with_callback.get(&id).map(Arc::clone),
                    Completion::Done => table.with_callback.remove(&id),
                };
                if submitted.is_some() {
                    table.running.push(id);
                }
                submitted
            });
            // One that is not there was forgotten.
            let Some(submitted) = submitted else { continue };
            self.invoke(submitted, &completion);
            return true;
        }
        false
    }

    fn invoke(&self, submitted: Arc<SubmittedCall>, completion: &Completion) {
        let running = Running(self);
        if let Some(callback) = &submitted.callback {
            match completion {
                Completion::Update(update) => callback(Event::Update(update)),
                Completion::Done => {
                    submitted.shared.mark_delivered();
                    if let Some(result) = submitted.take_result() {
                        callback(Event::Done(result));
                    }
                }
            }
        }
        drop(running);
        if submitted.check_process().is_err() {
            // The callback forked, and this is the child.
            std::mem::forget(submitted);
        }
    }
}

/// A callback is running; also when it unwinds, it is over afterwards.
struct Running<'a>(&'a DispatchGuard<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.0.process == fork::generation() {
            self.0.registry.with(|table| table.running.pop());
        }
    }
}

impl Drop for DispatchGuard<'_> {
    fn drop(&mut self) {
        if !self.nested && self.process == fork::generation() {
            self.registry.with(|table| table.dispatching = None);
        }
    }
}

#[cfg(all(test, iplaygames_loom))]
mod loom_tests;
