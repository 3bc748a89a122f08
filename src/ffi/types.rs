//! The types of the C header that several files use: the code, the handles of clients and requests,
//! and the callback of requests. The functions are in the files of their subjects.

use std::ffi::{c_char, c_void};

/// The result of a call: one of the codes above, which are plain integers and can be used in `#if`.
/// 0 is #IPG_OK. Every other code of a call that has ended is an error.
pub type ipg_code = i32;

/// A handle of a client. The handle is opaque: a number in the type of a pointer, which must not be
/// dereferenced. ipg_client_new() creates the handle, ipg_client_free() ends it.
pub struct ipg_client {
    _opaque: [u8; 0],
}

/// A handle of a call in flight or of a watch. The handle is opaque: a number in the type of a
/// pointer, which must not be dereferenced. ipg_submit() and ipg_session_watch() create the handle,
/// ipg_request_free() ends it.
pub struct ipg_request {
    _opaque: [u8; 0],
}

/// Receives the result of a call, or an update of a watch. See ipg_submit().
///
/// The parameters are: `user_data`, as it was passed to ipg_submit(); `request`, the handle of the
/// call, which is never NULL and is valid while the callback runs; `code`, which is #IPG_PENDING
/// for an update of a watch and any other code for the end; and `json`, the API's response or the
/// error document. The library owns `json`, which is invalid after the callback returns.
pub type ipg_callback = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        request: *mut ipg_request,
        code: ipg_code,
        json: *const c_char,
    ),
>;

/// Receives a `user_data` that the library will not use any more, so that the host can free it.
///
/// A function that takes a finalizer takes it beside a `user_data`. The library calls the finalizer
/// exactly once for each call of such a function, also when the function fails. NULL means that the
/// host needs no call. The rules are at the top of this header, under "Finalizers".
pub type ipg_finalizer = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;
