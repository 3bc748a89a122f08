//! Non-blocking calls for C: submitting, watching, ticking, and the functions of requests. Handles
//! and callbacks are in `request_handle.rs`.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use super::boundary::{self, OutParam};
use super::log::UserData;
use super::request_handle::{self, CCallback, with_request};
use super::session::{STATUS, session_id_of};
use super::string::StrParam;
use super::tables::CLIENTS;
use super::types::{ipg_callback, ipg_client, ipg_code, ipg_request};
use crate::client::Client;
use crate::client::options::CallOptions;
use crate::codes::Code;
use crate::json;
use crate::submit::call::{PollResult, SubmittedCall};
use crate::submit::updates::WatchOptions;

/// Starts a call of any operation, and returns at once. Nothing is sent before a thread drives the
/// client with ipg_client_tick(), ipg_request_wait() or a blocking call, or before the client's own
/// thread does, if the configuration has `"background": true`.
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
/// \param user_data A pointer that the library passes to the callback. The host keeps the
/// ownership.
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
/// char *json = NULL; if (ipg_submit(client, "list_games", "{\"per_page\": \"20\"}", NULL,
/// on_games, NULL, NULL, &json)
///     != IPG_OK) {
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
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
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
    let user_data = UserData(user_data);
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| {
            let (operation, arguments) = (operation.get()?, arguments_json.get_or_empty()?);
            let options = CallOptions::from_json(options_json.get_or_empty()?)?;
            let c_callback = CCallback::new(callback, user_data, &out_request)?;
            let callback = c_callback.to_callback();
            let submitted = client.submit_with(operation, arguments, &options, callback, |submitted| {
                c_callback.on_registered(submitted, &out_request)
            })?;
            Ok(submitted_json(&submitted))
        })
    })
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
/// \param user_data A pointer that the library passes to the callback. The host keeps the
/// ownership.
/// \param out_request Receives the handle, as for ipg_submit().
/// \param out_json Receives the document with the call id, or the error document, as for
/// ipg_submit().
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with the `field` `/session_id` or `/interval_ms`;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// ipg_request *watch = NULL;
/// char *json = NULL;
/// if (ipg_session_watch(client, session_id, 1000, NULL, NULL, &watch, NULL) == IPG_OK) {
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
    out_request: *mut *mut ipg_request,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (session_id, out_request, out_json) = unsafe {
        (StrParam::new("session_id", session_id), OutParam::null(out_request), OutParam::null(out_json))
    };
    let user_data = UserData(user_data);
    let options = WatchOptions::every(Duration::from_millis(interval_ms.into()));
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| {
            let session_id = session_id_of(&session_id)?;
            let c_callback = CCallback::new(callback, user_data, &out_request)?;
            let callback = c_callback.to_callback();
            let submitted = client.watch_with(session_id, &options, callback, |submitted| {
                c_callback.on_registered(submitted, &out_request)
            })?;
            Ok(submitted_json(&submitted))
        })
        .map_err(|mut error| {
            error.inner_mut().operation.get_or_insert_with(|| STATUS.to_owned());
            error
        })
    })
}

/// Drives the calls in flight without waiting, and runs the callbacks that are due on this thread.
/// A game calls this function once in each frame.
///
/// Never sleeps. With nothing in flight, the function looks the handle up and reads one number.
/// Otherwise it polls for I/O until a poll makes no progress or the budget is used up. The function
/// checks the budget between polls and between callbacks; the time of the callbacks counts. One
/// step can take longer than the budget: a TLS handshake, loading the trusted certificates (see
/// ipg_client_prewarm()), or a response of several megabytes.
///
/// Inside a callback, and while another thread runs callbacks of the client, a tick does nothing:
/// it returns #IPG_OK, and `*out_completed` is 0.
///
/// When no thread drives a client for more than 100 ms, as in a pause of the game, that time does
/// not count towards the timeouts of its calls.
///
/// Threads: any.
///
/// \param client The client.
/// \param budget_us The time limit in microseconds. 0 means one poll and at most one callback.
/// \param out_completed Receives the number of callbacks that ran. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if this thread can make no calls
/// any more.
///
/// ```c
/// uint32_t completed = 0;
/// ipg_client_tick(client, 500, &completed);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_tick(
    client: *mut ipg_client,
    budget_us: u32,
    out_completed: *mut u32,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_completed = unsafe { OutParam::new(out_completed, 0) };
    // Most ticks of a game have nothing to do, so this path is short.
    if CLIENTS.with(client, Client::is_idle) == Some(true) {
        return Code::OK.value();
    }
    let budget = Duration::from_micros(budget_us.into());
    boundary::status(|| {
        boundary::with_client(client, |client| {
            out_completed.set(client.tick(budget)?);
            Ok(())
        })
    })
}

/// Returns the result of a request if it has ended. Never blocks and never drives the client: call
/// ipg_client_tick() for that, or use `"background": true`.
///
/// The result stays available until the request is freed, also for requests with a callback: every
/// call returns the same code and a new copy of the document. For a watch without a callback, each
/// update is returned once, with #IPG_PENDING and the response.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param request The request.
/// \param out_json Receives the API's response, or the error document, also if the handle is
/// invalid. NULL while the request has not ended and has no update. May be NULL.
/// \return The code of the request if it has ended; #IPG_PENDING if it has not;
/// #IPG_ERR_INVALID_HANDLE, also in a forked child for a request of its parent.
///
/// ```c
/// char *json = NULL;
/// ipg_code code = ipg_request_poll(request, &json);
/// if (code != IPG_PENDING) {
///     printf("%s: %s\n", ipg_code_name(code), json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_request_poll(request: *mut ipg_request, out_json: *mut *mut c_char) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json_with_code(&out_json, || {
        with_request(request, |submitted| match submitted.poll() {
            PollResult::Pending => Ok((Code::PENDING, None)),
            PollResult::Update(Ok(reply)) => Ok((Code::PENDING, Some(reply.into_json()))),
            PollResult::Update(Err(error)) => Ok((Code::PENDING, Some(error.to_json()))),
            PollResult::Done(Ok(reply)) => {
                Ok((Code::OK, out_json.is_wanted().then(|| reply.json().to_owned())))
            }
            PollResult::Done(Err(error)) => Err(error.clone()),
        })
    })
}

/// Waits for the end of a request, and drives the client meanwhile. Runs no callbacks, and returns
/// no updates of a watch.
///
/// Ownership: free the string with ipg_string_free(). Threads: any. Several threads may wait for
/// the same request.
///
/// \param request The request.
/// \param timeout_ms The time limit in milliseconds.
/// \param out_json Receives the document of the end, as for ipg_request_poll(). NULL after a
/// timeout. May be NULL.
/// \return The code of the request if it has ended; #IPG_PENDING after a timeout, in which case the
/// request goes on; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if this thread can make no calls
/// any more.
///
/// ```c
/// char *json = NULL;
/// if (ipg_request_wait(request, 2000, &json) == IPG_PENDING) {
///     ipg_request_cancel(request);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_request_wait(
    request: *mut ipg_request,
    timeout_ms: u32,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    let timeout = Duration::from_millis(timeout_ms.into());
    boundary::json_with_code(&out_json, || {
        with_request(request, |submitted| match submitted.wait(timeout)? {
            None => Ok((Code::PENDING, None)),
            Some(Ok(reply)) => Ok((Code::OK, out_json.is_wanted().then(|| reply.json().to_owned()))),
            Some(Err(error)) => Err(error.clone()),
        })
    })
}

/// Cancels a request. The request ends at once with #IPG_ERR_CANCELED; the `outcome` in its
/// document says whether the server may have processed the call. A request that has ended does not
/// change. The callback runs at the next tick. The connection of the request is closed as soon as a
/// thread drives the client.
///
/// Threads: any.
///
/// \param request The request.
/// \return #IPG_OK, also if the request has ended; #IPG_ERR_INVALID_HANDLE.
///
/// ```c
/// ipg_request_cancel(request);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_request_cancel(request: *mut ipg_request) -> ipg_code {
    boundary::status(|| {
        with_request(request, |submitted| {
            submitted.cancel();
            Ok(())
        })
    })
}

/// Frees a request, and cancels it if it has not ended. Its callback does not start any more.
///
/// Never waits. A finalizer thread and a callback may call this function, also the callback of the
/// request itself.
///
/// Threads: any.
///
/// \param request The request.
/// \return #IPG_OK; #IPG_PENDING if the callback of the request is running on another thread: the
/// request is freed, and `user_data` must stay valid until that callback returns;
/// #IPG_ERR_INVALID_HANDLE, also for NULL, for a request that was freed before, and in a forked
/// child for a request of its parent.
///
/// ```c
/// ipg_request_free(request);
/// request = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_request_free(request: *mut ipg_request) -> ipg_code {
    boundary::code(|| {
        let submitted = request_handle::remove(request)?;
        if let Err(error) = submitted.check_process() {
            // The call belongs to the parent process and must not be changed here.
            std::mem::forget(submitted);
            return Err(error);
        }
        Ok(if submitted.forget() { Code::OK } else { Code::PENDING })
    })
}

/// Returns the document of a call that was submitted.
fn submitted_json(submitted: &SubmittedCall) -> String {
    let mut document = "{\"success\":true,\"call_id\":".to_owned();
    json::write_string(&mut document, submitted.call_id());
    document.push('}');
    document
}
