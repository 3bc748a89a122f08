//! One submitted call.

use iplaygames::{CallResult, Error, Reply};
use pyo3::prelude::*;

use crate::client::Shared;
use crate::errors;
use crate::log::Lines;
use std::sync::Arc;

/// What an answer is on its way to Python: the document's text, the HTTP status, the attempts, the seconds
/// it took, our id of the call, the server's id of the request.
pub(crate) type Facts = (String, Option<u16>, u32, f64, String, Option<String>);

pub(crate) fn facts(reply: Reply) -> Facts {
    let (status, attempts, elapsed) = (reply.http_status(), reply.attempts(), reply.elapsed().as_secs_f64());
    let (call_id, request_id) = (reply.call_id().to_owned(), reply.request_id().map(str::to_owned));
    (reply.into_json(), status, attempts, elapsed, call_id, request_id)
}

/// A call in flight. Dropping it cancels it.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Call {
    call: iplaygames::Call,
    client: Arc<Shared>,
}

impl Call {
    pub(crate) fn new(call: iplaygames::Call, client: Arc<Shared>) -> Call {
        Call { call, client }
    }

    fn lines(&self) -> &Lines {
        &self.client.lines
    }
}

#[pymethods]
impl Call {
    /// The id of the call, as it is sent.
    #[getter]
    fn call_id(&self) -> &str {
        self.call.id()
    }

    /// The facts of the answer, None while there is none; raises what the call failed with.
    fn result(&self, py: Python<'_>) -> PyResult<Option<Facts>> {
        let result: Result<Option<CallResult>, Error> = self.call.poll().map(Option::<&CallResult>::cloned);
        self.client.client.deliver_log();
        self.lines().deliver(py)?;
        match result {
            Ok(None) => Ok(None),
            Ok(Some(Ok(reply))) => Ok(Some(facts(reply))),
            Ok(Some(Err(error))) | Err(error) => Err(errors::raise(py, &error)),
        }
    }

    /// Of a watch: the facts of the oldest change that was not told yet.
    fn news(&self) -> Option<Facts> {
        self.call.poll_news().map(facts)
    }

    /// Ends the call at once; one that has ended stays as it is.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.call.cancel().map_err(|error| errors::raise(py, &error))?;
        self.client.close_connections(py);
        Ok(())
    }
}
