//! What a host may do around the client: threads, forks, signals, a runtime of its own, its end.
#![cfg(target_os = "linux")]

mod support;

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use iplaygames::{Client, Code, Config, Error, LogLevel, LogLine, Outcome, Reply};
use support::*;

/// What the echo server answers for a session.
fn echo_of(session: &str) -> String {
    format!(r#"{{"success":true,"data":{{"status":"active","session_id":"{session}"}}}}"#)
}

fn session_of(request: &Received) -> String {
    request.line.split('/').nth(4).expect("a session's address").to_owned()
}

/// A server that answers with the session it was asked for, and counts its connections.
fn echo() -> (u16, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let port = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        while let Some(request) = read_request(&mut stream) {
            if stream.write_all(&json("200 OK", &echo_of(&session_of(&request)))).is_err() {
                return;
            }
        }
    });
    (port, connections)
}

/// A server that takes requests and never answers; what it was sent is counted down in the channel.
fn silent() -> (u16, std::sync::mpsc::Receiver<()>) {
    let (seen, sees) = channel();
    let port = serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            seen.send(()).unwrap();
        }
    });
    (port, sees)
}

fn status(client: &Client, session: &str) -> Result<Reply, Error> {
    let arguments = format!(r#"{{"session_id": "{session}"}}"#);
    client.call("get_session_status", &arguments, &options())
}

/// Asks for a session and expects the answer to that question.
fn ask(client: &Client, session: &str) {
    assert_eq!(status(client, session).unwrap().json(), echo_of(session));
}

/// Runs the rest of a test in a child that has an echo server outside of it. Answers the number of
/// connections the server saw, and what the child wrote.
fn with_echo_outside(test: &str) -> (usize, String) {
    let (port, connections) = echo();
    let wrote = child::run(test, &[("PORT", &port.to_string())]);
    (connections.load(Ordering::SeqCst), wrote)
}

fn port_outside() -> u16 {
    child::given("PORT").parse().unwrap()
}

// Threads.

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// A server outside the child, so that its threads are not counted. `held` is answered once `release` was
/// asked for, and `arrived` once `held` was.
fn holding() -> u16 {
    let stand = Arc::new((Mutex::new((false, false)), Condvar::new()));
    serve(move |mut stream| {
        let (lock, changed) = &*stand;
        while let Some(request) = read_request(&mut stream) {
            let session = session_of(&request);
            let mut stand = lock.lock().unwrap();
            stand.0 |= session == "held";
            stand.1 |= session == "release";
            changed.notify_all();
            let _stand = changed
                .wait_timeout_while(stand, HANG, |(held, release)| match session.as_str() {
                    "held" => !*release,
                    "arrived" => !*held,
                    _ => false,
                })
                .unwrap();
            stream.write_all(&json("200 OK", &echo_of(&session))).unwrap();
        }
    })
}

#[test]
fn a_blocking_client_has_no_thread() {
    const NAME: &str = "a_blocking_client_has_no_thread";
    if !child::is(NAME) {
        child::run(NAME, &[("PORT", &holding().to_string())]);
        return;
    }
    let before = threads();
    let client = client(port_outside());
    assert_eq!(threads(), before, "a client alone");
    ask(&client, "first");
    assert_eq!(threads(), before, "after a call");
    std::thread::scope(|scope| {
        let (finish, finished) = channel::<()>();
        let (done, is_done) = channel();
        let client = &client;
        scope.spawn(move || {
            ask(client, "held");
            done.send(()).unwrap();
            let _ = finished.recv();
        });
        ask(client, "arrived");
        assert_eq!(threads(), before + 1, "while another thread waits in a call");
        ask(client, "release");
        is_done.recv_timeout(HANG).unwrap();
        assert_eq!(threads(), before + 1, "after two calls at once");
        drop(finish);
    });
    drop(client);
    // The one exception: names are resolved on a thread that ends when it is done.
    let config = format!(r#"{{"base_url": "http://localhost:{}"}}"#, port_outside());
    let client = Client::new(iplaygames::Config::from_json(&config).unwrap()).unwrap();
    ask(&client, "by-name");
    let started = std::time::Instant::now();
    while threads() > before {
        assert!(started.elapsed() < HANG, "the resolver's thread stays");
        std::thread::yield_now();
    }
}

#[test]
fn threads_that_share_a_client_get_their_own_answers() {
    const THREADS: usize = 16;
    for limit in [32, 3] {
        let (port, connections) = echo();
        let client = client_with(port, &format!(r#", "max_connections": {limit}"#));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || (0..200).for_each(|call| ask(client, &format!("{thread}-{call}"))));
            }
        });
        assert!(connections.load(Ordering::SeqCst) <= limit, "{connections:?} of {limit}");
    }
}

// Forks.

/// Forks; the child does `child` and ends with 0 if it did not panic.
fn fork(child: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child touches only what is whole in it: that this is so is what the test shows.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            let failed = catch_unwind(AssertUnwindSafe(child)).is_err();
            // SAFETY: ends the process and nothing else.
            unsafe { libc::_exit(failed.into()) }
        }
        pid => pid,
    }
}

/// Waits for a forked child, which must not have failed.
fn reap(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: the child is this process's own, and the status is written to a place that is.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0, "the forked child failed");
}

#[test]
fn a_fork_leaves_the_parents_connection_to_the_parent() {
    const NAME: &str = "a_fork_leaves_the_parents_connection_to_the_parent";
    if !child::is(NAME) {
        let (connections, _) = with_echo_outside(NAME);
        assert_eq!(connections, 2, "one of the parent, one of the child that made calls");
        return;
    }
    let client = client(port_outside());
    ask(&client, "warm");
    let calling = fork(|| (0..200).for_each(|call| ask(&client, &format!("child-{call}"))));
    (0..200).for_each(|call| ask(&client, &format!("parent-{call}")));
    reap(calling);
    // A child that only lets go disturbs nobody either.
    let clone = client.clone();
    reap(fork(move || drop(clone)));
    reap(fork(|| {
        client.close();
        assert_eq!(status(&client, "closed").unwrap_err().code(), Code::SHUT_DOWN);
    }));
    ask(&client, "at-last");
}

#[test]
fn forks_while_other_threads_call_mix_no_answers() {
    const NAME: &str = "forks_while_other_threads_call_mix_no_answers";
    if !child::is(NAME) {
        with_echo_outside(NAME);
        return;
    }
    let client = client(port_outside());
    ask(&client, "warm");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (client, stop) = (&client, &stop);
            scope.spawn(move || {
                let mut call = 0;
                while !stop.load(Ordering::Relaxed) {
                    ask(client, &format!("thread-{thread}-{call}"));
                    call += 1;
                }
            });
        }
        let rounds = catch_unwind(AssertUnwindSafe(|| {
            for round in 0..8 {
                let pid = fork(|| (0..200).for_each(|call| ask(&client, &format!("child-{round}-{call}"))));
                (0..200).for_each(|call| ask(&client, &format!("parent-{round}-{call}")));
                reap(pid);
            }
        }));
        stop.store(true, Ordering::Relaxed);
        rounds.unwrap();
    });
}

#[test]
fn a_child_of_a_child_has_a_client_too() {
    const NAME: &str = "a_child_of_a_child_has_a_client_too";
    if !child::is(NAME) {
        let (connections, _) = with_echo_outside(NAME);
        assert_eq!(connections, 3);
        return;
    }
    let client = client(port_outside());
    ask(&client, "first");
    reap(fork(|| {
        ask(&client, "second");
        reap(fork(|| ask(&client, "third")));
        ask(&client, "second-again");
    }));
    ask(&client, "first-again");
}

// A runtime of the host's own.

#[test]
fn inside_a_task_of_the_hosts_runtime_a_call_says_so() {
    let (port, _connections) = echo();
    let client = client(port);
    let refused = |client: &Client| {
        let error = status(client, "inside").unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::UNSUPPORTED, Outcome::NotSent), "{error}");
        let error = client.prewarm(HANG).unwrap_err();
        assert_eq!(error.code(), Code::UNSUPPORTED, "{error}");
    };
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(async { refused(&client) });
    many.block_on(async {
        refused(&client);
        let clone = client.clone();
        tokio::spawn(async move { refused(&clone) }).await.unwrap();
        let clone = client.clone();
        tokio::task::spawn_blocking(move || ask(&clone, "blocking")).await.unwrap();
        let clone = client.clone();
        tokio::spawn(async move { tokio::task::block_in_place(|| ask(&clone, "in-place")) }).await.unwrap();
    });
    let _entered = many.enter();
    ask(&client, "entered");
}

#[test]
fn a_client_may_be_dropped_inside_a_task_of_the_hosts_runtime() {
    let (port, _connections) = echo();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        tokio::spawn(async move {
            let client = client(port);
            let clone = client.clone();
            tokio::task::spawn_blocking(move || ask(&clone, "warm")).await.unwrap();
            drop(client);
        })
        .await
        .unwrap();
    });
}

// The end of a thread and of the process.

/// Makes a call as it goes, and says what came of it.
struct Last {
    client: Client,
    place: &'static str,
}

impl Drop for Last {
    fn drop(&mut self) {
        try_and_say(&self.client, self.place);
    }
}

/// Writes without the standard library's buffers, which may be gone.
fn say(place: &str, what: &str) {
    let line = format!("{place}: {what}\n");
    // SAFETY: writes bytes that are there.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

/// Makes a call and says what came of it.
fn try_and_say(client: &Client, place: &str) {
    match status(client, "last") {
        Ok(reply) => say(place, reply.json()),
        Err(error) => say(place, error.code().name()),
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

fn keep_till_the_end(client: &Client, place: &'static str) {
    LAST.with(|last| *last.borrow_mut() = Some(Last { client: client.clone(), place }));
}

static AT_EXIT: Mutex<Option<(Client, bool)>> = Mutex::new(None);

extern "C" fn at_exit() {
    if let Some((client, calls)) = AT_EXIT.lock().unwrap().take() {
        if calls {
            try_and_say(&client, "exit handler");
        }
        client.close();
        drop(client);
        say("after the exit handler", "still here");
    }
}

/// Closes and drops a client in an exit handler, and may try a call before.
fn let_go_at_exit(client: Client, calls: bool) {
    *AT_EXIT.lock().unwrap() = Some((client, calls));
    // SAFETY: the handler is a plain function of this binary.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
}

#[test]
fn a_threads_end_is_no_place_for_calls_but_safe() {
    const NAME: &str = "a_threads_end_is_no_place_for_calls_but_safe";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        assert!(wrote.contains("registered before: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        for place in ["registered after", "never called"] {
            let works = wrote.contains(&format!("{place}: {}\n", echo_of("last")));
            assert!(works || wrote.contains(&format!("{place}: IPG_ERR_SHUT_DOWN\n")), "{wrote}");
        }
        assert!(wrote.contains("the only client: "), "{wrote}");
        return;
    }
    let client = client(port_outside());
    let run = |job: &(dyn Fn() + Sync)| std::thread::scope(|scope| scope.spawn(job).join().unwrap());
    // Destructors run in the opposite order of their registration: here the client's last call comes
    // after all that its own calls have left in the thread is gone.
    run(&|| {
        LAST.with(|_| {});
        ask(&client, "thread");
        keep_till_the_end(&client, "registered before");
    });
    run(&|| {
        ask(&client, "thread");
        keep_till_the_end(&client, "registered after");
    });
    run(&|| keep_till_the_end(&client, "never called"));
    // And a client that ends with its thread.
    run(&|| {
        LAST.with(|_| {});
        let own = support::client(port_outside());
        ask(&own, "thread");
        keep_till_the_end(&own, "the only client");
    });
    ask(&client, "afterwards");
}

/// The thread that calls `exit` runs its own destructors, then the exit handlers; so does the main thread
/// when it returns.
#[test]
fn the_end_of_the_process_is_no_place_for_calls_but_safe() {
    const NAME: &str = "the_end_of_the_process_is_no_place_for_calls_but_safe";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        assert!(wrote.contains("through exit: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("exit handler: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    LAST.with(|_| {});
    let client = client(port_outside());
    ask(&client, "thread");
    keep_till_the_end(&client, "through exit");
    let_go_at_exit(client, true);
    std::process::exit(0);
}

#[test]
fn an_exit_handler_of_a_thread_that_never_called_is_safe() {
    const NAME: &str = "an_exit_handler_of_a_thread_that_never_called_is_safe";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        let works = wrote.contains(&format!("exit handler: {}\n", echo_of("last")));
        assert!(works || wrote.contains("exit handler: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    let made = std::thread::spawn(|| {
        let client = client(port_outside());
        ask(&client, "thread");
        client
    });
    let_go_at_exit(made.join().unwrap(), true);
    std::process::exit(0);
}

#[test]
fn the_process_may_end_while_a_thread_waits_in_a_call() {
    const NAME: &str = "the_process_may_end_while_a_thread_waits_in_a_call";
    if !child::is(NAME) {
        let wrote = child::run(NAME, &[]);
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    let (port, sees) = silent();
    let client = client(port);
    let_go_at_exit(client.clone(), false);
    std::thread::spawn(move || status(&client, "never"));
    sees.recv_timeout(HANG).unwrap();
    std::process::exit(0);
}

// Signals.

/// Closes with a reset: what was not read is thrown away. With `end_first` the client has seen the end
/// of the stream before, and the system then answers a write with SIGPIPE.
fn reset(stream: TcpStream, end_first: bool) {
    if end_first {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = libc::socklen_t::try_from(size_of::<libc::linger>()).unwrap();
    // SAFETY: the socket is open, and the option is a `linger` of that size.
    let result = unsafe {
        let option = (&raw const linger).cast();
        libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, option, size)
    };
    assert_eq!(result, 0);
}

/// A server that resets every upload after it has read its head.
fn resetting() -> u16 {
    let uploads = AtomicUsize::new(0);
    serve(move |mut stream| {
        let mut byte = [0];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match std::io::Read::read(&mut stream, &mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        reset(stream, uploads.fetch_add(1, Ordering::SeqCst) % 2 == 1);
    })
}

/// Uploads several megabytes to a server that takes none of it.
fn upload_in_vain(client: &Client) {
    let csv = "external_game_id,name\n".repeat(150_000);
    let arguments = serde_json::json!({"file": csv}).to_string();
    let error = client.call("import_external_games_from_csv_file", &arguments, &options()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::CONNECTION_LOST, Outcome::Unknown), "{error}");
}

/// The signals that are in a set.
fn signals(set: &libc::sigset_t) -> Vec<i32> {
    // SAFETY: the set is a valid one.
    (1..=64).filter(|signal| unsafe { libc::sigismember(set, *signal) } == 1).collect()
}

/// The thread's mask, and what waits behind it.
fn mask_and_pending() -> (Vec<i32>, Vec<i32>) {
    // SAFETY: both calls fill the sets they are given.
    unsafe {
        let (mut mask, mut pending) = (std::mem::zeroed(), std::mem::zeroed());
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
        libc::sigpending(&mut pending);
        (signals(&mask), signals(&pending))
    }
}

fn block(signal: i32) {
    // SAFETY: the set is made valid before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()), 0);
    }
}

#[test]
fn a_reset_upload_raises_no_signal_in_the_host() {
    const NAME: &str = "a_reset_upload_raises_no_signal_in_the_host";
    if !child::is(NAME) {
        child::run(NAME, &[("PORT", &resetting().to_string())]);
        return;
    }
    // SAFETY: the action a program has that is not Rust's: SIGPIPE ends it.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let client = client(port_outside());
    block(libc::SIGUSR1);
    let before = mask_and_pending();
    assert_eq!(before, (vec![libc::SIGUSR1], vec![]));
    for _ in 0..6 {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
    // A host that has the signal blocked finds none that is not its own…
    block(libc::SIGPIPE);
    let before = mask_and_pending();
    for _ in 0..6 {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
    // …and its own where it was.
    // SAFETY: a blocked signal, for this thread.
    unsafe { libc::raise(libc::SIGPIPE) };
    let before = mask_and_pending();
    assert_eq!(before.1, [libc::SIGPIPE]);
    for _ in 0..2 {
        upload_in_vain(&client);
        assert_eq!(mask_and_pending(), before);
    }
}

// Closing, and time.

#[test]
fn closing_a_client_ends_the_calls_of_other_threads() {
    const THREADS: usize = 8;
    let (port, sees) = silent();
    let client = client(port);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| status(&client, "never"))).collect();
        (0..THREADS).for_each(|_| sees.recv_timeout(HANG).unwrap());
        client.close();
        for call in calls {
            let error = call.join().unwrap().unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::Unknown), "{error}");
        }
    });
    let error = status(&client, "later").unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.attempts()), (Code::SHUT_DOWN, Outcome::NotSent, 0));
    client.close();
}

#[test]
fn closing_a_client_ends_a_prewarming_too() {
    // A handshake that the server never takes part in.
    let (seen, sees) = channel();
    let port = serve(move |mut stream| {
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).unwrap();
        seen.send(()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let config = format!(
        r#"{{"api_key": "k", "base_url": "https://127.0.0.1:{port}", "connect_timeout_ms": {}}}"#,
        4 * HANG.as_millis()
    );
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    std::thread::scope(|scope| {
        let prewarming = scope.spawn(|| client.prewarm(4 * HANG));
        sees.recv_timeout(HANG).unwrap();
        client.close();
        let error = prewarming.join().unwrap().unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent), "{error}");
    });
    assert_eq!(client.prewarm(HANG).unwrap_err().code(), Code::SHUT_DOWN);
}

#[test]
fn a_host_that_is_asked_may_end_its_call_and_the_connection_with_it() {
    let (closed, sees) = channel();
    let port = serve(move |mut stream| {
        read_request(&mut stream).unwrap();
        // Until the client hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
        closed.send(()).unwrap();
    });
    let client = client(port);
    let mut asked = 0;
    let arguments = r#"{"session_id": "never"}"#;
    let every = Duration::from_millis(10);
    let error = client
        .call_while("get_session_status", arguments, &options(), every, || {
            asked += 1;
            asked < 5
        })
        .unwrap_err();
    assert_eq!((error.code(), error.outcome(), asked), (Code::CANCELED, Outcome::Unknown, 5), "{error}");
    sees.recv_timeout(HANG).unwrap();
}

#[test]
fn a_call_that_is_never_answered_ends_with_its_time() {
    let (port, sees) = silent();
    let client = client_with(port, r#", "timeout_ms": 100"#);
    for operation in ["start_a_game_session", "get_session_status", "end_a_game_session"] {
        let arguments = if operation.starts_with("start") { START } else { r#"{"session_id": "never"}"# };
        let error = client.call(operation, arguments, &options()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::TIMEOUT, Outcome::Unknown), "{error}");
        assert!(error.elapsed() < HANG);
        sees.recv_timeout(HANG).unwrap();
    }
}

#[test]
fn a_call_that_gets_no_connection_was_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A queue of one, and the one is here: the system answers no other.
    // SAFETY: the socket is open and listens already.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let _first = TcpStream::connect(address).unwrap();
    for (more, code) in [
        (r#", "timeout_ms": 100"#, Code::TIMEOUT),
        (r#", "connect_timeout_ms": 100, "max_retries": 0"#, Code::CONNECT),
        (r#", "connect_timeout_ms": 50, "max_retries": 1"#, Code::CONNECT),
    ] {
        let error = client_with(address.port(), more).call("start_a_game_session", START, &options());
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (code, Outcome::NotSent), "{error}");
    }
}

#[test]
fn a_call_that_waits_for_its_turn_was_not_sent() {
    let (port, sees) = silent();
    let client = client_with(port, r#", "max_connections": 1"#);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| status(&client, "never"));
        sees.recv_timeout(HANG).unwrap();
        let mut options = options();
        options.timeout = Some(Duration::from_millis(100));
        let error = client.call("start_a_game_session", START, &options).unwrap_err();
        assert_eq!((error.code(), error.outcome(), error.attempts()), (Code::TIMEOUT, Outcome::NotSent, 0));
        client.close();
        assert_eq!(first.join().unwrap().unwrap_err().code(), Code::CANCELED);
    });
}

// The log.

#[test]
fn a_logger_may_make_calls_on_the_client_it_listens_to() {
    let (port, _connections) = echo();
    let client = client(port);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (own, kept) = (client.clone(), Arc::clone(&lines));
    let logger = Arc::new(move |line: &LogLine| {
        // It would fail inside the runtime, and never end under a lock.
        ask(&own, "from-the-logger");
        own.deliver_log();
        kept.lock().unwrap().push(line.message.clone());
    });
    client.set_logger(Some(logger), Some(LogLevel::Trace)).unwrap();
    for call in 1..=3 {
        ask(&client, &format!("logged-{call}"));
        let done = lines.lock().unwrap().iter().filter(|line| line.contains("done in")).count();
        assert_eq!(done, call, "a call hands its lines over before it returns");
    }
    client.set_logger(None, None).unwrap();
    let lines = lines.lock().unwrap();
    let done = lines.iter().filter(|line| line.contains("done in")).count();
    assert_eq!(done, 3, "{lines:#?}");
}
