//! The functions of C for the loop of the host: the waker, how long the host may sleep, and
//! suspending.

use std::ffi::c_void;
use std::sync::Arc;

use super::boundary::{self, OutParam};
use super::finalizer::FinalizedData;
use super::types::{ipg_client, ipg_code, ipg_finalizer};
use crate::panics::InsideGuard;
use crate::submit::event::Notify;

/// Wakes the thread that ticks a client. See ipg_client_set_waker().
pub type ipg_waker = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// Sets the waker of a client, or removes it. The library calls the waker when there is something
/// to tick for, so that a loop can sleep until then:
///
/// - a callback is due, or a request or watch without a callback has something to poll;
/// - a call is submitted, or the client is resumed;
/// - a call can go on because of a thread that is not inside a function of this client: a host name
///   is resolved, certificates are loaded, or the host's transport has answered.
///
/// The waker does not see sockets and timers, which only a tick asks the system for. So the loop
/// sleeps for at most the time that ipg_client_next_tick() returns after each tick. With
/// `"io_thread": true` the client's thread does the I/O, and the waker says when a callback is
/// due; the loop can then sleep without a limit. There is no descriptor to poll: the I/O runtime
/// does not give it away.
///
/// The library calls the waker on any thread, also on its own threads, with no lock held, and
/// perhaps more often than necessary. The waker must only wake the loop, for example by writing to
/// an eventfd or a pipe. It must not call a function of this library, and it must return. The waker
/// sees the requests that are submitted after it was set, so set it before the first one. A forked
/// child inherits the waker.
///
/// When this function returns, the waker that was set before is not running and never runs again,
/// and its finalizer has run. For this the function waits while that waker runs on another thread.
///
/// Threads: any.
///
/// \param client The client. \param waker The waker. NULL removes the waker. \param user_data A
/// pointer that the library passes to the waker. \param finalizer The function that is called when
/// `user_data` is not used any more, or NULL: when the waker is replaced or removed, and when the
/// client is freed and no thread is inside a call of it. If `waker` is NULL or the function fails,
/// it is called before this function returns. See #ipg_finalizer. \return #IPG_OK;
/// #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY inside the waker.
///
/// ```c
/// // static void wake_loop(void *user_data);
/// ipg_client_set_waker(client, wake_loop, game, NULL);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_set_waker(
    client: *mut ipg_client,
    waker: ipg_waker,
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
) -> ipg_code {
    let user_data = FinalizedData::new(user_data, finalizer);
    boundary::status(|| {
        boundary::with_client(client, |client| {
            let waker = waker.map(|waker| -> Notify {
                // SAFETY: the host passed the waker for this purpose.
                Arc::new(move || unsafe { invoke(waker, user_data.get()) })
            });
            client.set_waker(waker)
        })
    })
}

/// Returns how long the host may sleep before the next tick of a client. Call it after each tick.
/// Never blocks.
///
/// While requests are in flight, only a tick sees sockets and timers, so the time is at most 10
/// milliseconds. With `"io_thread": true` and a waker there is no limit.
///
/// Threads: any.
///
/// \param client The client. \param out_ms Receives the time in milliseconds. 0: a tick has
/// something to do now. `UINT32_MAX`: there is nothing to tick for before the waker is called or
/// the host submits a request. May be NULL. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE.
///
/// ```c
/// uint32_t ms = 0;
/// ipg_client_tick(client, 500, NULL);
/// if (ipg_client_next_tick(client, &ms) == IPG_OK && ms == UINT32_MAX) {
///     puts("the loop may sleep until the waker is called");
/// }
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_client_next_tick(client: *mut ipg_client, out_ms: *mut u32) -> ipg_code {
    // SAFETY: the header requires a valid pointer.
    let out_ms = unsafe { OutParam::new(out_ms, 0) };
    boundary::status(|| {
        boundary::with_client(client, |client| {
            let time = client.next_tick();
            out_ms.set(time.map_or(u32::MAX, |time| time.as_millis() as u32));
            Ok(())
        })
    })
}

/// Tells the client that the application is suspended, for example because a phone shows another
/// application, until ipg_client_resume(). Never blocks. Repeating it changes nothing.
///
/// While the client is suspended:
///
/// - no time counts towards the timeouts of its requests;
/// - ipg_client_tick() does nothing and returns #IPG_OK;
/// - blocking calls, ipg_client_prewarm() and ipg_request_wait() are refused with #IPG_ERR_BUSY,
///   except the wait for a request that has ended. Blocking calls that are running on other threads
///   go on;
/// - requests can be submitted, polled, canceled and freed. They make no progress, except with
///   `"io_thread": true`, whose thread goes on until the system stops the process.
///
/// ipg_client_shutdown() ends the suspension.
///
/// Threads: any.
///
/// \param client The client.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// ipg_client_suspend(client); // the application goes to the background
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_client_suspend(client: *mut ipg_client) -> ipg_code {
    boundary::status(|| boundary::with_client(client, |client| client.suspend()))
}

/// Ends a suspension. Never blocks. Repeating it changes nothing.
///
/// The connections that were idle during the suspension carry no more requests: the server or a
/// router may have forgotten them, and the first request on such a connection would be lost. New
/// requests open new connections. Requests whose responses were on their way go on where they were.
/// This is so for the native transport and for reqwest. A transport of the host, and a reqwest
/// client of a Rust host, keep their own connections.
///
/// Threads: any.
///
/// \param client The client.
/// \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN.
///
/// ```c
/// ipg_client_resume(client); // the application is in front again
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_client_resume(client: *mut ipg_client) -> ipg_code {
    boundary::status(|| boundary::with_client(client, |client| client.resume()))
}

/// Calls the waker. This function does not unwind, as with a callback.
///
/// # Safety
///
/// The waker comes from the host.
unsafe extern "C" fn invoke(waker: unsafe extern "C-unwind" fn(*mut c_void), user_data: *mut c_void) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { waker(user_data) };
}
