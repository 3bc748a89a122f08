//! Mutexes that stay usable in a forked child.
//!
//! A child has only the thread that forked. A mutex that another thread held at that moment would
//! stay locked in the child for ever. So a [`ForkSafeMutex`] also takes a shared lock, which `fork`
//! takes exclusively: it waits until no thread holds any of them. A [`StaticForkSafeMutex`] lives
//! as long as the process and costs half as much: `fork` locks each of them. While such a mutex is
//! held, code must not lock another one, wait, or call code of the host.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::sync::{Mutex, MutexGuard};

static FORK_LOCK: RwLock<()> = RwLock::new(());

/// A mutex that no thread holds while the process forks. A panic does not poison it: no critical
/// section panics half-way.
pub(crate) struct ForkSafeMutex<T>(Mutex<T>);

/// The guard of a [`ForkSafeMutex`].
pub(crate) struct ForkSafeGuard<'a, T> {
    // Fields drop in this order: first the mutex, then the shared lock.
    inner: MutexGuard<'a, T>,
    _fork_lock: RwLockReadGuard<'static, ()>,
}

impl<T> ForkSafeMutex<T> {
    pub(crate) const fn new(value: T) -> ForkSafeMutex<T> {
        ForkSafeMutex(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> ForkSafeGuard<'_, T> {
        let fork_lock = FORK_LOCK.read().unwrap_or_else(PoisonError::into_inner);
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ForkSafeGuard { inner, _fork_lock: fork_lock }
    }
}

impl<T> std::ops::Deref for ForkSafeGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> std::ops::DerefMut for ForkSafeGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// A static mutex, which `fork` locks. It does not poison, either. Only the tables of the C
/// interface use it.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) struct StaticForkSafeMutex<T: 'static> {
    value: Mutex<T>,
    /// Whether the mutex is in [`STATIC_MUTEXES`].
    is_registered: AtomicBool,
}

#[cfg_attr(not(feature = "capi"), allow(dead_code))]
impl<T: Send> StaticForkSafeMutex<T> {
    pub(crate) const fn new(value: T) -> StaticForkSafeMutex<T> {
        StaticForkSafeMutex { value: Mutex::new(value), is_registered: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn lock(&'static self) -> MutexGuard<'static, T> {
        if !self.is_registered.load(Ordering::Acquire) {
            self.register();
        }
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the mutex to [`STATIC_MUTEXES`]. The shared lock keeps a fork from coming between the
    /// two steps.
    #[cold]
    fn register(&'static self) {
        let _fork_lock = FORK_LOCK.read().unwrap_or_else(PoisonError::into_inner);
        let mut static_mutexes = STATIC_MUTEXES.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_registered.swap(true, Ordering::Release) {
            static_mutexes.push(self);
        }
    }
}

/// All static mutexes that were ever locked.
static STATIC_MUTEXES: std::sync::Mutex<Vec<&'static dyn AtFork>> = std::sync::Mutex::new(Vec::new());

/// A mutex of any type, for the fork handlers.
trait AtFork: Sync {
    /// Locks the mutex until the result is dropped.
    #[cfg_attr(not(unix), allow(dead_code))]
    fn lock_for_fork(&'static self) -> Box<dyn HeldMutex>;
}

trait HeldMutex {}
impl<T> HeldMutex for MutexGuard<'static, T> {}

impl<T: Send> AtFork for StaticForkSafeMutex<T> {
    fn lock_for_fork(&'static self) -> Box<dyn HeldMutex> {
        Box::new(self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the number of forks between the first process and this one. An object with another
/// number was made by a parent process.
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

    use super::{FORK_LOCK, HeldMutex, STATIC_MUTEXES};

    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static REGISTER: Once = Once::new();

    /// The locks that a fork holds.
    struct ForkGuards {
        // Fields drop in this order: the shared lock was taken first and is released last.
        _static_guards: Vec<Box<dyn HeldMutex>>,
        _fork_lock: RwLockWriteGuard<'static, ()>,
    }

    thread_local! {
        // const, and without a destructor to register: it must work while the thread ends.
        static HELD: RefCell<Option<ManuallyDrop<ForkGuards>>> = const { RefCell::new(None) };
    }

    pub(super) fn generation() -> u64 {
        REGISTER.call_once(|| {
            // SAFETY: the handlers are plain functions of a library that is never unloaded (linked
            // with nodelete). If registering fails for lack of memory, a child keeps its parent's
            // number and must not use its clients.
            unsafe { libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }

    extern "C" fn prepare() {
        let fork_lock = FORK_LOCK.write().unwrap_or_else(PoisonError::into_inner);
        // No other thread holds the shared lock, so none holds the list.
        let static_mutexes = STATIC_MUTEXES.lock().unwrap_or_else(PoisonError::into_inner);
        let static_guards = static_mutexes.iter().map(|mutex| mutex.lock_for_fork()).collect();
        let guards = ForkGuards { _static_guards: static_guards, _fork_lock: fork_lock };
        let _ = HELD.try_with(|held| *held.borrow_mut() = Some(ManuallyDrop::new(guards)));
    }

    fn release() {
        let _ = HELD.try_with(|held| {
            if let Some(guards) = held.borrow_mut().take() {
                drop(ManuallyDrop::into_inner(guards));
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
    fn a_mutex_guards_its_value_after_a_panic_in_a_critical_section() {
        let lock = ForkSafeMutex::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            *lock.lock() = 2;
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 2);
    }

    #[test]
    fn a_static_mutex_guards_its_value_after_a_panic_in_a_critical_section() {
        static LOCK: StaticForkSafeMutex<i32> = StaticForkSafeMutex::new(1);
        let panicked = std::panic::catch_unwind(|| {
            *LOCK.lock() = 2;
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(*LOCK.lock(), 2);
    }

    #[test]
    #[cfg(unix)]
    fn a_child_finds_a_static_mutex_unlocked_and_its_value_consistent() {
        static PAIR: StaticForkSafeMutex<(u64, u64)> = StaticForkSafeMutex::new((0, 0));
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
                // SAFETY: the child locks one mutex and exits without running destructors.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    // SAFETY: the alarm ends a child that finds the mutex locked.
                    unsafe { libc::alarm(60) };
                    let pair = PAIR.lock();
                    let code = i32::from(pair.0 != pair.1);
                    // SAFETY: `_exit` flushes and drops nothing that belongs to the parent.
                    unsafe { libc::_exit(code) };
                }
                let mut status = -1;
                // SAFETY: `child` is a child of this process, and `status` is writable.
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
            "256: the value was inconsistent; 14: the mutex stayed locked: {statuses:?}"
        );
    }
}
