//! The part of a client that its calls share. Used by `client.rs`, `call.rs` and `exit.rs`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;

use crate::exchange_queue::ExchangeQueue;
use crate::log::LogBuffer;

/// A client of the core, and the log lines that were not delivered yet.
pub(crate) struct ClientShared {
    pub(crate) client: iplaygames::Client,
    pub(crate) log: LogBuffer,
    /// The queue of a transport that is a Python callable.
    pub(crate) queue: Option<Arc<ExchangeQueue>>,
}

impl Drop for ClientShared {
    fn drop(&mut self) {
        self.end_workers();
    }
}

impl ClientShared {
    /// Closes the client: cancels its calls, and ends the threads of its transport.
    pub(crate) fn close(&self) {
        self.client.close();
        self.end_workers();
    }

    /// Waits at most `limit` until the file of the journal is closed. Returns whether it is; true
    /// for a client without a journal.
    pub(crate) fn close_journal(&self, limit: Duration) -> bool {
        self.client.journal().map_or(true, |journal| journal.close(limit))
    }

    /// Ends the threads of a transport that is a Python callable, when they have no request.
    pub(crate) fn end_workers(&self) {
        if let Some(queue) = &self.queue {
            queue.close();
        }
    }

    /// Closes the connections of canceled calls. A client without a thread of its own closes them
    /// only while it is driven.
    pub(crate) fn close_connections(&self, py: Python<'_>) {
        // If this thread cannot drive the client, the next call closes them.
        let _ = py.detach(|| self.client.tick(Duration::ZERO));
    }

    /// Delivers the log lines of calls that ended on this thread.
    pub(crate) fn deliver_log(&self, py: Python<'_>) {
        self.client.deliver_log();
        self.log.deliver(py);
    }
}
