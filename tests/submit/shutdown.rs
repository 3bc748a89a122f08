//! A shutdown reports the end of every call and refuses new ones.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iplaygames::{Code, Event};

use crate::fixture::{FRAME, Fixture};
use crate::support::{TEST_TIMEOUT, options};

#[test]
fn a_shutdown_delivers_every_callback_and_refuses_new_calls() {
    let fixture = Fixture::new("");
    fixture.control(
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
        fixture.client.submit(operation, "", &options(), Some(callback)).unwrap().detach();
    }
    fixture.client.shutdown(Duration::from_secs(1)).unwrap();
    let mut codes = codes.lock().unwrap().clone();
    codes.sort();
    assert_eq!(codes, [Code::OK, Code::CANCELED]);
    let refused = fixture.client.submit("list_games", "", &options(), None).unwrap_err();
    assert_eq!(refused.code(), Code::SHUT_DOWN);
    assert_eq!(fixture.client.call("list_games", "", &options()).unwrap_err().code(), Code::SHUT_DOWN);
    assert_eq!(fixture.client.shutdown(FRAME).unwrap_err().code(), Code::SHUT_DOWN);
}

#[test]
fn a_call_submitted_during_a_shutdown_is_refused_or_its_callback_runs() {
    for round in 0..20 {
        let fixture = Fixture::new(r#", "max_in_flight": 100000"#);
        let told = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let submitter = scope.spawn(|| {
                for accepted in 0.. {
                    let told = Arc::clone(&told);
                    let callback = Box::new(move |_: Event<'_>| {
                        told.fetch_add(1, Ordering::SeqCst);
                    });
                    match fixture.client.submit("list_games", "", &options(), Some(callback)) {
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
            fixture.client.shutdown(Duration::ZERO).unwrap();
            let told = told.load(Ordering::SeqCst);
            assert_eq!(submitter.join().unwrap(), told);
        });
    }
}

#[test]
fn a_shutdown_in_an_update_of_a_watch_delivers_its_end_in_that_update() {
    let fixture = Fixture::new("");
    let id = &fixture.start();
    let (client, told) = (fixture.client.clone(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&told);
    let callback = Box::new(move |event: Event<'_>| match event {
        Event::Update(_) => {
            client.shutdown(TEST_TIMEOUT).unwrap();
            sink.lock().unwrap().push("news");
        }
        Event::Done(result) => {
            assert_eq!(result.as_ref().unwrap_err().code(), Code::CANCELED);
            sink.lock().unwrap().push("end");
        }
    });
    fixture.client.watch_session(id, Duration::from_millis(10), Some(callback)).unwrap().detach();
    fixture.tick_until("the news", || !told.lock().unwrap().is_empty());
    assert_eq!(*told.lock().unwrap(), ["end", "news"]);
}
