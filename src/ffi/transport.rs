//! A transport of the host for C: a table of functions that send requests, and the functions with
//! which the host answers. The file is long, because half of it is the text of the header.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::boundary::{self, OutParam};
use super::client::create_client;
use super::finalizer::FinalizedData;
use super::handle::{HandleTable, Kind};
use super::string::{StrParam, invalid_argument, to_c_string};
use super::types::{ipg_client, ipg_code, ipg_finalizer};
use crate::codes::Code;
use crate::config::{Config, TransportChoice};
use crate::error::Error;
use crate::fork::StaticForkSafeMutex;
use crate::host_transport::{Exchange, ExchangeFailure, ExchangeId, HostRequest, HostTransport};
use crate::panics::InsideGuard;

/// A handle of a request that a transport of the host sends. The handle is opaque: a number in the
/// type of a pointer, which must not be dereferenced. The library creates the handle for `send` of
/// #ipg_transport; ipg_exchange_respond(), ipg_exchange_fail() or the end of the call end it.
pub struct ipg_exchange {
    _opaque: [u8; 0],
}

/// Sends a request. See #ipg_transport.
///
/// The parameters are: `user_data` of the transport; `exchange`, the handle to answer with;
/// `method`, one of `GET`, `POST`, `PUT` and `DELETE`; `url`, the whole address; `headers`, lines
/// of the form `name: value` that each end with CR and LF, with the API key and without Host and
/// Content-Length; and `body` with its length, which is NULL and 0 for no body. The library owns
/// all strings and the body. They are invalid after the function returns, and the host must not log
/// them.
pub type ipg_transport_send = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        exchange: *mut ipg_exchange,
        method: *const c_char,
        url: *const c_char,
        headers: *const c_char,
        body: *const c_void,
        body_len: usize,
    ),
>;

/// Stops a request whose call has ended. See #ipg_transport.
pub type ipg_transport_cancel =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, exchange: *mut ipg_exchange)>;

/// The functions of a host that sends the HTTP requests of a client with its own library: on
/// consoles, in engines and in browsers. See ipg_client_new_with_transport().
///
/// `send` starts to send a request and returns at once. The host answers the exchange once, with
/// ipg_exchange_respond() or ipg_exchange_fail(), on any thread, inside or after `send`. An
/// exchange that is never answered ends with its call, by the call's time limit.
///
/// `cancel`, which may be NULL, is called once for an exchange whose call ends without an answer:
/// by a cancellation, a time limit, or the end of the client. It may come as late as the next tick.
/// The handle is invalid then; an answer is refused with #IPG_ERR_INVALID_HANDLE and has no effect.
/// An answer between the end of the call and `cancel` is accepted and has no effect either; then
/// `cancel` is not called.
///
/// Both functions run on the thread that drives a call, inside a function of this library, with no
/// lock held. They must return and must not block. They may call ipg_exchange_respond(),
/// ipg_exchange_fail() and every function that does not drive. A blocking call is refused with
/// #IPG_ERR_UNSUPPORTED, a tick does nothing, and ipg_client_shutdown() cancels the calls.
///
/// The host must not follow redirects, must not send a request a second time, and must remove a
/// content coding (such as gzip) together with its header.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ipg_transport {
    /// `sizeof(ipg_transport)`. A later version of the library may add members at the end.
    pub size: usize,
    /// The pointer that the library passes to the functions.
    pub user_data: *mut c_void,
    /// Called once when the library does not use `user_data` any more. May be NULL.
    pub finalizer: ipg_finalizer,
    /// Sends a request.
    pub send: ipg_transport_send,
    /// Stops a request. May be NULL.
    pub cancel: ipg_transport_cancel,
}

/// Creates a client as ipg_client_new() does, whose requests the host sends. TLS, root
/// certificates, proxies and connections are then the host's: the keys for them have no effect.
/// Retries, time limits and outcomes are the library's. A request counts as sent when `send` is
/// called, unless the host answers that it was not.
///
/// Ownership: end the client with ipg_client_free(), free the string with ipg_string_free(). The
/// library copies the table. The finalizer runs exactly once: before this function returns if it
/// fails or if `out_client` is NULL; otherwise when the client is freed and the last call has
/// ended, on a thread that is inside a function of this library. It does not run in a forked child,
/// nor for a table whose `size` is too small, which the library does not read.
/// Threads: any.
///
/// \param config_json A JSON object, as for ipg_client_new(). `"io_thread": true` is refused,
/// because the functions of the host would run on a thread of the library. \param transport The
/// functions of the host. \param out_client Receives the handle of the client. If NULL, the
/// function only checks the configuration. \param out_json Receives what ipg_client_new() returns,
/// or the error document. May be NULL. \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a key is wrong
/// or the table is NULL, without `send` or with a wrong `size`; and the other codes of
/// ipg_client_new().
///
/// ```c
/// // void send_request(void *user_data, ipg_exchange *exchange, const char *method,
/// //                   const char *url, const char *headers, const void *body, size_t body_len);
/// ipg_transport transport = {sizeof transport, NULL, NULL, send_request, NULL};
/// ipg_client *mine = NULL;
/// if (ipg_client_new_with_transport("{\"api_key\": \"…\"}", &transport, &mine, NULL) == IPG_OK) {
///     ipg_client_free(mine);
/// }
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_new_with_transport(
    config_json: *const c_char,
    transport: *const ipg_transport,
    out_client: *mut *mut ipg_client,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers, and a table of `size` bytes.
    let (config_json, out_client, out_json, transport) = unsafe {
        (
            StrParam::new("config_json", config_json),
            OutParam::null(out_client),
            OutParam::null(out_json),
            CTransport::read(transport),
        )
    };
    boundary::json(&out_json, || {
        // Dropped on every path on which no client takes it, which runs the finalizer.
        let transport = transport?;
        let mut config = Config::from_json(config_json.get_or_empty()?)?;
        config.set_transport(TransportChoice::Host(transport))?;
        create_client(config, &out_client)
    })
}

/// Answers an exchange with a complete response. The handle is invalid afterwards.
///
/// Threads: any, also inside `send`.
///
/// \param exchange The exchange.
/// \param status The HTTP status, 200 to 599.
/// \param headers The headers of the response: lines of the form `name: value` that end with LF or
/// CR LF. Empty lines are skipped. A line that begins with `HTTP/` begins a new response, so the
/// header lines of libcurl can be passed as they are. NULL means no headers. Headers of more than
/// 64 KiB, or with a control character, are not valid HTTP: the call fails with
/// #IPG_ERR_BAD_RESPONSE.
/// \param body The body, which the library copies. May be NULL if `body_len` is 0.
/// \param body_len The length of the body in bytes.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for another status, a line without a colon, or NULL
/// with a length: the exchange is still open; #IPG_ERR_INVALID_HANDLE for an exchange that was
/// answered before or whose call has ended, and in a forked child for an exchange of its parent.
///
/// ```c
/// const char *body = "{\"success\": true}";
/// const char *lines = "Content-Type: application/json\r\n";
/// if (ipg_exchange_respond(exchange, 200, lines, body, 17) == IPG_ERR_INVALID_HANDLE) {
///     puts("the call has ended");
/// }
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_exchange_respond(
    exchange: *mut ipg_exchange,
    status: u32,
    headers: *const c_char,
    body: *const c_void,
    body_len: usize,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let headers = unsafe { StrParam::new("headers", headers) };
    boundary::status(|| {
        let open = EXCHANGES.get(exchange)?;
        let status = u16::try_from(status).unwrap_or(u16::MAX);
        let headers = parse_headers(headers.get_or_null()?.unwrap_or_default())?;
        let body = match (body.is_null(), body_len) {
            (true, 0) => Vec::new(),
            (true, _) => return Err(invalid_argument("`body` is NULL, but `body_len` is not 0.".into())),
            // SAFETY: the header requires `body_len` readable bytes.
            (false, _) => unsafe { std::slice::from_raw_parts(body.cast::<u8>(), body_len) }.to_vec(),
        };
        answer(exchange, &open, |open| open.respond(status, &headers, body))
    })
}

/// Answers an exchange that has no response. The handle is invalid afterwards.
///
/// Threads: any, also inside `send`.
///
/// \param exchange The exchange.
/// \param kind What failed: #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS, #IPG_ERR_TIMEOUT,
/// #IPG_ERR_CONNECTION_LOST or #IPG_ERR_BAD_RESPONSE.
/// \param sent 0 only if it is certain that no byte of the request was sent: the outcome is then
/// `not_sent`, and a start may be sent again. Otherwise 1: the outcome of a start is `unknown`.
/// \param message The reason, for the error's message. NULL means none.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for another `kind`: the exchange is still open;
/// #IPG_ERR_INVALID_HANDLE for an exchange that was answered before or whose call has ended, and in
/// a forked child for an exchange of its parent.
///
/// ```c
/// ipg_exchange_fail(exchange, IPG_ERR_CONNECT, 0, "no network");
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_exchange_fail(
    exchange: *mut ipg_exchange,
    kind: ipg_code,
    sent: i32,
    message: *const c_char,
) -> ipg_code {
    // SAFETY: the header requires a valid pointer.
    let message = unsafe { StrParam::new("message", message) };
    boundary::status(|| {
        let open = EXCHANGES.get(exchange)?;
        let message = message.get_or_null()?.unwrap_or("no reason given");
        let failure = match Code::from_value(kind) {
            Code::RESOLVE => ExchangeFailure::Resolve,
            Code::CONNECT => ExchangeFailure::Connect,
            Code::TLS => ExchangeFailure::Tls,
            Code::TIMEOUT => ExchangeFailure::Timeout,
            Code::CONNECTION_LOST => ExchangeFailure::ConnectionLost,
            Code::BAD_RESPONSE => ExchangeFailure::BadResponse,
            _ => return Err(invalid_argument(format!("`kind` is {kind}, which no exchange fails with."))),
        };
        answer(exchange, &open, |open| open.fail(failure, sent != 0, message))
    })
}

/// The open exchanges.
static EXCHANGES: HandleTable<ipg_exchange, Exchange> = HandleTable::new(Kind::Exchange);

/// The handles of the open exchanges, by the numbers that a cancellation names.
static HANDLES: StaticForkSafeMutex<Option<HashMap<ExchangeId, usize>>> = StaticForkSafeMutex::new(None);

/// Answers an exchange and ends its handle, unless the answer is refused and the exchange is still
/// open.
fn answer(
    handle: *mut ipg_exchange,
    open: &Exchange,
    give_answer: impl FnOnce(&Exchange) -> Result<(), Error>,
) -> Result<(), Error> {
    let result = give_answer(open);
    if result.as_ref().is_err_and(|error| error.code() == Code::INVALID_ARGUMENT) {
        return result;
    }
    close(open.id());
    // Another thread may have ended the handle at the same time.
    let _ = EXCHANGES.remove(handle);
    result
}

/// Forgets the handle of an exchange. Returns it if the exchange was open.
fn close(id: ExchangeId) -> Option<*mut ipg_exchange> {
    let handle = HANDLES.lock().as_mut()?.remove(&id)?;
    Some(std::ptr::without_provenance_mut(handle))
}

/// Parses the header lines of a response.
fn parse_headers(lines: &str) -> Result<Vec<(&str, &str)>, Error> {
    let mut headers = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with("HTTP/") {
            // An interim response comes before the final one.
            headers.clear();
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(invalid_argument(format!(
                "`headers` has a line without a colon: line {}.",
                index + 1
            )));
        };
        headers.push((name.trim(), value.trim()));
    }
    Ok(headers)
}

/// The functions of a C host.
struct CTransport {
    user_data: FinalizedData,
    send: unsafe extern "C-unwind" fn(
        *mut c_void,
        *mut ipg_exchange,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_void,
        usize,
    ),
    cancel: ipg_transport_cancel,
}

impl CTransport {
    /// Copies the table of the host.
    ///
    /// # Safety
    ///
    /// The pointer is NULL, or a table that begins with its size.
    unsafe fn read(transport: *const ipg_transport) -> Result<Arc<CTransport>, Error> {
        if transport.is_null() {
            return Err(invalid_argument("`transport` is NULL.".into()));
        }
        // SAFETY: not NULL; a table begins with its size. It need not be aligned.
        let size = unsafe { transport.cast::<usize>().read_unaligned() };
        if size < size_of::<ipg_transport>() {
            return Err(invalid_argument(format!(
                "`size` of the transport is {size}; it must be sizeof(ipg_transport), which is {}.",
                size_of::<ipg_transport>()
            )));
        }
        // SAFETY: the table has at least these bytes.
        let table = unsafe { transport.read_unaligned() };
        let user_data = FinalizedData::new(table.user_data, table.finalizer);
        // SAFETY: the table has `size` bytes.
        let rest = unsafe {
            let rest = transport.cast::<u8>().add(size_of::<ipg_transport>());
            std::slice::from_raw_parts(rest, size - size_of::<ipg_transport>())
        };
        if rest.iter().any(|byte| *byte != 0) {
            return Err(invalid_argument(
                "The transport has members that this version of the library does not know.".into(),
            ));
        }
        let Some(send) = table.send else {
            return Err(invalid_argument("`send` of the transport is NULL.".into()));
        };
        Ok(Arc::new(CTransport { user_data, send, cancel: table.cancel }))
    }
}

impl HostTransport for CTransport {
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
        let id = exchange.id();
        let handle = match EXCHANGES.insert(exchange.clone()) {
            Ok(handle) => handle,
            Err(error) => {
                // The exchange is new, so nothing has answered it.
                let _ = exchange.fail(ExchangeFailure::ConnectionLost, false, error.message());
                return;
            }
        };
        HANDLES.lock().get_or_insert_default().insert(id, handle.addr());
        // The handle has the last reference: an exchange that the host forgets ends with its call.
        drop(exchange);
        let (method, url) = (to_c_string(request.method), to_c_string(request.url));
        let headers = header_lines(request.headers);
        let body = if request.body.is_empty() { std::ptr::null() } else { request.body.as_ptr().cast() };
        // SAFETY: the strings and the body outlive the call, and end with a NUL.
        unsafe {
            invoke_send(
                self.send,
                self.user_data.get(),
                handle,
                method.as_ptr(),
                url.as_ptr(),
                headers.as_ptr().cast(),
                body,
                request.body.len(),
            );
        }
    }

    fn cancel(&self, exchange: ExchangeId) {
        let Some(handle) = close(exchange) else { return };
        // The host may have answered at the same time.
        let _ = EXCHANGES.remove(handle);
        if let Some(cancel) = self.cancel {
            // SAFETY: the host passed the function for this purpose.
            unsafe { invoke_cancel(cancel, self.user_data.get(), handle) };
        }
    }
}

/// Returns the headers as lines, with a NUL at the end.
fn header_lines(headers: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    let size: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    // A buffer of the right size: one that grows leaves copies of the key behind.
    let mut lines = Zeroizing::new(Vec::with_capacity(size + 1));
    for (name, value) in headers {
        for piece in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(piece);
        }
    }
    debug_assert!(!lines.contains(&0), "`config` and `api` refuse control characters");
    lines.push(0);
    lines
}

/// Calls `send`. This function does not unwind: an exception that leaves the function ends the
/// process, before the state of the library becomes inconsistent.
///
/// # Safety
///
/// The function comes from the host, and the parameters are as the header says.
#[allow(clippy::too_many_arguments)]
unsafe extern "C" fn invoke_send(
    send: unsafe extern "C-unwind" fn(
        *mut c_void,
        *mut ipg_exchange,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_void,
        usize,
    ),
    user_data: *mut c_void,
    exchange: *mut ipg_exchange,
    method: *const c_char,
    url: *const c_char,
    headers: *const c_char,
    body: *const c_void,
    body_len: usize,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { send(user_data, exchange, method, url, headers, body, body_len) };
}

/// Calls `cancel`, and does not unwind.
///
/// # Safety
///
/// The function comes from the host.
unsafe extern "C" fn invoke_cancel(
    cancel: unsafe extern "C-unwind" fn(*mut c_void, *mut ipg_exchange),
    user_data: *mut c_void,
    exchange: *mut ipg_exchange,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { cancel(user_data, exchange) };
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn header_lines_of_the_host_are_parsed_and_interim_responses_are_skipped() {
        let lines = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\nb:2:3\n\n";
        assert_eq!(parse_headers(lines).unwrap(), [("A", "1"), ("b", "2:3")]);
        assert_eq!(parse_headers("").unwrap(), []);
        let error = parse_headers("A: 1\nno colon").unwrap_err();
        assert_eq!(error.code(), Code::INVALID_ARGUMENT);
        assert!(!error.message().contains("no colon"), "a header may be secret");
    }

    #[test]
    fn the_headers_for_the_host_are_lines_that_end_with_a_nul() {
        let lines = header_lines(&[("accept", "a"), ("authorization", "Bearer k")]);
        let text = CStr::from_bytes_with_nul(&lines).unwrap().to_str().unwrap();
        assert_eq!(text, "accept: a\r\nauthorization: Bearer k\r\n");
    }
}
