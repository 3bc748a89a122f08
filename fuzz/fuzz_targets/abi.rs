//! A program of random calls of the C interface: any handles and texts, callbacks that call the
//! library again, against the built-in sandbox, a port that refuses connections, and one that never
//! responds.
//!
//! Each call returns a code that the header documents and writes its out-parameters; a callback
//! runs only inside a tick or a shutdown, and reports the end of a request once.
//!
//! The input: an instruction in a byte, its operands behind it.
#![no_main]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[repr(C)]
struct Opaque(c_void);

type Handle = *mut Opaque;
type Callback = Option<extern "C" fn(*mut c_void, Handle, i32, *const c_char)>;
type LogCallback = Option<extern "C" fn(*mut c_void, i32, *const c_char, *const c_char)>;
type Finalizer = Option<unsafe extern "C-unwind" fn(*mut c_void)>;
type Text = *const c_char;
type Out = *mut *mut c_char;

// As the headers have them.
unsafe extern "C" {
    fn ipg_abi_version() -> u32;
    fn ipg_version() -> Text;
    fn ipg_code_name(code: i32) -> Text;
    fn ipg_string_free(text: *mut c_char);
    fn ipg_client_new(config: Text, out_client: *mut Handle, out_json: Out) -> i32;
    fn ipg_client_prewarm(client: Handle, timeout_ms: u32, out_json: Out) -> i32;
    fn ipg_client_stats(client: Handle, out_json: Out) -> i32;
    fn ipg_client_shutdown(client: Handle, timeout_ms: u32) -> i32;
    fn ipg_client_free(client: Handle) -> i32;
    fn ipg_client_set_logger(
        client: Handle,
        callback: LogCallback,
        user_data: *mut c_void,
        finalizer: Finalizer,
        level: i32,
    ) -> i32;
    fn ipg_session_start(client: Handle, request: Text, out_json: Out) -> i32;
    fn ipg_session_status(client: Handle, session_id: Text, out_json: Out) -> i32;
    fn ipg_session_end(client: Handle, session_id: Text, out_json: Out) -> i32;
    fn ipg_call(client: Handle, operation: Text, arguments: Text, options: Text, out_json: Out) -> i32;
    fn ipg_submit(
        client: Handle,
        operation: Text,
        arguments: Text,
        options: Text,
        callback: Callback,
        user_data: *mut c_void,
        finalizer: Finalizer,
        out_request: *mut Handle,
        out_json: Out,
    ) -> i32;
    fn ipg_session_watch(
        client: Handle,
        session_id: Text,
        interval_ms: u32,
        callback: Callback,
        user_data: *mut c_void,
        finalizer: Finalizer,
        out_request: *mut Handle,
        out_json: Out,
    ) -> i32;
    fn ipg_client_tick(client: Handle, budget_us: u32, out_completed: *mut u32) -> i32;
    fn ipg_request_poll(request: Handle, out_json: Out) -> i32;
    fn ipg_request_wait(request: Handle, timeout_ms: u32, out_json: Out) -> i32;
    fn ipg_request_cancel(request: Handle) -> i32;
    fn ipg_request_free(request: Handle) -> i32;
    fn ipg_json_get(json: Text, pointer: Text, kind: *mut i32, value: Out, len: *mut usize) -> i32;
    fn ipg_json_quote(text: Text, len: usize, out_json: Out) -> i32;
    fn ipg_sandbox_start(config: Text, out_sandbox: *mut Handle, out_json: Out) -> i32;
    fn ipg_sandbox_control(sandbox: Handle, command: Text, out_json: Out) -> i32;
    fn ipg_sandbox_stop(sandbox: Handle) -> i32;
}

const OK: i32 = 0;
const PENDING: i32 = 1;
const INVALID_HANDLE: i32 = 101;

/// What an out-parameter has in it before a call. It is never followed.
const UNWRITTEN: usize = 0xA5A5_A5A5;
const MAX_INSTRUCTIONS: usize = 64;
/// How deep callbacks may be nested.
const MAX_DEPTH: usize = 3;
/// After so many programs the sandbox forgets its sessions.
const RESET_EVERY: usize = 256;

const START: &str = r#"{"game_id": 42, "player_id": "p", "currency": "EUR", "country_code": "DE",
    "ip_address": "203.0.113.9"}"#;

fuzz_target!(|input: &[u8]| {
    let world = world();
    let program = STATE.with_borrow_mut(|state| {
        let program = state.program + 1;
        *state = State { input: input.to_vec(), program, ..State::default() };
        program
    });
    if program.is_multiple_of(RESET_EVERY) {
        let mut out = unwritten();
        // SAFETY: a text, and a place for the answer.
        let code =
            unsafe { ipg_sandbox_control(world.sandbox(), c"{\"command\": \"reset\"}".as_ptr(), &mut out) };
        assert_eq!(code, OK);
        take_text(out, code, Document::Always);
    }
    for _ in 0..MAX_INSTRUCTIONS {
        let Some(instruction) = next() else { break };
        execute(instruction, None);
    }
    finish();
});

/// The servers, made once.
struct World {
    sandbox: usize,
    configs: Vec<CString>,
    _closed: socket2::Socket,
    _silent: TcpListener,
}

impl World {
    fn sandbox(&self) -> Handle {
        self.sandbox as Handle
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        // SAFETY: the first input is run before any thread that reads the environment.
        unsafe {
            std::env::remove_var(iplaygames::API_KEY_ENV);
            std::env::remove_var(iplaygames::BASE_URL_ENV);
        }
        let (mut sandbox, mut out) = (null_mut(), null_mut());
        // SAFETY: places for a handle and a text.
        let code = unsafe { ipg_sandbox_start(null(), &mut sandbox, &mut out) };
        assert_eq!(code, OK);
        let made: Value = serde_json::from_str(&take_text(out, code, Document::Always).expect("a document"))
            .expect("a configuration");
        // Bound and not listening: connections are refused, and nobody else gets the port.
        let closed =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        closed.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        let closed_port =
            closed.local_addr().ok().and_then(|address| address.as_socket()).expect("an address");
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let silent_port = silent.local_addr().expect("an address");
        let config = |base_url: &str, more: Value| {
            let mut config = json!({
                "api_key": made["api_key"], "base_url": base_url, "proxy": "none", "timeout_ms": 8,
                "attempt_timeout_ms": 4, "connect_timeout_ms": 4, "max_retries": 1,
            });
            let members = config.as_object_mut().expect("an object");
            members.extend(more.as_object().expect("an object").clone());
            CString::new(config.to_string()).expect("no NUL")
        };
        let sandbox_url = made["base_url"].as_str().expect("a URL").to_owned();
        World {
            sandbox: sandbox as usize,
            configs: vec![
                config(&sandbox_url, json!({"timeout_ms": 50, "attempt_timeout_ms": 50})),
                config(&sandbox_url, json!({"max_in_flight": 2, "max_connections": 1})),
                config(&sandbox_url, json!({"io_thread": true})),
                config(&format!("http://{closed_port}"), json!({})),
                config(&format!("http://{silent_port}"), json!({})),
            ],
            _closed: closed,
            _silent: silent,
        }
    })
}

struct Client {
    handle: Handle,
    alive: bool,
    /// How many of its callbacks are running, each inside the one before it.
    callbacks: u32,
    shutdowns: u32,
}

/// A request, and what its callback was told.
struct Request {
    /// NULL for one that frees itself.
    handle: Handle,
    client: Handle,
    alive: bool,
    has_callback: bool,
    /// Whether the function that made it has returned OK.
    accepted: bool,
    ends: u32,
}

#[derive(Default)]
struct State {
    input: Vec<u8>,
    at: usize,
    /// The number of this program, which callbacks carry: none may come from an earlier one.
    program: usize,
    clients: Vec<Client>,
    requests: Vec<Request>,
    texts: Vec<*mut c_char>,
    freed_texts: Vec<*mut c_char>,
    /// How many ticks and shutdowns are running.
    dispatching: u32,
    depth: usize,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(work)
}

fn next() -> Option<u8> {
    with(|state| {
        let byte = state.input.get(state.at).copied();
        state.at += 1;
        byte
    })
}

/// Returns the next byte of the input; zero behind its end.
fn byte() -> u8 {
    next().unwrap_or(0)
}

fn unwritten<T>() -> *mut T {
    UNWRITTEN as *mut T
}

/// A handle for a call: one that is alive, was freed, is of another kind, NULL, or any number.
fn handle(of_clients: bool) -> Handle {
    let (selector, operand) = (byte(), usize::from(byte()));
    with(|state| {
        let clients: Vec<Handle> = state.clients.iter().map(|client| client.handle).collect();
        let requests: Vec<Handle> = state.requests.iter().map(|request| request.handle).collect();
        let (own, other) = if of_clients { (clients, requests) } else { (requests, clients) };
        let pick = |handles: &[Handle]| match handles.len() {
            0 => null_mut(),
            count => handles[operand % count],
        };
        match selector {
            0..=239 => pick(&own),
            240..=243 => pick(&other),
            244..=246 => null_mut(),
            247..=249 => (pick(&own) as usize ^ (1 << (operand % 64))) as Handle,
            250..=252 => operand as Handle,
            253 => world().sandbox(),
            _ => (operand * 0x0101_0101_0101_0101) as Handle,
        }
    })
}

fn is_alive(client: Handle) -> bool {
    with(|state| state.clients.iter().any(|known| known.handle == client && known.alive))
}

fn is_request_alive(request: Handle) -> bool {
    !request.is_null()
        && with(|state| state.requests.iter().any(|known| known.handle == request && known.alive))
}

/// A text for a call: one of these, or NULL, not UTF-8, long, or the bytes of the input.
fn text(plain: &[&str]) -> Option<CString> {
    let selector = byte();
    let bytes = match selector {
        0..=199 => plain[usize::from(selector) % plain.len()].as_bytes().to_vec(),
        200..=205 => return None,
        206..=210 => b"{\"a\": \"\xFF\xFE\"}".to_vec(),
        211..=214 => vec![b'['; 5000],
        215..=218 => format!("{{\"game_id\": \"{}\"}}", "9".repeat(5000)).into_bytes(),
        219..=221 => Vec::new(),
        _ => {
            let length = usize::from(byte());
            with(|state| {
                let rest = state.input.get(state.at..).unwrap_or_default();
                let bytes = rest[..length.min(rest.len())].to_vec();
                state.at += length;
                bytes
            })
        }
    };
    Some(CString::new(bytes.into_iter().filter(|byte| *byte != 0).collect::<Vec<u8>>()).expect("no NUL"))
}

fn pointer(text: &Option<CString>) -> Text {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

fn options() -> Option<CString> {
    text(&[
        r#"{"timeout_ms": 5, "max_retries": 0}"#,
        r#"{"timeout_ms": 1}"#,
        r#"{"timeout_ms": 3, "call_id": "id"}"#,
    ])
}

fn arguments() -> Option<CString> {
    text(&[
        START,
        r#"{"session_id": "abc123"}"#,
        "{}",
        r#"{"per_page": "20"}"#,
        "[]",
        r#"{"game_id": 1, "game_id": 2}"#,
    ])
}

fn operation() -> Option<CString> {
    match byte() {
        number @ 0..=127 => {
            let operations = iplaygames::operations();
            CString::new(operations[usize::from(number) % operations.len()].id).ok()
        }
        _ => {
            text(&["get_session_status", "start_a_game_session", "end_a_game_session", "list_games", "none"])
        }
    }
}

/// What a function promises of its document.
#[derive(Clone, Copy, PartialEq)]
enum Document {
    /// Always one.
    Always,
    /// One unless the code is `IPG_PENDING`.
    UnlessPending,
}

/// Checks a text that came out, and keeps or frees it. Returns its content.
fn take_text(out: *mut c_char, code: i32, promise: Document) -> Option<String> {
    assert_ne!(out as usize, UNWRITTEN, "an out-parameter was not written");
    if out.is_null() {
        assert!(promise == Document::UnlessPending && code == PENDING, "code {code} without a document");
        return None;
    }
    // SAFETY: the library handed it out, with a NUL at its end.
    let content = unsafe { CStr::from_ptr(out) }.to_str().expect("UTF-8").to_owned();
    check_document(code, &content);
    let keep = with(|state| state.texts.len() < 8);
    if keep {
        with(|state| state.texts.push(out));
    } else {
        free_text(out);
    }
    Some(content)
}

/// Checks that the document of an error is the one that the header describes.
fn check_document(code: i32, content: &str) {
    if matches!(code, OK | PENDING) {
        return;
    }
    let document: Value = serde_json::from_str(content).expect("an error document");
    let error = &document["error"];
    assert_eq!(document["success"], false);
    assert_eq!(error["code"], code);
    // SAFETY: the text is static.
    let name = unsafe { CStr::from_ptr(ipg_code_name(code)) };
    assert_eq!(error["name"], name.to_str().expect("UTF-8"));
    assert!(matches!(error["outcome"].as_str(), Some("not_sent" | "rejected" | "unknown")), "{content}");
    assert!(error["message"].is_string() && error["retryable"].is_boolean(), "{content}");
}

fn free_text(text: *mut c_char) {
    // SAFETY: the function is made for any pointer.
    unsafe { ipg_string_free(text) };
    with(|state| {
        state.texts.retain(|live| *live != text);
        state.freed_texts.push(text);
    });
}

#[track_caller]
fn expect(code: i32, documented: &[i32]) {
    assert!(documented.contains(&code), "code {code} is none of {documented:?}");
}

/// Checks the code of a call that was made: "what the way and the API answer".
#[track_caller]
fn expect_of_call(code: i32) {
    // SAFETY: the text is static.
    let name = unsafe { CStr::from_ptr(ipg_code_name(code)) };
    assert!(name != c"IPG_ERR_UNKNOWN" && code != 900, "code {code}");
    assert!(matches!(code, OK | 100..=104 | 200..=599), "code {code}");
}

/// Checks whether a handle was refused, for a function that has no other argument that can be
/// wrong.
#[track_caller]
fn expect_handle(code: i32, alive: bool) {
    assert_eq!(code == INVALID_HANDLE, !alive, "code {code}");
}

/// Executes one instruction. Inside a callback, `current` is the request whose callback it is.
fn execute(instruction: u8, current: Option<Handle>) {
    let wants = byte();
    let mut out: *mut c_char = unwritten();
    let out_json: Out = if wants & 1 == 0 { &mut out } else { null_mut() };
    let took = |out: *mut c_char, code: i32, promise: Document| {
        if out_json.is_null() { None } else { take_text(out, code, promise) }
    };
    match instruction % 24 {
        0 => new_client(wants),
        1 => {
            let client = handle(true);
            let alive = is_alive(client);
            // SAFETY: any number may be a handle.
            let code = unsafe { ipg_client_free(client) };
            // No other thread runs callbacks here.
            expect(code, &[OK, INVALID_HANDLE]);
            expect_handle(code, alive);
            with(|state| {
                for known in state.clients.iter_mut().filter(|known| known.handle == client) {
                    known.alive = false;
                }
            });
        }
        2..=4 => submit(wants, false),
        5 => submit(wants, true),
        6 => {
            let request = current.filter(|_| wants & 2 != 0).unwrap_or_else(|| handle(false));
            let alive = is_request_alive(request);
            // SAFETY: any number may be a handle; the place is good.
            let code = unsafe { ipg_request_poll(request, out_json) };
            took(out, code, Document::UnlessPending);
            expect_request(code, alive, current == Some(request));
        }
        7 => {
            let request = current.filter(|_| wants & 2 != 0).unwrap_or_else(|| handle(false));
            let (alive, time) = (is_request_alive(request), u32::from(byte() % 6));
            // SAFETY: as above.
            let code = unsafe { ipg_request_wait(request, time, out_json) };
            took(out, code, Document::UnlessPending);
            expect_request(code, alive, current == Some(request));
        }
        8 => {
            let request = current.filter(|_| wants & 2 != 0).unwrap_or_else(|| handle(false));
            let alive = is_request_alive(request);
            // SAFETY: any number may be a handle.
            let code = unsafe { ipg_request_cancel(request) };
            expect(code, &[OK, INVALID_HANDLE]);
            if current != Some(request) {
                expect_handle(code, alive);
            }
        }
        9 => {
            let request = current.filter(|_| wants & 2 != 0).unwrap_or_else(|| handle(false));
            let alive = is_request_alive(request);
            with(|state| {
                for known in state.requests.iter_mut().filter(|known| known.handle == request) {
                    known.alive = false;
                }
            });
            // SAFETY: any number may be a handle.
            let code = unsafe { ipg_request_free(request) };
            expect(code, &[OK, INVALID_HANDLE]);
            if current != Some(request) {
                expect_handle(code, alive);
            }
        }
        10..=12 => {
            let (client, budget) = (handle(true), u32::from(byte() % 4) * 200);
            tick(client, budget, wants & 2 == 0);
        }
        13 => shutdown(handle(true)),
        14 => {
            let client = handle(true);
            let alive = is_alive(client);
            // SAFETY: as above.
            let code = unsafe { ipg_client_stats(client, out_json) };
            expect(code, &[OK, INVALID_HANDLE]);
            expect_handle(code, alive);
            if let Some(content) = took(out, code, Document::Always) {
                assert!(serde_json::from_str::<Value>(&content).is_ok_and(|value| value.is_object()));
            }
        }
        15 => {
            let (client, level) = (handle(true), i32::from(byte() % 8) - 1);
            let callback: LogCallback = (wants & 2 == 0).then_some(on_log);
            let alive = is_alive(client);
            // SAFETY: as above; the callback keeps nothing.
            let code = unsafe { ipg_client_set_logger(client, callback, null_mut(), None, level) };
            expect(code, &[OK, 100, INVALID_HANDLE]);
            expect_handle(code, alive);
            assert!(!alive || (code == 100) != (0..=5).contains(&level), "level {level}: {code}");
        }
        16 => {
            let (json, at) = (arguments(), text(&["", "/game_id", "/a", "/0", "a"]));
            let (mut kind, mut len) = (-1, UNWRITTEN);
            // SAFETY: texts with a NUL, or NULL, and good places.
            let code = unsafe { ipg_json_get(pointer(&json), pointer(&at), &mut kind, out_json, &mut len) };
            expect(code, &[OK, 100, 106]);
            assert_ne!(len, UNWRITTEN);
            assert!((0..=6).contains(&kind) && (kind == 0) == (code != OK));
            if code == OK {
                took(out, code, Document::Always);
            } else if !out_json.is_null() {
                assert!(out.is_null());
            }
        }
        17 => {
            let given = arguments();
            let length = given.as_ref().map_or(0, |text| text.as_bytes().len());
            let length = if wants & 2 == 0 { usize::MAX } else { length.min(usize::from(byte())) };
            // SAFETY: a text with a NUL and at least so many bytes, or NULL.
            let code = unsafe { ipg_json_quote(pointer(&given), length, out_json) };
            expect(code, &[OK, 100]);
            if let Some(content) = took(out, code, Document::Always)
                && code == OK
            {
                serde_json::from_str::<String>(&content).expect("a JSON string");
            }
        }
        18 => free_any_text(wants),
        19 => {
            let (client, options) = (handle(true), options());
            let (operation, arguments) = (operation(), arguments());
            let alive = is_alive(client);
            // SAFETY: as above.
            let code = unsafe {
                ipg_call(client, pointer(&operation), pointer(&arguments), pointer(&options), out_json)
            };
            took(out, code, Document::Always);
            expect_of_call(code);
            assert!(if alive { code != INVALID_HANDLE } else { matches!(code, 100..=102) }, "code {code}");
        }
        20 => {
            let (client, given) = (handle(true), arguments());
            let alive = is_alive(client);
            // SAFETY: as above.
            let code = unsafe {
                match wants & 6 {
                    0 => ipg_session_start(client, pointer(&given), out_json),
                    2 => ipg_session_status(client, pointer(&given), out_json),
                    _ => ipg_session_end(client, pointer(&given), out_json),
                }
            };
            took(out, code, Document::Always);
            expect_of_call(code);
            assert!(if alive { code != INVALID_HANDLE } else { matches!(code, 100..=101) }, "code {code}");
        }
        21 => {
            let (client, time) = (handle(true), u32::from(byte() % 6));
            let alive = is_alive(client);
            // SAFETY: as above.
            let code = unsafe { ipg_client_prewarm(client, time, out_json) };
            took(out, code, Document::Always);
            expect(code, &[OK, INVALID_HANDLE, 103, 104, 200, 201, 202, 203, 204]);
            expect_handle(code, alive);
        }
        22 => {
            // The handle of the sandbox itself is only good for its own functions; here it is never
            // stopped.
            let sandbox = handle(true);
            if sandbox != world().sandbox() {
                // SAFETY: as above.
                let code = unsafe { ipg_sandbox_stop(sandbox) };
                expect(code, &[INVALID_HANDLE]);
                let code = unsafe { ipg_sandbox_control(sandbox, c"{}".as_ptr(), out_json) };
                took(out, code, Document::Always);
                expect(code, &[100, INVALID_HANDLE]);
            } else {
                let command = text(&[r#"{"command": "counts"}"#, r#"{"command": "sessions"}"#, "{}"]);
                let command = command.filter(|text| !text.to_string_lossy().contains("fault"));
                // SAFETY: as above.
                let code = unsafe { ipg_sandbox_control(sandbox, pointer(&command), out_json) };
                took(out, code, Document::Always);
                expect(code, &[OK, 100]);
            }
        }
        _ => {
            // SAFETY: static texts.
            unsafe {
                assert_eq!(ipg_abi_version() >> 16, 0);
                assert!(!ipg_version().is_null());
                let code = i32::from_ne_bytes([byte(), byte(), byte(), byte()]);
                assert!(CStr::from_ptr(ipg_code_name(code)).to_bytes().starts_with(b"IPG_"));
            }
        }
    }
}

/// Checks the code of a poll or a wait. In its own callback a request may be one that frees itself.
#[track_caller]
fn expect_request(code: i32, alive: bool, is_current: bool) {
    if code != PENDING {
        expect_of_call(code);
    }
    if !is_current {
        expect_handle(code, alive);
    }
}

fn new_client(wants: u8) {
    let world = world();
    let selector = usize::from(byte());
    let (mut client, mut out) = (unwritten(), unwritten());
    // A configuration of the input could name another machine, so no client is made of it.
    if selector >= 200 || with(|state| state.clients.len() >= 8) {
        let config = text(&["{}", "", "[]", r#"{"timeout_ms": 0}"#, r#"{"base_url": "http://127.0.0.1:1"}"#]);
        if config
            .as_ref()
            .is_some_and(|text| text.to_bytes().windows(2).any(|two| matches!(two, b"ca" | b"\\u")))
        {
            return;
        }
        // SAFETY: a text with a NUL, or NULL, and good places.
        let code = unsafe { ipg_client_new(pointer(&config), null_mut(), &mut out) };
        take_text(out, code, Document::Always);
        expect(code, &[OK, 100]);
        return;
    }
    let config = &world.configs[selector % world.configs.len()];
    let out_json: Out = if wants & 1 == 0 { &mut out } else { null_mut() };
    // SAFETY: as above.
    let code = unsafe { ipg_client_new(config.as_ptr(), &mut client, out_json) };
    assert_eq!(code, OK);
    if !out_json.is_null() {
        take_text(out, code, Document::Always);
    }
    assert!(!client.is_null() && client as usize != UNWRITTEN);
    assert!(!is_alive(client), "a handle is given twice");
    with(|state| state.clients.push(Client { handle: client, alive: true, callbacks: 0, shutdowns: 0 }));
}

fn submit(wants: u8, watch: bool) {
    let client = handle(true);
    let alive = is_alive(client);
    let has_callback = wants & 2 == 0;
    let wants_handle = wants & 4 == 0;
    let callback: Callback = has_callback.then_some(on_result);
    // The callback cannot run before this function has returned: only this thread ticks.
    let (index, user_data) = with(|state| {
        let index = state.requests.len();
        state.requests.push(Request {
            handle: null_mut(),
            client,
            alive: false,
            has_callback,
            accepted: false,
            ends: 0,
        });
        (index, (state.program << 16 | index) as *mut c_void)
    });
    let (mut request, mut out) = (unwritten(), unwritten());
    let out_request: *mut Handle = if wants_handle { &mut request } else { null_mut() };
    let out_json: Out = if wants & 1 == 0 { &mut out } else { null_mut() };
    let code = if watch {
        let (id, interval) = (text(&["abc123", "", "x/y"]), [10, 0, 9, 1000][usize::from(byte() % 4)]);
        // SAFETY: texts with a NUL, or NULL, good places, and a callback that follows nothing.
        unsafe {
            ipg_session_watch(client, pointer(&id), interval, callback, user_data, None, out_request, out_json)
        }
    } else {
        let (operation, arguments, options) = (operation(), arguments(), options());
        let (operation, arguments, options) = (pointer(&operation), pointer(&arguments), pointer(&options));
        // SAFETY: as above.
        unsafe {
            ipg_submit(client, operation, arguments, options, callback, user_data, None, out_request, out_json)
        }
    };
    expect(code, if watch { &[OK, 100, 101, 103, 104] } else { &[OK, 100, 101, 102, 103, 104] });
    assert!(if alive { code != INVALID_HANDLE } else { matches!(code, 100..=102) }, "code {code}");
    assert!(code != OK || has_callback || wants_handle, "nothing can tell the end of this request");
    if let Some(content) = (!out_json.is_null()).then(|| take_text(out, code, Document::Always)).flatten()
        && code == OK
    {
        let document: Value = serde_json::from_str(&content).expect("a document");
        assert!(document["success"] == true && document["call_id"].is_string(), "{content}");
    }
    if wants_handle {
        assert_ne!(request as usize, UNWRITTEN);
        assert_eq!(request.is_null(), code != OK);
        assert!(code != OK || !is_request_alive(request), "a handle is given twice");
    }
    with(|state| {
        let known = &mut state.requests[index];
        known.accepted = code == OK;
        if code == OK && wants_handle {
            (known.handle, known.alive) = (request, true);
        }
    });
}

fn tick(client: Handle, budget: u32, wants_count: bool) {
    let alive = is_alive(client);
    let nested =
        with(|state| state.clients.iter().any(|known| known.handle == client && known.callbacks > 0));
    let mut completed = u32::MAX;
    let out_completed = if wants_count { &raw mut completed } else { null_mut() };
    with(|state| state.dispatching += 1);
    // SAFETY: any number may be a handle; the place is good.
    let code = unsafe { ipg_client_tick(client, budget, out_completed) };
    with(|state| state.dispatching -= 1);
    expect(code, &[OK, INVALID_HANDLE]);
    expect_handle(code, alive);
    if wants_count {
        assert_ne!(completed, u32::MAX);
        assert!(!nested || completed == 0, "a tick ran callbacks inside a callback");
    }
}

fn shutdown(client: Handle) {
    let alive = is_alive(client);
    let count = |by: i32| {
        with(|state| {
            state.dispatching = state.dispatching.wrapping_add_signed(by);
            for known in state.clients.iter_mut().filter(|known| known.handle == client) {
                known.shutdowns = known.shutdowns.wrapping_add_signed(by);
            }
        });
    };
    count(1);
    // SAFETY: any number may be a handle.
    let code = unsafe { ipg_client_shutdown(client, 0) };
    count(-1);
    expect(code, &[OK, INVALID_HANDLE, 104]);
    expect_handle(code, alive);
    if !is_alive(client) || with(|state| state.depth > 0) {
        return;
    }
    with(|state| {
        for (index, request) in state.requests.iter().enumerate() {
            let is_freed = !request.handle.is_null() && !request.alive;
            if request.client == client && request.accepted && request.has_callback && !is_freed {
                assert_eq!(request.ends, 1, "request {index} after the shutdown of its client");
            }
        }
    });
}

fn free_any_text(wants: u8) {
    let operand = usize::from(byte());
    let mut own = *b"not a text of the library\0";
    let (text, is_live) = with(|state| match (wants % 8, state.texts.len(), state.freed_texts.len()) {
        (0..=3, 1.., _) => (state.texts[operand % state.texts.len()], true),
        (4, 1.., _) => (state.texts[operand % state.texts.len()].wrapping_add(1), false),
        (5, _, 1..) => (state.freed_texts[operand % state.freed_texts.len()], false),
        (6, ..) => (own.as_mut_ptr().cast(), false),
        // SAFETY: a static text.
        (7, ..) => (unsafe { ipg_version() }.cast_mut(), false),
        _ => (null_mut(), false),
    });
    if is_live {
        free_text(text);
    } else if !with(|state| state.texts.contains(&text)) {
        // SAFETY: the function is made for any pointer that is not a live text.
        unsafe { ipg_string_free(text) };
    }
}

extern "C" fn on_log(_: *mut c_void, level: i32, target: Text, message: Text) {
    assert!((1..=5).contains(&level));
    // SAFETY: texts with a NUL, good until this returns.
    let (target, message) = unsafe { (CStr::from_ptr(target), CStr::from_ptr(message)) };
    assert!(target.to_str().is_ok_and(|target| target.starts_with("iplaygames")));
    message.to_str().expect("UTF-8");
}

extern "C" fn on_result(user_data: *mut c_void, request: Handle, code: i32, json: Text) {
    // SAFETY: a text with a NUL, good until this returns.
    let content = unsafe { CStr::from_ptr(json) }.to_str().expect("UTF-8");
    if code != PENDING {
        check_document(code, content);
        expect_of_call(code);
    }
    let (client, count) = with(|state| {
        let (program, index) = (user_data as usize >> 16, user_data as usize & 0xFFFF);
        assert_eq!(program, state.program, "a callback of an earlier program");
        assert!(state.dispatching > 0, "a callback outside of tick and shutdown");
        let known = &mut state.requests[index];
        assert!(known.has_callback && known.accepted && !request.is_null());
        assert!(
            known.handle.is_null() || known.alive && known.handle == request,
            "a callback after the free"
        );
        assert_eq!(known.ends, 0, "a callback after the end");
        known.ends += u32::from(code != PENDING);
        let owner = known.client;
        let client = state.clients.iter_mut().find(|client| client.handle == owner && client.alive);
        let client = client.expect("a callback after the client's free");
        // A shutdown inside a callback runs the others inside that one.
        assert!(client.callbacks == 0 || client.shutdowns > 0, "two callbacks of a client at a time");
        client.callbacks += 1;
        state.depth += 1;
        (owner, if state.depth > MAX_DEPTH { 0 } else { 3 })
    });
    for _ in 0..byte() % (count + 1) {
        let Some(instruction) = next() else { break };
        execute(instruction, Some(request));
    }
    with(|state| {
        state.depth -= 1;
        for known in state.clients.iter_mut().filter(|known| known.handle == client) {
            known.callbacks -= 1;
        }
    });
}

/// Polls a request whose client was freed: a poll returns the waiting updates of a watch first,
/// then its end.
fn expect_end(request: Handle) {
    loop {
        let mut out = unwritten();
        // SAFETY: a handle that is alive, and a good place.
        let code = unsafe { ipg_request_poll(request, &mut out) };
        let update = take_text(out, code, Document::UnlessPending);
        if code != PENDING {
            return;
        }
        assert!(update.is_some(), "a request is pending after its client was freed");
    }
}

/// Shuts down and frees all clients, and frees the requests and texts. A shutdown runs callbacks,
/// which continue with the input and may make more clients, so this repeats until none is alive: a
/// client that lived on would be hit by a random handle of a later input.
fn finish() {
    while let Some(client) =
        with(|state| state.clients.iter().find(|client| client.alive).map(|client| client.handle))
    {
        shutdown(client);
        // A callback of the shutdown may have freed the client.
        if is_alive(client) {
            // SAFETY: a handle that is alive.
            assert_eq!(unsafe { ipg_client_free(client) }, OK);
            with(|state| {
                for known in state.clients.iter_mut().filter(|known| known.handle == client) {
                    known.alive = false;
                }
            });
        }
    }
    let requests = with(|state| std::mem::take(&mut state.requests));
    for request in requests.into_iter().filter(|request| request.alive) {
        expect_end(request.handle);
        // SAFETY: a handle that is alive.
        assert_eq!(unsafe { ipg_request_free(request.handle) }, OK);
    }
    for text in with(|state| std::mem::take(&mut state.texts)) {
        // SAFETY: handed out and not freed yet.
        unsafe { ipg_string_free(text) };
    }
}
