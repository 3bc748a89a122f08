//! The functions of a client: `ipg_client_new`, `_prewarm`, `_stats` and `_free`.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::tables::CLIENTS;
use super::{ipg_client, ipg_code};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::codes::Code;
use crate::config::Config;
use crate::json;

/// Makes a client. Opens no connection, starts no thread and reads no certificates: that comes with the
/// first call, or with ipg_client_prewarm().
///
/// `config_json` is a JSON object with the keys listed at the top of this header; NULL or empty text is
/// an empty object, which leaves all to the defaults and the environment. With `out_client` NULL the
/// configuration is checked and no client is made.
///
/// `*out_json` becomes `{"success": true, "version": "0.1.0", "base_url": "https://api.iplaygames.ai"}`:
/// the library's version, and where the client's calls go.
///
/// Ownership: end the client with ipg_client_free(), free the text with ipg_string_free().
/// Threads: any; the client may be used by any number of threads at once.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a key that is unknown, missing or wrong, the error's
/// `field` points at it; #IPG_ERR_BUSY when there are a million clients.
///
/// ```c
/// ipg_client *mine = NULL;
/// char *json = NULL;
/// if (ipg_client_new("{\"base_url\": \"https://relay.example\", \"timeout_ms\": 5000}", &mine, &json) != IPG_OK) {
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
    // SAFETY: the host keeps the header's promise about pointers.
    let (config_json, out_client, out_json) = unsafe {
        (StrParam::new("config_json", config_json), OutParam::null(out_client), OutParam::null(out_json))
    };
    boundary::json(&out_json, || {
        let config = Config::from_json(config_json.get_or_empty()?)?;
        let mut document = format!("{{\"success\":true,\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
        document.push_str(",\"base_url\":");
        json::write_string(&mut document, config.base_url());
        document.push('}');
        let client = Client::new(config)?;
        if out_client.is_wanted() {
            out_client.set(CLIENTS.insert(client)?);
        }
        Ok(document)
    })
}

/// Does ahead of time what the first call would have to wait for: loads the trusted certificates,
/// resolves the server's name, opens a connection. Blocks for at most `timeout_ms`; 0 means the client's
/// own `timeout_ms`. The server is asked nothing.
///
/// `*out_json` becomes `{"success": true, "elapsed_ms": 12}`, or the error document.
///
/// Ownership: free the text with ipg_string_free(). Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS,
/// #IPG_ERR_TIMEOUT on the way; #IPG_ERR_CANCELED when the client is freed meanwhile; #IPG_ERR_SHUT_DOWN.
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
    // SAFETY: the host keeps the header's promise about pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    let timeout = Duration::from_millis(timeout_ms.into());
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| client.prewarm(timeout).map(Reply::into_json))
    })
}

/// What the client has done since it was made, as a JSON document of counts. Never blocks.
///
/// Ownership: free the text with ipg_string_free(). Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE.
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
    // SAFETY: the host keeps the header's promise about pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json(&out_json, || boundary::with_client(client, |client| Ok(client.stats_json())))
}

/// Ends a client in order, before it is freed: new calls are refused with #IPG_ERR_SHUT_DOWN, those in flight
/// are driven for at most `timeout_ms`, what is left then is canceled, watches at once; every callback runs, on
/// this thread; the thread of `"background": true` is joined.
///
/// When this returns no callback of a request is running and none will, except for the one it is called in.
/// So it waits for a callback that is running on another thread, however long that takes.
/// Called inside a callback, it runs the callbacks that are left inside that one.
///
/// Threads: any; a callback may call it.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN when the client was shut down before, or when
/// this thread can make no calls any more: then nothing was driven, and all else is done.
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

/// Ends a client. Its handle is good for nothing any more, its calls in flight on other threads return
/// #IPG_ERR_CANCELED, no callback of its requests runs any more. The requests' own handles are to be freed
/// still; polling them answers how they ended, which for those in flight is #IPG_ERR_CANCELED.
///
/// Every call that ends here is counted and logged with its call id and its outcome: the logger, if one is set, runs
/// on this thread for those lines.
///
/// Never waits, so it may be called on a finalizer thread and inside a callback. When a callback of one of its requests is just running on another thread, the answer is
/// #IPG_PENDING: the client is freed, and that callback is the last. A logger may still be running on another thread that is inside a call of this client: when
/// its `user_data` is to go too, remove the logger first, see ipg_client_set_logger().
///
/// Threads: any.
/// Codes: #IPG_OK; #IPG_PENDING as said; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time.
///
/// ```c
/// ipg_client_free(client);
/// client = NULL;
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_client_free(client: *mut ipg_client) -> ipg_code {
    boundary::code(|| Ok(if CLIENTS.remove(client)?.close() { Code::OK } else { Code::PENDING }))
}
