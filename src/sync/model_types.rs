//! Types of `std::sync` that loom lacks or has in another form, built from the primitives of loom.
//! The library uses them when it runs in a model.

use std::sync::{LockResult, PoisonError};

use loom::sync::MutexGuard;
use loom::sync::atomic::{AtomicBool, Ordering};

/// A mutex with a const constructor, which the mutex of loom does not have. The mutex of loom is
/// created at the first use, which must be inside a model.
pub(crate) struct Mutex<T> {
    initial: std::sync::Mutex<Option<T>>,
    mutex: std::sync::OnceLock<loom::sync::Mutex<T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex { initial: std::sync::Mutex::new(Some(value)), mutex: std::sync::OnceLock::new() }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        // All threads of a model run on one system thread, so no other thread interrupts this code.
        let mutex = self.mutex.get_or_init(|| {
            let initial = self.initial.lock().unwrap_or_else(PoisonError::into_inner).take();
            loom::sync::Mutex::new(initial.expect("only the first use takes the value"))
        });
        mutex.lock()
    }
}

/// A cell that can be written once.
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    is_set: AtomicBool,
    writing: loom::sync::Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> OnceLock<T> {
        OnceLock {
            value: std::sync::OnceLock::new(),
            is_set: AtomicBool::new(false),
            writing: loom::sync::Mutex::new(()),
        }
    }

    #[track_caller]
    pub(crate) fn get(&self) -> Option<&T> {
        if self.is_set.load(Ordering::Acquire) { self.value.get() } else { None }
    }

    #[track_caller]
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    #[track_caller]
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if self.get().is_none() {
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.get().is_none() {
                self.value.get_or_init(make);
                self.is_set.store(true, Ordering::Release);
            }
        }
        self.value.get().expect("it is set")
    }
}
