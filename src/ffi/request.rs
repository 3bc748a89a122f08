//! Requests for C: ticking, and polling, waiting for, canceling and freeing a request. The
//! functions that create requests are in `submit.rs`, handles and callbacks in `request_handle.rs`.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{self, OutParam};
use super::request_handle::{self, with_request};
use super::tables::CLIENTS;
use super::types::{ipg_client, ipg_code, ipg_request};
use crate::client::Client;
use crate::codes::Code;
use crate::submit::call::PollResult;

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
/// ipg_client_tick() for that, or use `"io_thread": true`.
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
        with_request(request, |submitted| match submitted.try_result() {
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
/// Never waits. A finalizer and a callback may call this function, also the callback of the request
/// itself. If the callback is running, on another thread or around this call, that run is the last,
/// and `user_data` must stay valid until it ends. The finalizer runs after that: inside this
/// function, or on the thread that runs the callback.
///
/// Threads: any.
///
/// \param request The request. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL, for a
/// request that was freed before, and in a forked child for a request of its parent.
///
/// ```c
/// ipg_request_free(request);
/// request = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_request_free(request: *mut ipg_request) -> ipg_code {
    boundary::status(|| {
        let submitted = request_handle::remove(request)?;
        if let Err(error) = submitted.check_process() {
            // The call belongs to the parent process and must not be changed here.
            std::mem::forget(submitted);
            return Err(error);
        }
        // A callback that is running on another thread keeps its `user_data` until it returns.
        submitted.abandon();
        Ok(())
    })
}
