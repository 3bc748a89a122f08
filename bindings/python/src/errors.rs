//! Errors, as the exceptions of `_errors.py`.

use iplaygames::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

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

/// The exception for an argument that cannot be sent. `field` is a JSON pointer.
pub(crate) fn invalid(py: Python<'_>, field: &str, message: &str, wrong_type: bool) -> PyErr {
    let made = module(py).and_then(|errors| {
        errors.call_method1(intern!(py, "invalid"), (field, message, wrong_type)).map(PyErr::from_value)
    });
    made.unwrap_or_else(|problem| problem)
}
