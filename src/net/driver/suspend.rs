//! Suspending a driver, and the waker of the host.

use std::sync::Arc;

use super::Driver;
use crate::codes::Code;
use crate::error::Error;
use crate::net::calling_thread;
use crate::net::host_waker::HostWaker;

impl Driver {
    /// Stops the clock of timeouts and refuses blocking calls, until [`Driver::resume`].
    pub(crate) fn suspend(&self) {
        self.clock.suspend();
    }

    /// Lets the clock go on. Requests go out on new connections.
    pub(crate) fn resume(&self) {
        self.clock.resume();
    }

    /// Checks that a blocking call may start on this thread.
    pub(super) fn check_blocking(&self) -> Result<(), Error> {
        calling_thread::check()?;
        if self.clock.is_suspended() {
            let message = "The client is suspended, so a blocking call would wait without end. Resume the client first.";
            let mut error = Error::new(Code::BUSY, message);
            error.inner_mut().retryable = true;
            return Err(error);
        }
        Ok(())
    }

    /// Sets the waker of the host, which the tasks of calls wake too.
    pub(crate) fn set_host_waker(&self, waker: &Arc<HostWaker>) {
        // Each client sets its own waker, once.
        let _ = self.host_waker.set(Arc::clone(waker));
    }

    /// Returns whether the client has a thread of its own.
    pub(crate) fn has_io_thread(&self) -> bool {
        self.has_io_thread
    }
}
