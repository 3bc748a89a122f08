//! Replies of the core as Python tuples. `_results.py` makes the typed results from them.

use iplaygames::Reply;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A reply as a tuple: the text of the JSON document, the HTTP status, the number of attempts, the
/// elapsed seconds, the client's id of the call, the server's id of the request, the headers of the
/// response as lines, if the options of the call ask for them.
pub(crate) type RawReply<'py> = Bound<'py, PyTuple>;

/// The result of a call that was canceled or interrupted: a reply, or an exception.
pub(crate) type RawResult<'py> = (Option<RawReply<'py>>, Option<Py<PyAny>>);

/// Converts a reply.
pub(crate) fn to_raw_reply<'py>(py: Python<'py>, reply: &Reply) -> PyResult<RawReply<'py>> {
    let elapsed = reply.elapsed().as_secs_f64();
    let ids = (reply.call_id(), reply.request_id());
    (reply.json(), reply.http_status(), reply.attempts(), elapsed, ids.0, ids.1, reply.headers())
        .into_pyobject(py)
}
