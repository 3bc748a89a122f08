//! `iplaygames_native._core`: the native module of the Python package. It passes the name and the
//! arguments of a call to the Rust client, and returns the server's JSON text and a few numbers.
//! The public interface (results, exceptions, bulk calls, context managers) is Python, in
//! `python/iplaygames_native`.
//!
//! Rules of this crate:
//!
//! - A thread that Python does not know never enters Python. It pushes a token into a mailbox, and
//!   a thread of Python takes the token.
//! - The GIL is released around everything that may block.
//! - No Python code runs while a lock of this crate or of the runtime is held.
//! - A thread that waits checks for signals every 50 ms.
//! - Every function that Python calls runs its body in a function of `boundary.rs`.

#![warn(
    clippy::exit,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::undocumented_unsafe_blocks,
    clippy::unnecessary_safety_comment,
    clippy::unreachable,
    clippy::unwrap_used,
    unreachable_pub
)]

mod arguments;
mod boundary;
mod call;
mod client;
mod download;
mod errors;
mod exchange_queue;
mod exit;
mod guard;
mod journal;
mod log;
mod mailbox;
mod modules;
mod reply;
mod sandbox;
mod shared;
mod sys;
mod table;
mod time;
mod transport;

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Loads a module of this package, for attributes that are loaded on first use.
#[pyfunction]
fn load_module<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    boundary::catch(py, || modules::load(py, name))
}

/// Runs the command-line tool with the given arguments. Returns its exit code.
#[pyfunction]
fn run_cli(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> PyResult<u8> {
    boundary::catch(py, || Ok(py.detach(|| iplaygames::cli::run(arguments))))
}

/// Refuses a second interpreter in this process. This crate keeps Python objects in statics, and a
/// second interpreter would get the objects of the first.
fn refuse_second_interpreter() -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: this thread is attached: it initializes a module.
    let this = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, this, Ordering::SeqCst, Ordering::SeqCst) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "Another interpreter of this process has imported iplaygames_native: \
             import the package in one interpreter only.",
        )),
        _ => Ok(()),
    }
}

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    boundary::install_panic_hook();
    boundary::catch(module.py(), || initialize(module))
}

fn initialize(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_second_interpreter()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEFAULT_BASE_URL", iplaygames::DEFAULT_BASE_URL)?;
    module.add_class::<client::Client>()?;
    module.add_class::<client::Options>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<mailbox::Mailbox>()?;
    module.add_class::<transport::Exchange>()?;
    module.add_class::<transport::Exchanges>()?;
    module.add_class::<sandbox::Sandbox>()?;
    module.add_function(wrap_pyfunction!(table::operations, module)?)?;
    module.add_function(wrap_pyfunction!(table::codes, module)?)?;
    module.add_function(wrap_pyfunction!(table::is_read, module)?)?;
    module.add_function(wrap_pyfunction!(download::download, module)?)?;
    module.add_function(wrap_pyfunction!(download::submit_download, module)?)?;
    module.add_function(wrap_pyfunction!(journal::journal_open, module)?)?;
    module.add_function(wrap_pyfunction!(journal::journal_close, module)?)?;
    module.add_function(wrap_pyfunction!(journal::journal_resolve, module)?)?;
    module.add_function(wrap_pyfunction!(journal::journal_end_all, module)?)?;
    module.add_function(wrap_pyfunction!(journal::journal_compact, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_warning, module)?)?;
    module.add_function(wrap_pyfunction!(log::write_unraisable, module)?)?;
    module.add_function(wrap_pyfunction!(load_module, module)?)?;
    module.add_function(wrap_pyfunction!(run_cli, module)?)?;
    #[cfg(feature = "test-hooks")]
    {
        // `add_function` would also add these names to `__all__`.
        module.setattr("_panic_for_tests", wrap_pyfunction!(boundary::panic_for_tests, module)?)?;
        module.setattr(
            "_panic_in_drop_for_tests",
            wrap_pyfunction!(boundary::panic_in_drop_for_tests, module)?,
        )?;
    }
    exit::install_handlers(module)
}
