//! The journal of a client for C. The functions exist in every build, so that a program links with
//! every build. In a build without the journal they return `IPG_ERR_UNSUPPORTED`.

use std::ffi::{c_char, c_void};

use super::boundary::{self, OutParam};
use super::finalizer::FinalizedData;
use super::string::StrParam;
use super::types::{ipg_client, ipg_code, ipg_finalizer};

/// Receives the progress of ipg_journal_end_all(), after each entry. Returns 0 to go on, and
/// another number to stop.
///
/// The parameters are: `user_data`, as it was passed to ipg_journal_end_all(); and `json`,
/// `{"done": 3, "result": "ended", "error": null, "session": {…}}`. `result` is `"ended"`,
/// `"already_over"`, `"failed"` (with the error document in `error`), `"without_id"` or
/// `"other_host"`. The library owns `json`, which is invalid after the callback returns.
pub type ipg_journal_callback =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, json: *const c_char) -> i32>;

/// Returns the sessions of the client's journal that may exist: those that are open, that are
/// ending, and those whose start has an unknown outcome. They were started with the same file, by
/// this or by other processes, also by processes that were killed. Blocks until the file is read.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client. Its configuration has the key `journal`.
/// \param filter_json A JSON object that selects other sessions, or NULL: `states` (a list of
/// `"unknown"`, `"open"`, `"ending"`, `"ended"`, `"rejected"`, `"not_sent"`, `"resolved"`),
/// `player_id`, `session_id`, `call_id`, `after` (an `id`: sessions with larger ids only) and
/// `limit` (1000).
/// \param out_json Receives `{"success": true, "sessions": [{"id": 7, "state": "open",
/// "session_id": "abc123", …}]}`, in the order of the starts; or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a wrong filter; #IPG_ERR_INVALID_HANDLE;
/// #IPG_ERR_JOURNAL if the file cannot be read; #IPG_ERR_UNSUPPORTED if the client has no journal,
/// or in a build without the journal.
///
/// ```c
/// char *json = NULL;
/// if (ipg_journal_open(client, "{\"player_id\": \"player-7\"}", &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_journal_open(
    client: *mut ipg_client,
    filter_json: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (filter_json, out_json) =
        unsafe { (StrParam::new("filter_json", filter_json), OutParam::null(out_json)) };
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| imp::open(client, filter_json.get_or_empty()?))
    })
}

/// Marks a session of the journal that is open, ending or unknown as resolved: the operator has
/// decided about it. ipg_journal_open() does not return it any more.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param id The `id` of the session in the journal.
/// \param note A text about the decision.
/// \param out_json Receives `{"success": true}`, or the error document. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with the `field` `/id`, if there is no such session;
/// and the other codes of ipg_journal_open().
///
/// ```c
/// ipg_journal_resolve(client, 7, "The operator found no session.", NULL);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_journal_resolve(
    client: *mut ipg_client,
    id: i64,
    note: *const c_char,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let (note, out_json) = unsafe { (StrParam::new("note", note), OutParam::null(out_json)) };
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| imp::resolve(client, id, note.get()?))
    })
}

/// Checks every session of the journal that is open or ending, and ends those that still exist.
/// Blocks until all calls have ended. A call that fails does not stop the others.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param options_json A JSON object, or NULL: `filter` (as in ipg_journal_open(), without `after`
/// and `limit`) and `call` (the options of each call, as in ipg_call()).
/// \param progress The function that is called on this thread after each session, with no lock
/// held, or NULL.
/// \param user_data A pointer that the library passes to the function.
/// \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
/// #ipg_finalizer.
/// \param out_json Receives `{"success": true, "ended": 3, "already_over": 1, "failed": 0,
/// "without_id": 0, "other_host": 0}`, or the error document. Sessions without an id are starts
/// with an unknown outcome; those of another host were started at another `base_url`. May be NULL.
/// \return #IPG_OK, also if calls have failed; and the other codes of ipg_journal_open().
///
/// ```c
/// char *json = NULL;
/// if (ipg_journal_end_all(client, NULL, NULL, NULL, NULL, &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_journal_end_all(
    client: *mut ipg_client,
    options_json: *const c_char,
    progress: ipg_journal_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    out_json: *mut *mut c_char,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    // SAFETY: the header requires valid pointers.
    let (options_json, out_json) =
        unsafe { (StrParam::new("options_json", options_json), OutParam::null(out_json)) };
    boundary::json(&out_json, || {
        let user_data = user_data;
        boundary::with_client(client, |client| {
            imp::end_all(client, options_json.get_or_empty()?, progress, &user_data)
        })
    })
}

/// Removes the sessions that do not exist any more, and were closed long ago, from the journal, and
/// gives their space back to the disk. Sessions that may exist stay. Blocks until this is done.
///
/// Ownership: free the string with ipg_string_free(). Threads: any.
///
/// \param client The client.
/// \param older_than_days How many days ago the sessions were closed at least. 0 removes all.
/// \param out_json Receives `{"success": true, "removed": 1200}`, or the error document. May be
/// NULL.
/// \return The codes of ipg_journal_open().
///
/// ```c
/// char *json = NULL;
/// if (ipg_journal_compact(client, 90, &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_journal_compact(
    client: *mut ipg_client,
    older_than_days: u32,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json(&out_json, || {
        boundary::with_client(client, |client| imp::compact(client, older_than_days))
    })
}

#[cfg(feature = "journal")]
mod imp {
    use std::ffi::{c_char, c_void};
    use std::time::Duration;

    use super::super::finalizer::FinalizedData;
    use super::super::string::to_c_string;
    use super::ipg_journal_callback;
    use crate::client::Client;
    use crate::client::journal::EndAllOptions;
    use crate::error::Error;
    use crate::journal::JournalFilter;
    use crate::panics::InsideGuard;

    pub(super) fn open(client: &Client, filter: &str) -> Result<String, Error> {
        client.journal()?.open_json(&JournalFilter::from_json(filter)?)
    }

    pub(super) fn resolve(client: &Client, id: i64, note: &str) -> Result<String, Error> {
        client.journal()?.resolve(id, note)?;
        Ok("{\"success\":true}".to_owned())
    }

    pub(super) fn end_all(
        client: &Client,
        options: &str,
        progress: ipg_journal_callback,
        user_data: &FinalizedData,
    ) -> Result<String, Error> {
        let options = EndAllOptions::from_json(options)?;
        let ended = client.journal()?.end_all(&options, |step| {
            let Some(progress) = progress else { return true };
            let json = to_c_string(&step.to_json());
            // SAFETY: the host passed the function for this purpose; the string outlives the call.
            unsafe { invoke(progress, user_data.get(), json.as_ptr()) == 0 }
        })?;
        Ok(ended.to_json())
    }

    pub(super) fn compact(client: &Client, older_than_days: u32) -> Result<String, Error> {
        let older_than = Duration::from_secs(u64::from(older_than_days) * 24 * 60 * 60);
        let removed = client.journal()?.compact(older_than)?;
        Ok(format!("{{\"success\":true,\"removed\":{removed}}}"))
    }

    /// Calls the callback. This function does not unwind: an exception that leaves the callback
    /// ends the process, before the state of the library becomes inconsistent.
    ///
    /// # Safety
    ///
    /// The callback comes from the host, and the string ends with a NUL.
    unsafe extern "C" fn invoke(
        progress: unsafe extern "C-unwind" fn(*mut c_void, *const c_char) -> i32,
        user_data: *mut c_void,
        json: *const c_char,
    ) -> i32 {
        let _outside = InsideGuard::leave();
        // SAFETY: guaranteed by the caller.
        unsafe { progress(user_data, json) }
    }
}

#[cfg(not(feature = "journal"))]
mod imp {
    use super::super::finalizer::FinalizedData;
    use super::ipg_journal_callback;
    use crate::client::Client;
    use crate::codes::Code;
    use crate::error::Error;

    fn unsupported() -> Error {
        Error::new(Code::UNSUPPORTED, "This build of the library does not contain the journal.")
    }

    pub(super) fn open(_: &Client, _: &str) -> Result<String, Error> {
        Err(unsupported())
    }

    pub(super) fn resolve(_: &Client, _: i64, _: &str) -> Result<String, Error> {
        Err(unsupported())
    }

    pub(super) fn end_all(
        _: &Client,
        _: &str,
        _: ipg_journal_callback,
        _: &FinalizedData,
    ) -> Result<String, Error> {
        Err(unsupported())
    }

    pub(super) fn compact(_: &Client, _: u32) -> Result<String, Error> {
        Err(unsupported())
    }
}
