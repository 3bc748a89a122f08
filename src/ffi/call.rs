//! `ipg_call`, which calls any operation of the API.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::types::{ipg_client, ipg_code};
use crate::client::options::CallOptions;
use crate::client::reply::Reply;

/// Calls any operation of the API, and blocks until the result is there.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param operation The name of the operation, such as `"list_games"`.
/// \param arguments_json A flat JSON object with the path, query and body parameters by their
/// names. NULL is `{}`.
/// \param options_json A JSON object with settings for this call: `timeout_ms`, `max_retries`,
/// `call_id`, which is sent as `X-Request-Id`, and `headers`, an object of strings, which replace
/// headers of the client of the same name. A member that is missing has the client's value. NULL is
/// `{}`.
/// \param out_json Receives the API's response, byte for byte, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_ARGUMENT, with a `field` if a
/// member of `arguments_json` is wrong; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN;
/// the transport codes (2xx) and the API codes (4xx, 5xx).
///
/// ```c
/// char *json = NULL;
/// ipg_code code = ipg_call(client, "get_session_status", "{\"session_id\": \"abc123\"}",
///                          "{\"timeout_ms\": 2000, \"max_retries\": 0}", &json);
/// printf("%s: %s\n", ipg_code_name(code), json);
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_call(
    client: *mut ipg_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (operation, arguments_json, options_json, out_json) = unsafe {
        (
            StrParam::new("operation", operation),
            StrParam::new("arguments_json", arguments_json),
            StrParam::new("options_json", options_json),
            OutParam::null(out_json),
        )
    };
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| {
            let (operation, arguments) = (operation.get()?, arguments_json.get_or_empty()?);
            let options = CallOptions::from_json(options_json.get_or_empty()?)?;
            client.call(operation, arguments, &options).map(Reply::into_json)
        })
    })
}
