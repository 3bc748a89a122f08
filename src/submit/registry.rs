//! The calls of one client that are not forgotten: those with a callback, which the client keeps
//! until it has run, and those without a callback, which the host keeps. Running callbacks is in
//! `dispatch.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::call::SubmittedCall;
use super::completions::CompletionQueue;
use crate::fork::{self, ForkSafeMutex};
use crate::sync::thread::{self, ThreadId};

/// The submitted calls of one client.
pub(crate) struct CallRegistry {
    pub(crate) completions: Arc<CompletionQueue>,
    table: ForkSafeMutex<CallTable>,
}

#[derive(Default)]
pub(super) struct CallTable {
    /// The process that the calls belong to (its fork generation).
    generation: u64,
    pub(super) next: u64,
    /// The client is shut down or freed: no more calls are added.
    pub(super) is_closed: bool,
    pub(super) with_callback: HashMap<u64, Arc<SubmittedCall>>,
    /// The calls without a callback, which the host holds.
    pub(super) polled: HashMap<u64, Weak<SubmittedCall>>,
    /// The thread that runs callbacks.
    pub(super) dispatching: Option<ThreadId>,
    /// The calls whose callbacks are running on that thread, each inside the one before it.
    pub(super) running: Vec<u64>,
}

impl CallRegistry {
    pub(crate) fn new() -> CallRegistry {
        CallRegistry {
            completions: Arc::new(CompletionQueue::new()),
            table: ForkSafeMutex::new(CallTable::default()),
        }
    }

    /// Returns the id of the next call.
    pub(crate) fn next_id(&self) -> u64 {
        self.with(|table| {
            table.next += 1;
            table.next
        })
    }

    /// Adds a call without a callback, which the host holds.
    pub(crate) fn add_polled(&self, submitted: &Arc<SubmittedCall>) {
        self.with(|table| table.polled.insert(submitted.shared.id, Arc::downgrade(submitted)));
    }

    /// Runs `work` on the table with the lock held. In a forked child the calls of the parent are
    /// removed first.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut CallTable) -> T) -> T {
        let mut table = self.table.lock();
        let mut parents = None;
        if table.generation != fork::generation() {
            parents = Some(std::mem::take(&mut *table));
            table.generation = fork::generation();
            table.next = parents.as_ref().map_or(0, |table| table.next);
            self.completions.reset();
        }
        let result = work(&mut table);
        drop(table);
        // The parent ends its calls itself. Dropping them here would drop what their callbacks
        // hold, which is in use there.
        std::mem::forget(parents);
        result
    }

    /// Adds a call that has a callback. Returns false if the registry is closed.
    pub(crate) fn add(&self, submitted: &Arc<SubmittedCall>) -> bool {
        self.completions.add_callback();
        self.with(|table| {
            if !table.is_closed {
                table.with_callback.insert(submitted.shared.id, Arc::clone(submitted));
            }
            !table.is_closed
        })
    }

    /// Accepts no more calls.
    pub(crate) fn close(&self) {
        self.with(|table| table.is_closed = true);
    }

    /// Forgets every call with a callback: no callback runs any more. Returns the calls, and
    /// whether no callback is running on another thread.
    pub(crate) fn forget_all(&self) -> (Vec<Arc<SubmittedCall>>, bool) {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|table| {
            table.is_closed = true;
            let elsewhere = !table.running.is_empty() && table.dispatching.is_some_and(|by| by != me);
            (std::mem::take(&mut table.with_callback), elsewhere)
        });
        for submitted in forgotten.values() {
            submitted.shared.mark_delivered();
        }
        (forgotten.into_values().collect(), !elsewhere)
    }

    /// Returns the calls without a callback whose handles the host still has.
    pub(crate) fn polled(&self) -> Vec<Arc<SubmittedCall>> {
        self.with(|table| table.polled.values().filter_map(Weak::upgrade).collect())
    }

    /// Removes a call without a callback.
    pub(crate) fn remove_polled(&self, id: u64) {
        self.with(|table| table.polled.remove(&id));
    }

    /// Forgets one call. Returns false if its callback is running on another thread.
    pub(crate) fn abandon(&self, id: u64) -> bool {
        let me = thread::current().id();
        let (forgotten, elsewhere) = self.with(|table| {
            let elsewhere = table.running.contains(&id) && table.dispatching.is_some_and(|by| by != me);
            (table.with_callback.remove(&id), elsewhere)
        });
        drop(forgotten);
        !elsewhere
    }
}
