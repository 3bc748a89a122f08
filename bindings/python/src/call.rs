//! One submitted call.

use std::sync::{Arc, Mutex, PoisonError};

use iplaygames::{CallResult, Error, Reply};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::client::Shared;
use crate::errors;
use crate::exit::Inside;

/// What an answer is on its way to Python: the document's text, the HTTP status, the attempts, the seconds
/// it took, our id of the call, the server's id of the request.
pub(crate) type Facts<'py> = Bound<'py, PyTuple>;

pub(crate) fn facts<'py>(py: Python<'py>, reply: &Reply) -> PyResult<Facts<'py>> {
    let elapsed = reply.elapsed().as_secs_f64();
    (reply.json(), reply.http_status(), reply.attempts(), elapsed, reply.call_id(), reply.request_id())
        .into_pyobject(py)
}

/// A call in flight. Dropping it cancels it.
///
/// It is let go of as soon as its result is told or it is canceled, and not when Python drops the object: a
/// traceback may hold that for long, and what is held counts as in flight.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Call {
    call: Mutex<Option<iplaygames::Call>>,
    client: Arc<Shared>,
}

impl Call {
    pub(crate) fn new(call: iplaygames::Call, client: Arc<Shared>) -> Call {
        Call { call: Mutex::new(Some(call)), client }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<iplaygames::Call>) -> T) -> T {
        work(&mut self.call.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The oldest change of a watch that was not told, then the end, once.
    fn tell<'py>(&self, py: Python<'py>) -> PyResult<Option<(bool, Facts<'py>)>> {
        let told: Result<Option<(bool, CallResult)>, Error> = self.with(|place| {
            let Some(call) = place else { return Ok(None) };
            // Looked at first: with the end all the changes before it are there.
            let result = call.poll().map(|result| result.cloned());
            while let Some(update) = call.poll_update() {
                // Failed readings are seen in the state of the watch.
                if update.is_ok() {
                    return Ok(Some((false, update)));
                }
            }
            if !matches!(result, Ok(None)) {
                *place = None;
            }
            Ok(result?.map(|result| (true, result)))
        });
        self.client.client.deliver_log();
        self.client.lines.deliver(py)?;
        match told {
            Ok(None) => Ok(None),
            Ok(Some((last, Ok(reply)))) => Ok(Some((last, facts(py, &reply)?))),
            Ok(Some((_, Err(error)))) | Err(error) => Err(errors::raise(py, &error)),
        }
    }
}

#[pymethods]
impl Call {
    /// The facts of the answer; raises what the call failed with. Told once; None while there is none, and
    /// after that.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Option<Facts<'py>>> {
        let _inside = Inside::enter(py)?;
        Ok(self.tell(py)?.map(|(_, facts)| facts))
    }

    /// Of a watch: whether it is the last, and what was not told yet; raises what the watch failed with.
    fn change<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let _inside = Inside::enter(py)?;
        self.tell(py)?.map(|change| change.into_pyobject(py)).transpose()
    }

    /// Ends the call at once; one that has ended stays as it is.
    fn cancel(&self, py: Python<'_>) {
        // Too late there is nothing to cancel any more.
        let Some(_inside) = Inside::try_enter() else { return };
        let call = self.with(Option::take);
        if call.is_some() {
            drop(call);
            self.client.close_connections(py);
        }
    }
}
