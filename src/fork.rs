//! Mutexes that stay usable in a forked child.
//!
//! A child has only the thread that forked. A mutex that another thread held at that moment would
//! stay locked in the child for ever. So a [`ForkSafeMutex`] also takes a shared lock, which `fork`
//! takes exclusively: it waits until no thread holds any of them. A [`StaticForkSafeMutex`] lives
//! as long as the process and costs half as much: `fork` locks each of them. While such a mutex is
//! held, code must not lock another one, wait, or call code of the host. The files of journals are
//! the exception: a fork waits for one commit.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sync::{Mutex, MutexGuard};
use crate::sys;

static FORK_LOCK: RwLock<()> = RwLock::new(());

/// A mutex that no thread holds while the process forks. A panic does not poison it: no critical
/// section panics half-way.
#[allow(
    missing_debug_implementations,
    reason = "it is public for the other packages of this repository only"
)]
pub struct ForkSafeMutex<T>(Mutex<T>);

/// The guard of a [`ForkSafeMutex`].
#[allow(
    missing_debug_implementations,
    reason = "it is public for the other packages of this repository only"
)]
pub struct ForkSafeGuard<'a, T> {
    // Fields drop in this order: first the mutex, then the shared lock.
    inner: MutexGuard<'a, T>,
    _fork_lock: RwLockReadGuard<'static, ()>,
}

impl<T> ForkSafeMutex<T> {
    /// Makes a mutex.
    pub const fn new(value: T) -> ForkSafeMutex<T> {
        ForkSafeMutex(Mutex::new(value))
    }

    /// Waits until no thread holds the mutex, and locks it.
    pub fn lock(&self) -> ForkSafeGuard<'_, T> {
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

/// A static mutex, which `fork` locks. It does not poison, either. The tables of the C interface
/// and the open files of journals use it.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
pub(crate) struct StaticForkSafeMutex<T: 'static> {
    value: Mutex<T>,
    /// Whether the mutex is in [`STATIC_MUTEXES`].
    is_registered: AtomicBool,
    /// Called with the value before a fork, in the thread that forks.
    before_fork: fn(&mut T),
}

#[cfg_attr(not(feature = "capi"), allow(dead_code))]
impl<T: Send> StaticForkSafeMutex<T> {
    pub(crate) const fn new(value: T) -> StaticForkSafeMutex<T> {
        StaticForkSafeMutex::with_fork_handler(value, |_| ())
    }

    /// Makes a mutex whose value changes before each fork, for a value that must not be in two
    /// processes.
    pub(crate) const fn with_fork_handler(value: T, before_fork: fn(&mut T)) -> StaticForkSafeMutex<T> {
        StaticForkSafeMutex { value: Mutex::new(value), is_registered: AtomicBool::new(false), before_fork }
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
    fn lock_for_fork(&'static self) -> Box<dyn HeldMutex>;
}

trait HeldMutex {}
impl<T> HeldMutex for MutexGuard<'static, T> {}

impl<T: Send> AtFork for StaticForkSafeMutex<T> {
    fn lock_for_fork(&'static self) -> Box<dyn HeldMutex> {
        let mut guard = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        (self.before_fork)(&mut guard);
        Box::new(guard)
    }
}

/// Returns the number of forks between the first process and this one. An object with another
/// number was made by a parent process.
#[inline]
pub fn generation() -> u64 {
    if !sys::CAN_FORK {
        return 0;
    }
    REGISTER.call_once(|| sys::register_fork_handlers(prepare, in_parent, in_child));
    GENERATION.load(Ordering::Relaxed)
}

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
}
