//! Calls that nobody waits for, for C: submitting, watching, ticking, and the requests in between.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::base::c_text;
use super::boundary::{self, OutParam};
use super::handle::{HandleTable, Kind};
use super::log::UserData;
use super::session::{STATUS, session_id_of};
use super::string::{StrParam, invalid_argument};
use super::tables::CLIENTS;
use super::{ipg_client, ipg_code};
use crate::client::Client;
use crate::client::options::CallOptions;
use crate::codes::Code;
use crate::error::Error;
use crate::json;
use crate::panics::InsideGuard;
use crate::submit::call::{PollResult, SubmittedCall};
use crate::submit::event::{Callback, Event};
use crate::submit::updates::WatchOptions;

static REQUESTS: HandleTable<ipg_request, Held> = HandleTable::new(Kind::Request);

/// A call in flight, or a watch. Opaque, and never to be dereferenced: it is a number in the shape of a
/// pointer. Made by ipg_submit() and ipg_session_watch(), ended by ipg_request_free().
pub struct ipg_request {
    _opaque: [u8; 0],
}

/// Takes what a call came to; see ipg_submit().
///
/// `user_data` is what was given there. `request` is the call's handle, never NULL and good while the
/// callback runs. `code` is #IPG_PENDING for news of a watch, and more will follow; any other code is the
/// end. `json` is the answer's document or the error document; it belongs to the library and is gone when
/// the callback returns.
pub type ipg_callback = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        request: *mut ipg_request,
        code: ipg_code,
        json: *const c_char,
    ),
>;

/// Sends a call of any operation on its way, and returns at once.
///
/// `operation`, `arguments_json` and `options_json` are those of ipg_call(). Nothing is sent before somebody
/// drives the client: ipg_client_tick(), ipg_request_wait(), any blocking call, or the client's own thread if
/// it was configured with `"background": true`.
///
/// There are two ways to the result, and each is complete without the other. Poll or wait for the request; or
/// give a `callback`, and tick. The callback runs if and only if this function returned #IPG_OK: inside
/// ipg_client_tick() or ipg_client_shutdown(), on the thread that called that, with no lock held, one callback of
/// a client at a time; exactly once, unless the request or the client was freed before.
///
/// `*out_request` is written before the callback can run on another thread. With `out_request` NULL the request
/// frees itself after its callback; without a callback that is refused. Requests that are not freed count in
/// the client's `max_in_flight`.
///
/// `*out_json` becomes `{"success": true, "call_id": "7b0c"}`: the id the call is sent with. Or the error
/// document: then nothing is sent, `*out_request` is NULL and the callback will not run.
///
/// Ownership: free the request with ipg_request_free(), also after its callback; free the text with
/// ipg_string_free(). `user_data` stays the host's, and is only passed through. Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY
/// over `max_in_flight`; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
/// char *json = NULL;
/// if (ipg_submit(client, "list_games", "{\"per_page\": \"20\"}", NULL, on_games, NULL, NULL, &json) != IPG_OK) {
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
    // SAFETY: the host keeps the header's promise about pointers.
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
            let host = Host::new(callback, user_data, &out_request)?;
            let callback = host.callback();
            let submitted = client.submit_with(operation, arguments, &options, callback, |submitted| {
                host.on_registered(submitted, &out_request)
            })?;
            Ok(submitted_json(&submitted))
        })
    })
}

/// Watches a game session, and returns at once: reads its status every `interval_ms`, a tenth more or less,
/// one reading at a time, and tells each change of it, the first reading being one.
///
/// A change is told with the code #IPG_PENDING and the answer of ipg_session_status(): to the callback, or to
/// ipg_request_poll() where there is none. The watch ends when the status says that the session is over (`closed`,
/// `expired` and their like; a word this library does not know is a change and not the end), with #IPG_OK
/// and that answer; when it cannot be read and trying again would not help, with the error; when it is
/// canceled. A reading that fails and may work later does not end the watch: after three in a row their error
/// document (`"success": false`) is reported with the code #IPG_PENDING, once, and a warning is logged; the next
/// reading that succeeds is reported again. Shutting the client down cancels watches at once.
///
/// `session_id` is the id as text. `interval_ms` is 10 or more; a second is a good pace. All else is as
/// ipg_submit() has it, and who drives the client drives its watches.
///
/// Ownership and threads: as ipg_submit().
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with `field` `/session_id` or `/interval_ms`;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY over `max_in_flight`; #IPG_ERR_SHUT_DOWN.
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
    // SAFETY: the host keeps the header's promise about pointers.
    let (session_id, out_request, out_json) = unsafe {
        (StrParam::new("session_id", session_id), OutParam::null(out_request), OutParam::null(out_json))
    };
    let user_data = UserData(user_data);
    let options = WatchOptions::every(Duration::from_millis(interval_ms.into()));
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| {
            let session_id = session_id_of(&session_id)?;
            let host = Host::new(callback, user_data, &out_request)?;
            let callback = host.callback();
            let submitted = client.watch_with(session_id, &options, callback, |submitted| {
                host.on_registered(submitted, &out_request)
            })?;
            Ok(submitted_json(&submitted))
        })
        .map_err(|mut error| {
            error.inner_mut().operation.get_or_insert_with(|| STATUS.to_owned());
            error
        })
    })
}

/// Does what can be done for the calls in flight without waiting, and runs the callbacks that are due, on
/// this thread. To be called once a frame.
///
/// Never sleeps. With nothing in flight it looks the handle up and reads one number. Else it takes turns until
/// one brings nothing or `budget_us` has passed, which is looked at between turns and between callbacks, whose
/// time counts; 0 means one turn and at most one callback. One step can take longer than a budget: a TLS
/// handshake, loading the trusted certificates (see ipg_client_prewarm()), an answer of megabytes.
///
/// `*out_completed` becomes the number of callbacks that ran. Inside a callback, and while another thread runs
/// callbacks of the client, a tick does nothing: #IPG_OK and 0.
///
/// Time in which nobody drives the client, a pause of the game, does not count against a call's timeout when it
/// is longer than 100 ms.
///
/// Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN where this thread can make no calls any more.
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
    // SAFETY: the host keeps the header's promise about pointers.
    let out_completed = unsafe { OutParam::new(out_completed, 0) };
    // Most ticks of a game find nothing to do, and should cost next to nothing.
    if CLIENTS.ask(client, Client::is_idle) == Some(true) {
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

/// Asks what a request came to. Never blocks and never drives: tick for that, or use `"background": true`.
///
/// The request's end is told as often as it is asked for, until the request is freed, for requests with a
/// callback too: its code, and in `*out_json` a fresh copy of the answer or the error document. While there is
/// none, the code is #IPG_PENDING and `*out_json` is NULL; for a watch without a callback each change is told
/// once: #IPG_PENDING with the answer.
///
/// A mistake in this call itself, a handle that is good no more, has a document as well.
///
/// Ownership: free the text with ipg_string_free(). Threads: any.
/// Codes: the request's own; #IPG_PENDING; #IPG_ERR_INVALID_HANDLE, also in a forked child for a request of its
/// parent.
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
    // SAFETY: the host keeps the header's promise about pointers.
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

/// Waits for the end of a request, for at most `timeout_ms`, and drives the client meanwhile. Callbacks do not
/// run in here.
///
/// Answers the end as ipg_request_poll() does. When the time has run out first it is #IPG_PENDING, with NULL in
/// `*out_json`; the request goes on. News of a watch are not told here.
///
/// Ownership: free the text with ipg_string_free(). Threads: any, several for the same request too.
/// Codes: the request's own; #IPG_PENDING; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN where this thread can
/// make no calls any more.
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
    // SAFETY: the host keeps the header's promise about pointers.
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

/// Ends a request at once, with #IPG_ERR_CANCELED and in its document the honest `outcome`; one that has ended
/// stays as it is. Its callback runs at the next tick. The connection it was using is closed as soon as
/// somebody drives.
///
/// Threads: any.
/// Codes: #IPG_OK, also when it had ended; #IPG_ERR_INVALID_HANDLE.
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

/// Frees a request: forgets it, and cancels it if it has not ended. Its callback does not run any more.
///
/// Never waits, and may be called on a finalizer thread and inside a callback, the request's own too. When
/// that very callback is just running on another thread, the answer is #IPG_PENDING: the request is freed,
/// and `user_data` may go as soon as that callback has returned.
///
/// Threads: any.
/// Codes: #IPG_OK; #IPG_PENDING as said; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time, and in a
/// forked child for a request of its parent.
///
/// ```c
/// ipg_request_free(request);
/// request = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_request_free(request: *mut ipg_request) -> ipg_code {
    boundary::code(|| {
        let submitted = REQUESTS.remove(request)?.submitted()?;
        if let Err(error) = submitted.check_process() {
            // The parent's: what is behind it must not be touched from here.
            std::mem::forget(submitted);
            return Err(error);
        }
        Ok(if submitted.forget() { Code::OK } else { Code::PENDING })
    })
}

/// What stands behind a handle.
#[derive(Clone)]
enum Held {
    /// The host frees it.
    Host(Arc<SubmittedCall>),
    /// The client holds it until its callback has run; then the handle ends by itself.
    Client(Weak<SubmittedCall>),
}

impl Held {
    fn submitted(self) -> Result<Arc<SubmittedCall>, Error> {
        match self {
            Held::Host(submitted) => Ok(submitted),
            Held::Client(submitted) => submitted
                .upgrade()
                .ok_or_else(|| Error::new(Code::INVALID_HANDLE, "The request handle was freed before.")),
        }
    }
}

/// Runs a body on a request, and then hands its client's log lines over, with no lock held.
fn with_request<T>(
    request: *mut ipg_request,
    body: impl FnOnce(&SubmittedCall) -> Result<T, Error>,
) -> Result<T, Error> {
    let submitted = REQUESTS.get(request)?.submitted()?;
    if let Err(error) = submitted.check_process() {
        // The table still holds it; but what the parent counted must not be counted down here.
        std::mem::forget(submitted);
        return Err(error);
    }
    let result = boundary::catch_panic(|| body(&submitted));
    // What the call achieved is not lost to a defect after it.
    let _ = boundary::catch_panic(|| {
        submitted.deliver_log();
        drop(submitted);
        Ok(())
    });
    result
}

fn submitted_json(submitted: &SubmittedCall) -> String {
    let mut document = "{\"success\":true,\"call_id\":".to_owned();
    json::write_string(&mut document, submitted.call_id());
    document.push('}');
    document
}

/// The host's side of a request.
struct Host {
    callback: ipg_callback,
    user_data: UserData,
    /// Whether the request frees itself.
    frees_itself: bool,
    /// NULL until it is announced, which is before anything can happen.
    handle: AtomicPtr<ipg_request>,
}

impl Host {
    fn new(
        callback: ipg_callback,
        user_data: UserData,
        out_request: &OutParam<*mut ipg_request>,
    ) -> Result<Arc<Host>, Error> {
        let frees_itself = !out_request.is_wanted();
        if frees_itself && callback.is_none() {
            return Err(invalid_argument(
                "Without a callback, `out_request` is needed: the result would be lost.".into(),
            ));
        }
        Ok(Arc::new(Host { callback, user_data, frees_itself, handle: AtomicPtr::default() }))
    }

    fn callback(self: &Arc<Host>) -> Option<Callback> {
        let callback = self.callback?;
        let host = Arc::clone(self);
        Some(Box::new(move |event| {
            let (code, json) = match event {
                Event::Update(Ok(reply)) => (Code::PENDING, c_text(reply.json())),
                Event::Update(Err(error)) => (Code::PENDING, c_text(&error.to_json())),
                Event::Done(Ok(reply)) => (Code::OK, c_text(reply.json())),
                Event::Done(Err(error)) => (error.code(), c_text(&error.to_json())),
            };
            let handle = host.handle.load(Ordering::Acquire);
            // SAFETY: the host gave the callback for just this; the text outlives the call.
            unsafe { call(callback, host.user_data.get(), handle, code.value(), json.as_ptr()) }
        }))
    }

    /// Makes the request's handle, and tells it to the host.
    fn on_registered(
        &self,
        submitted: &Arc<SubmittedCall>,
        out_request: &OutParam<*mut ipg_request>,
    ) -> Result<(), Error> {
        let held = match self.frees_itself {
            true => Held::Client(Arc::downgrade(submitted)),
            false => Held::Host(Arc::clone(submitted)),
        };
        let handle = REQUESTS.insert(held)?;
        self.handle.store(handle, Ordering::Release);
        out_request.set(handle);
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let handle = *self.handle.get_mut();
        if self.frees_itself && !handle.is_null() {
            // The host may have freed it in the callback.
            let _ = REQUESTS.remove(handle);
        }
    }
}

/// Calls the host. What unwinds out of its callback meets this function's edge, which no unwinding
/// passes: the process ends there, before any state of ours is left half done.
///
/// # Safety
///
/// The callback is the host's, and the text ends with a NUL.
unsafe extern "C" fn call(
    callback: unsafe extern "C-unwind" fn(*mut c_void, *mut ipg_request, ipg_code, *const c_char),
    user_data: *mut c_void,
    request: *mut ipg_request,
    code: ipg_code,
    json: *const c_char,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: passed on.
    unsafe { callback(user_data, request, code, json) };
}
