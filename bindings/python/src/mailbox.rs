//! The mailbox: what happens on any thread is noted here as a token, and a thread of Python's takes the
//! tokens out. An event loop watches its descriptor, which becomes readable when the box was empty and is
//! not any more; a thread without a loop waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::boundary;
use crate::client::{SLICE, seconds};
use crate::exit;

pub(crate) struct Post {
    inner: Mutex<Inner>,
    arrived: Condvar,
    bell: bell::Bell,
}

#[derive(Default)]
struct Inner {
    tokens: Vec<u64>,
    /// Of a thread that drives while it waits.
    waker: Option<Waker>,
}

impl Post {
    fn new() -> std::io::Result<Post> {
        let (inner, arrived) = (Mutex::new(Inner::default()), Condvar::new());
        Ok(Post { inner, arrived, bell: bell::Bell::new()? })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a token. Runs on any thread; never waits, and knows nothing of Python.
    pub(crate) fn put(&self, token: u64) {
        let (first, waker) = {
            let mut inner = self.inner();
            let first = inner.tokens.is_empty();
            // News that nobody has looked at yet need not be told twice.
            if inner.tokens.last() != Some(&token) {
                inner.tokens.push(token);
            }
            (first, inner.waker.take())
        };
        if first {
            self.bell.ring();
            self.arrived.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn take(&self) -> Vec<u64> {
        // The bell first: what arrives after that rings it again.
        self.bell.still();
        std::mem::take(&mut self.inner().tokens)
    }

    /// Ready when there is something to take.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.inner();
        if !inner.tokens.is_empty() {
            return Poll::Ready(());
        }
        inner.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn wait(&self, timeout: Duration) -> bool {
        let inner = self.inner();
        let waited = self.arrived.wait_timeout_while(inner, timeout, |inner| inner.tokens.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).0.tokens.is_empty()
    }
}

/// A mailbox.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Mailbox {
    pub(crate) post: Arc<Post>,
}

#[pymethods]
impl Mailbox {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Mailbox> {
        boundary::catch(py, || Ok(Mailbox { post: Arc::new(Post::new()?) }))
    }

    /// The descriptor to watch for reading.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        boundary::catch(py, || {
            self.post.bell.descriptor().ok_or_else(|| {
                PyNotImplementedError::new_err("a mailbox has no descriptor on this system: use wait()")
            })
        })
    }

    /// Takes out what is there.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        // Too late nobody can use it.
        boundary::enter_or(py, PyList::empty(py), || PyList::new(py, self.post.take()))
    }

    /// Waits until there is something, for so many seconds at most; answers whether there is.
    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        boundary::enter(py, || {
            // None is later than the clock can say.
            let until = Instant::now().checked_add(seconds(py, "timeout", timeout)?);
            loop {
                let left = until.map_or(SLICE, |until| until.saturating_duration_since(Instant::now()));
                if py.detach(|| self.post.wait(left.min(SLICE))) {
                    return Ok(true);
                }
                if left.is_zero() || exit::is_exiting() {
                    return Ok(false);
                }
                py.check_signals()?;
            }
        })
    }

    /// Puts a token in.
    fn put(&self, py: Python<'_>, token: u64) -> PyResult<()> {
        boundary::catch(py, || {
            self.post.put(token);
            Ok(())
        })
    }
}

#[cfg(unix)]
mod bell {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    /// Two ends of a socket: what is put in at one makes the other readable.
    pub(super) struct Bell {
        near: UnixStream,
        far: UnixStream,
    }

    impl Bell {
        pub(super) fn new() -> std::io::Result<Bell> {
            let (near, far) = UnixStream::pair()?;
            near.set_nonblocking(true)?;
            far.set_nonblocking(true)?;
            Ok(Bell { near, far })
        }

        pub(super) fn ring(&self) {
            // Full means that it rings already.
            let _ = (&self.far).write(&[1]);
        }

        pub(super) fn still(&self) {
            let mut bytes = [0; 64];
            while matches!((&self.near).read(&mut bytes), Ok(64)) {}
        }

        pub(super) fn descriptor(&self) -> Option<i32> {
            Some(self.near.as_raw_fd())
        }
    }
}

#[cfg(not(unix))]
mod bell {
    /// Nothing to watch: a thread waits.
    pub(super) struct Bell;

    impl Bell {
        pub(super) fn new() -> std::io::Result<Bell> {
            Ok(Bell)
        }

        pub(super) fn ring(&self) {}

        pub(super) fn still(&self) {}

        pub(super) fn descriptor(&self) -> Option<i32> {
            None
        }
    }
}
