//! What keeps locks whole across `fork`.
//!
//! A child has only the thread that forked: a lock that another thread held at that moment would stay
//! locked in it for ever. So every short critical section of the library runs behind one gate, and
//! `fork` waits until no thread is behind it. The few locks that live as long as the process need no gate, which is
//! half of what a lock costs: `fork` takes each of them. Rules for both: never take a second lock in there,
//! never wait and never run foreign code.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::sync::{Mutex, MutexGuard};

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

/// A lock that lives as long as the process, and that `fork` takes. It does not poison either. Only the tables of the C
/// interface live so long.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) struct Anchored<T: 'static> {
    value: Mutex<T>,
    /// Whether `fork` knows of it.
    known: AtomicBool,
}

#[cfg_attr(not(feature = "capi"), allow(dead_code))]
impl<T: Send> Anchored<T> {
    pub(crate) const fn new(value: T) -> Anchored<T> {
        Anchored { value: Mutex::new(value), known: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn lock(&'static self) -> MutexGuard<'static, T> {
        if !self.known.load(Ordering::Acquire) {
            self.make_known();
        }
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behind the gate, so that no fork comes between the two steps.
    #[cold]
    fn make_known(&'static self) {
        let _gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        let mut anchored = ANCHORED.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.known.swap(true, Ordering::Release) {
            anchored.push(self);
        }
    }
}

/// All of them that were ever used.
static ANCHORED: std::sync::Mutex<Vec<&'static dyn Holdable>> = std::sync::Mutex::new(Vec::new());

/// A lock of whatever type.
trait Holdable: Sync {
    /// Keeps every thread out until it is dropped.
    #[cfg_attr(not(unix), allow(dead_code))]
    fn hold(&'static self) -> Box<dyn Held>;
}

trait Held {}
impl<T> Held for MutexGuard<'static, T> {}

impl<T: Send> Holdable for Anchored<T> {
    fn hold(&'static self) -> Box<dyn Held> {
        Box::new(self.value.lock().unwrap_or_else(PoisonError::into_inner))
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
    use std::mem::ManuallyDrop;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Once, PoisonError, RwLockWriteGuard};

    use super::{ANCHORED, GATE, Held};

    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static REGISTER: Once = Once::new();

    /// Everything that a fork holds.
    struct Whole {
        // Fields drop in this order: the gate was first, and is last.
        _anchored: Vec<Box<dyn Held>>,
        _gate: RwLockWriteGuard<'static, ()>,
    }

    thread_local! {
        // const, and without a destructor to register: it must work while the thread ends.
        static HELD: RefCell<Option<ManuallyDrop<Whole>>> = const { RefCell::new(None) };
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
        // Nobody else is behind the gate, so the list is to be had without it.
        let anchored = ANCHORED.lock().unwrap_or_else(PoisonError::into_inner);
        let anchored = anchored.iter().map(|lock| lock.hold()).collect();
        let whole = ManuallyDrop::new(Whole { _anchored: anchored, _gate: gate });
        let _ = HELD.try_with(|held| *held.borrow_mut() = Some(whole));
    }

    fn release() {
        let _ = HELD.try_with(|held| {
            if let Some(whole) = held.borrow_mut().take() {
                drop(ManuallyDrop::into_inner(whole));
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

    #[test]
    fn an_anchored_lock_guards_and_survives_a_panic_in_its_section() {
        static LOCK: Anchored<i32> = Anchored::new(1);
        let panicked = std::panic::catch_unwind(|| {
            *LOCK.lock() = 2;
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(*LOCK.lock(), 2);
    }

    #[test]
    #[cfg(unix)]
    fn a_child_finds_an_anchored_lock_free_and_what_it_guards_whole() {
        static PAIR: Anchored<(u64, u64)> = Anchored::new((0, 0));
        generation();
        let stop = AtomicBool::new(false);
        let mut statuses = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut pair = PAIR.lock();
                    pair.0 += 1;
                    std::hint::black_box(&mut pair);
                    pair.1 += 1;
                }
            });
            for _ in 0..200 {
                // SAFETY: the child looks at one lock, and leaves without running what else there is.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    // SAFETY: an alarm ends a child that finds it locked.
                    unsafe { libc::alarm(60) };
                    let pair = PAIR.lock();
                    let code = i32::from(pair.0 != pair.1);
                    // SAFETY: nothing of the parent's is flushed or dropped.
                    unsafe { libc::_exit(code) };
                }
                let mut status = -1;
                // SAFETY: a child of ours, and a place for its status.
                unsafe { libc::waitpid(child, &mut status, 0) };
                statuses.push(status);
                if status != 0 {
                    break;
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(
            statuses.iter().all(|status| *status == 0),
            "256: cut in half; 14: locked for ever: {statuses:?}"
        );
    }
}
