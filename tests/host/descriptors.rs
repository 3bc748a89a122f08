//! Which descriptors the library uses, and when it closes them.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, Client, Config};

use crate::support::{TEST_TIMEOUT, child, options};

const START: &str = r#"{"game_id": 123, "player_id": "p", "currency": "USD", "country_code": "US",
    "ip_address": "192.0.2.1"}"#;

const DOWNLOAD: &str = "get_api_v1_transaction_exports_export_id_download";

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn is_open(number: RawFd) -> bool {
    // SAFETY: the call has no pointers and changes nothing.
    unsafe { libc::fcntl(number, libc::F_GETFD) != -1 }
}

fn tick_until(client: &Client, mut is_done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_done() {
        client.tick(Duration::from_millis(1)).unwrap();
        assert!(started.elapsed() < TEST_TIMEOUT);
    }
}

/// Returns requests that the host keeps after it has dropped their client: one that has ended, one
/// whose result was taken, one that is canceled with the client, and a watch.
fn kept_requests(client: Client) -> Vec<Call> {
    let submit =
        |operation: &str, arguments: &str| client.submit(operation, arguments, &options(), None).unwrap();
    let ended = submit("list_games", "");
    let taken = submit("list_games", "");
    let watch = client.watch_session("nobody-knows", Duration::from_secs(1), None).unwrap();
    let ends = Arc::new(AtomicUsize::new(0));
    for call in [&ended, &taken, &watch] {
        let ends = Arc::clone(&ends);
        call.notify(Arc::new(move || {
            ends.fetch_add(1, Ordering::SeqCst);
        }))
        .unwrap();
    }
    tick_until(&client, || ends.load(Ordering::SeqCst) >= 3);
    assert!(taken.try_result().unwrap().is_some());
    let canceled = submit("start_a_game_session", START);
    vec![ended, taken, watch, canceled]
}

#[test]
fn requests_that_outlive_their_clients_keep_no_descriptors_open() {
    const NAME: &str = "descriptors::requests_that_outlive_their_clients_keep_no_descriptors_open";
    if !child::is(NAME) {
        let sandbox = Sandbox::start("").unwrap();
        child::run(NAME, &[("CONFIG", &sandbox.client_config())]);
        return;
    }
    let config = child::given("CONFIG");
    let before = open_descriptors();
    let mut kept = Vec::new();
    for _ in 0..100 {
        let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
        kept.append(&mut kept_requests(client));
    }
    // Each client had three descriptors of its runtime and one of a connection.
    let after = open_descriptors();
    assert!(after <= before + 3, "{before} descriptors before, {after} after");
    for call in &kept {
        assert!(call.try_result().unwrap().is_some(), "the result stays");
    }
}

/// Closes the standard streams until it is dropped. The harness needs them afterwards.
struct ClosedStdio([RawFd; 3]);

impl ClosedStdio {
    fn new() -> ClosedStdio {
        // SAFETY: the calls have no pointers. Only this thread uses the streams.
        ClosedStdio([0, 1, 2].map(|number| unsafe {
            let copy = libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 10);
            assert!(copy >= 10);
            assert_eq!(libc::close(number), 0);
            copy
        }))
    }
}

impl Drop for ClosedStdio {
    fn drop(&mut self) {
        for (number, copy) in (0..).zip(self.0) {
            // SAFETY: the calls have no pointers.
            unsafe {
                libc::dup2(copy, number);
                libc::close(copy);
            }
        }
    }
}

/// Whether a descriptor below 3 is open. `stdio` keeps the standard streams closed.
fn has_low_descriptor(_stdio: &ClosedStdio) -> bool {
    (0..3).any(is_open)
}

#[test]
fn no_descriptor_of_the_library_has_the_number_of_a_standard_stream_that_the_host_closed() {
    const NAME: &str =
        "descriptors::no_descriptor_of_the_library_has_the_number_of_a_standard_stream_that_the_host_closed";
    if !child::is(NAME) {
        let sandbox = Sandbox::start("").unwrap();
        for transport in transports() {
            let config = sandbox.client_config();
            let config = format!(r#"{}, "transport": "{transport}"}}"#, config.trim_end_matches('}'));
            child::run(NAME, &[("CONFIG", &config)]);
            // The second client looks the name up, on a helper thread.
            child::run(NAME, &[("CONFIG", &config.replace("127.0.0.1", "localhost"))]);
        }
        let requests = sandbox.control(r#"{"command": "requests"}"#).unwrap();
        assert!(!requests.contains("written by the host"), "{requests}");
        return;
    }
    let config = child::given("CONFIG");
    let stdio = ClosedStdio::new();
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    assert!(!has_low_descriptor(&stdio), "after the creation of the client");
    client.prewarm(TEST_TIMEOUT).unwrap();
    client.call("start_a_game_session", START, &options()).unwrap();
    assert!(!has_low_descriptor(&stdio), "after a call: its connection is idle");
    // As a game prints to its standard error.
    // SAFETY: the bytes outlive the call.
    let written = unsafe { libc::write(2, c"written by the host".as_ptr().cast(), 19) };
    assert_eq!(written, -1, "nothing takes what the host writes");
    let calls: Vec<Call> =
        (0..8).map(|_| client.submit("list_games", "", &options(), None).unwrap()).collect();
    tick_until(&client, || {
        let lookup_runs = config.contains("localhost");
        assert!(lookup_runs || !has_low_descriptor(&stdio), "between ticks");
        calls.iter().all(|call| call.try_result().unwrap().is_some())
    });
    assert!(!has_low_descriptor(&stdio), "after calls on several connections");
    drop((calls, client));
}

/// The thread of a journal holds placeholders while it writes.
fn wait_until_no_low_descriptor_is_open(stdio: &ClosedStdio) {
    let started = Instant::now();
    while has_low_descriptor(stdio) {
        assert!(started.elapsed() < TEST_TIMEOUT, "a descriptor stays open");
        std::thread::yield_now();
    }
}

/// Writes to the standard streams that the host has closed, as a program with old code does.
fn assert_nothing_takes_what_the_host_writes() {
    for number in 0..3 {
        // SAFETY: the bytes outlive the call.
        let written = unsafe { libc::write(number, c"written by the host".as_ptr().cast(), 19) };
        assert_eq!(written, -1, "something takes what the host writes to {number}");
    }
}

#[test]
fn the_files_of_a_journal_and_of_a_download_have_no_number_of_a_closed_standard_stream() {
    const NAME: &str =
        "descriptors::the_files_of_a_journal_and_of_a_download_have_no_number_of_a_closed_standard_stream";
    if !child::is(NAME) {
        let sandbox = Sandbox::start("").unwrap();
        let slow = format!(r#"{{"command": "fault", "operation": "{DOWNLOAD}", "delay_ms": 100}}"#);
        sandbox.control(&slow).unwrap();
        child::run(NAME, &[("CONFIG", &sandbox.client_config())]);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let config = child::given("CONFIG");
    let config = format!(r#"{}, "journal": {path:?}}}"#, config.trim_end_matches('}'));
    let stdio = ClosedStdio::new();
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    client.call("start_a_game_session", START, &options()).unwrap();
    wait_until_no_low_descriptor_is_open(&stdio);
    assert_nothing_takes_what_the_host_writes();
    let (arguments, file) = (r#"{"export_id": 7}"#, folder.path().join("export.csv"));
    let mut checks = 0;
    let check = |_: &iplaygames::DownloadProgress| {
        assert_nothing_takes_what_the_host_writes();
        checks += 1;
        true
    };
    let every = Duration::from_millis(1);
    client.download_to_file_cancellable(DOWNLOAD, arguments, &file, &options(), every, check).unwrap();
    assert!(checks > 0);
    wait_until_no_low_descriptor_is_open(&stdio);
    assert_eq!(client.journal().unwrap().open(&Default::default()).unwrap().len(), 1);
    drop(client);
    drop(stdio);
    let content = std::fs::read_to_string(file).unwrap();
    assert!(!content.is_empty() && !content.contains("written by the host"), "{content}");
}

#[test]
fn a_sandbox_in_the_process_takes_nothing_that_the_host_writes_to_closed_standard_streams() {
    const NAME: &str =
        "descriptors::a_sandbox_in_the_process_takes_nothing_that_the_host_writes_to_closed_standard_streams";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    let stdio = ClosedStdio::new();
    let sandbox = Sandbox::start("").unwrap();
    let client = Client::new(Config::from_json(&sandbox.client_config()).unwrap()).unwrap();
    client.call("list_games", "", &options()).unwrap();
    for number in 0..3 {
        // An eventfd takes eight bytes.
        // SAFETY: the bytes outlive the call.
        let written = unsafe { libc::write(number, c"8 bytes\n".as_ptr().cast(), 8) };
        assert_eq!(written, -1, "nothing takes what the host writes to {number}");
    }
    client.call("list_games", "", &options()).unwrap();
    drop((client, sandbox));
    assert!(!has_low_descriptor(&stdio), "after the end of the sandbox");
}

/// While reqwest is driven, sockets without a peer occupy the streams that the host closed.
#[cfg(feature = "reqwest")]
#[test]
fn a_file_that_the_host_opens_as_a_standard_stream_during_a_call_stays_open() {
    use std::os::fd::AsRawFd as _;

    const NAME: &str =
        "descriptors::a_file_that_the_host_opens_as_a_standard_stream_during_a_call_stays_open";
    if !child::is(NAME) {
        let sandbox = Sandbox::start("").unwrap();
        sandbox
            .control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 1000, "after": 1}"#)
            .unwrap();
        let config = sandbox.client_config();
        let config = format!(r#"{}, "transport": "reqwest"}}"#, config.trim_end_matches('}'));
        child::run(NAME, &[("CONFIG", &config)]);
        return;
    }
    let client = Client::new(Config::from_json(&child::given("CONFIG")).unwrap()).unwrap();
    // The first call makes the runtime, meanwhile other placeholders are held and given back.
    client.call("list_games", "", &options()).unwrap();
    let file = tempfile::tempfile().unwrap();
    let stdio = ClosedStdio::new();
    let calling = std::thread::spawn(move || client.call("list_games", "", &options()).unwrap());
    let started = Instant::now();
    while !(0..3).all(is_open) {
        assert!(!calling.is_finished() && started.elapsed() < TEST_TIMEOUT);
        std::thread::yield_now();
    }
    // SAFETY: the call has no pointers.
    assert_eq!(unsafe { libc::dup2(file.as_raw_fd(), 2) }, 2);
    assert!(!calling.is_finished());
    calling.join().unwrap();
    assert_eq!((0..3).map(is_open).collect::<Vec<_>>(), [false, false, true]);
    drop(stdio);
}

fn transports() -> Vec<&'static str> {
    if cfg!(feature = "reqwest") { vec!["native", "reqwest"] } else { vec!["native"] }
}
