//! The logger of a client for C.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary;
use super::finalizer::FinalizedData;
use super::string::{invalid_argument, to_c_string};
use super::types::{ipg_client, ipg_code, ipg_finalizer};
use crate::error::Error;
use crate::log::{LogLevel, LogLine, Logger};
use crate::panics::InsideGuard;

/// The level of a log line: one of the IPG_LOG_ constants.
pub type ipg_log_level = i32;

/// A level for ipg_client_set_logger(): no lines.
pub const IPG_LOG_OFF: i32 = 0;
/// A level: a call failed.
pub const IPG_LOG_ERROR: i32 = 1;
/// A level: a problem that the library handled, or a mistake of the host.
pub const IPG_LOG_WARN: i32 = 2;
/// A level: one line for each call.
pub const IPG_LOG_INFO: i32 = 3;
/// A level: steps of a call, such as attempts, pauses and connections.
pub const IPG_LOG_DEBUG: i32 = 4;
/// A level: everything.
pub const IPG_LOG_TRACE: i32 = 5;

/// Receives the log lines of a client. See ipg_client_set_logger().
///
/// The parameters are: `user_data`, as it was passed to ipg_client_set_logger(); `level`, one of
/// the IPG_LOG_ constants from 1 to 5; `target`, the part of the library that wrote the line, such
/// as `"iplaygames::net"`; and `message`, the line. The library owns both strings. They are invalid
/// after the callback returns.
pub type ipg_log_callback = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        level: ipg_log_level,
        target: *const c_char,
        message: *const c_char,
    ),
>;

/// Sets the logger of a client, or removes it. A line never contains the API key, the value of a
/// header, or a body.
///
/// The callback runs only on threads that are inside an `ipg_` call with this client, just before
/// that call returns. It runs for one line at a time, with no lock held. Lines that other threads
/// write wait for the next such call; at most 256 lines wait. The callback may call any function of
/// this library. Lines that are written inside the callback are dropped. The callback must return:
/// an exception that leaves it, or a thread that ends in it, ends the process and loses the result
/// of the call. A host whose logger can throw must catch the exception in the callback.
///
/// When this function returns, the logger that was set before is not running and never runs again,
/// and its finalizer has run. For this the function waits while that logger runs on
/// another thread.
///
/// Threads: any.
///
/// \param client The client. \param callback The logger. NULL removes the logger. \param user_data
/// A pointer that the library passes to the callback. \param finalizer The function that is called
/// when `user_data` is not used any more, or NULL: when the logger is replaced or removed, and when
/// the client is freed and no thread is inside a call of it. Without a logger (NULL, IPG_LOG_OFF,
/// an error), it is called before this function returns. See #ipg_finalizer. \param max_level The
/// most detailed level that the logger receives, IPG_LOG_ERROR (1) to IPG_LOG_TRACE (5).
/// IPG_LOG_OFF (0) removes the logger. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE;
/// #IPG_ERR_INVALID_ARGUMENT for another level; #IPG_ERR_BUSY if the client's own logger calls this
/// function.
///
/// ```c
/// // static void on_log(void *user_data, ipg_log_level level, const char *target, const char *text);
/// ipg_client_set_logger(client, on_log, stderr, NULL, IPG_LOG_INFO);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_set_logger(
    client: *mut ipg_client,
    callback: ipg_log_callback,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    max_level: ipg_log_level,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    boundary::status(|| {
        boundary::with_client(client, |client| {
            let max_level = level(max_level)?;
            let callback = callback.filter(|_| max_level.is_some());
            let logger = callback.map(|callback| -> Logger {
                Arc::new(move |line: &LogLine| {
                    let (target, message) = (to_c_string(line.target), to_c_string(&line.message));
                    // SAFETY: the host passed the callback for this purpose; the strings outlive
                    // the call.
                    unsafe {
                        invoke(
                            callback,
                            user_data.get(),
                            line.level as i32,
                            target.as_ptr(),
                            message.as_ptr(),
                        );
                    }
                })
            });
            client.set_logger(logger, max_level)
        })
    })
}

/// Returns the level with a number of the header; `None` is no logger.
fn level(number: i32) -> Result<Option<LogLevel>, Error> {
    Ok(Some(match number {
        IPG_LOG_OFF => return Ok(None),
        IPG_LOG_ERROR => LogLevel::Error,
        IPG_LOG_WARN => LogLevel::Warn,
        IPG_LOG_INFO => LogLevel::Info,
        IPG_LOG_DEBUG => LogLevel::Debug,
        IPG_LOG_TRACE => LogLevel::Trace,
        _ => return Err(invalid_argument(format!("`max_level` is {number}; it must be 0 to 5."))),
    }))
}

/// Calls the callback. This function does not unwind: an exception that leaves the callback ends
/// the process, before the state of the library becomes inconsistent.
///
/// # Safety
///
/// The callback comes from the host, and the strings end with a NUL.
unsafe extern "C" fn invoke(
    callback: unsafe extern "C-unwind" fn(*mut c_void, i32, *const c_char, *const c_char),
    user_data: *mut c_void,
    level: i32,
    target: *const c_char,
    message: *const c_char,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { callback(user_data, level, target, message) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_have_the_numbers_of_the_header() {
        for number in 1..=5 {
            assert_eq!(level(number).unwrap().unwrap() as i32, number);
        }
        assert_eq!(level(0).unwrap(), None);
        assert!(level(-1).is_err() && level(6).is_err());
    }
}
