//! The functions of C that create requests: calls of operations, the three operations of a session
//! by name, watches, and prewarms. The functions of requests are in `request.rs`.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use super::boundary::OutParam;
use super::finalizer::FinalizedData;
use super::request_handle::submit;
use super::session::{END, START, STATUS, named, session_id_of};
use super::string::StrParam;
use super::types::{ipg_callback, ipg_client, ipg_code, ipg_finalizer, ipg_request};
use crate::client::options::CallOptions;
use crate::submit::updates::WatchOptions;

/// Starts a call of any operation, and returns at once. Nothing is sent before a thread drives the
/// client with ipg_client_tick(), ipg_request_wait() or a blocking call, or before the client's own
/// thread does, if the configuration has `"io_thread": true`.
///
/// The host gets the result in one of two ways, and each is sufficient: it polls or waits for the
/// request, or it passes a `callback` and ticks. The callback runs only if this function returned
/// #IPG_OK. It runs inside ipg_client_tick() or ipg_client_shutdown(), on the thread that calls it,
/// with no lock held, one callback of a client at a time. It runs exactly once, unless the request
/// or the client is freed before.
///
/// Requests that are not freed count towards the client's `max_in_flight`.
///
/// Ownership: free the request with ipg_request_free(), also after its callback has run. Free the
/// string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param operation The name of the operation, as in ipg_call().
/// \param arguments_json The arguments, as in ipg_call().
/// \param options_json The options, as in ipg_call().
/// \param callback The function that receives the result, or NULL.
/// \param user_data A pointer that the library passes to the callback.
/// \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
/// #ipg_finalizer.
/// \param out_request Receives the handle, before the callback can run on another thread. If NULL,
/// the request frees itself after its callback; without a callback, NULL is refused.
/// \param out_json Receives `{"success": true, "call_id": "7b0c"}`, with the id that the call is
/// sent with; or the error document. With the error document, nothing is sent, `*out_request` is
/// NULL and the callback does not run. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_HANDLE;
/// #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
/// char *json = NULL;
/// if (ipg_submit(client, "list_games", "{\"per_page\": \"20\"}", NULL, on_games, NULL, NULL, NULL,
///                &json) != IPG_OK) {
///     fprintf(stderr, "not sent: %s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_submit(
    client: *mut ipg_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    options_json: *const c_char,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: the header requires valid pointers.
    let (operation, arguments_json, options_json, out_request, out_json) = unsafe {
        (
            StrParam::new("operation", operation),
            StrParam::new("arguments_json", arguments_json),
            StrParam::new("options_json", options_json),
            OutParam::null(out_request),
            OutParam::null(out_json),
        )
    };
    submit(client, callback, user_data, &out_request, &out_json, |client, callback, on_registered| {
        let (operation, arguments) = (operation.get()?, arguments_json.get_or_empty()?);
        let options = CallOptions::from_json(options_json.get_or_empty()?)?;
        client.submit_with(operation, arguments, &options, callback, on_registered)
    })
}

/// Starts a game session for a player, and returns at once: the non-blocking form of
/// ipg_session_start(). The operation is `start_a_game_session`.
///
/// A start is never sent a second time if the server may have received the first. If the error's
/// `outcome` is `"unknown"`, a session may exist.
///
/// Ownership and threads: as for ipg_submit().
///
/// \param client The client.
/// \param request_json The arguments, as in ipg_session_start().
/// \param options_json The options, as in ipg_call().
/// \param callback The function that receives the result, or NULL.
/// \param user_data A pointer that the library passes to the callback.
/// \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
/// #ipg_finalizer.
/// \param out_request Receives the handle, as for ipg_submit().
/// \param out_json Receives the document with the call id, or the error document, as for
/// ipg_submit().
/// \return The codes of ipg_submit().
///
/// ```c
/// ipg_request *start = NULL;
/// char *json = NULL;
/// if (ipg_session_submit_start(client,
///         "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
///         " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
///         NULL, NULL, NULL, NULL, &start, NULL) == IPG_OK) {
///     ipg_client_tick(client, 500, NULL); // once a frame
///     if (ipg_request_poll(start, &json) == IPG_OK) {
///         puts("the session has started");
///     }
///     ipg_string_free(json);
/// }
/// ipg_request_free(start);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_submit_start(
    client: *mut ipg_client,
    request_json: *const c_char,
    options_json: *const c_char,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: the header requires valid pointers.
    let (request_json, options_json, out_request, out_json) = unsafe {
        (
            StrParam::new("request_json", request_json),
            StrParam::new("options_json", options_json),
            OutParam::null(out_request),
            OutParam::null(out_json),
        )
    };
    submit(client, callback, user_data, &out_request, &out_json, |client, callback, on_registered| {
        named(START, || {
            let options = CallOptions::from_json(options_json.get_or_empty()?)?;
            client.submit_with(START, request_json.get()?, &options, callback, on_registered)
        })
    })
}

/// Reads the status of a game session, and returns at once: the non-blocking form of
/// ipg_session_status(). The operation is `get_session_status`.
///
/// Ownership and threads: as for ipg_submit().
///
/// \param client The client. \param session_id The session's id. \param options_json The options,
/// as in ipg_call(). \param callback The function that receives the result, or NULL. \param
/// user_data A pointer that the library passes to the callback. \param finalizer The function that
/// is called when `user_data` is not used any more, or NULL. See #ipg_finalizer. \param out_request
/// Receives the handle, as for ipg_submit(). \param out_json Receives the document with the call
/// id, or the error document, as for ipg_submit(). \return The codes of ipg_submit();
/// #IPG_ERR_INVALID_ARGUMENT with the `field` `/session_id` for a wrong id.
///
/// ```c
/// // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
/// char *json = NULL;
/// if (ipg_session_submit_status(client, session_id, NULL, on_games, NULL, NULL, NULL, &json) != IPG_OK) {
///     fprintf(stderr, "not sent: %s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_submit_status(
    client: *mut ipg_client,
    session_id: *const c_char,
    options_json: *const c_char,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    unsafe {
        submit_on_session(
            STATUS,
            client,
            session_id,
            options_json,
            callback,
            user_data,
            finalizer,
            out_request,
            out_json,
        )
    }
}

/// Ends a game session, and returns at once: the non-blocking form of
/// ipg_session_end(). The operation is `end_a_game_session`.
///
/// If a response is lost, the request is repeated. If the API then says that the session does not
/// exist, the call succeeds with `{"success": true, "already_ended": true}`.
///
/// Ownership and threads: as for ipg_submit().
///
/// \param client The client. \param session_id The session's id. \param options_json The options,
/// as in ipg_call(). \param callback The function that receives the result, or NULL. \param
/// user_data A pointer that the library passes to the callback. \param finalizer The function that
/// is called when `user_data` is not used any more, or NULL. See #ipg_finalizer. \param out_request
/// Receives the handle, as for ipg_submit(). \param out_json Receives the document with the call
/// id, or the error document, as for ipg_submit(). \return The codes of ipg_submit();
/// #IPG_ERR_INVALID_ARGUMENT with the `field` `/session_id` for a wrong id.
///
/// ```c
/// // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
/// char *json = NULL;
/// if (ipg_session_submit_end(client, session_id, NULL, on_games, NULL, NULL, NULL, &json) != IPG_OK) {
///     fprintf(stderr, "not sent: %s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_submit_end(
    client: *mut ipg_client,
    session_id: *const c_char,
    options_json: *const c_char,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    unsafe {
        submit_on_session(
            END,
            client,
            session_id,
            options_json,
            callback,
            user_data,
            finalizer,
            out_request,
            out_json,
        )
    }
}

/// Starts a watch of a game session, and returns at once. A watch reads the status of the session
/// at an interval and reports each change of the status. The first reading is always reported.
///
/// An update has the code #IPG_PENDING and the response of ipg_session_status(). The callback
/// receives it; without a callback, ipg_request_poll() returns it. The watch ends:
///
/// - with #IPG_OK and the last response, when the status says that the session is over (`closed`,
///   `expired` and similar). A status that this library does not know is an update and not the end;
/// - with the error, when a reading fails and repeating it would not help;
/// - with #IPG_ERR_CANCELED, when it is canceled. ipg_client_shutdown() cancels watches at once.
///
/// A reading that fails and may succeed later does not end the watch. After three such failures in
/// a row, the watch reports their error document (`"success": false`) once, with the code
/// #IPG_PENDING, and logs a warning. The next reading that succeeds is reported again.
///
/// A watch makes progress only while a thread drives the client, as a call of ipg_submit() does.
///
/// Ownership and threads: as for ipg_submit().
///
/// \param client The client.
/// \param session_id The session's id.
/// \param interval_ms The time between two readings in milliseconds, at least 10. It varies by a
/// tenth. A second is a good value. There is one reading at a time.
/// \param callback The function that receives the updates and the end, or NULL.
/// \param user_data A pointer that the library passes to the callback.
/// \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
/// #ipg_finalizer.
/// \param out_request Receives the handle, as for ipg_submit().
/// \param out_json Receives the document with the call id, or the error document, as for
/// ipg_submit().
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with the `field` `/session_id` or `/interval_ms`;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// ipg_request *watch = NULL;
/// char *json = NULL;
/// if (ipg_session_watch(client, session_id, 1000, NULL, NULL, NULL, &watch, NULL) == IPG_OK) {
///     ipg_client_tick(client, 500, NULL); // once a frame
///     if (ipg_request_poll(watch, &json) == IPG_PENDING && json) {
///         printf("it is now %s\n", json);
///     }
///     ipg_string_free(json);
/// }
/// ipg_request_free(watch);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_watch(
    client: *mut ipg_client,
    session_id: *const c_char,
    interval_ms: u32,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: the header requires valid pointers.
    let (session_id, out_request, out_json) = unsafe {
        (StrParam::new("session_id", session_id), OutParam::null(out_request), OutParam::null(out_json))
    };
    let options = WatchOptions::every(Duration::from_millis(interval_ms.into()));
    submit(client, callback, user_data, &out_request, &out_json, |client, callback, on_registered| {
        named(STATUS, || client.watch_with(session_id_of(&session_id)?, &options, callback, on_registered))
    })
}

/// Connects to the server before the first call, and returns at once: the non-blocking form of
/// ipg_client_prewarm(). Certificates are loaded on a helper thread and not in a tick. Sends no
/// request.
///
/// The document of the end is `{"success": true, "elapsed_ms": 12}`, or the error document.
///
/// Ownership and threads: as for ipg_submit().
///
/// \param client The client.
/// \param timeout_ms The time limit in milliseconds. 0 means the client's own `timeout_ms`.
/// \param callback The function that receives the result, or NULL.
/// \param user_data A pointer that the library passes to the callback.
/// \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
/// #ipg_finalizer.
/// \param out_request Receives the handle, as for ipg_submit().
/// \param out_json Receives `{"success": true}`, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT without a callback and without `out_request`;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// ipg_request *prewarm = NULL;
/// if (ipg_client_submit_prewarm(client, 2000, NULL, NULL, NULL, &prewarm, NULL) == IPG_OK) {
///     ipg_client_tick(client, 500, NULL); // once a frame
/// }
/// ipg_request_free(prewarm);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_submit_prewarm(
    client: *mut ipg_client,
    timeout_ms: u32,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: the header requires valid pointers.
    let (out_request, out_json) = unsafe { (OutParam::null(out_request), OutParam::null(out_json)) };
    let timeout = Duration::from_millis(timeout_ms.into());
    submit(client, callback, user_data, &out_request, &out_json, |client, callback, on_registered| {
        client.prewarm_with(timeout, callback, on_registered)
    })
}

/// Submits an operation on one session.
///
/// # Safety
///
/// The pointers are valid, as the header requires.
#[expect(clippy::too_many_arguments, reason = "the parameters of the exported functions")]
unsafe fn submit_on_session(
    operation: &'static str,
    client: *mut ipg_client,
    session_id: *const c_char,
    options_json: *const c_char,
    callback: ipg_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: guaranteed by the caller.
    let (session_id, options_json, out_request, out_json) = unsafe {
        (
            StrParam::new("session_id", session_id),
            StrParam::new("options_json", options_json),
            OutParam::null(out_request),
            OutParam::null(out_json),
        )
    };
    submit(client, callback, user_data, &out_request, &out_json, |client, callback, on_registered| {
        named(operation, || {
            let session_id = session_id_of(&session_id)?;
            let options = CallOptions::from_json(options_json.get_or_empty()?)?;
            client.submit_on_session_with(operation, session_id, &options, callback, on_registered)
        })
    })
}
