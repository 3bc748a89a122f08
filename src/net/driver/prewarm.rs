//! Opens a connection before the first call needs it: on the calling thread, or as a task. Sends no
//! request. Used by `Client::prewarm` and `Client::submit_prewarm`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::Driver;
use crate::error::Error;
use crate::http_types::Response;
use crate::net::call_cell::CallCell;
use crate::net::deadline::{self, Deadline};
use crate::net::idle_time::DriveClock;
use crate::net::transport::Transport as _;
use crate::net::transport::any::AnyTransport;
use crate::net::transport_error::{TransportError, TransportErrorKind};

impl Driver {
    /// Opens a connection on the calling thread.
    ///
    /// # Errors
    ///
    /// The outer error says that the thread cannot drive or that the client is closed; the inner
    /// one that there is no connection.
    pub(crate) fn connect(&self, timeout: Duration) -> Result<Result<(), TransportError>, Error> {
        self.check_blocking()?;
        let connecting = self.register()?;
        self.drive(async {
            let canceled = pin!(connecting.cell().wait());
            let connected = pin!(connect_within(self.transport(), &self.clock, timeout));
            match select(connected, canceled).await {
                Either::Left((result, _)) => result,
                Either::Right((report, _)) => Arc::unwrap_or_clone(report).result.map(|_| ()),
            }
        })
    }

    /// Starts a task that opens a connection. Its report has an empty response. `kept` is dropped
    /// with the task.
    pub(crate) fn start_connect(&self, cell: &Arc<CallCell>, timeout: Duration, kept: impl Send + 'static) {
        let (context, task_cell) = (self.context(), Arc::clone(cell));
        let clock = Arc::clone(&self.clock);
        let task = async move {
            let connected = connect_within(&context.transport, &clock, timeout).await;
            task_cell.finish(task_cell.report_of(connected.map(|()| Response::default())));
        };
        self.spawn(cell, task, kept);
    }
}

async fn connect_within(
    transport: &AnyTransport,
    clock: &DriveClock,
    timeout: Duration,
) -> Result<(), TransportError> {
    let deadline = Deadline::after(timeout, clock);
    let connect = pin!(transport.connect());
    deadline::timeout_at(deadline, clock, || 0, connect).await.unwrap_or_else(|_| {
        let message = format!("No connection within the time given ({} ms).", timeout.as_millis());
        Err(TransportError::new(TransportErrorKind::Timeout, message))
    })
}
