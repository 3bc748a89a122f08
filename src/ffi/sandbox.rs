//! The sandbox for C. Its functions always exist, so that a program links with every build; a build
//! without the sandbox answers that it has none.

use std::ffi::c_char;

use super::guard::{self, Out};
use super::ipg_code;
use super::text::In;

/// A running sandbox. Opaque, and never to be dereferenced: it is a number in the shape of a pointer.
/// Made by ipg_sandbox_start(), ended by ipg_sandbox_stop().
pub struct ipg_sandbox {
    _opaque: [u8; 0],
}

/// Starts a sandbox: a server of the API inside this process, on 127.0.0.1 and a free port, with one
/// thread of its own that is called `iplaygames-sandbox`.
///
/// `config_json` is a JSON object with the sandbox's settings; NULL is `{}`, a world with the games 1 to 200.
/// With `out_sandbox` NULL the sandbox is stopped again at once: that checks the settings.
///
/// `*out_json` becomes `{"base_url": …, "api_key": …}`, which is just what ipg_client_new() takes.
///
/// Ownership: end the sandbox with ipg_sandbox_stop(), free the text with ipg_string_free(). Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a setting that is wrong; #IPG_ERR_UNSUPPORTED in a build
/// without the sandbox; #IPG_ERR_INTERNAL when the system gives no port or no thread.
///
/// ```c
/// ipg_sandbox *world = NULL;
/// ipg_client *player = NULL;
/// char *config = NULL;
/// if (ipg_sandbox_start(NULL, &world, &config) == IPG_OK
///     && ipg_client_new(config, &player, NULL) == IPG_OK) {
///     puts("ready");
/// }
/// ipg_string_free(config);
/// ipg_client_free(player);
/// ipg_sandbox_stop(world);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_sandbox_start(
    config_json: *const c_char,
    out_sandbox: *mut *mut ipg_sandbox,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the host keeps the header's promise about pointers.
    let (config_json, out_sandbox, out_json) =
        unsafe { (In::new("config_json", config_json), Out::null(out_sandbox), Out::null(out_json)) };
    guard::answer(&out_json, || room::start(&config_json, &out_sandbox))
}

/// Tells a sandbox to do something: set faults, move its clock, say what it counted.
///
/// `command_json` is a JSON object; the sandbox's guide lists the commands. `*out_json` becomes the answer's
/// document, or the error's.
///
/// Ownership: free the text with ipg_string_free(). Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a command that there is not; #IPG_ERR_INVALID_HANDLE;
/// #IPG_ERR_UNSUPPORTED in a build without the sandbox.
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
    // SAFETY: the host keeps the header's promise about pointers.
    let (command_json, out_json) = unsafe { (In::new("command_json", command_json), Out::null(out_json)) };
    guard::answer(&out_json, || room::control(sandbox, &command_json))
}

/// Stops a sandbox: its port is closed, its thread ends, its world is forgotten.
///
/// Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time; #IPG_ERR_UNSUPPORTED in a
/// build without the sandbox.
///
/// ```c
/// ipg_sandbox_stop(sandbox);
/// sandbox = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_sandbox_stop(sandbox: *mut ipg_sandbox) -> ipg_code {
    guard::check(|| room::stop(sandbox))
}

#[cfg(feature = "sandbox")]
mod room {
    use std::sync::Arc;

    use super::super::handle::{Kind, Table};
    use super::{In, Out, ipg_sandbox};
    use crate::error::Error;
    use crate::sandbox::Sandbox;

    static SANDBOXES: Table<ipg_sandbox, Arc<Sandbox>> = Table::new(Kind::Sandbox);

    pub(super) fn start(config_json: &In<'_>, out: &Out<*mut ipg_sandbox>) -> Result<String, Error> {
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

    pub(super) fn control(sandbox: *mut ipg_sandbox, command_json: &In<'_>) -> Result<String, Error> {
        SANDBOXES.get(sandbox)?.control(command_json.get()?)
    }

    pub(super) fn stop(sandbox: *mut ipg_sandbox) -> Result<(), Error> {
        SANDBOXES.remove(sandbox)?.stop();
        Ok(())
    }
}

#[cfg(not(feature = "sandbox"))]
mod room {
    use super::{In, Out, ipg_sandbox};
    use crate::codes::Code;
    use crate::error::Error;

    fn unsupported<T>() -> Result<T, Error> {
        Err(Error::new(Code::UNSUPPORTED, "This build of the library has no sandbox."))
    }

    pub(super) fn start(_: &In<'_>, _: &Out<*mut ipg_sandbox>) -> Result<String, Error> {
        unsupported()
    }

    pub(super) fn control(_: *mut ipg_sandbox, _: &In<'_>) -> Result<String, Error> {
        unsupported()
    }

    pub(super) fn stop(_: *mut ipg_sandbox) -> Result<(), Error> {
        unsupported()
    }
}
