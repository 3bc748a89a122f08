//! The tasks that wait until the I/O thread starts them. Tokio wakes that thread once for each task
//! that another thread spawns, by a system call. The queue wakes it once for all tasks that come
//! before it looks.

use std::mem::take;
use std::task::{Context, Waker};

use crate::fork::ForkSafeMutex;
use crate::net::unwind;

/// Tasks that are not started. Each belongs to a call that is registered as in flight, so a client
/// that ends before a task has started ends its call.
pub(super) struct StartQueue<T>(ForkSafeMutex<State<T>>);

struct State<T> {
    tasks: Vec<T>,
    /// Wakes the I/O thread. None if the thread is going to look anyway: before it has looked for
    /// the first time, and after it was woken.
    waker: Option<Waker>,
}

impl<T> StartQueue<T> {
    pub(super) fn new() -> StartQueue<T> {
        StartQueue(ForkSafeMutex::new(State { tasks: Vec::new(), waker: None }))
    }

    /// Adds a task. Wakes the I/O thread, unless it is going to look anyway.
    ///
    /// # Errors
    ///
    /// The message of a panic: the I/O thread cannot be woken, because its descriptor was closed.
    pub(super) fn push(&self, task: T) -> Result<(), String> {
        let waker = {
            let mut state = self.0.lock();
            state.tasks.push(task);
            state.waker.take()
        };
        waker.map_or(Ok(()), |waker| unwind::run(|| waker.wake()))
    }

    /// Removes and returns the tasks, oldest first. The next task that is added wakes the caller.
    pub(super) fn take(&self, context: &Context<'_>) -> Vec<T> {
        let mut state = self.0.lock();
        // The waker is another one after another thread has stopped driving the runtime.
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        take(&mut state.tasks)
    }
}

#[cfg(all(test, iplaygames_loom))]
mod loom_tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;

    use super::*;
    use crate::sync::model::{explore, join, spawn};

    #[test]
    fn every_task_that_a_thread_adds_while_the_io_thread_looks_is_taken_in_order() {
        explore(|| {
            let queue = Arc::new(StartQueue::new());
            let adding = spawn({
                let queue = Arc::clone(&queue);
                move || [1, 2].iter().for_each(|task| queue.push(*task).unwrap())
            });
            let mut taken = Vec::new();
            // If a task that no look finds does not wake it, this waits for ever.
            loom::future::block_on(poll_fn(|context| {
                taken.extend(queue.take(context));
                if taken.len() == 2 { Poll::Ready(()) } else { Poll::Pending }
            }));
            join(adding);
            assert_eq!(taken, [1, 2]);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_io_thread_is_woken_once_for_all_tasks_that_come_before_it_looks() {
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let woken = || (first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed));
        let (first_waker, second_waker) = (Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second)));
        let queue = StartQueue::new();
        queue.push(1).unwrap();
        assert_eq!(queue.take(&Context::from_waker(&first_waker)), [1]);
        queue.push(2).unwrap();
        queue.push(3).unwrap();
        assert_eq!(woken(), (1, 0));
        assert_eq!(queue.take(&Context::from_waker(&first_waker)), [2, 3]);
        assert!(queue.take(&Context::from_waker(&second_waker)).is_empty());
        queue.push(4).unwrap();
        queue.push(5).unwrap();
        assert_eq!(woken(), (1, 1));
    }

    struct Broken;

    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            panic!("no descriptor");
        }
    }

    #[test]
    fn a_thread_that_cannot_be_woken_is_an_error() {
        let queue = StartQueue::new();
        assert!(queue.take(&Context::from_waker(&Waker::from(Arc::new(Broken)))).is_empty());
        assert_eq!(queue.push(1).unwrap_err(), "no descriptor");
    }
}
