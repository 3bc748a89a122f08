//! The functions of a client for C, from `ipg_client_new` to `ipg_client_free`. Its calls are in
//! `session.rs`, `call.rs` and `request.rs`, its logger in `log.rs`.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::tables::CLIENTS;
use super::types::{ipg_client, ipg_code};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::config::Config;
use crate::error::Error;
use crate::json;

/// Creates a client. Opens no connection and reads no certificates from files, also not from
/// `ca_file`; the first https call or ipg_client_prewarm() does that. Starts a thread only if the
/// configuration has `"io_thread": true`.
///
/// Ownership: end the client with ipg_client_free(), free the string with ipg_string_free().
/// Threads: any. Any number of threads may use the client at the same time.
///
/// \param config_json A JSON object with the keys that the top of this header lists. NULL and an
/// empty string are an empty object: every key then has its default.
/// \param out_client Receives the handle of the client. If NULL, the function only checks the
/// configuration.
/// \param out_json Receives `{"success": true, "version": "0.1.0", "base_url":
/// "https://api.iplaygames.ai"}`, which is the library's version and the server's address; or the
/// error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a key is unknown, missing or wrong (the error's
/// `field` points to it); #IPG_ERR_BUSY if there are a million clients; #IPG_ERR_RESOURCES if the
/// system provides no event queue or no thread.
///
/// ```c
/// ipg_client *mine = NULL;
/// char *json = NULL;
/// const char *config = "{\"base_url\": \"https://relay.example\", \"timeout_ms\": 5000}";
/// if (ipg_client_new(config, &mine, &json) != IPG_OK) {
///     fprintf(stderr, "%s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_new(
    config_json: *const c_char,
    out_client: *mut *mut ipg_client,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (config_json, out_client, out_json) = unsafe {
        (StrParam::new("config_json", config_json), OutParam::null(out_client), OutParam::null(out_json))
    };
    boundary::json(&out_json, || create_client(Config::from_json(config_json.get_or_empty()?)?, &out_client))
}

/// Creates a client and its handle, and returns the document for the host.
pub(super) fn create_client(config: Config, out_client: &OutParam<*mut ipg_client>) -> Result<String, Error> {
    let mut document = format!("{{\"success\":true,\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    document.push_str(",\"base_url\":");
    json::write_string(&mut document, config.base_url());
    document.push('}');
    let client = Client::new(config)?;
    if out_client.is_wanted() {
        out_client.set(CLIENTS.insert(client)?);
    }
    Ok(document)
}

/// Connects to the server before the first call: loads the trusted certificates, resolves the host
/// name and opens a connection. Sends no request. Blocks for at most `timeout_ms`.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param timeout_ms The time limit in milliseconds. 0 means the client's own `timeout_ms`.
/// \param out_json Receives `{"success": true, "elapsed_ms": 12}`, or the error document. May be
/// NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS or
/// #IPG_ERR_TIMEOUT if the connection failed; #IPG_ERR_BUSY at the limit of `max_in_flight`;
/// #IPG_ERR_CANCELED if the client is freed meanwhile; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// char *json = NULL;
/// if (ipg_client_prewarm(client, 2000, &json) != IPG_OK) {
///     fprintf(stderr, "no connection yet: %s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_prewarm(
    client: *mut ipg_client,
    timeout_ms: u32,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    let timeout = Duration::from_millis(timeout_ms.into());
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| client.prewarm(timeout).map(Reply::into_json))
    })
}

/// Returns the client's counts since its creation as a JSON document. Never blocks.
///
/// The members are: `success` (always true), `base_url`, `calls` (the calls that have ended),
/// `succeeded` and `failed` (parts of `calls`), `attempts` (of these calls), `unknown` (the failed
/// calls with the outcome `"unknown"`), `abandoned` (the calls whose result the host did not take),
/// `in_flight` (the calls in flight now), and `roots` (the trusted certificates that are loaded:
/// `"none"`, `"given"`, `"system"` or, in a library with roots of its own, `"bundled"`). A client
/// with a journal also has `journal`: `rows` (the entries of the file), `bytes` (its size),
/// `commits`, `syncs` and `sync_us` (the commits that waited for the disk, and how long), and
/// `failed` (writes that failed). A later version may add members.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param out_json Receives the document, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE.
///
/// ```c
/// char *json = NULL;
/// if (ipg_client_stats(client, &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_stats(client: *mut ipg_client, out_json: *mut *mut c_char) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json(&out_json, || boundary::with_client(client, |client| Ok(client.stats_json())))
}

/// Shuts a client down before it is freed. New calls are refused with #IPG_ERR_SHUT_DOWN. The
/// function drives the calls in flight for at most `timeout_ms` and then cancels the remaining
/// calls. It cancels watches at once. It runs every callback on this thread, and joins the thread
/// of `"io_thread": true`.
///
/// After the function returns, no callback of a request is running and none will run, except the
/// callback that called the function. The function therefore waits for a callback that is running
/// on another thread, without a time limit. If a callback calls the function, the remaining
/// callbacks run inside that callback.
///
/// If the client has a journal, the function also waits at most two seconds until it is written and
/// its file is closed. Windows does not move or remove a file that is open.
///
/// Threads: any. A callback may call this function.
///
/// \param client The client.
/// \param timeout_ms The time limit in milliseconds for the calls in flight.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if the client was shut down before,
/// or if this thread can make no calls any more; #IPG_ERR_UNSUPPORTED inside a function of an
/// #ipg_transport. In the last two cases the function drives nothing and does everything else.
///
/// ```c
/// ipg_client_shutdown(client, 2000);
/// ipg_client_free(client);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_client_shutdown(client: *mut ipg_client, timeout_ms: u32) -> ipg_code {
    let timeout = Duration::from_millis(timeout_ms.into());
    boundary::status(|| boundary::with_client(client, |client| client.shutdown(timeout)))
}

/// Frees a client and ends its handle. Its calls in flight on other threads return
/// #IPG_ERR_CANCELED. No callback of its requests starts any more. The handles of its requests stay
/// valid and must be freed. Polling them returns their end, which is #IPG_ERR_CANCELED for requests
/// that were in flight.
///
/// The client counts and logs every call that ends here, with its call id and its outcome. If a
/// logger is set, it runs on this thread for these lines.
///
/// Never waits. A finalizer and a callback may call this function. A callback or the logger may
/// still be running on another thread that is inside a call of this client. Such a run of a
/// callback is the last, and the finalizers run on that thread. All other finalizers run inside
/// this function. The thread of a journal writes the rest and closes the file afterwards.
///
/// Threads: any.
///
/// \param client The client.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and for a client that was freed before.
///
/// ```c
/// ipg_client_free(client);
/// client = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_client_free(client: *mut ipg_client) -> ipg_code {
    boundary::status(|| {
        CLIENTS.remove(client)?.close();
        Ok(())
    })
}
