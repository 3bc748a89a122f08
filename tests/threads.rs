//! Many threads on the same clients, through the Rust and the C interface. `make test-tsan` runs this under
//! ThreadSanitizer and `make test-asan` under AddressSanitizer; here the results are compared with what the sandbox
//! counted.
//!
//! Environment: `ROUNDS` is the number of rounds (2). An argument selects a deliberate fault instead (`data-race`,
//! `use-after-free`, `leak`), which shows that a sanitizer is on.

mod support;

use std::ffi::{CString, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, CallResult, Client, Code, Config, Event, LogLevel, Outcome};
use support::{HANG, START, options};

const FRAME: Duration = Duration::from_micros(500);

/// How many calls each submitting thread makes in a round.
const CALLS: usize = 40;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("data-race") => return deliberate::data_race(),
        Some("use-after-free") => return deliberate::use_after_free(),
        Some("leak") => return deliberate::leak(),
        _ => {}
    }
    // A thread that failed would leave the others waiting for it.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::exit(101);
    }));
    let rounds = std::env::var("ROUNDS").map_or(2, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        one_client_serves_many_threads(round, false);
        one_client_serves_many_threads(round, true);
        clients_are_made_and_closed(round);
        handles_are_used_and_freed(round);
    }
    println!("{} passed, 0 failed", 4 * rounds);
}

/// Faults that a sanitizer must report.
mod deliberate {
    use std::hint::black_box;
    use std::thread;

    pub fn data_race() {
        static mut NUMBER: u64 = 0;
        let add = || {
            for _ in 0..1000 {
                // SAFETY: not safe, on purpose: two threads write without order.
                unsafe { *black_box(&raw mut NUMBER) += 1 };
            }
        };
        thread::scope(|scope| {
            scope.spawn(add);
            add();
        });
    }

    pub fn use_after_free() {
        let number = Box::into_raw(Box::new(7_u64));
        // SAFETY: not safe, on purpose: the second line reads what the first freed.
        unsafe {
            drop(Box::from_raw(number));
            println!("{}", number.read_volatile());
        }
    }

    pub fn leak() {
        // On a thread of its own, whose stack is gone when leaks are looked for.
        thread::spawn(|| std::mem::forget(black_box(vec![7_u8; 4321]))).join().unwrap();
    }
}

/// A number for the choices of one thread, the same in every run.
struct Choices(u32);

impl Choices {
    fn of(round: u32, thread: u32) -> Choices {
        Choices((round * 64 + thread + 1).wrapping_mul(0x9e37_79b9))
    }

    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % end
    }
}

/// What is known of one start of a session.
#[derive(Default)]
struct Start {
    /// How often its callback was given the end.
    callbacks: AtomicU32,
    /// It was forgotten, so that its callback may not have run.
    forgotten: AtomicBool,
    result: Mutex<Option<Result<(), Outcome>>>,
}

impl Start {
    fn set(&self, result: &CallResult) {
        let result = result.as_ref().map(|_| ()).map_err(|error| error.outcome());
        let before = self.result.lock().unwrap().replace(result);
        assert!(before.is_none_or(|before| before == result), "the result of a call changed");
    }
}

/// The starts of a scene, which are compared with the sandbox's account at its end.
#[derive(Default)]
struct Starts(Mutex<Vec<Arc<Start>>>);

impl Starts {
    fn add(&self) -> Arc<Start> {
        let start = Arc::<Start>::default();
        self.0.lock().unwrap().push(Arc::clone(&start));
        start
    }

    /// A success made a session, what was reported as not sent or rejected made none.
    fn compare_with(&self, sandbox: &Sandbox) {
        let starts = self.0.lock().unwrap();
        let count = |wanted: fn(&Option<Result<(), Outcome>>) -> bool| {
            starts.iter().filter(|start| wanted(&start.result.lock().unwrap())).count() as u64
        };
        let succeeded = count(|result| matches!(result, Some(Ok(()))));
        let unknown = count(|result| matches!(result, None | Some(Err(Outcome::Unknown))));
        let counts: serde_json::Value =
            serde_json::from_str(&sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap();
        let sessions = counts["sessions"]["total"].as_u64().unwrap();
        assert!(succeeded > 0, "no start succeeded");
        assert!(
            (succeeded..=succeeded + unknown).contains(&sessions),
            "{sessions} sessions, {succeeded} starts that succeeded, {unknown} of unknown outcome"
        );
    }
}

/// Calls that were submitted and that any thread may take.
type Queue = Mutex<Vec<(Call, Arc<Start>)>>;

/// One client: blocking calls, submitted ones, callbacks, ticks, cancels, a logger that comes and goes, a watch.
fn one_client_serves_many_threads(round: u32, background: bool) {
    let (sandbox, client) = support::sandbox_and_client(&format!(r#", "background": {background}"#));
    let (starts, queue) = (Starts::default(), Queue::default());
    let (submitting, ticking) = (AtomicUsize::new(2), AtomicBool::new(true));
    let notified = Arc::new(AtomicU32::new(0));
    let lines = Arc::new(AtomicU32::new(0));
    thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            while ticking.load(Ordering::Relaxed) {
                client.tick(FRAME).unwrap();
                thread::yield_now();
            }
        });
        let mut others = vec![
            scope.spawn(|| call_and_wait(&client, &starts)),
            scope.spawn(|| submit_with_callbacks(&client, &starts, &queue, &submitting)),
            scope.spawn(|| submit_with_notifiers(&client, &starts, &queue, &submitting, &notified)),
            scope.spawn(|| change_the_logger(&client, &lines)),
            scope.spawn(|| watch_a_session(&client, &starts)),
        ];
        for thread in 0..2 {
            let choices = Choices::of(round, thread);
            let (queue, submitting) = (&queue, &submitting);
            others.push(scope.spawn(move || take_calls(queue, submitting, choices)));
        }
        for other in others {
            other.join().unwrap();
        }
        ticking.store(false, Ordering::Relaxed);
        ticker.join().unwrap();
    });
    client.shutdown(HANG).unwrap();
    for start in starts.0.lock().unwrap().iter() {
        let (callbacks, forgotten) =
            (start.callbacks.load(Ordering::Relaxed), start.forgotten.load(Ordering::Relaxed));
        assert!(callbacks <= 1, "a callback was given the end {callbacks} times");
        assert!(forgotten || start.result.lock().unwrap().is_some(), "a call was not reported");
    }
    assert!(notified.load(Ordering::Relaxed) > 0, "no notifier ran");
    assert!(lines.load(Ordering::Relaxed) > 0, "no log line was delivered");
    starts.compare_with(&sandbox);
}

fn call_and_wait(client: &Client, starts: &Starts) {
    for _ in 0..CALLS / 4 {
        let start = starts.add();
        let result = client.call("start_a_game_session", START, &options());
        start.set(&result);
        let reply: serde_json::Value = serde_json::from_str(result.unwrap().json()).unwrap();
        let id = reply["data"]["session_id"].as_str().unwrap();
        assert_eq!(client.sessions().status(id).unwrap().status, "active");
        client.sessions().end(id).unwrap();
    }
}

fn submit_with_callbacks(client: &Client, starts: &Starts, queue: &Queue, submitting: &AtomicUsize) {
    for number in 0..CALLS {
        let start = starts.add();
        let told = Arc::clone(&start);
        let callback = Box::new(move |event: Event<'_>| {
            let Event::Done(result) = event else { panic!("an update of a plain call") };
            told.callbacks.fetch_add(1, Ordering::Relaxed);
            told.set(result);
        });
        let call = client.submit("start_a_game_session", START, &options(), Some(callback)).unwrap();
        if number % 2 == 0 {
            call.detach();
        } else {
            queue.lock().unwrap().push((call, start));
        }
    }
    submitting.fetch_sub(1, Ordering::Release);
}

fn submit_with_notifiers(
    client: &Client,
    starts: &Starts,
    queue: &Queue,
    submitting: &AtomicUsize,
    notified: &Arc<AtomicU32>,
) {
    for _ in 0..CALLS {
        let start = starts.add();
        let call = client.submit("start_a_game_session", START, &options(), None).unwrap();
        let counter = Arc::clone(notified);
        call.notify(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }))
        .unwrap();
        queue.lock().unwrap().push((call, start));
    }
    submitting.fetch_sub(1, Ordering::Release);
}

/// Cancels, waits for, polls and forgets what others submitted.
fn take_calls(queue: &Queue, submitting: &AtomicUsize, mut choices: Choices) {
    loop {
        // Read first: what was submitted before the last submitter ended is in the queue.
        let ended = submitting.load(Ordering::Acquire) == 0;
        let Some((call, start)) = queue.lock().unwrap().pop() else {
            if ended {
                return;
            }
            thread::yield_now();
            continue;
        };
        match choices.below(5) {
            0 => call.cancel().unwrap(),
            1 => drop(call.wait(Duration::from_millis(choices.below(3).into())).unwrap()),
            2 => assert!(call.wait(HANG).unwrap().is_some()),
            _ => {}
        }
        if let Some(result) = call.poll().unwrap() {
            start.set(result);
        }
        start.forgotten.store(true, Ordering::Relaxed);
        call.forget();
    }
}

fn change_the_logger(client: &Client, lines: &Arc<AtomicU32>) {
    for number in 0..CALLS {
        let counter = Arc::clone(lines);
        let logger = Arc::new(move |line: &iplaygames::LogLine| {
            assert!(!line.message.is_empty());
            counter.fetch_add(1, Ordering::Relaxed);
        });
        client.set_logger(Some(logger), Some(LogLevel::Trace)).unwrap();
        assert!(client.call("list_games", "", &options()).is_ok());
        assert!(client.stats_json().contains("in_flight"));
        client.deliver_log();
        if number % 4 == 0 {
            client.set_logger(None, None).unwrap();
        }
    }
}

fn watch_a_session(client: &Client, starts: &Starts) {
    let start = starts.add();
    let result = client.call("start_a_game_session", START, &options());
    start.set(&result);
    let reply: serde_json::Value = serde_json::from_str(result.unwrap().json()).unwrap();
    let id = reply["data"]["session_id"].as_str().unwrap();
    let watch = client.watch_session(id, Duration::from_millis(10), None).unwrap();
    let notified = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&notified);
    watch.notify(Arc::new(move || flag.store(true, Ordering::Relaxed))).unwrap();
    let mut updates = 0;
    until("the first update", || {
        updates += u32::from(watch.poll_update().is_some());
        updates > 0
    });
    client.sessions().end(id).unwrap();
    until("the end of the watch", || watch.poll().unwrap().is_some());
    assert!(notified.load(Ordering::Relaxed));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < HANG, "{what} never came");
        thread::yield_now();
    }
}

/// Clients that live for a few calls, and that another thread closes.
fn clients_are_made_and_closed(round: u32) {
    let sandbox = Sandbox::start("").unwrap();
    let starts = Starts::default();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (sandbox, starts) = (&sandbox, &starts);
            scope.spawn(move || {
                for number in 0..6 {
                    let text = sandbox.client_config();
                    let background = (round + thread + number).is_multiple_of(2);
                    let text = format!("{}, \"background\": {background}}}", text.trim_end_matches('}'));
                    let client = Client::new(Config::from_json(&text).unwrap()).unwrap();
                    let start = starts.add();
                    start.set(&client.call("start_a_game_session", START, &options()));
                    let calls: Vec<(Call, Arc<Start>)> = (0..3)
                        .map(|_| {
                            let start = starts.add();
                            (client.submit("start_a_game_session", START, &options(), None).unwrap(), start)
                        })
                        .collect();
                    thread::scope(|inner| {
                        inner.spawn(|| {
                            let start = starts.add();
                            start.set(&client.call("start_a_game_session", START, &options()));
                        });
                        inner.spawn(|| client.tick(FRAME));
                        inner.spawn(|| client.close());
                    });
                    drop(client);
                    for (call, start) in calls {
                        start.set(call.poll().unwrap().expect("closing a client ends its calls"));
                    }
                }
            });
        }
    });
    starts.compare_with(&sandbox);
}

// ---- the C interface -----------------------------------------------------------------------------

type Callback = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, i32, *const c_char);
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
fn handles_are_used_and_freed(round: u32) {
    let sandbox = Sandbox::start("").unwrap();
    let background = round.is_multiple_of(2);
    let config = format!("{}, \"background\": {background}}}", sandbox.client_config().trim_end_matches('}'));
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
    let code = unsafe { ipg_client_set_logger(client.0, Some(on_line), user_data, LogLevel::Trace as i32) };
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
                        assert!(freed == Code::OK.value() || freed == Code::PENDING.value());
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
        assert!(freed == Code::OK.value() || freed == Code::PENDING.value());
        assert_eq!(unsafe { ipg_client_free({ client }.0) }, Code::INVALID_HANDLE.value());
    });
    assert!(counters.iter().all(|counter| counter.load(Ordering::Relaxed) <= 1));
    assert!(counters.iter().any(|counter| counter.load(Ordering::Relaxed) == 1), "no callback ran");
    assert!(lines.load(Ordering::Relaxed) > 0, "no log line was delivered");
}
