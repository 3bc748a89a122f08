//! Game sessions for C: three operations of the API whose arguments need no JSON where an id is
//! enough.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string::StrParam;
use super::types::{ipg_client, ipg_code};
use crate::api::session::start_arguments;
use crate::client::Client;
use crate::client::options::CallOptions;
use crate::client::reply::Reply;
use crate::error::Error;

pub(super) use crate::api::session::START;
pub(super) const STATUS: &str = "get_session_status";
pub(super) const END: &str = "end_a_game_session";

/// Starts a game session for a player, and blocks until the result is there. The operation is
/// `start_a_game_session`.
///
/// A start is never sent a second time if the server may have received the first. If the error's
/// `outcome` is `"unknown"`, a session may exist.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param request_json A flat JSON object. Required: `game_id` (integer), `player_id` (string),
/// `currency`, `country_code` (two letters), `ip_address` (of the player). Optional: `return_url`,
/// `locale`, `provider`, `device`, `freespin_id`, `freespin_count`, `freespin_bet_amount`,
/// `expire_days`. Other members are sent unchanged, but a name that resembles one of these is an
/// error.
/// \param out_json Receives the API's response, with `/data/session_id`, `/data/game_url` and, as
/// the API documents, `/data/session_token` and `/data/expires_at`; or the error document. May be
/// NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with a `field` such as `/currency`, before anything
/// is sent; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN; the transport codes (2xx)
/// and the API codes (4xx, 5xx).
///
/// ```c
/// char *json = NULL;
/// ipg_code code = ipg_session_start(client,
///     "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
///     " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}", &json);
/// if (code == IPG_OK) {
///     char *url = NULL;
///     if (ipg_json_get(json, "/data/game_url", NULL, &url, NULL) == IPG_OK) {
///         puts(url);
///     }
///     ipg_string_free(url);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_start(
    client: *mut ipg_client,
    request_json: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (request_json, out_json) =
        unsafe { (StrParam::new("request_json", request_json), OutParam::null(out_json)) };
    call(client, START, &out_json, |client| {
        client.call(START, &start_arguments(request_json.get()?), &CallOptions::default())
    })
}

/// Returns the status of a game session, and blocks until the result is there. The operation is
/// `get_session_status`.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param session_id The session's id, as ipg_session_start() returned it.
/// \param out_json Receives the API's response, in which `/data/status` is `"active"` while the
/// session is open; or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_NOT_FOUND if the API does not know the id; #IPG_ERR_INVALID_ARGUMENT,
/// with the `field` `/session_id`; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN; the
/// transport codes (2xx) and the API codes (4xx, 5xx).
///
/// ```c
/// char *json = NULL, *status = NULL;
/// if (ipg_session_status(client, session_id, &json) == IPG_OK
///     && ipg_json_get(json, "/data/status", NULL, &status, NULL) == IPG_OK) {
///     puts(status);
/// }
/// ipg_string_free(status);
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_status(
    client: *mut ipg_client,
    session_id: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (session_id, out_json) =
        unsafe { (StrParam::new("session_id", session_id), OutParam::null(out_json)) };
    call(client, STATUS, &out_json, |client| {
        client.call_on_session(STATUS, session_id_of(&session_id)?, &CallOptions::default())
    })
}

/// Ends a game session, and blocks until the result is there. The operation is
/// `end_a_game_session`.
///
/// If a response is lost, the request is repeated. If the API then says that the session does not
/// exist, the call succeeds with `{"success": true, "already_ended": true}`.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param session_id The session's id.
/// \param out_json Receives the API's response, or the error document. May be NULL.
/// \return The codes of ipg_session_status().
///
/// ```c
/// char *json = NULL;
/// if (ipg_session_end(client, session_id, &json) != IPG_OK) {
///     fprintf(stderr, "%s\n", json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_session_end(
    client: *mut ipg_client,
    session_id: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (session_id, out_json) =
        unsafe { (StrParam::new("session_id", session_id), OutParam::null(out_json)) };
    call(client, END, &out_json, |client| {
        client.call_on_session(END, session_id_of(&session_id)?, &CallOptions::default())
    })
}

/// Runs a call on a client. An error names the operation.
fn call(
    client: *mut ipg_client,
    operation: &'static str,
    out_json: &OutParam<*mut c_char>,
    call: impl FnOnce(&Client) -> Result<Reply, Error>,
) -> ipg_code {
    boundary::json(out_json, || {
        named(operation, || boundary::with_client(client, |client| call(client).map(Reply::into_json)))
    })
}

/// Runs a call. An error names the operation.
pub(super) fn named<T>(operation: &'static str, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    call().map_err(|mut error| {
        error.inner_mut().operation.get_or_insert_with(|| operation.to_owned());
        error
    })
}

/// Returns the session id. An error names the field.
pub(super) fn session_id_of<'a>(session_id: &StrParam<'a>) -> Result<&'a str, Error> {
    session_id.get().map_err(|mut error| {
        error.inner_mut().field = Some("/session_id".to_owned());
        error
    })
}
