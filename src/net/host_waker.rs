//! The waker of the host: a function that says that there is something to tick for. Tasks,
//! completions and submitted calls call it, on any thread. The runtime's own wakers are Tokio's.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::idle_time::DriveClock;
use super::unwind;
use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};

thread_local! {
    // const, and without a destructor to register: it must work while the thread ends.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A function of the host that wakes the thread that ticks.
pub(crate) type WakeFn = Arc<dyn Fn() + Send + Sync>;

/// The waker of one client.
pub(crate) struct HostWaker {
    is_set: AtomicBool,
    /// Whether a task has become ready since the last tick began.
    is_task_ready: AtomicBool,
    waker: ForkSafeMutex<Option<Installed>>,
}

#[derive(Clone)]
struct Installed {
    wake: WakeFn,
    /// The process that installed it (its fork generation).
    process: u64,
}

impl HostWaker {
    pub(crate) fn new() -> Arc<HostWaker> {
        Arc::new(HostWaker {
            is_set: AtomicBool::new(false),
            is_task_ready: AtomicBool::new(false),
            waker: ForkSafeMutex::new(None),
        })
    }

    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Calls the waker with no lock held. A panic of it is caught.
    pub(crate) fn wake(&self) {
        if !self.is_set() {
            return;
        }
        let Some(installed) = self.waker.lock().clone() else { return };
        let before = IS_INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true);
        let _ = unwind::run(|| (installed.wake)());
        let _ = IS_INSIDE.try_with(|inside| inside.set(before));
    }

    /// Sets or removes the waker. When this returns, the previous waker is not running and does not
    /// run again, so it is dropped on this thread.
    ///
    /// # Errors
    ///
    /// [`Code::BUSY`] inside the waker.
    pub(crate) fn set(&self, wake: Option<WakeFn>) -> Result<(), Error> {
        if IS_INSIDE.try_with(Cell::get).unwrap_or(false) {
            let message =
                "The waker cannot be changed while it runs on this thread. Change it outside the waker.";
            return Err(Error::new(Code::BUSY, message));
        }
        self.retire(wake);
        Ok(())
    }

    /// Removes the waker of a client that ends.
    pub(crate) fn remove(&self) {
        if IS_INSIDE.try_with(Cell::get).unwrap_or(false) {
            // The waker freed its client, which is forbidden. It cannot be waited for here.
            std::mem::forget(self.waker.lock().take());
            return;
        }
        self.retire(None);
    }

    fn retire(&self, wake: Option<WakeFn>) {
        let next = wake.map(|wake| Installed { wake, process: fork::generation() });
        let is_set = next.is_some();
        let previous = std::mem::replace(&mut *self.waker.lock(), next);
        self.is_set.store(is_set, Ordering::SeqCst);
        let Some(previous) = previous else { return };
        if previous.process != fork::generation() {
            // A thread of the parent may have been inside the waker, and never returns here.
            std::mem::forget(previous);
            return;
        }
        // A wait is rare and short, because a waker only wakes. So polling is sufficient.
        while Arc::strong_count(&previous.wake) > 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns whether a task has become ready since the last tick began.
    pub(crate) fn is_task_ready(&self) -> bool {
        self.is_task_ready.load(Ordering::SeqCst)
    }

    pub(super) fn mark_task_ready(&self) {
        self.is_task_ready.store(true, Ordering::SeqCst);
    }

    /// Begins a tick, which polls the tasks that are ready.
    pub(super) fn begin_tick(&self) {
        self.is_task_ready.store(false, Ordering::SeqCst);
    }
}

/// Polls a task with a waker that also wakes the host.
pub(super) struct WakingTask {
    host: Arc<HostWaker>,
    clock: Arc<DriveClock>,
    /// The waker of the runtime at the last poll, and the one that was made from it.
    wakers: Option<(Waker, Waker)>,
}

impl WakingTask {
    pub(super) fn new(host: Arc<HostWaker>, clock: Arc<DriveClock>) -> WakingTask {
        WakingTask { host, clock, wakers: None }
    }

    /// Records that the task asks to be polled again.
    pub(super) fn mark_ready(&self) {
        self.host.mark_task_ready();
    }

    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<()>,
    ) -> Poll<()> {
        let runtime = context.waker();
        let (_, waker) = match self.wakers.take() {
            Some(wakers) if wakers.0.will_wake(runtime) => self.wakers.insert(wakers),
            _ => {
                let (host, clock) = (Arc::clone(&self.host), Arc::clone(&self.clock));
                let task = TaskWaker { runtime: runtime.clone(), host, clock };
                self.wakers.insert((runtime.clone(), Waker::from(Arc::new(task))))
            }
        };
        poll(&mut Context::from_waker(waker))
    }
}

/// Wakes a task, and the host unless a thread drives the client and will poll the task.
struct TaskWaker {
    runtime: Waker,
    host: Arc<HostWaker>,
    clock: Arc<DriveClock>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<TaskWaker>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<TaskWaker>) {
        self.runtime.wake_by_ref();
        // Marked first and checked second: a thread that ends its tick in between sees the mark
        // when it asks for the time of the next tick.
        self.host.mark_task_ready();
        if !self.clock.is_driven() {
            self.host.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_waker_that_is_replaced_is_not_running_and_is_dropped_on_the_thread_that_replaces_it() {
        struct DroppedOn(mpsc::Sender<std::thread::ThreadId>);
        impl Drop for DroppedOn {
            fn drop(&mut self) {
                self.0.send(std::thread::current().id()).unwrap();
            }
        }
        let host = HostWaker::new();
        let (dropped, is_dropped) = mpsc::channel();
        let (entered, is_inside) = mpsc::channel();
        let held = DroppedOn(dropped);
        let running = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&running);
        let wake: WakeFn = Arc::new(move || {
            let _ = &held;
            flag.store(true, Ordering::SeqCst);
            let _ = entered.send(());
            std::thread::sleep(Duration::from_millis(30));
            flag.store(false, Ordering::SeqCst);
        });
        host.set(Some(wake)).unwrap();
        let other = Arc::clone(&host);
        let thread = std::thread::spawn(move || other.wake());
        is_inside.recv().unwrap();
        host.set(None).unwrap();
        assert!(!running.load(Ordering::SeqCst));
        assert_eq!(is_dropped.recv().unwrap(), std::thread::current().id());
        thread.join().unwrap();
    }

    #[test]
    fn a_waker_cannot_replace_itself() {
        let host = HostWaker::new();
        let inner = Arc::clone(&host);
        let refused = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&refused);
        let wake: WakeFn = Arc::new(move || {
            assert_eq!(inner.set(None).unwrap_err().code(), Code::BUSY);
            count.fetch_add(1, Ordering::SeqCst);
        });
        host.set(Some(wake)).unwrap();
        host.wake();
        assert_eq!(refused.load(Ordering::SeqCst), 1);
        host.set(None).unwrap();
        host.wake();
        assert_eq!(refused.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_task_wakes_the_host_unless_a_thread_drives() {
        let (host, clock) = (HostWaker::new(), Arc::new(DriveClock::new()));
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let wake: WakeFn = Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        host.set(Some(wake)).unwrap();
        let mut task = WakingTask::new(Arc::clone(&host), Arc::clone(&clock));
        let mut kept = None;
        let mut context = Context::from_waker(Waker::noop());
        let _ = task.poll(&mut context, |context| {
            kept = Some(context.waker().clone());
            Poll::Pending
        });
        let kept = kept.unwrap();
        kept.wake_by_ref();
        assert_eq!((count.load(Ordering::SeqCst), host.is_task_ready()), (1, true));
        host.begin_tick();
        let driving = clock.drive();
        kept.wake_by_ref();
        drop(driving);
        assert_eq!((count.load(Ordering::SeqCst), host.is_task_ready()), (1, true));
        host.set(None).unwrap();
    }
}
