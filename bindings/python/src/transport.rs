//! The objects that `_transport.py` works with: the queue of a client, an exchange that a worker
//! thread answers, and the drive of a client whose calls no thread waits for.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use iplaygames::ExchangeFailure;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::boundary::{self, CatchDrop};
use crate::exchange_queue::ExchangeQueue;

/// How long one drive lasts. The end of the queue ends it earlier.
const DRIVE: Duration = Duration::from_secs(3600);

/// How long the driver thread waits in a forked child until a call has made a driver.
const NO_DRIVER_PAUSE: Duration = Duration::from_millis(2);

/// The requests of a client that wait for a worker thread.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Exchanges {
    pub(crate) queue: Arc<ExchangeQueue>,
    /// Not `Some` if the threads that wait for their calls drive the client.
    pub(crate) client: CatchDrop<Option<iplaygames::Client>>,
}

#[pymethods]
impl Exchanges {
    /// Waits for a request. Returns its exchange, and whether the caller must start another worker
    /// thread. Returns `None` if this worker must end.
    fn take(&self, py: Python<'_>) -> PyResult<Option<(Exchange, bool)>> {
        boundary::enter_or(py, None, || {
            let Some((request, starts_worker)) = py.detach(|| self.queue.take()) else { return Ok(None) };
            let headers = PyDict::new(py);
            for (name, value) in &request.headers {
                headers.set_item(name, value)?;
            }
            let exchange = Exchange {
                exchange: CatchDrop::new(request.exchange),
                method: request.method,
                url: request.url,
                headers: headers.unbind(),
                body: PyBytes::new(py, &request.body).unbind(),
            };
            Ok(Some((exchange, starts_worker)))
        })
    }

    /// Takes back that a worker thread was to be started.
    fn release_worker(&self, py: Python<'_>) -> PyResult<()> {
        boundary::catch(py, || {
            self.queue.release_worker();
            Ok(())
        })
    }

    /// Takes back that the driver thread was to be started.
    fn release_driver(&self, py: Python<'_>) -> PyResult<()> {
        boundary::catch(py, || {
            self.queue.release_driver();
            Ok(())
        })
    }

    /// Drives the client until it is closed.
    fn drive(&self, py: Python<'_>) -> PyResult<()> {
        boundary::enter_or(py, (), || {
            let Some(client) = &*self.client else { return Ok(()) };
            py.detach(|| {
                while !self.queue.is_closed() {
                    let closed = poll_fn(|context| self.queue.poll_closed(context));
                    if client.drive(closed, DRIVE).is_err() {
                        std::thread::sleep(NO_DRIVER_PAUSE);
                    }
                }
            });
            Ok(())
        })
    }
}

/// A request that the callable sends, to be answered once.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Exchange {
    exchange: CatchDrop<iplaygames::Exchange>,
    /// `GET`, `POST`, `PUT` or `DELETE`.
    #[pyo3(get)]
    method: String,
    /// The whole address, percent-encoded.
    #[pyo3(get)]
    url: String,
    /// The headers, with the API key.
    #[pyo3(get)]
    headers: Py<PyDict>,
    /// The body; empty for none.
    #[pyo3(get)]
    body: Py<PyBytes>,
}

#[pymethods]
impl Exchange {
    /// Answers with a response. Does nothing if the call has ended.
    fn respond(
        &self,
        py: Python<'_>,
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> PyResult<()> {
        boundary::enter_or(py, (), || {
            py.detach(|| {
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                // An error means that the call has ended: `_transport.py` has checked the status.
                let _ = self.exchange.respond(status, &headers, body);
            });
            Ok(())
        })
    }

    /// Answers that there is no response. `failure` is `connect`, `timeout`, `connection_lost` or
    /// `bad_response`. Does nothing if the call has ended.
    fn fail(&self, py: Python<'_>, failure: &str, is_sent: bool, message: &str) -> PyResult<()> {
        boundary::enter_or(py, (), || {
            let failure = match failure {
                "connect" => ExchangeFailure::Connect,
                "timeout" => ExchangeFailure::Timeout,
                "connection_lost" => ExchangeFailure::ConnectionLost,
                "bad_response" => ExchangeFailure::BadResponse,
                _ => return Err(PyValueError::new_err(format!("There is no failure {failure:?}."))),
            };
            py.detach(|| {
                let _ = self.exchange.fail(failure, is_sent, message);
            });
            Ok(())
        })
    }
}
