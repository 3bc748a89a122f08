//! The exported functions that only Android has. A file of the C interface (`ffi/mod.rs`), which is
//! here because it names a system.

#![cfg(target_os = "android")]

use std::ffi::{c_char, c_void};

use crate::codes::Code;
use crate::error::Error;
use crate::ffi::boundary::{self, OutParam};
use crate::ffi::types::ipg_code;
use crate::sys;

/// Gives the Java virtual machine of the process to the library, which verifies certificates of
/// servers with it. Call it once, before the first https call. Android only.
///
/// The program also needs the Java component of the crate rustls-platform-verifier
/// (docs/transports.md). A library that was built with the feature `bundled-roots` needs neither.
///
/// Ownership: the parameters stay the host's. The library keeps references of its own until the
/// process ends. Threads: any.
///
/// \param vm The `JavaVM *` of the process, as `JNI_OnLoad` receives it.
/// \param context A `jobject` of the class `android.content.Context`, such as the activity.
/// \param out_json Receives the document `{"success": true}`, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a parameter is NULL; #IPG_ERR_INTERNAL if Java
///     throws an exception.
///
/// ```c
/// #if defined(__ANDROID__)
/// // `vm` is from JNI_OnLoad(), `activity` from the native method that runs.
/// if (ipg_android_init(vm, activity, &json) != IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// #endif
/// ```
#[cfg(target_os = "android")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_android_init(
    vm: *mut c_void,
    context: *mut c_void,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json(&out_json, || {
        for (name, given) in [("vm", vm), ("context", context)] {
            if given.is_null() {
                return Err(Error::invalid(format!("/{name}"), format!("`{name}` is NULL.")));
            }
        }
        // SAFETY: the header requires a virtual machine and a context, and neither is NULL.
        unsafe { sys::init_verifier(vm, context) }.map_err(|problem| {
            let message = format!("The verifier of Android cannot be initialized: {problem}.");
            Error::new(Code::INTERNAL, message)
        })?;
        Ok(r#"{"success":true}"#.to_owned())
    })
}
