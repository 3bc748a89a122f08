//! One submitted call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use iplaygames::{CallResult, Error, Reply, WatchState};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::boundary::{self, CatchDrop};
use crate::client::Shared;
use crate::errors;

/// What an answer is on its way to Python: the document's text, the HTTP status, the attempts, the seconds
/// it took, our id of the call, the server's id of the request.
pub(crate) type Facts<'py> = Bound<'py, PyTuple>;

pub(crate) fn facts<'py>(py: Python<'py>, reply: &Reply) -> PyResult<Facts<'py>> {
    let elapsed = reply.elapsed().as_secs_f64();
    (reply.json(), reply.http_status(), reply.attempts(), elapsed, reply.call_id(), reply.request_id())
        .into_pyobject(py)
}

/// How a call ended: the facts of its answer, or the exception.
type Ending<'py> = (Option<Facts<'py>>, Option<Py<PyAny>>);

/// A call in flight. Dropping it cancels it.
///
/// The core's call is dropped as soon as its result is delivered or it is canceled, and not when Python drops
/// the object: a traceback may hold that for long, and what is held counts as in flight.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Call {
    call: CatchDrop<Mutex<Place>>,
    client: CatchDrop<Arc<Shared>>,
}

enum Place {
    Open(iplaygames::Call),
    /// Delivered, canceled or closed. What was known of the watch is kept.
    Empty(WatchState),
}

impl Place {
    fn take(&mut self) -> Option<iplaygames::Call> {
        let Place::Open(call) = self else { return None };
        let state = call.watch_state();
        match std::mem::replace(self, Place::Empty(state)) {
            Place::Open(call) => Some(call),
            Place::Empty(_) => None,
        }
    }
}

impl Call {
    pub(crate) fn new(call: iplaygames::Call, client: Arc<Shared>) -> Call {
        Call { call: CatchDrop::new(Mutex::new(Place::Open(call))), client: CatchDrop::new(client) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Place) -> T) -> T {
        work(&mut self.call.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn deliver_log(&self, py: Python<'_>) {
        self.client.client.deliver_log();
        self.client.lines.deliver(py);
    }

    /// Returns the oldest change of a watch that was not delivered, then the end, once.
    fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<(bool, Facts<'py>)>> {
        let event: Result<Option<(bool, CallResult)>, Error> = self.with(|place| {
            let Place::Open(call) = place else { return Ok(None) };
            // Polled first: with the end all the changes before it are there.
            let result = call.poll().map(|result| result.cloned());
            while let Some(update) = call.poll_update() {
                // Failed readings are seen in the state of the watch.
                if update.is_ok() {
                    return Ok(Some((false, update)));
                }
            }
            if !matches!(result, Ok(None)) {
                drop(place.take());
            }
            Ok(result?.map(|result| (true, result)))
        });
        self.deliver_log(py);
        match event {
            Ok(None) => Ok(None),
            Ok(Some((last, Ok(reply)))) => Ok(Some((last, facts(py, &reply)?))),
            Ok(Some((_, Err(error)))) | Err(error) => Err(errors::raise(py, &error)),
        }
    }
}

/// Cancels a call and returns its result, which is there at once. The core then counts and logs the call.
fn end(call: &iplaygames::Call) -> Result<Option<Reply>, Error> {
    call.cancel()?;
    call.poll()?.cloned().transpose()
}

#[pymethods]
impl Call {
    /// The facts of the answer; raises what the call failed with. Told once; None while there is none, and
    /// after that.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Option<Facts<'py>>> {
        boundary::enter(py, || Ok(self.next_event(py)?.map(|(_, facts)| facts)))
    }

    /// Of a watch: whether it is the last, and what was not told yet; raises what the watch failed with.
    fn change<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        boundary::enter(py, || self.next_event(py)?.map(|change| change.into_pyobject(py)).transpose())
    }

    /// Ends the call at once. Returns how it ended: the facts of its answer, if it had succeeded already, or
    /// the exception, which says the outcome. None if the result was delivered before.
    fn cancel<'py>(&self, py: Python<'py>) -> PyResult<Option<Ending<'py>>> {
        boundary::enter_or(py, None, || {
            let Some(call) = self.with(Place::take) else { return Ok(None) };
            let result = end(&call);
            drop(call);
            self.client.close_connections(py);
            self.deliver_log(py);
            let error = match result {
                Ok(Some(reply)) => return Ok(Some((Some(facts(py, &reply)?), None))),
                Ok(None) => errors::internal(py, "A defect in this library: a canceled call has no result."),
                Err(error) => errors::raise(py, &error),
            };
            Ok(Some((None, Some(error.into_value(py).into_any()))))
        })
    }

    /// Returns what is known of a watch: when the last reading succeeded, in seconds since 1970, and the exception
    /// that says why the last reading failed.
    fn watch_state<'py>(&self, py: Python<'py>) -> PyResult<(Option<f64>, Option<Bound<'py, PyAny>>)> {
        boundary::enter(py, || {
            let state = self.with(|place| match place {
                Place::Open(call) => call.watch_state(),
                Place::Empty(state) => state.clone(),
            });
            let read_at = state.last_read_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let error = state.last_error.map(|error| errors::raise(py, &error).into_value(py));
            Ok((read_at.map(|time| time.as_secs_f64()), error.map(|error| error.into_bound(py).into_any())))
        })
    }

    /// Ends a watch at once.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // Too late there is nothing to end any more.
        boundary::enter_or(py, (), || {
            if let Some(call) = self.with(Place::take) {
                drop(call);
                self.client.close_connections(py);
            }
            Ok(())
        })
    }
}
