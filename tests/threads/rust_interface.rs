//! Threads that share clients through the Rust interface.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, CallResult, Client, Config, Event, LogLevel, Outcome};

use crate::choices::Choices;
use crate::support::{START, TEST_TIMEOUT, options, sandbox_and_client};
use crate::{CALLS, FRAME, until};

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

/// One client: blocking calls, submitted ones, callbacks, ticks, cancels, a logger that comes and
/// goes, a watch.
pub fn one_client_serves_many_threads(round: u32, io_thread: bool) {
    let (sandbox, client) = sandbox_and_client(&format!(r#", "io_thread": {io_thread}"#));
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
    client.shutdown(TEST_TIMEOUT).unwrap();
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
            2 => assert!(call.wait(TEST_TIMEOUT).unwrap().is_some()),
            _ => {}
        }
        if let Some(result) = call.try_result().unwrap() {
            start.set(result);
        }
        start.forgotten.store(true, Ordering::Relaxed);
        call.abandon();
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
    until("the end of the watch", || watch.try_result().unwrap().is_some());
    assert!(notified.load(Ordering::Relaxed));
}

/// Clients that live for a few calls, and that another thread closes.
pub fn clients_are_made_and_closed(round: u32) {
    let sandbox = Sandbox::start("").unwrap();
    let starts = Starts::default();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (sandbox, starts) = (&sandbox, &starts);
            scope.spawn(move || {
                for number in 0..6 {
                    let text = sandbox.client_config();
                    let io_thread = (round + thread + number).is_multiple_of(2);
                    let text = format!("{}, \"io_thread\": {io_thread}}}", text.trim_end_matches('}'));
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
                        start.set(call.try_result().unwrap().expect("closing a client ends its calls"));
                    }
                }
            });
        }
    });
    starts.compare_with(&sandbox);
}
