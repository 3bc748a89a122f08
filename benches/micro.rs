//! What of a call is this library's own work, a piece at a time: handles, arguments, submitting,
//! answers, JSON. Nothing here waits for a socket. `make bench-micro` runs it; words after `--`
//! choose by name.
//!
//! The C functions are called as a host calls them, texts and checks included.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;
use std::time::Duration;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use iplaygames::{Call, CallOptions, Client, Config, internals};

#[repr(C)]
struct Opaque(c_void);

// As the header has them.
unsafe extern "C" {
    fn ipg_client_new(config: *const c_char, client: *mut *mut Opaque, json: *mut *mut c_char) -> i32;
    fn ipg_client_free(client: *mut Opaque) -> i32;
    fn ipg_client_tick(client: *mut Opaque, budget_us: u32, completed: *mut u32) -> i32;
    fn ipg_session_start(client: *mut Opaque, request: *const c_char, json: *mut *mut c_char) -> i32;
    fn ipg_json_get(
        json: *const c_char,
        pointer: *const c_char,
        kind: *mut i32,
        value: *mut *mut c_char,
        len: *mut usize,
    ) -> i32;
    fn ipg_string_free(text: *mut c_char);
}

const START: &str = r#"{"game_id": 123, "player_id": "player_456", "currency": "USD",
    "country_code": "US", "ip_address": "192.0.2.1"}"#;

/// Nobody listens there, and nobody drives these clients: no call of theirs is ever sent.
const CONFIG: &str = r#"{"base_url": "http://127.0.0.1:9", "api_key": "k", "max_in_flight": 1048576}"#;

fn client(config: &str) -> Client {
    Client::new(Config::from_json(config).expect("a configuration")).expect("a client")
}

/// A client as the host has it.
struct Handle(*mut Opaque);

impl Handle {
    fn new() -> Handle {
        let config = CString::new(CONFIG).expect("no NUL");
        let mut client = null_mut();
        // SAFETY: good text, a good place for the handle, and NULL where nothing is wanted.
        let code = unsafe { ipg_client_new(config.as_ptr(), &mut client, null_mut()) };
        assert_eq!(code, 0, "a client");
        Handle(client)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: a handle is only looked up.
        unsafe { ipg_client_free(self.0) };
    }
}

mod tick {
    use super::*;

    /// A tick with nothing in flight, from Rust: what is left of it is the look at one number.
    #[divan::bench]
    fn idle_in_rust(bencher: Bencher<'_, '_>) {
        let client = client(CONFIG);
        bencher.bench_local(|| client.tick(black_box(Duration::from_micros(500))));
    }

    /// The same through the C interface: the difference is the handle's look-up and the panic
    /// guard.
    #[divan::bench]
    fn idle_in_c(bencher: Bencher<'_, '_>) {
        let client = Handle::new();
        // SAFETY: as above.
        bencher.bench_local(|| unsafe { ipg_client_tick(black_box(client.0), 500, null_mut()) });
    }

    /// A handle that is not one.
    #[divan::bench]
    fn refused_in_c(bencher: Bencher<'_, '_>) {
        // SAFETY: a handle is only looked up.
        bencher.bench_local(|| unsafe { ipg_client_tick(black_box(0x1001 as *mut Opaque), 500, null_mut()) });
    }
}

mod arguments {
    use super::*;

    /// Checked, made into a request, and refused by a client that is full: all of a call but the
    /// call.
    #[divan::bench(sample_size = 64, args = ["start_a_game_session", "get_session_status", "end_a_game_session"])]
    fn checked_and_encoded(bencher: Bencher<'_, '_>, operation: &str) {
        let client = client(r#"{"base_url": "http://127.0.0.1:9", "api_key": "k", "max_in_flight": 1}"#);
        let status = r#"{"session_id": "abc123"}"#;
        let options = CallOptions::default();
        let _only = client.submit("get_session_status", status, &options, None).expect("room for one");
        let arguments = if operation == "start_a_game_session" { START } else { status };
        bencher.bench_local(|| {
            let refused = client.submit(operation, black_box(arguments), &options, None);
            assert_eq!(refused.as_ref().err().map(|error| error.code().name()), Some("IPG_ERR_BUSY"));
            refused
        });
    }

    /// The currency is wrong: the error and its document.
    #[divan::bench(sample_size = 64)]
    fn refused_in_c(bencher: Bencher<'_, '_>) {
        let client = Handle::new();
        let request = CString::new(START.replace("USD", "?")).expect("no NUL");
        bencher.bench_local(|| {
            let mut json = null_mut();
            // SAFETY: good text and a good place; the text that comes out is freed once.
            unsafe {
                assert_eq!(ipg_session_start(client.0, black_box(request.as_ptr()), &mut json), 100);
                ipg_string_free(json);
            }
        });
    }
}

/// Begun, and not driven: what a frame pays to send a call on its way. The call is canceled, and
/// its task driven to its end, outside of the time.
#[divan::bench(sample_count = 1000, sample_size = 1)]
fn submit(bencher: Bencher<'_, '_>) {
    let client = client(CONFIG);
    let options = CallOptions::default();
    bencher.with_inputs(|| client.tick(Duration::from_millis(1)).expect("driven")).bench_local_values(
        |_| -> Call {
            client.submit("get_session_status", r#"{"session_id": "abc123"}"#, &options, None).expect("begun")
        },
    );
}

/// A status of so many bytes.
fn document(size: usize) -> String {
    let head = r#"{"success": true, "data": {"session_id": "abc123", "status": "active", "note": ""#;
    let note = "x".repeat(size.saturating_sub(head.len() + 3));
    format!("{head}{note}\"}}}}")
}

mod answer {
    use super::*;

    /// Read off the wire: head and body, each copied once.
    #[divan::bench(sample_size = 16, args = [200, 16_000, 1_000_000])]
    fn read(bencher: Bencher<'_, '_>, size: usize) {
        let bytes = format!(
            "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\n\
             Content-Type: application/json\r\nContent-Length: {size}\r\nConnection: keep-alive\r\n\r\n{}",
            document(size)
        );
        bencher.counter(BytesCount::new(size)).bench_local(|| {
            let read = internals::read_http1(black_box(bytes.as_bytes()), b"", usize::MAX - 1);
            assert!(read.as_ref().is_ok_and(|(status, _, outlives)| *status == 200 && *outlives));
            read
        });
    }

    /// Checked: all of it is JSON, it says it is a success, and what must be there is.
    #[divan::bench(sample_size = 16, args = [200, 16_000, 1_000_000])]
    fn checked(bencher: Bencher<'_, '_>, size: usize) {
        let status = iplaygames::operation("get_session_status").expect("an operation");
        bencher
            .counter(BytesCount::new(size))
            .with_inputs(|| document(size).into_bytes())
            .bench_local_values(|body| internals::check_response(status, body).expect("a success"));
    }
}

mod json_get {
    use super::*;

    fn get(bencher: Bencher<'_, '_>, size: usize, pointer: &str) {
        let document = CString::new(document(size)).expect("no NUL");
        let pointer = CString::new(pointer).expect("no NUL");
        bencher.counter(BytesCount::new(size)).bench_local(|| {
            let mut value = null_mut();
            // SAFETY: good texts and a good place; the text that comes out is freed once.
            unsafe {
                let code = ipg_json_get(
                    black_box(document.as_ptr()),
                    pointer.as_ptr(),
                    null_mut(),
                    &mut value,
                    null_mut(),
                );
                assert_eq!(code, 0);
                ipg_string_free(value);
            }
        });
    }

    #[divan::bench(args = [200, 16_000, 1_000_000])]
    fn one_value(bencher: Bencher<'_, '_>, size: usize) {
        get(bencher, size, "/data/status");
    }

    #[divan::bench(args = [200, 16_000, 1_000_000])]
    fn the_whole(bencher: Bencher<'_, '_>, size: usize) {
        get(bencher, size, "");
    }
}

fn main() {
    divan::main();
}
