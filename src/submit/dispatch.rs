//! Runs the callbacks of a client: on one thread at a time, inside `tick` and `shutdown` only, with
//! no lock held.

use std::sync::Arc;

use super::call::SubmittedCall;
use super::completions::Completion;
use super::event::{Callback, Event};
use super::registry::CallRegistry;
use crate::fork;
use crate::sync::thread;

/// The right to run callbacks of a client. One thread at a time has it.
pub(crate) struct DispatchGuard<'a> {
    registry: &'a CallRegistry,
    process: u64,
    /// Whether this guard was made inside a callback, while the same thread has another guard.
    nested: bool,
}

impl<'a> DispatchGuard<'a> {
    /// Returns the guard, unless another thread or this one has it.
    pub(crate) fn begin(registry: &'a CallRegistry) -> Option<DispatchGuard<'a>> {
        let thread = thread::current().id();
        let is_free = registry.with(|table| {
            let is_free = table.dispatching.is_none();
            if is_free {
                table.dispatching = Some(thread);
            }
            is_free
        });
        is_free.then(|| DispatchGuard { registry, process: fork::generation(), nested: false })
    }

    /// Returns the guard, unless another thread has it.
    pub(crate) fn begin_or_join(registry: &'a CallRegistry) -> Option<DispatchGuard<'a>> {
        let thread = thread::current().id();
        if registry.with(|table| table.dispatching == Some(thread)) {
            return Some(DispatchGuard { registry, process: fork::generation(), nested: true });
        }
        DispatchGuard::begin(registry)
    }

    /// Runs the callbacks that are due. Returns whether no other callback can become due.
    pub(crate) fn dispatch_all(&self) -> bool {
        while self.dispatch_one() {}
        self.registry.with(|table| table.with_callback.is_empty())
    }

    /// Runs one callback that is due, with no lock held. Returns whether there was one.
    pub(crate) fn dispatch_one(&self) -> bool {
        let registry = self.registry;
        while let Some((id, completion)) = registry.completions.pop() {
            // The call is marked as running and its callback is taken in the same step, so that
            // `abandon` can report it. A call that has ended is removed, so that its callback runs
            // once.
            let found = registry.with(|table| {
                let submitted = match completion {
                    Completion::Update(_) => table.with_callback.get(&id).map(Arc::clone),
                    Completion::Done => table.with_callback.remove(&id),
                };
                let submitted = submitted?;
                table.running.push(id);
                let callback = match completion {
                    Completion::Update(_) => submitted.callback(),
                    Completion::Done => submitted.take_callback(),
                };
                Some((submitted, callback))
            });
            // A call that is not in the table was forgotten.
            let Some((submitted, callback)) = found else { continue };
            self.invoke(submitted, callback, &completion);
            return true;
        }
        false
    }

    fn invoke(
        &self,
        submitted: Arc<SubmittedCall>,
        callback: Option<Arc<Callback>>,
        completion: &Completion,
    ) {
        let running = Running(self);
        if let Some(callback) = &callback {
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
            // The callback forked, and this is the child: the call belongs to the parent.
            std::mem::forget(callback);
            std::mem::forget(submitted);
        }
    }
}

/// A callback that is running, until this is dropped; also when the callback panics.
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
