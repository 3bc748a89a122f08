//! The handles and callbacks of requests: submitting a call with a callback of C, creating and
//! ending a handle, running a body on the request of a handle, and calling the callback. The
//! exported functions are in `submit.rs` and `request.rs`.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

use super::boundary::{self, OutParam};
use super::finalizer::FinalizedData;
use super::handle::{HandleTable, Kind};
use super::string::{invalid_argument, to_c_string};
use super::types::{ipg_callback, ipg_client, ipg_code, ipg_request};
use crate::client::Client;
use crate::codes::Code;
use crate::error::Error;
use crate::json;
use crate::panics::InsideGuard;
use crate::submit::call::SubmittedCall;
use crate::submit::event::{Callback, Event};

static REQUESTS: HandleTable<ipg_request, RequestRef> = HandleTable::new(Kind::Request);

/// The value of a request handle.
#[derive(Clone)]
enum RequestRef {
    /// The host frees the request.
    Strong(Arc<SubmittedCall>),
    /// The request has no handle that the host must free. The client holds the request until its
    /// callback has run; then the handle ends by itself.
    Weak(Weak<SubmittedCall>),
}

impl RequestRef {
    /// Returns the submitted call. A request that has freed itself is an error.
    fn submitted(self) -> Result<Arc<SubmittedCall>, Error> {
        match self {
            RequestRef::Strong(submitted) => Ok(submitted),
            RequestRef::Weak(submitted) => submitted
                .upgrade()
                .ok_or_else(|| Error::new(Code::INVALID_HANDLE, "The request handle was freed before.")),
        }
    }
}

/// Ends the handle of a request and returns the submitted call.
pub(super) fn remove(request: *mut ipg_request) -> Result<Arc<SubmittedCall>, Error> {
    REQUESTS.remove(request)?.submitted()
}

/// Runs a body on a request, and then passes its client's log lines to the logger, with no lock
/// held.
pub(super) fn with_request<T>(
    request: *mut ipg_request,
    body: impl FnOnce(&SubmittedCall) -> Result<T, Error>,
) -> Result<T, Error> {
    let submitted = REQUESTS.get(request)?.submitted()?;
    if let Err(error) = submitted.check_process() {
        // Dropping this reference would change counts that belong to the parent process.
        std::mem::forget(submitted);
        return Err(error);
    }
    let result = boundary::catch_panic(|| body(&submitted));
    // A panic of the logger does not replace the result.
    let _ = boundary::catch_panic(|| {
        submitted.deliver_log();
        drop(submitted);
        Ok(())
    });
    result
}

/// Submits a call: creates its callback, runs `start`, and returns the document with the call id.
/// `start` passes the callback and the function on to the client.
pub(super) fn submit(
    client: *mut ipg_client,
    callback: ipg_callback,
    user_data: FinalizedData,
    out_request: &OutParam<*mut ipg_request>,
    out_json: &OutParam<*mut c_char>,
    start: impl FnOnce(&Client, Option<Callback>, OnRegistered<'_>) -> Result<Arc<SubmittedCall>, Error>,
) -> ipg_code {
    boundary::json(out_json, || {
        boundary::with_client(client, |client| {
            let c_callback = CCallback::new(callback, user_data, out_request)?;
            let callback = c_callback.to_callback();
            let on_registered = |submitted: &_| c_callback.on_registered(submitted, out_request);
            Ok(submitted_json(&*start(client, callback, &on_registered)?))
        })
    })
}

/// Creates the handle of a call that was registered.
type OnRegistered<'a> = &'a dyn Fn(&Arc<SubmittedCall>) -> Result<(), Error>;

/// Returns the document of a call that was submitted. A prewarm has no call id.
fn submitted_json(submitted: &SubmittedCall) -> String {
    let mut document = "{\"success\":true".to_owned();
    if !submitted.call_id().is_empty() {
        document.push_str(",\"call_id\":");
        json::write_string(&mut document, submitted.call_id());
    }
    document.push('}');
    document
}

/// The callback of a request and its handle.
struct CCallback {
    callback: ipg_callback,
    /// Finalized when the callback can run no more. Without a callback, that is before the function
    /// of the host returns.
    user_data: FinalizedData,
    /// Whether the request frees itself after its callback.
    is_detached: bool,
    /// NULL until the call is registered, which is before its callback can run.
    handle: AtomicPtr<ipg_request>,
}

impl CCallback {
    fn new(
        callback: ipg_callback,
        user_data: FinalizedData,
        out_request: &OutParam<*mut ipg_request>,
    ) -> Result<Arc<CCallback>, Error> {
        let is_detached = !out_request.is_wanted();
        if is_detached && callback.is_none() {
            return Err(invalid_argument(
                "Without a callback, `out_request` is needed: the result would be lost.".into(),
            ));
        }
        Ok(Arc::new(CCallback { callback, user_data, is_detached, handle: AtomicPtr::default() }))
    }

    /// Returns the closure that calls the callback, if there is one.
    fn to_callback(self: &Arc<CCallback>) -> Option<Callback> {
        let callback = self.callback?;
        let this = Arc::clone(self);
        Some(Box::new(move |event| {
            let (code, json) = match event {
                Event::Update(Ok(reply)) => (Code::PENDING, to_c_string(reply.json())),
                Event::Update(Err(error)) => (Code::PENDING, to_c_string(&error.to_json())),
                Event::Done(Ok(reply)) => (Code::OK, to_c_string(reply.json())),
                Event::Done(Err(error)) => (error.code(), to_c_string(&error.to_json())),
            };
            let handle = this.handle.load(Ordering::Acquire);
            // SAFETY: the host passed the callback for this purpose; the string outlives the call.
            unsafe { invoke(callback, this.user_data.get(), handle, code.value(), json.as_ptr()) }
        }))
    }

    /// Creates the request's handle and writes it to the out-parameter.
    fn on_registered(
        &self,
        submitted: &Arc<SubmittedCall>,
        out_request: &OutParam<*mut ipg_request>,
    ) -> Result<(), Error> {
        let request = match self.is_detached {
            true => RequestRef::Weak(Arc::downgrade(submitted)),
            false => RequestRef::Strong(Arc::clone(submitted)),
        };
        let handle = REQUESTS.insert(request)?;
        self.handle.store(handle, Ordering::Release);
        out_request.set(handle);
        Ok(())
    }
}

impl Drop for CCallback {
    fn drop(&mut self) {
        let handle = *self.handle.get_mut();
        if self.is_detached && !handle.is_null() {
            // The callback may have freed the request.
            let _ = REQUESTS.remove(handle);
        }
    }
}

/// Calls the callback. This function does not unwind: an exception that leaves the callback ends
/// the process, before the state of the library becomes inconsistent.
///
/// # Safety
///
/// The callback comes from the host, and the string ends with a NUL.
unsafe extern "C" fn invoke(
    callback: unsafe extern "C-unwind" fn(*mut c_void, *mut ipg_request, ipg_code, *const c_char),
    user_data: *mut c_void,
    request: *mut ipg_request,
    code: ipg_code,
    json: *const c_char,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { callback(user_data, request, code, json) };
}
