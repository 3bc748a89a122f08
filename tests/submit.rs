//! Calls that nobody waits for: each rule of submitting, ticking, callbacks, watching and shutting down.

#![cfg(feature = "sandbox")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, Client, Code, Event, Outcome};
use support::{HANG, START, options};

const FRAME: Duration = Duration::from_micros(500);

struct Scene {
    sandbox: Sandbox,
    client: Client,
}

impl Scene {
    fn new(more: &str) -> Scene {
        let (sandbox, client) = support::sandbox_and_client(more);
        Scene { sandbox, client }
    }

    fn control(&self, command: &str) -> String {
        self.sandbox.control(command).unwrap()
    }

    /// Ticks until something holds.
    fn tick_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            self.client.tick(FRAME).unwrap();
            assert!(started.elapsed() < HANG, "{what} never came");
            std::thread::yield_now();
        }
    }

    /// Starts a session; answers its id.
    fn start(&self) -> String {
        let reply = self.client.call("start_a_game_session", START, &options()).unwrap();
        let document: serde_json::Value = serde_json::from_str(reply.json()).unwrap();
        document["data"]["session_id"].as_str().unwrap().to_owned()
    }

    fn submit(&self, operation: &str, arguments: &str) -> Call {
        self.client.submit(operation, arguments, &options(), None).unwrap()
    }
}

#[test]
fn a_polled_call_ends_by_ticking_and_says_the_same_as_often_as_asked() {
    let scene = Scene::new("");
    let call = scene.submit("start_a_game_session", START);
    assert!(call.poll().unwrap().is_none());
    scene.tick_until("the answer", || call.poll().unwrap().is_some());
    for _ in 0..2 {
        let reply = call.poll().unwrap().unwrap().as_ref().unwrap();
        assert!(reply.json().contains("session_id"));
        assert_eq!(reply.call_id(), call.id());
    }
}

#[test]
fn waiting_drives_and_a_wait_that_runs_out_says_so() {
    let scene = Scene::new("");
    scene.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let call = scene.submit("list_games", "");
    assert!(call.wait(Duration::from_millis(5)).unwrap().is_none());
    let call = scene.submit("get_api_v1_producers", "");
    assert!(call.wait(HANG).unwrap().unwrap().is_ok());
}

#[test]
fn a_callback_runs_exactly_once_on_the_thread_that_ticks() {
    let scene = Scene::new("");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let callback = Box::new(move |event: Event<'_>| {
        let Event::Done(result) = event else { panic!("no news of a plain call") };
        sink.lock().unwrap().push((std::thread::current().id(), result.is_ok()));
    });
    let call = scene.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let mut ran = 0;
    let started = Instant::now();
    while ran == 0 && started.elapsed() < HANG {
        ran += scene.client.tick(FRAME).unwrap();
    }
    for _ in 0..10 {
        ran += scene.client.tick(FRAME).unwrap();
    }
    assert_eq!((ran, seen.lock().unwrap().as_slice()), (1, [(std::thread::current().id(), true)].as_slice()));
    assert!(call.poll().unwrap().unwrap().is_ok());
}

#[test]
fn a_detached_call_lives_until_its_callback_has_run() {
    let scene = Scene::new(r#", "max_in_flight": 1"#);
    let count = Arc::new(AtomicUsize::new(0));
    for round in 1..=3 {
        let counter = Arc::clone(&count);
        let callback = Box::new(move |_: Event<'_>| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        scene.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
        let busy = scene.client.submit("list_games", "", &options(), None).unwrap_err();
        assert_eq!((busy.code(), busy.outcome(), busy.retryable()), (Code::BUSY, Outcome::NotSent, true));
        scene.tick_until("the callback", || count.load(Ordering::SeqCst) == round);
    }
}

#[test]
fn a_forgotten_call_never_calls_back_and_reaches_the_socket() {
    let scene = Scene::new("");
    scene.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let callback = Box::new(|_: Event<'_>| panic!("called back"));
    let call = scene.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let arrived = || scene.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#);
    scene.tick_until("the request", arrived);
    assert!(call.forget());
    // The connection is closed: the sandbox sees nobody any more.
    scene.client.submit("get_api_v1_producers", "", &options(), None).unwrap().wait(HANG).unwrap();
    scene.tick_until("the end of the connection", || {
        let counts: serde_json::Value =
            serde_json::from_str(&scene.control(r#"{"command": "counts"}"#)).unwrap();
        counts["connections"]["open"].as_u64().unwrap() <= 1
    });
}

#[test]
fn canceling_completes_at_once_with_the_honest_outcome() {
    let scene = Scene::new("");
    let call = scene.submit("start_a_game_session", START);
    call.cancel().unwrap();
    call.cancel().unwrap();
    let error = call.poll().unwrap().unwrap().as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent));

    scene.control(r#"{"command": "fault", "operation": "start_a_game_session", "delay_ms": 60000}"#);
    let call = scene.submit("start_a_game_session", START);
    let arrived = || scene.control(r#"{"command": "counts"}"#).contains(r#""start_a_game_session":1"#);
    scene.tick_until("the request", arrived);
    call.cancel().unwrap();
    let error = call.poll().unwrap().unwrap().as_ref().unwrap_err().clone();
    assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::Unknown));
}

#[test]
fn an_idle_tick_does_nothing() {
    let scene = Scene::new("");
    assert_eq!(scene.client.tick(FRAME).unwrap(), 0);
    let call = scene.submit("list_games", "");
    scene.tick_until("the answer", || call.poll().unwrap().is_some());
    assert_eq!(scene.client.tick(Duration::ZERO).unwrap(), 0);
}

#[test]
fn a_tick_inside_a_callback_does_nothing_and_a_blocking_call_works() {
    let scene = Scene::new("");
    let (client, done) = (scene.client.clone(), Arc::new(Mutex::new(None)));
    let sink = Arc::clone(&done);
    let callback = Box::new(move |_: Event<'_>| {
        let ticked = client.tick(FRAME).unwrap();
        let called = client.call("list_games", "", &options()).is_ok();
        *sink.lock().unwrap() = Some((ticked, called));
    });
    scene.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
    scene.tick_until("the callback", || done.lock().unwrap().is_some());
    assert_eq!(*done.lock().unwrap(), Some((0, true)));
}

#[test]
fn a_budget_of_zero_is_at_most_one_callback() {
    let scene = Scene::new("");
    let calls: Vec<Call> = (0..5)
        .map(|_| {
            let callback = Box::new(|_: Event<'_>| ());
            scene.client.submit("list_games", "", &options(), Some(callback)).unwrap()
        })
        .collect();
    let started = Instant::now();
    let mut ran = Vec::new();
    while ran.len() < 5 && started.elapsed() < HANG {
        match scene.client.tick(Duration::ZERO).unwrap() {
            0 => {}
            count => ran.push(count),
        }
    }
    assert_eq!(ran, [1; 5]);
    drop(calls);
}

#[test]
fn shutdown_delivers_every_callback_and_refuses_what_comes() {
    let scene = Scene::new("");
    scene.control(
        r#"{"command": "fault", "operation": "get_api_v1_producers", "delay_ms": 60000, "times": 0}"#,
    );
    let codes = Arc::new(Mutex::new(Vec::new()));
    for operation in ["list_games", "get_api_v1_producers"] {
        let sink = Arc::clone(&codes);
        let callback = Box::new(move |event: Event<'_>| {
            let Event::Done(result) = event else { return };
            let code = result.as_ref().map_or_else(|error| error.code(), |_| Code::OK);
            sink.lock().unwrap().push(code);
        });
        scene.client.submit(operation, "", &options(), Some(callback)).unwrap().detach();
    }
    scene.client.shutdown(Duration::from_secs(2)).unwrap();
    let mut codes = codes.lock().unwrap().clone();
    codes.sort();
    assert_eq!(codes, [Code::OK, Code::CANCELED]);
    let refused = scene.client.submit("list_games", "", &options(), None).unwrap_err();
    assert_eq!(refused.code(), Code::SHUT_DOWN);
    assert_eq!(scene.client.call("list_games", "", &options()).unwrap_err().code(), Code::SHUT_DOWN);
    assert_eq!(scene.client.shutdown(FRAME).unwrap_err().code(), Code::SHUT_DOWN);
}

#[test]
fn with_a_background_thread_calls_end_without_ticks_and_callbacks_still_wait_for_one() {
    let scene = Scene::new(r#", "background": true"#);
    let ran = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ran);
    let callback = Box::new(move |_: Event<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let call = scene.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let started = Instant::now();
    while call.poll().unwrap().is_none() {
        assert!(started.elapsed() < HANG);
        std::thread::yield_now();
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    scene.tick_until("the callback", || ran.load(Ordering::SeqCst) == 1);
    assert!(scene.client.call("list_games", "", &options()).is_ok());
    scene.client.shutdown(HANG).unwrap();
}

#[test]
fn a_future_needs_somebody_who_drives_and_says_so() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scene = Scene::new("");
    let call = scene.submit("list_games", "");
    let error = runtime.block_on(call).unwrap_err();
    assert_eq!(error.code(), Code::UNSUPPORTED);

    let scene = Scene::new(r#", "background": true"#);
    let calls: Vec<Call> = (0..20).map(|_| scene.submit("list_games", "")).collect();
    runtime.block_on(async {
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn a_watch_tells_each_change_once_and_ends_with_the_session() {
    let scene = Scene::new("");
    let id = &scene.start();
    let watch = scene.client.watch_session(id, Duration::from_millis(10), None).unwrap();
    let mut news = Vec::new();
    scene.tick_until("the first news", || {
        news.extend(watch.poll_update());
        !news.is_empty()
    });
    let reads = || {
        let counts: serde_json::Value =
            serde_json::from_str(&scene.control(r#"{"command": "counts"}"#)).unwrap();
        counts["requests"]["by_operation"]["get_session_status"].as_u64().unwrap()
    };
    scene.tick_until("five readings", || reads() >= 5);
    assert!(watch.poll_update().is_none(), "nothing has changed");
    scene.client.sessions().end(id).unwrap();
    scene.tick_until("the end", || watch.poll().unwrap().is_some());
    let last = watch.poll().unwrap().unwrap().as_ref().unwrap();
    assert!(last.json().contains("closed") && news[0].as_ref().unwrap().json().contains("active"));

    let gone = scene.client.watch_session("nobody", Duration::from_millis(10), None).unwrap();
    scene.tick_until("the end", || gone.poll().unwrap().is_some());
    assert_eq!(gone.poll().unwrap().unwrap().as_ref().unwrap_err().code(), Code::NOT_FOUND);
}

#[test]
fn a_paused_game_finds_its_answer_and_not_a_timeout() {
    let scene = Scene::new(r#", "timeout_ms": 1000, "max_retries": 0"#);
    let call = scene.submit("list_games", "");
    // One turn sends it; then the game is paused for twice its time.
    let arrived = || scene.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#);
    scene.tick_until("the request", arrived);
    std::thread::sleep(Duration::from_secs(2));
    scene.tick_until("the answer", || call.poll().unwrap().is_some());
    assert!(call.poll().unwrap().unwrap().is_ok());

    // Nor does a pause cost a call its time when the server is slow: what is left of it is left.
    let scene = Scene::new(r#", "timeout_ms": 3000, "max_retries": 0"#);
    scene.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 3500}"#);
    let call = scene.submit("list_games", "");
    scene.tick_until("the request", || {
        scene.control(r#"{"command": "counts"}"#).contains(r#""list_games":1"#)
    });
    std::thread::sleep(Duration::from_secs(2));
    scene.tick_until("the answer", || call.poll().unwrap().is_some());
    assert!(call.poll().unwrap().unwrap().is_ok());
}

/// Says when it is dropped, and whether a blocking call was possible there.
struct Witness {
    client: Mutex<Option<Client>>,
    dropped: Arc<Mutex<Vec<Option<Code>>>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let client = self.client.lock().unwrap().take();
        let code = client.and_then(|client| client.call("list_games", "", &options()).err());
        self.dropped.lock().unwrap().push(code.map(|error| error.code()));
    }
}

#[test]
fn what_a_callback_holds_is_dropped_outside_of_the_runtime() {
    let scene = Scene::new(r#", "background": true"#);
    let id = &scene.start();
    let dropped = Arc::new(Mutex::new(Vec::new()));
    for round in 0..100 {
        let client = Mutex::new(Some(scene.client.clone()));
        let witness = Witness { client, dropped: Arc::clone(&dropped) };
        let callback = Box::new(move |_: Event<'_>| {
            let _ = &witness;
        });
        let watch = scene.client.watch_session(id, Duration::from_millis(10), Some(callback)).unwrap();
        // The background is reading, looking and ringing meanwhile.
        std::thread::sleep(Duration::from_micros(37 * round));
        drop(watch);
    }
    assert_eq!(*dropped.lock().unwrap(), [None; 100]);
}

#[test]
fn what_the_callbacks_of_a_client_hold_goes_with_it() {
    let scene = Scene::new("");
    let dropped = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..3 {
        let witness = Witness { client: Mutex::new(None), dropped: Arc::clone(&dropped) };
        let callback = Box::new(move |_: Event<'_>| {
            let _ = &witness;
            panic!("called back");
        });
        scene.client.submit("list_games", "", &options(), Some(callback)).unwrap().detach();
    }
    drop(scene.client);
    assert_eq!(dropped.lock().unwrap().len(), 3);
}

impl Scene {
    fn open_connections(&self) -> u64 {
        let counts: serde_json::Value =
            serde_json::from_str(&self.control(r#"{"command": "counts"}"#)).unwrap();
        counts["connections"]["open"].as_u64().unwrap()
    }

    fn arrived(&self, operation: &str) -> bool {
        self.control(r#"{"command": "counts"}"#).contains(&format!(r#""{operation}":1"#))
    }
}

#[test]
fn canceling_reaches_the_socket_by_ticks_alone() {
    let scene = Scene::new("");
    scene.control(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000}"#);
    let call = scene.submit("list_games", "");
    scene.tick_until("the request", || scene.arrived("list_games"));
    call.cancel().unwrap();
    scene.tick_until("the end of the connection", || scene.open_connections() == 0);
}

#[test]
fn a_call_that_outlives_its_client_keeps_its_result_and_no_connection() {
    let scene = Scene::new(r#", "max_connections": 1"#);
    let ended = scene.submit("get_session_status", r#"{"session_id": "nobody"}"#);
    let code = |call: &Call| call.poll().unwrap().unwrap().as_ref().unwrap_err().code();
    // Its turn comes when the first has ended, which nobody has asked for before the client goes.
    scene.submit("list_games", "").wait(HANG).unwrap().unwrap().as_ref().unwrap();
    scene.control(r#"{"command": "fault", "operation": "get_api_v1_producers", "delay_ms": 60000}"#);
    let flying = scene.submit("get_api_v1_producers", "");
    scene.tick_until("the request", || scene.arrived("get_api_v1_producers"));
    let Scene { sandbox, client } = scene;
    drop(client);
    assert_eq!((code(&ended), code(&flying)), (Code::NOT_FOUND, Code::CANCELED));
    let started = Instant::now();
    while !sandbox.control(r#"{"command": "counts"}"#).unwrap().contains(r#""open":0"#) {
        assert!(started.elapsed() < HANG, "the connections stay");
        std::thread::yield_now();
    }
}

#[test]
fn a_call_forgotten_in_its_own_callback_makes_room_at_once() {
    let scene = Scene::new(r#", "max_in_flight": 1"#);
    let (client, place) = (scene.client.clone(), Arc::new(Mutex::new(None::<Call>)));
    let (mine, next) = (Arc::clone(&place), Arc::new(Mutex::new(None)));
    let sink = Arc::clone(&next);
    let callback = Box::new(move |_: Event<'_>| {
        let call = mine.lock().unwrap().take().unwrap();
        assert!(call.forget());
        *sink.lock().unwrap() = Some(client.submit("list_games", "", &options(), None).map(drop));
    });
    let call = scene.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    *place.lock().unwrap() = Some(call);
    scene.tick_until("the callback", || next.lock().unwrap().is_some());
    assert!(next.lock().unwrap().as_ref().unwrap().is_ok());
}

#[test]
fn forgetting_says_whether_the_callback_is_running_elsewhere() {
    let scene = Scene::new("");
    let (entered, is_inside) = std::sync::mpsc::channel();
    let (let_out, out) = std::sync::mpsc::channel::<()>();
    let out = Mutex::new(out);
    let callback = Box::new(move |_: Event<'_>| {
        entered.send(()).unwrap();
        out.lock().unwrap().recv().unwrap();
    });
    let call = scene.client.submit("list_games", "", &options(), Some(callback)).unwrap();
    let other = scene.submit("list_games", "");
    call.cancel().unwrap();
    std::thread::scope(|scope| {
        let ticker = scope.spawn(|| scene.client.tick(FRAME).unwrap());
        is_inside.recv().unwrap();
        assert!(other.forget());
        assert!(!call.forget());
        assert!(!scene.client.close());
        let_out.send(()).unwrap();
        assert_eq!(ticker.join().unwrap(), 1);
    });
    assert!(scene.client.close());
}

#[test]
fn a_call_submitted_during_a_shutdown_is_refused_or_told() {
    for round in 0..20 {
        let scene = Scene::new(r#", "max_in_flight": 100000"#);
        let told = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let submitter = scope.spawn(|| {
                for accepted in 0.. {
                    let told = Arc::clone(&told);
                    let callback = Box::new(move |_: Event<'_>| {
                        told.fetch_add(1, Ordering::SeqCst);
                    });
                    match scene.client.submit("list_games", "", &options(), Some(callback)) {
                        Ok(call) => call.detach(),
                        Err(error) => {
                            assert_eq!(error.code(), Code::SHUT_DOWN);
                            return accepted;
                        }
                    }
                }
                unreachable!()
            });
            std::thread::sleep(Duration::from_micros(150 * round));
            scene.client.shutdown(Duration::ZERO).unwrap();
            let told = told.load(Ordering::SeqCst);
            assert_eq!(submitter.join().unwrap(), told);
        });
    }
}

#[test]
fn a_shutdown_inside_news_of_a_watch_tells_its_end_inside_them() {
    let scene = Scene::new("");
    let id = &scene.start();
    let (client, told) = (scene.client.clone(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&told);
    let callback = Box::new(move |event: Event<'_>| match event {
        Event::Update(_) => {
            client.shutdown(HANG).unwrap();
            sink.lock().unwrap().push("news");
        }
        Event::Done(result) => {
            assert_eq!(result.as_ref().unwrap_err().code(), Code::CANCELED);
            sink.lock().unwrap().push("end");
        }
    });
    scene.client.watch_session(id, Duration::from_millis(10), Some(callback)).unwrap().detach();
    scene.tick_until("the news", || !told.lock().unwrap().is_empty());
    assert_eq!(*told.lock().unwrap(), ["end", "news"]);
}

#[test]
fn a_watch_that_would_be_a_load_is_refused() {
    let scene = Scene::new("");
    let error = scene.client.watch_session("id", Duration::from_millis(9), None).unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/interval_ms")));
}

#[test]
fn a_notifier_is_told_of_every_change_and_of_the_end() {
    let scene = Scene::new("");
    let id = &scene.start();
    let told = Arc::new(AtomicUsize::new(0));
    let watch = scene.client.watch_session(id, Duration::from_millis(10), None).unwrap();
    // Nothing of it is told while nobody drives, so what came before the notifier is made to come first.
    scene.tick_until("the news", || watch.poll_update().is_some());
    let count = Arc::clone(&told);
    watch.notify(Arc::new(move || _ = count.fetch_add(1, Ordering::SeqCst))).unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 0);
    assert_eq!(watch.notify(Arc::new(|| {})).unwrap_err().code(), Code::UNSUPPORTED);
    scene.control(r#"{"command": "advance_clock", "seconds": 100000}"#);
    scene.tick_until("the end", || told.load(Ordering::SeqCst) > 0);
    assert!(watch.poll().unwrap().unwrap().as_ref().unwrap().json().contains("expired"));

    let late = scene.submit("list_games", "");
    scene.tick_until("the answer", || late.poll().unwrap().is_some());
    let count = Arc::clone(&told);
    late.notify(Arc::new(move || _ = count.fetch_add(10, Ordering::SeqCst))).unwrap();
    assert!(told.load(Ordering::SeqCst) >= 10, "an end that came before is told at once");
}

#[test]
fn a_call_with_a_callback_takes_no_notifier() {
    let scene = Scene::new("");
    let call = scene.client.submit("list_games", "", &options(), Some(Box::new(|_| {}))).unwrap();
    assert_eq!(call.notify(Arc::new(|| {})).unwrap_err().code(), Code::UNSUPPORTED);
}

#[test]
fn driving_ends_with_the_future_or_with_its_time() {
    let scene = Scene::new("");
    let forever = std::future::pending::<()>();
    assert!(scene.client.drive(forever, Duration::from_millis(5)).unwrap().is_none());
    let mut call = scene.submit("list_games", "");
    assert!(scene.client.drive(&mut call, HANG).unwrap().unwrap().is_ok());
    scene.client.close();
    let refused = scene.client.drive(std::future::ready(()), HANG).unwrap_err();
    assert_eq!(refused.code(), Code::SHUT_DOWN);
}
