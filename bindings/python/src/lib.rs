//! `iplaygames_native._core`: the Python package's way into the Rust client. Thin on purpose: a call goes
//! in as a name and a dict, its answer comes out as the server's own text and the facts beside it. What
//! users see (results, exceptions, bulk, context managers) is Python, in `python/iplaygames_native`.
//!
//! Rules. No thread that Python does not know ever enters it: what happens elsewhere is put into a
//! mailbox, and a thread of Python's takes it out. The GIL is let go of around everything that may
//! wait, and nothing of Python's runs while a lock of this crate or the runtime is held. A thread that
//! waits looks for signals every 50 ms. Every function that Python calls runs its body in `boundary.rs`.

mod arguments;
mod boundary;
mod call;
mod client;
mod errors;
mod exit;
mod log;
mod mailbox;
mod sandbox;
mod table;

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Runs the command-line tool with the words that follow its name; answers its exit code.
#[pyfunction]
fn run_tool(py: Python<'_>, words: Vec<std::ffi::OsString>) -> PyResult<u8> {
    boundary::catch(py, || Ok(py.detach(|| iplaygames::cli::run(words))))
}

/// What is remembered of Python (modules, exceptions, the threads that are inside) is remembered once a
/// process: a second interpreter would be handed objects of the first.
fn refuse_second_interpreter() -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: this thread is attached, as everywhere in a module's initialisation.
    let this = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, this, Ordering::SeqCst, Ordering::SeqCst) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "iplaygames_native is in use in another interpreter of this process, and can be used in one only",
        )),
        _ => Ok(()),
    }
}

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    boundary::install_panic_hook();
    boundary::catch(module.py(), || fill(module))
}

fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_second_interpreter()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEFAULT_BASE_URL", iplaygames::DEFAULT_BASE_URL)?;
    module.add_class::<client::Client>()?;
    module.add_class::<client::Options>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<mailbox::Mailbox>()?;
    module.add_class::<sandbox::Sandbox>()?;
    module.add_function(wrap_pyfunction!(table::operations, module)?)?;
    module.add_function(wrap_pyfunction!(table::codes, module)?)?;
    module.add_function(wrap_pyfunction!(table::is_read, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_warning, module)?)?;
    module.add_function(wrap_pyfunction!(errors::write_unraisable, module)?)?;
    module.add_function(wrap_pyfunction!(run_tool, module)?)?;
    #[cfg(feature = "test-hooks")]
    {
        // Not `add_function`: that would also put them into `__all__`.
        module.setattr("_panic_for_tests", wrap_pyfunction!(boundary::panic_for_tests, module)?)?;
        module.setattr(
            "_panic_in_drop_for_tests",
            wrap_pyfunction!(boundary::panic_in_drop_for_tests, module)?,
        )?;
    }
    exit::install(module)
}
