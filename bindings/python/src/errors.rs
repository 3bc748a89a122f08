//! Makes the exceptions of `_errors.py` from the errors of the core. Contains no function that
//! Python calls.

use iplaygames::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

use crate::modules;
use crate::reply::{RawReply, RawResult};

static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Returns the module that defines the exceptions.
fn errors_module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    let module = ERRORS.get_or_try_init(py, || modules::load(py, "_errors").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// Returns that module if it has been used, which every client does.
pub(crate) fn loaded_module(py: Python<'_>) -> Option<&Bound<'_, PyModule>> {
    ERRORS.get(py).map(|module| module.bind(py))
}

/// Returns the module that adds the result of a call to an exception.
fn interruption_module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || modules::load(py, "_interruption").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// Loads the modules that make results and exceptions.
pub(crate) fn load_modules(py: Python<'_>) -> PyResult<()> {
    errors_module(py)?;
    interruption_module(py)?;
    // A program may have taken them out of `sys.modules`.
    modules::load(py, "_errors").map(drop)
}

/// Converts an error of the core to its exception.
pub(crate) fn to_exception(py: Python<'_>, error: &Error) -> PyErr {
    let made = errors_module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "from_document"), (error.to_json(),)).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}

/// Returns the exception for something that the system refused to create: a descriptor or a thread.
pub(crate) fn resources_error(py: Python<'_>, what: &str, error: &std::io::Error) -> PyErr {
    let made = errors_module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "resources_error"), (what, error.to_string())).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}

/// Returns the exception for a defect of the library. Its outcome is `unknown`.
pub(crate) fn internal_error(py: Python<'_>, message: &str) -> PyErr {
    let made = errors_module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "internal_error"), (message,)).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}

/// Returns the exception for an argument that cannot be sent. `field` is a JSON pointer to the
/// argument.
pub(crate) fn invalid_argument(py: Python<'_>, field: &str, message: &str, wrong_type: bool) -> PyErr {
    let made = errors_module(py).and_then(|errors| {
        errors
            .call_method1(intern!(py, "invalid_argument"), (field, message, wrong_type))
            .map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}

/// Adds the result of an interrupted call to the exception that a signal handler raised.
pub(crate) fn add_call_result(
    py: Python<'_>,
    interruption: PyErr,
    operation: &str,
    result: Result<RawReply<'_>, PyErr>,
) -> PyErr {
    let result: RawResult<'_> = match result {
        Ok(reply) => (Some(reply), None),
        Err(error) => (None, Some(error.into_value(py).into_any())),
    };
    let added = interruption_module(py).and_then(|module| {
        let exception = interruption.value(py);
        module.call_method1(intern!(py, "add_call_result"), (exception, operation, result))
    });
    if let Err(problem) = added {
        problem.write_unraisable(py, None);
    }
    interruption
}
