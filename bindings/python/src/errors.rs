//! Errors, as the exceptions of `_errors.py`.

use iplaygames::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

use crate::boundary;
use crate::call::Facts;

/// The module that has the exceptions.
fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE
        .get_or_try_init(py, || PyModule::import(py, "iplaygames_native._errors").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// The exception that says what the error says.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let made = module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "from_document"), (error.to_json(),)).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}

/// The exception for a panic: whether the call was done is not known.
pub(crate) fn internal(py: Python<'_>, message: &str) -> PyErr {
    let made = module(py)
        .and_then(|errors| errors.call_method1(intern!(py, "internal"), (message,)).map(PyErr::from_value));
    made.unwrap_or_else(|problem| problem)
}

/// Attaches to the exception of a signal how the call that it interrupted ended.
pub(crate) fn interrupted(
    py: Python<'_>,
    signal: PyErr,
    operation: &str,
    result: Result<Facts<'_>, PyErr>,
) -> PyErr {
    let (facts, error) = match result {
        Ok(facts) => (Some(facts), None),
        Err(error) => (None, Some(error.into_value(py))),
    };
    let value = signal.value(py);
    let described = module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "describe_end"), (value, operation, (facts, error)))
    });
    if let Err(problem) = described {
        problem.write_unraisable(py, None);
    }
    signal
}

/// Gives an exception that cannot be raised to `sys.unraisablehook`.
#[pyfunction]
pub(crate) fn write_unraisable(py: Python<'_>, error: Bound<'_, PyAny>) -> PyResult<()> {
    boundary::enter_or(py, (), || {
        PyErr::from_value(error).write_unraisable(py, None);
        Ok(())
    })
}

/// The exception for an argument that cannot be sent. `field` is a JSON pointer.
pub(crate) fn invalid(py: Python<'_>, field: &str, message: &str, wrong_type: bool) -> PyErr {
    let made = module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "invalid"), (field, message, wrong_type)).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}
