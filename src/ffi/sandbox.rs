//! The sandbox for C. The functions exist in every build, so that a program links with every build.
//! In a build without the sandbox they return `IPG_ERR_UNSUPPORTED`.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::types::ipg_code;

/// A handle of a running sandbox. The handle is opaque: a number in the type of a pointer, which
/// must not be dereferenced. ipg_sandbox_start() creates the handle, ipg_sandbox_stop() ends it.
pub struct ipg_sandbox {
    _opaque: [u8; 0],
}

/// Starts a sandbox: a server of the API inside this process, on 127.0.0.1 and a free port. The
/// server has one thread, named `iplaygames-sandbox`. Its games have the ids 1 to 200.
///
/// Ownership: end the sandbox with ipg_sandbox_stop(), free the string with ipg_string_free().
/// Threads: any.
///
/// \param config_json A JSON object with the sandbox's settings. NULL is `{}`.
/// \param out_sandbox Receives the handle. If NULL, the function stops the sandbox before it
/// returns, which only checks the settings.
/// \param out_json Receives `{"base_url": …, "api_key": …}`, a configuration for ipg_client_new();
/// or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a wrong setting; #IPG_ERR_UNSUPPORTED in a build
/// without the sandbox; #IPG_ERR_INTERNAL if the system provides no port or no thread.
///
/// ```c
/// ipg_sandbox *test_sandbox = NULL;
/// ipg_client *test_client = NULL;
/// char *config = NULL;
/// if (ipg_sandbox_start(NULL, &test_sandbox, &config) == IPG_OK
///     && ipg_client_new(config, &test_client, NULL) == IPG_OK) {
///     puts("ready");
/// }
/// ipg_string_free(config);
/// ipg_client_free(test_client);
/// ipg_sandbox_stop(test_sandbox);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_sandbox_start(
    config_json: *const c_char,
    out_sandbox: *mut *mut ipg_sandbox,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (config_json, out_sandbox, out_json) = unsafe {
        (StrParam::new("config_json", config_json), OutParam::null(out_sandbox), OutParam::null(out_json))
    };
    boundary::json(&out_json, || imp::start(&config_json, &out_sandbox))
}

/// Runs a command of a sandbox: queues a fault, moves the clock, returns sessions, requests or
/// counts.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param sandbox The sandbox.
/// \param command_json A JSON object. The sandbox's guide lists the commands.
/// \param out_json Receives the result, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for an unknown or invalid command;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_UNSUPPORTED in a build without the sandbox.
///
/// ```c
/// char *json = NULL;
/// if (ipg_sandbox_control(sandbox, "{\"command\": \"counts\"}", &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_sandbox_control(
    sandbox: *mut ipg_sandbox,
    command_json: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (command_json, out_json) =
        unsafe { (StrParam::new("command_json", command_json), OutParam::null(out_json)) };
    boundary::json(&out_json, || imp::control(sandbox, &command_json))
}

/// Stops a sandbox. When the function returns, the port and every connection are closed, the thread
/// has ended, and the sessions are lost.
///
/// Threads: any.
///
/// \param sandbox The sandbox.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and for a stopped sandbox;
/// #IPG_ERR_UNSUPPORTED in a build without the sandbox.
///
/// ```c
/// ipg_sandbox_stop(sandbox);
/// sandbox = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_sandbox_stop(sandbox: *mut ipg_sandbox) -> ipg_code {
    boundary::status(|| imp::stop(sandbox))
}

#[cfg(feature = "sandbox")]
mod imp {
    use std::sync::Arc;

    use super::super::handle::{HandleTable, Kind};
    use super::{OutParam, StrParam, ipg_sandbox};
    use crate::error::Error;
    use crate::sandbox::Sandbox;

    static SANDBOXES: HandleTable<ipg_sandbox, Arc<Sandbox>> = HandleTable::new(Kind::Sandbox);

    pub(super) fn start(
        config_json: &StrParam<'_>,
        out: &OutParam<*mut ipg_sandbox>,
    ) -> Result<String, Error> {
        let sandbox = Arc::new(Sandbox::start(config_json.get_or_empty()?)?);
        let document = sandbox.client_config();
        let handle = match out.is_wanted() {
            true => SANDBOXES.insert(Arc::clone(&sandbox)),
            false => Ok(std::ptr::null_mut()),
        };
        match &handle {
            Ok(handle) if !handle.is_null() => out.set(*handle),
            _ => sandbox.stop(),
        }
        handle.map(|_| document)
    }

    pub(super) fn control(sandbox: *mut ipg_sandbox, command_json: &StrParam<'_>) -> Result<String, Error> {
        SANDBOXES.get(sandbox)?.control(command_json.get()?)
    }

    pub(super) fn stop(sandbox: *mut ipg_sandbox) -> Result<(), Error> {
        SANDBOXES.remove(sandbox)?.stop();
        Ok(())
    }
}

#[cfg(not(feature = "sandbox"))]
mod imp {
    use super::{OutParam, StrParam, ipg_sandbox};
    use crate::codes::Code;
    use crate::error::Error;

    fn unsupported<T>() -> Result<T, Error> {
        Err(Error::new(Code::UNSUPPORTED, "This build of the library has no sandbox."))
    }

    pub(super) fn start(_: &StrParam<'_>, _: &OutParam<*mut ipg_sandbox>) -> Result<String, Error> {
        unsupported()
    }

    pub(super) fn control(_: *mut ipg_sandbox, _: &StrParam<'_>) -> Result<String, Error> {
        unsupported()
    }

    pub(super) fn stop(_: *mut ipg_sandbox) -> Result<(), Error> {
        unsupported()
    }
}
