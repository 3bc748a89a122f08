//! The sandbox, as it is.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::boundary::{self, CatchDrop};
use crate::{arguments, errors};

/// A server of the API in this process.
#[pyclass(frozen, module = "iplaygames_native._core")]
pub(crate) struct Sandbox(CatchDrop<iplaygames::sandbox::Sandbox>);

#[pymethods]
impl Sandbox {
    /// From a dict with the keys of the sandbox's configuration; it listens when this returns.
    #[new]
    fn new(config: &Bound<'_, PyDict>) -> PyResult<Sandbox> {
        let py = config.py();
        boundary::enter(py, || {
            let json = arguments::to_json(config)?;
            py.detach(|| iplaygames::sandbox::Sandbox::start(&json))
                .map(|sandbox| Sandbox(CatchDrop::new(sandbox)))
                .map_err(|error| errors::raise(py, &error))
        })
    }

    #[getter]
    fn base_url(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.0.base_url()))
    }

    #[getter]
    fn api_key(&self, py: Python<'_>) -> PyResult<&str> {
        boundary::catch(py, || Ok(self.0.api_key()))
    }

    /// Carries out a command, a dict; answers a JSON document.
    fn control<'py>(&self, command: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyString>> {
        let py = command.py();
        boundary::enter(py, || {
            let json = arguments::to_json(command)?;
            let sandbox = &*self.0;
            let answer = py.detach(|| sandbox.control(&json)).map_err(|error| errors::raise(py, &error))?;
            Ok(PyString::new(py, &answer))
        })
    }

    /// Stops it; stopping again does nothing.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        // Too late it ends with the process.
        boundary::enter_or(py, (), || {
            let sandbox = &*self.0;
            py.detach(|| sandbox.stop());
            Ok(())
        })
    }
}
