//! Any operation of the API for C.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::{ipg_client, ipg_code};
use crate::client::options::CallOptions;
use crate::client::reply::Reply;

/// Calls any operation of the API, and blocks until the answer is there.
///
/// `operation` is its name, such as `"list_games"`. `arguments_json` is one flat JSON object with the
/// fields of path, query and body by their names; NULL is `{}`. `options_json` may change for this call what
/// the client's configuration says: `timeout_ms`, `max_retries`, and `call_id`, which is sent as
/// `X-Request-Id`; NULL changes nothing.
///
/// `*out_json` becomes the API's own answer, byte for byte, or the error document.
///
/// Ownership: free the text with ipg_string_free(). Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_ARGUMENT, with `field` where a field of
/// `arguments_json` is wrong; #IPG_ERR_INVALID_HANDLE; what the way and the API answer: 200 to 599.
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
    // SAFETY: the host keeps the header's promise about pointers.
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
