//! The sandbox: starts, controls and stops the core's sandbox. Used by `_sandbox.py`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::boundary::{self, CatchDrop};
use crate::{arguments, errors};

/// A server in this process that implements the API.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Sandbox(CatchDrop<iplaygames::sandbox::Sandbox>);

#[pymethods]
impl Sandbox {
    /// Starts a sandbox from a dict with the keys of its configuration. The sandbox listens when
    /// this returns.
    #[new]
    fn new(config: &Bound<'_, PyDict>) -> PyResult<Sandbox> {
        let py = config.py();
        boundary::enter(py, || {
            let json = arguments::to_json(config)?;
            py.detach(|| iplaygames::sandbox::Sandbox::start(&json))
                .map(|sandbox| Sandbox(CatchDrop::new(sandbox)))
                .map_err(|error| errors::to_exception(py, &error))
        })
    }

    /// Returns the URL that the sandbox listens on.
    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.0.base_url()))
    }

    /// Returns the only API key that the sandbox accepts.
    #[getter]
    fn api_key(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.0.api_key()))
    }

    /// Executes a command, which is a dict. Returns a JSON document.
    fn control<'py>(&self, command: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyString>> {
        let py = command.py();
        boundary::enter(py, || {
            let json = arguments::to_json(command)?;
            let sandbox = &*self.0;
            let response =
                py.detach(|| sandbox.control(&json)).map_err(|error| errors::to_exception(py, &error))?;
            Ok(PyString::new(py, &response))
        })
    }

    /// Stops the sandbox. Does nothing if it is stopped already.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        // While the interpreter exits, the sandbox ends with the process.
        boundary::enter_or(py, (), || {
            let sandbox = &*self.0;
            py.detach(|| sandbox.stop());
            Ok(())
        })
    }
}
