//! A submitted call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use iplaygames::{CallResult, DownloadProgress, Error, Reply, WatchState};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::boundary::{self, CatchDrop};
use crate::errors;
use crate::reply::{RawReply, RawResult, to_raw_reply};
use crate::shared::ClientShared;

/// A call in flight. Dropping the object cancels the call.
///
/// The core's call is dropped as soon as its result is delivered or the call is canceled, and not
/// when Python drops this object: a traceback may hold the object for long, and a call that is held
/// counts as in flight.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Call {
    slot: CatchDrop<Mutex<Slot>>,
    /// The progress of a download.
    progress: Option<DownloadProgress>,
    client: CatchDrop<Arc<ClientShared>>,
}

enum Slot {
    Active(iplaygames::Call),
    /// The result was delivered, or the call was canceled or closed. Keeps the last state of a
    /// watch, and the readings that were not taken.
    Finished(WatchState, Vec<CallResult>),
}

impl Slot {
    fn take(&mut self) -> Option<iplaygames::Call> {
        let Slot::Active(call) = self else { return None };
        let finished = Slot::Finished(call.watch_state(), poll_readings(call));
        match std::mem::replace(self, finished) {
            Slot::Active(call) => Some(call),
            Slot::Finished(..) => None,
        }
    }
}

impl Call {
    pub(crate) fn new(call: iplaygames::Call, client: Arc<ClientShared>) -> Call {
        let (slot, client) = (CatchDrop::new(Mutex::new(Slot::Active(call))), CatchDrop::new(client));
        Call { slot, progress: None, client }
    }

    pub(crate) fn with_progress(mut self, progress: DownloadProgress) -> Call {
        self.progress = Some(progress);
        self
    }

    fn with_slot<T>(&self, work: impl FnOnce(&mut Slot) -> T) -> T {
        work(&mut self.slot.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the oldest undelivered update of a watch, then the final result, once. The flag is
    /// true for the final result.
    fn poll_event<'py>(&self, py: Python<'py>) -> PyResult<Option<(bool, RawReply<'py>)>> {
        let event: Result<Option<(bool, CallResult)>, Error> = self.with_slot(|slot| {
            let Slot::Active(call) = slot else { return Ok(None) };
            // The result is polled first: if there is one, all updates before it are queued.
            let result = call.try_result().map(|result| result.cloned());
            while let Some(update) = call.poll_update() {
                // A failed reading is reported by `watch_state` only.
                if update.is_ok() {
                    return Ok(Some((false, update)));
                }
            }
            if !matches!(result, Ok(None)) {
                drop(slot.take());
            }
            Ok(result?.map(|result| (true, result)))
        });
        self.client.deliver_log(py);
        match event {
            Ok(None) => Ok(None),
            Ok(Some((is_final, Ok(reply)))) => Ok(Some((is_final, to_raw_reply(py, &reply)?))),
            Ok(Some((_, Err(error)))) | Err(error) => Err(errors::to_exception(py, &error)),
        }
    }
}

fn poll_readings(call: &iplaygames::Call) -> Vec<CallResult> {
    std::iter::from_fn(|| call.poll_reading()).collect()
}

/// Cancels a call and returns its result, which is available at once. The core counts and logs the
/// call.
fn cancel_and_poll(call: &iplaygames::Call) -> Result<Option<Reply>, Error> {
    call.cancel()?;
    call.try_result()?.cloned().transpose()
}

#[pymethods]
impl Call {
    /// Returns the reply, or raises the error of the call. Delivered once; `None` before the call
    /// has completed and after the result was delivered.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Option<RawReply<'py>>> {
        boundary::enter(py, || Ok(self.poll_event(py)?.map(|(_, reply)| reply)))
    }

    /// Returns the next update of a watch and whether it is the final one, or raises the error of
    /// the watch.
    fn next_update<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        boundary::enter(py, || self.poll_event(py)?.map(|update| update.into_pyobject(py)).transpose())
    }

    /// Returns the number of bytes of a download, and the size of the file if it is known. Returns
    /// `None` for another call.
    fn progress(&self, py: Python<'_>) -> PyResult<Option<(u64, Option<u64>)>> {
        boundary::catch(py, || {
            Ok(self.progress.as_ref().map(|progress| (progress.bytes(), progress.total())))
        })
    }

    /// Cancels the call. Returns its result: the reply, if the call had succeeded already, or the
    /// exception, which has the outcome. Returns `None` if the result was delivered before.
    fn cancel<'py>(&self, py: Python<'py>) -> PyResult<Option<RawResult<'py>>> {
        boundary::enter_or(py, None, || {
            let Some(call) = self.with_slot(Slot::take) else { return Ok(None) };
            let result = cancel_and_poll(&call);
            drop(call);
            self.client.close_connections(py);
            self.client.deliver_log(py);
            let error = match result {
                Ok(Some(reply)) => return Ok(Some((Some(to_raw_reply(py, &reply)?), None))),
                Ok(None) => {
                    errors::internal_error(py, "A defect in this library: a canceled call has no result.")
                }
                Err(error) => errors::to_exception(py, &error),
            };
            Ok(Some((None, Some(error.into_value(py).into_any()))))
        })
    }

    /// Returns the readings of a watch that were not taken, oldest first: each is a reply or an
    /// exception.
    fn take_readings<'py>(&self, py: Python<'py>) -> PyResult<Vec<RawResult<'py>>> {
        boundary::enter_or(py, Vec::new(), || {
            let readings = self.with_slot(|slot| match slot {
                Slot::Active(call) => poll_readings(call),
                Slot::Finished(_, readings) => std::mem::take(readings),
            });
            let convert = |reading| match reading {
                Ok(reply) => Ok((Some(to_raw_reply(py, &reply)?), None)),
                Err(error) => Ok((None, Some(errors::to_exception(py, &error).into_value(py).into_any()))),
            };
            readings.into_iter().map(convert).collect()
        })
    }

    /// Returns the state of a watch: the time of the last successful reading, in seconds since
    /// 1970, and the exception of the last reading, if it failed.
    fn watch_state<'py>(&self, py: Python<'py>) -> PyResult<(Option<f64>, Option<Bound<'py, PyAny>>)> {
        boundary::enter(py, || {
            let state = self.with_slot(|slot| match slot {
                Slot::Active(call) => call.watch_state(),
                Slot::Finished(state, _) => state.clone(),
            });
            let read_at = state.last_read_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let error = state.last_error.map(|error| errors::to_exception(py, &error).into_value(py));
            Ok((read_at.map(|time| time.as_secs_f64()), error.map(|error| error.into_bound(py).into_any())))
        })
    }

    /// Stops a watch.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // The exit of the interpreter cancels all calls, so a later close does nothing.
        boundary::enter_or(py, (), || {
            if let Some(call) = self.with_slot(Slot::take) {
                drop(call);
                self.client.close_connections(py);
            }
            Ok(())
        })
    }
}
