//! A watch reports each change once, and ends with the session.

use std::time::Duration;

use iplaygames::Code;

use crate::fixture::Fixture;

#[test]
fn a_watch_reports_each_change_once_and_ends_with_the_session() {
    let fixture = Fixture::new("");
    let id = &fixture.start();
    let watch = fixture.client.watch_session(id, Duration::from_millis(10), None).unwrap();
    let mut news = Vec::new();
    fixture.tick_until("the first news", || {
        news.extend(watch.poll_update());
        !news.is_empty()
    });
    let reads = || {
        let counts: serde_json::Value =
            serde_json::from_str(&fixture.control(r#"{"command": "counts"}"#)).unwrap();
        counts["requests"]["by_operation"]["get_session_status"].as_u64().unwrap()
    };
    fixture.tick_until("five readings", || reads() >= 5);
    assert!(watch.poll_update().is_none(), "nothing has changed");
    fixture.client.sessions().end(id).unwrap();
    fixture.tick_until("the end", || watch.try_result().unwrap().is_some());
    let last = watch.try_result().unwrap().unwrap().as_ref().unwrap();
    assert!(last.json().contains("closed") && news[0].as_ref().unwrap().json().contains("active"));

    let gone = fixture.client.watch_session("nobody", Duration::from_millis(10), None).unwrap();
    fixture.tick_until("the end", || gone.try_result().unwrap().is_some());
    assert_eq!(gone.try_result().unwrap().unwrap().as_ref().unwrap_err().code(), Code::NOT_FOUND);
}

#[test]
fn a_watch_with_an_interval_below_10_milliseconds_is_refused() {
    let fixture = Fixture::new("");
    let error = fixture.client.watch_session("id", Duration::from_millis(9), None).unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/interval_ms")));
}
