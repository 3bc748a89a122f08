//! Starting and stopping a sandbox: its configuration, its port, its connections and its thread.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use iplaygames::Code;
use iplaygames::sandbox::Sandbox;
use serde_json::{Value, json};

#[cfg(unix)]
use crate::fixture::Fixture;
use crate::fixture::{assert_is_sentence, read_response, read_to_end, start_sandbox};

#[test]
fn an_invalid_configuration_is_an_error_that_names_the_key() {
    for (config, field) in [
        (r#"{"prot": 1}"#, "/prot"),
        (r#"{"a/b~c": 1}"#, "/a~1b~0c"),
        (r#"{"port": 65536}"#, "/port"),
        (r#"{"port": "80"}"#, "/port"),
        (r#"{"api_key": ""}"#, "/api_key"),
        (r#"{"api_key": "a b"}"#, "/api_key"),
        (r#"{"can_override_provider": 1}"#, "/can_override_provider"),
        (r#"{"providers": "x"}"#, "/providers"),
        (r#"{"providers": [1]}"#, "/providers"),
        (r#"{"unavailable_countries": ["KPX"]}"#, "/unavailable_countries"),
        (r#"{"end_twice": "maybe"}"#, "/end_twice"),
        (r#"{"session_lifetime_s": 0}"#, "/session_lifetime_s"),
        ("[]", ""),
        ("{", ""),
    ] {
        let error = Sandbox::start(config).unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some(field)), "{config}");
        assert_is_sentence(error.message());
    }
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_key_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"port": taken.local_addr().unwrap().port()}).to_string();
    assert_eq!(Sandbox::start(&config).unwrap_err().field(), Some("/port"));
}

#[test]
fn a_sandbox_can_start_fail_and_stop_inside_an_async_task_of_the_host() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start("").unwrap();
        let port: u16 = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
        assert!(Sandbox::start(&json!({"port": port}).to_string()).is_err());
        drop(sandbox);
    });
}

#[test]
fn the_client_config_has_the_address_and_the_key() {
    let sandbox = Sandbox::start("{}").unwrap();
    let config: Value = serde_json::from_str(&sandbox.client_config()).unwrap();
    assert_eq!(config, json!({"base_url": sandbox.base_url(), "api_key": sandbox.api_key()}));
    assert!(sandbox.api_key().len() > 30);
    assert!(!format!("{sandbox:?}").contains(sandbox.api_key()));
}

#[test]
fn two_sandboxes_share_no_state() {
    let (one, other) = (start_sandbox(""), start_sandbox(""));
    let id = one.create_session();
    assert_ne!(one.sandbox.api_key(), other.sandbox.api_key());
    assert_eq!(other.session_status(&id).0, 404);
    assert_eq!((one.session_count(), other.session_count()), (json!(1), json!(0)));
}

#[test]
fn stopping_closes_the_port_and_every_connection() {
    let fixture = start_sandbox("");
    let idle = fixture.connect();
    let kept = fixture.connect_and_list_games();
    read_response(&kept);
    fixture.queue_fault(json!({"delay_ms": 3_600_000}));
    let waiting = fixture.connect_and_list_games();
    // The command shows when the sandbox has read the third request, whose response is delayed.
    while fixture.control(json!({"command": "counts"}))["requests"]["total"] != 2 {
        std::thread::yield_now();
    }
    fixture.sandbox.stop();
    for stream in [idle, kept, waiting] {
        assert_eq!(read_to_end(stream), (String::new(), Ok(())));
    }
    let address = fixture.sandbox.base_url().strip_prefix("http://").unwrap();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    fixture.sandbox.stop();
    // Commands still work after the stop.
    assert_eq!(fixture.control(json!({"command": "counts"}))["connections"]["open"], 0);
}

#[test]
fn a_port_can_be_reused_immediately_after_a_stop() {
    let first = start_sandbox("");
    first.list_games();
    let port: u16 = first.sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    first.sandbox.stop();
    let second = start_sandbox(&json!({"port": port}).to_string());
    assert_eq!(second.list_games().status(), 200);
}

#[test]
#[cfg(target_os = "linux")]
fn the_server_thread_has_the_name_of_the_sandbox() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("iplaygames-sand")).count()
    };
    // Other tests may run sandboxes in this process, so the number of threads can be larger than
    // one.
    let fixture = start_sandbox("");
    fixture.create_session();
    assert!(threads() >= 1);
}

#[test]
#[cfg(unix)]
fn a_forked_child_can_neither_stop_nor_control_the_sandbox_of_its_parent() {
    let fixture = start_sandbox("");
    let idle = fixture.connect_and_list_games();
    read_response(&idle);
    let mut report = [0; 2];
    // SAFETY: the child only calls the sandbox, writes to a pipe and ends without unwinding.
    let child = unsafe {
        assert_eq!(libc::pipe(report.as_mut_ptr()), 0);
        libc::fork()
    };
    let Fixture { sandbox, client } = fixture;
    if child == 0 {
        let code = sandbox.control(r#"{"command":"counts"}"#).map_err(|error| error.code());
        sandbox.stop();
        drop(sandbox);
        let verdict = if code == Err(Code::INVALID_HANDLE) { b"y" } else { b"n" };
        // SAFETY: these are system calls on descriptors of this process. The child waits to be
        // killed, so that its copies of the sockets are open while the parent stops.
        unsafe {
            libc::write(report[1], verdict.as_ptr().cast(), 1);
            // Ends the child if the test fails before it kills the child.
            libc::alarm(30);
            loop {
                libc::pause();
            }
        }
    }
    let mut verdict = [0u8];
    // SAFETY: the buffer has one byte, and the pipe is open.
    assert_eq!(unsafe { libc::read(report[0], verdict.as_mut_ptr().cast(), 1) }, 1);
    assert_eq!(&verdict, b"y");
    let fixture = Fixture { sandbox, client };
    assert_eq!(fixture.list_games().status(), 200);
    fixture.sandbox.stop();
    let ended = read_to_end(idle);
    let address = fixture.sandbox.base_url().strip_prefix("http://").unwrap();
    let refused = TcpStream::connect(address).is_err();
    // SAFETY: the id is that of the child, which was not waited for yet.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    assert_eq!((ended, refused), ((String::new(), Ok(())), true));
}
