//! A resolver that hangs delays only the calls that need its answer. This test binary has a
//! `getaddrinfo` of its own, which for some names waits until the test lets it go.
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashMap;
use std::error::Error as _;
use std::ffi::{CStr, c_char, c_int};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use iplaygames::{Client, Code, Config, Outcome};
use support::*;

/// How far the look-up of a name is, and whether it may end.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct ResolverGate {
    entered: bool,
    /// How often the name was looked up.
    lookups: u32,
    may_go: bool,
    left: bool,
}

static GATES: Mutex<Option<HashMap<String, ResolverGate>>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

fn change(name: &str, change: impl FnOnce(&mut ResolverGate)) {
    change(GATES.lock().unwrap().get_or_insert_default().entry(name.to_owned()).or_default());
    CHANGED.notify_all();
}

fn wait(name: &str, until: impl Fn(ResolverGate) -> bool) {
    let waits = |gates: &mut Option<HashMap<String, ResolverGate>>| {
        !until(gates.get_or_insert_default().get(name).copied().unwrap_or_default())
    };
    let (_gates, result) =
        CHANGED.wait_timeout_while(GATES.lock().unwrap(), 2 * TEST_TIMEOUT, waits).unwrap();
    assert!(!result.timed_out(), "{name} hangs");
}

fn has_left(name: &str) -> bool {
    GATES.lock().unwrap().as_ref().and_then(|gates| gates.get(name)).is_some_and(|gate| gate.left)
}

type GetAddrInfo = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// Takes the place of the C library's, which it asks in the end.
///
/// # Safety
///
/// As for the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: the caller gives text or nothing; the C library's function has exactly that type.
    unsafe {
        if !node.is_null() {
            let name = CStr::from_ptr(node).to_string_lossy().into_owned();
            let mut lookups = 0;
            change(&name, |gate| {
                gate.entered = true;
                gate.lookups += 1;
                lookups = gate.lookups;
            });
            if name.starts_with("slow-") || (name.starts_with("once-") && lookups == 1) {
                wait(&name, |gate| gate.may_go);
                change(&name, |gate| gate.left = true);
                return libc::EAI_NONAME;
            }
            if name.starts_with("two-addresses-") {
                return resolve_all(&[c"127.0.0.2", c"127.0.0.1"], service, hints, found);
            }
            if name.starts_with("once-") {
                return resolve_all(&[c"127.0.0.1"], service, hints, found);
            }
        }
        real()(node, service, hints, found)
    }
}

/// Returns the C library's function.
fn real() -> GetAddrInfo {
    static REAL: OnceLock<usize> = OnceLock::new();
    // SAFETY: the C library's function has exactly that type.
    unsafe {
        let real = *REAL.get_or_init(|| libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr()) as usize);
        assert_ne!(real, 0, "the C library has getaddrinfo");
        std::mem::transmute::<usize, GetAddrInfo>(real)
    }
}

/// Resolves to several addresses, in that order.
///
/// # Safety
///
/// As for [`getaddrinfo`].
unsafe fn resolve_all(
    addresses: &[&CStr],
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    let mut place = found;
    for address in addresses {
        // SAFETY: the caller's promise; each list ends with NULL, and the next one is appended
        // there. The C library frees such a list entry by entry.
        unsafe {
            let code = real()(address.as_ptr(), service, hints, place);
            if code != 0 {
                return code;
            }
            while !(*place).is_null() {
                place = &raw mut (**place).ai_next;
            }
        }
    }
    0
}

fn client_of(name: &str, more: &str) -> Client {
    let config =
        format!(r#"{{"base_url": "http://{name}", "allow_insecure_http": true, "proxy": "none"{more}}}"#);
    Client::new(Config::from_json(&config).unwrap()).unwrap()
}

/// The outcome of a call that ends while its name is being resolved: reqwest does not say what it
/// waits for.
fn outcome_before_an_address() -> Outcome {
    transport::expected(Outcome::NotSent, Outcome::Unknown)
}

#[test]
fn the_resolver_of_the_test_is_the_one_that_is_asked() {
    const NAME: &str = "slow-0.test";
    change(NAME, |gate| gate.may_go = true);
    let error = client_of(NAME, r#", "max_retries": 0"#).call("list_games", "", &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::RESOLVE, Outcome::NotSent));
    let source = error.source().expect("the error has a source").downcast_ref::<std::io::Error>().unwrap();
    assert!(error.message().ends_with(&source.to_string()), "{source}: {error}");
    assert!(has_left(NAME));
    // And what it has nothing to do with goes to the real one.
    let (port, _received) = answering(json("200 OK", r#"{"data":[]}"#));
    client_of(&format!("localhost:{port}"), "").call("list_games", "", &options()).unwrap();
}

#[test]
fn closing_a_client_does_not_wait_for_the_resolver() {
    const NAME: &str = "slow-1.test";
    let client = client_of(NAME, "");
    let (ended, end) = channel();
    let caller = {
        let client = client.clone();
        std::thread::spawn(move || ended.send(client.call("start_a_game_session", START, &options())))
    };
    wait(NAME, |gate| gate.entered);
    client.close();
    drop(client);
    let error = end.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, outcome_before_an_address()));
    // The thread has let go of the last clone by its end.
    caller.join().unwrap().unwrap();
    assert!(!has_left(NAME), "the resolver has answered before it was allowed to");
    // What comes back to a client that is gone is no one's business.
    change(NAME, |gate| gate.may_go = true);
    wait(NAME, |gate| gate.left);
}

#[test]
fn dropping_a_client_does_not_wait_for_the_resolver() {
    const NAME: &str = "slow-2.test";
    let client = client_of(NAME, r#", "timeout_ms": 100"#);
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, outcome_before_an_address()), "{error}");
    wait(NAME, |gate| gate.entered);
    drop(client);
    assert!(!has_left(NAME), "the resolver has answered before it was allowed to");
    change(NAME, |gate| gate.may_go = true);
    wait(NAME, |gate| gate.left);
}

#[test]
fn the_process_ends_while_the_resolver_hangs() {
    const NAME: &str = "the_process_ends_while_the_resolver_hangs";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    // The resolver is never let go: only the end of the process ends it.
    const HOST: &str = "slow-3.test";
    let error = client_of(HOST, r#", "timeout_ms": 100"#).call("list_games", "", &options()).unwrap_err();
    assert_eq!(error.code(), Code::TIMEOUT, "{error}");
    wait(HOST, |gate| gate.entered);
}

#[test]
fn other_calls_go_on_while_the_resolver_hangs() {
    const NAME: &str = "slow-4.test";
    let slow = client_of(NAME, "");
    let (port, _received) = answering(json("200 OK", r#"{"data":[]}"#));
    let other = client_with(port, "");
    std::thread::scope(|scope| {
        scope.spawn(|| slow.call("list_games", "", &options()).unwrap_err());
        wait(NAME, |gate| gate.entered);
        for _ in 0..20 {
            other.call("list_games", "", &options()).unwrap();
        }
        assert!(!has_left(NAME));
        slow.close();
        change(NAME, |gate| gate.may_go = true);
    });
}

#[test]
fn a_hung_look_up_holds_up_no_call_beyond_the_connect_timeout() {
    const NAME: &str = "once-5.test";
    let (port, _received) = answering(json("200 OK", r#"{"data":[]}"#));
    let client = client_of(&format!("{NAME}:{port}"), r#", "connect_timeout_ms": 200, "max_retries": 0"#);
    let error = client.call("start_a_game_session", START, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
    // The look-up still hangs; the next call starts another one.
    client.call("list_games", "", &options()).unwrap();
    assert!(!has_left(NAME));
    change(NAME, |gate| gate.may_go = true);
    wait(NAME, |gate| gate.left);
}

#[test]
fn a_call_whose_first_look_up_hangs_succeeds_with_its_next_attempt() {
    const NAME: &str = "once-6.test";
    let (port, _received) = answering(json("200 OK", r#"{"data":[]}"#));
    let client = client_of(&format!("{NAME}:{port}"), r#", "connect_timeout_ms": 200, "max_retries": 3"#);
    let reply = client.call("list_games", "", &options()).unwrap();
    assert!(reply.attempts() > 1, "{}", reply.attempts());
    assert!(!has_left(NAME));
    change(NAME, |gate| gate.may_go = true);
    wait(NAME, |gate| gate.left);
}

#[test]
fn calls_at_the_same_time_share_one_look_up() {
    const NAME: &str = "slow-7.test";
    let client = client_of(NAME, r#", "max_retries": 0"#);
    let calls = [(); 5].map(|()| client.submit("list_games", "", &options(), None).unwrap());
    // All of them need the address by the end of this.
    assert!(calls[4].wait(Duration::from_millis(100)).unwrap().is_none());
    wait(NAME, |gate| gate.entered);
    change(NAME, |gate| gate.may_go = true);
    for call in &calls {
        let error = call.wait(TEST_TIMEOUT).unwrap().unwrap().as_ref().unwrap_err();
        assert_eq!(error.code(), Code::RESOLVE, "{error}");
    }
    assert_eq!(GATES.lock().unwrap().as_ref().unwrap()[NAME].lookups, 1);
}

/// A port at which 127.0.0.2 never answers a connection, because its queue is full, and 127.0.0.1
/// is free.
fn silent_beside(port: u16) -> (socket2::Socket, Vec<std::net::TcpStream>) {
    let address = std::net::SocketAddr::from(([127, 0, 0, 2], port));
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let limit = Duration::from_millis(200);
    let mut fillers = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, limit) {
        fillers.push(stream);
    }
    (socket, fillers)
}

#[test]
fn a_name_with_a_dead_and_a_good_address_is_reached_in_one_attempt() {
    let (port, _received) = answering(json("201 Created", STARTED));
    let _dead = silent_beside(port);
    let client = client_of(&format!("two-addresses-1.test:{port}"), "");
    let reply = client.call("start_a_game_session", START, &options()).unwrap();
    assert_eq!((reply.json(), reply.attempts()), (STARTED, 1));
    // And where the loop ticks instead of waiting.
    let client = client_of(&format!("two-addresses-2.test:{port}"), "");
    let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
    let started = Instant::now();
    while call.try_result().unwrap().is_none() {
        client.tick(Duration::from_millis(2)).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
    assert_eq!(call.try_result().unwrap().unwrap().as_ref().unwrap().attempts(), 1);
}
