//! Threads that share handles of the C interface.

use std::ffi::{CString, c_char, c_void};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use iplaygames::sandbox::Sandbox;
use iplaygames::{Code, LogLevel};

use crate::choices::Choices;
use crate::{CALLS, until};

type Callback = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, i32, *const c_char);
type Finalizer = unsafe extern "C-unwind" fn(*mut c_void);
type LogCallback = unsafe extern "C-unwind" fn(*mut c_void, i32, *const c_char, *const c_char);

// As in include/iplaygames.h; the opaque types are all `c_void` here.
unsafe extern "C" {
    fn ipg_client_new(config: *const c_char, out_client: *mut *mut c_void, out_json: *mut *mut c_char)
    -> i32;
    fn ipg_client_free(client: *mut c_void) -> i32;
    fn ipg_client_tick(client: *mut c_void, budget_us: u32, out_completed: *mut u32) -> i32;
    fn ipg_client_set_logger(
        client: *mut c_void,
        callback: Option<LogCallback>,
        user_data: *mut c_void,
        finalizer: Option<Finalizer>,
        max_level: i32,
    ) -> i32;
    fn ipg_call(
        client: *mut c_void,
        operation: *const c_char,
        arguments: *const c_char,
        options: *const c_char,
        out_json: *mut *mut c_char,
    ) -> i32;
    fn ipg_submit(
        client: *mut c_void,
        operation: *const c_char,
        arguments: *const c_char,
        options: *const c_char,
        callback: Option<Callback>,
        user_data: *mut c_void,
        finalizer: Option<Finalizer>,
        out_request: *mut *mut c_void,
        out_json: *mut *mut c_char,
    ) -> i32;
    fn ipg_request_poll(request: *mut c_void, out_json: *mut *mut c_char) -> i32;
    fn ipg_request_wait(request: *mut c_void, timeout_ms: u32, out_json: *mut *mut c_char) -> i32;
    fn ipg_request_cancel(request: *mut c_void) -> i32;
    fn ipg_request_free(request: *mut c_void) -> i32;
    fn ipg_string_free(text: *mut c_char);
}

/// A handle: a number in the shape of a pointer, which any thread may use.
#[derive(Clone, Copy)]
struct Handle(*mut c_void);
// SAFETY: the header allows every function on any thread, and nothing is read through the pointer.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

unsafe extern "C-unwind" fn on_end(user_data: *mut c_void, _: *mut c_void, _: i32, json: *const c_char) {
    assert!(!json.is_null());
    // SAFETY: the counter outlives the client.
    unsafe { &*user_data.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C-unwind" fn on_line(
    user_data: *mut c_void,
    _: i32,
    _: *const c_char,
    message: *const c_char,
) {
    assert!(!message.is_null());
    // SAFETY: the counter outlives the client.
    unsafe { &*user_data.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

/// Takes the document of a call, and frees it.
fn free_document(json: *mut c_char) {
    // SAFETY: a document of the library, or NULL.
    unsafe { ipg_string_free(json) };
}

/// Requests and a client, freed on other threads than those that use them.
pub fn handles_are_used_and_freed(round: u32) {
    let sandbox = Sandbox::start("").unwrap();
    let io_thread = round.is_multiple_of(2);
    let config = format!("{}, \"io_thread\": {io_thread}}}", sandbox.client_config().trim_end_matches('}'));
    let config = CString::new(config).unwrap();
    let mut client = ptr::null_mut();
    // SAFETY: texts that end with a zero byte, and places for the results, here and below.
    assert_eq!(unsafe { ipg_client_new(config.as_ptr(), &mut client, ptr::null_mut()) }, Code::OK.value());
    let client = Handle(client);
    let counters: Vec<AtomicU32> = (0..2 * CALLS).map(|_| AtomicU32::new(0)).collect();
    let lines = AtomicU32::new(0);
    let requests = Mutex::new(Vec::new());
    let (submitting, using) = (AtomicUsize::new(2), AtomicUsize::new(2));
    let user_data = ptr::from_ref(&lines).cast_mut().cast();
    let code =
        unsafe { ipg_client_set_logger(client.0, Some(on_line), user_data, None, LogLevel::Trace as i32) };
    assert_eq!(code, Code::OK.value());
    thread::scope(|scope| {
        for half in counters.chunks(CALLS) {
            let (requests, submitting) = (&requests, &submitting);
            scope.spawn(move || {
                for (number, counter) in half.iter().enumerate() {
                    let mut request = ptr::null_mut();
                    let user_data = ptr::from_ref(counter).cast_mut().cast();
                    let code = unsafe {
                        ipg_submit(
                            { client }.0,
                            c"list_games".as_ptr(),
                            ptr::null(),
                            ptr::null(),
                            if number % 3 == 0 { None } else { Some(on_end) },
                            user_data,
                            None,
                            &mut request,
                            ptr::null_mut(),
                        )
                    };
                    assert_eq!(code, Code::OK.value());
                    requests.lock().unwrap().push(Handle(request));
                }
                submitting.fetch_sub(1, Ordering::Release);
            });
        }
        for thread in 0..2 {
            let mut choices = Choices::of(round, 8 + thread);
            let (requests, submitting, using) = (&requests, &submitting, &using);
            scope.spawn(move || {
                loop {
                    let ended = submitting.load(Ordering::Acquire) == 0;
                    let Some(request) = requests.lock().unwrap().pop() else {
                        if ended {
                            break;
                        }
                        thread::yield_now();
                        continue;
                    };
                    let Handle(request) = request;
                    let mut json = ptr::null_mut();
                    // SAFETY: a handle that only this thread frees.
                    unsafe {
                        match choices.below(4) {
                            0 => drop(ipg_request_cancel(request)),
                            1 => drop(ipg_request_wait(request, choices.below(3), &mut json)),
                            2 => assert_eq!(ipg_request_wait(request, 60_000, &mut json), Code::OK.value()),
                            _ => drop(ipg_request_poll(request, &mut json)),
                        }
                        free_document(json);
                        let freed = ipg_request_free(request);
                        assert_eq!(freed, Code::OK.value());
                        assert_eq!(ipg_request_free(request), Code::INVALID_HANDLE.value());
                    }
                }
                using.fetch_sub(1, Ordering::Release);
            });
        }
        // These two go on until the client is freed.
        scope.spawn(move || {
            loop {
                let code = unsafe { ipg_client_tick({ client }.0, 500, ptr::null_mut()) };
                if code == Code::INVALID_HANDLE.value() {
                    break;
                }
                assert!(
                    code == Code::OK.value() || code == Code::SHUT_DOWN.value(),
                    "a tick answered {code}"
                );
                thread::yield_now();
            }
        });
        scope.spawn(move || {
            loop {
                let mut json = ptr::null_mut();
                let (operation, handle) = (c"list_games".as_ptr(), { client }.0);
                let code = unsafe { ipg_call(handle, operation, ptr::null(), ptr::null(), &mut json) };
                free_document(json);
                match code {
                    code if code == Code::OK.value() => {}
                    code if code == Code::INVALID_HANDLE.value() => break,
                    code => {
                        let ended = [Code::CANCELED.value(), Code::SHUT_DOWN.value()];
                        assert!(ended.contains(&code), "a call answered {code}");
                    }
                }
            }
        });
        until("the last request", || using.load(Ordering::Acquire) == 0);
        let freed = unsafe { ipg_client_free({ client }.0) };
        assert_eq!(freed, Code::OK.value());
        assert_eq!(unsafe { ipg_client_free({ client }.0) }, Code::INVALID_HANDLE.value());
    });
    assert!(counters.iter().all(|counter| counter.load(Ordering::Relaxed) <= 1));
    assert!(counters.iter().any(|counter| counter.load(Ordering::Relaxed) == 1), "no callback ran");
    assert!(lines.load(Ordering::Relaxed) > 0, "no log line was delivered");
}
