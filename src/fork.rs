//! What keeps locks whole across `fork`.
//!
//! A child has only the thread that forked: a lock that another thread held at that moment would stay
//! locked in it for ever. So every short critical section of the library runs behind one gate, and
//! `fork` waits until no thread is behind it. Rules: never take a second lock behind the gate, never
//! wait and never run foreign code there.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

static GATE: RwLock<()> = RwLock::new(());

/// A lock whose critical sections `fork` never cuts in half. It does not poison: every section
/// leaves its data whole.
pub(crate) struct Lock<T>(Mutex<T>);

/// The right to touch what a [`Lock`] guards.
pub(crate) struct Guard<'a, T> {
    // Fields drop in this order: first the lock, then the gate.
    inner: MutexGuard<'a, T>,
    _gate: RwLockReadGuard<'static, ()>,
}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        Guard { inner: self.0.lock().unwrap_or_else(PoisonError::into_inner), _gate: gate }
    }
}

impl<T> std::ops::Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> std::ops::DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// How many forks lie between the first process and this one. A thing that remembers another number
/// was made by a parent.
#[cfg(unix)]
pub(crate) fn generation() -> u64 {
    unix::generation()
}

#[cfg(not(unix))]
pub(crate) fn generation() -> u64 {
    0
}

#[cfg(unix)]
mod unix {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Once, PoisonError, RwLockWriteGuard};

    use super::GATE;

    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static REGISTER: Once = Once::new();

    thread_local! {
        // const, and without a destructor to register: it must work while the thread ends.
        static HELD: RefCell<Option<std::mem::ManuallyDrop<RwLockWriteGuard<'static, ()>>>> =
            const { RefCell::new(None) };
    }

    pub(super) fn generation() -> u64 {
        REGISTER.call_once(|| {
            // SAFETY: the three handlers are plain functions that live as long as the library, which is
            // never unloaded (linked with nodelete). Should registering fail for want of memory, a child
            // keeps the parent's number: it then must not use clients, as without this library's care.
            unsafe { libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }

    extern "C" fn prepare() {
        let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
        let _ = HELD.try_with(|held| *held.borrow_mut() = Some(std::mem::ManuallyDrop::new(gate)));
    }

    fn release() {
        let _ = HELD.try_with(|held| {
            if let Some(gate) = held.borrow_mut().take() {
                drop(std::mem::ManuallyDrop::into_inner(gate));
            }
        });
    }

    extern "C" fn in_parent() {
        release();
    }

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_guards_and_survives_a_panic_in_its_section() {
        let lock = Lock::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            *lock.lock() = 2;
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 2);
    }
}
