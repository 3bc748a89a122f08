//! The host's logger.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::base::c_text;
use super::string::invalid_argument;
use super::{boundary, ipg_client, ipg_code};
use crate::error::Error;
use crate::log::{LogLevel, LogLine, Logger};
use crate::panics::InsideGuard;

/// A level for ipg_client_set_logger(): no lines at all.
pub const IPG_LOG_OFF: i32 = 0;
/// A level: something failed that the host should know of.
pub const IPG_LOG_ERROR: i32 = 1;
/// A level: something is not as it should be, and was dealt with.
pub const IPG_LOG_WARN: i32 = 2;
/// A level: what happened, a line a call.
pub const IPG_LOG_INFO: i32 = 3;
/// A level: what happened on the way, such as attempts, pauses and connections.
pub const IPG_LOG_DEBUG: i32 = 4;
/// A level: everything.
pub const IPG_LOG_TRACE: i32 = 5;

/// Takes the log lines of a client; see ipg_client_set_logger().
///
/// `user_data` is what was given there. `level` is one of the IPG_LOG_ constants from 1 to 5. `target` is
/// the part of the library that the line comes from, such as `"iplaygames::net"`; `message` is the line.
/// Both texts belong to the library and are gone when the callback returns.
pub type ipg_log_callback = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        level: i32,
        target: *const c_char,
        message: *const c_char,
    ),
>;

/// Gives a client a logger, or with `callback` NULL takes it away.
///
/// `max_level` is the most detailed level that is wanted, IPG_LOG_ERROR (1) to IPG_LOG_TRACE (5);
/// IPG_LOG_OFF (0) is as good as no callback. A line never contains the API key, a header's
/// value or a body.
///
/// The callback runs only on threads that are inside an `ipg_` call with this client, just before that call
/// returns, one line at a time, with no lock held. Lines that arise elsewhere wait for the next such call,
/// 256 at most. It may call any function of this library; lines that arise in it are dropped. It must
/// return: an exception or a thread's end that leaves it ends the process, and with it the call's result. A
/// host whose logger can throw must catch in the callback.
///
/// When this function returns, the logger before is not running and never will: its `user_data` may go.
/// For that it waits while the logger runs on another thread.
///
/// Ownership: `user_data` stays the host's, and is only passed through. Threads: any.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_INVALID_ARGUMENT for another level;
/// #IPG_ERR_BUSY from inside the client's own logger.
///
/// ```c
/// // static void on_log(void *user_data, int32_t level, const char *target, const char *message);
/// ipg_client_set_logger(client, on_log, stderr, IPG_LOG_INFO);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_set_logger(
    client: *mut ipg_client,
    callback: ipg_log_callback,
    user_data: *mut c_void,
    max_level: i32,
) -> ipg_code {
    let user_data = UserData(user_data);
    boundary::status(|| {
        boundary::with_client(client, |client| {
            let max_level = level(max_level)?;
            let logger = callback.map(|callback| -> Logger {
                Arc::new(move |line: &LogLine| {
                    let (target, message) = (c_text(line.target), c_text(&line.message));
                    // SAFETY: the host gave the callback for just this; the texts outlive the call.
                    unsafe {
                        call(callback, user_data.get(), line.level as i32, target.as_ptr(), message.as_ptr());
                    }
                })
            });
            client.set_logger(logger, max_level)
        })
    })
}

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

/// Calls the host. What unwinds out of its callback meets this function's edge, which no unwinding
/// passes: the process ends there, before any state of ours is left half done.
///
/// # Safety
///
/// The callback is the host's, and the texts end with a NUL.
unsafe extern "C" fn call(
    callback: unsafe extern "C-unwind" fn(*mut c_void, i32, *const c_char, *const c_char),
    user_data: *mut c_void,
    level: i32,
    target: *const c_char,
    message: *const c_char,
) {
    let _outside = InsideGuard::leave();
    // SAFETY: passed on.
    unsafe { callback(user_data, level, target, message) };
}

/// The host's own address, for the host's own callback.
#[derive(Clone, Copy)]
pub(super) struct UserData(pub(super) *mut c_void);

// SAFETY: never followed here, only given back to the host, which promises with the callback that any
// thread of its own may run it.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// A method, so that a closure captures this type and not the bare pointer in it.
    pub(super) fn get(self) -> *mut c_void {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_the_numbers_of_the_header() {
        for number in 1..=5 {
            assert_eq!(level(number).unwrap().unwrap() as i32, number);
        }
        assert_eq!(level(0).unwrap(), None);
        assert!(level(-1).is_err() && level(6).is_err());
    }
}
