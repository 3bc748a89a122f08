//! The logger of a host may use the client.

use std::sync::{Arc, Mutex};

use iplaygames::{LogLevel, LogLine};

use crate::fixture::{ask, echo};

use crate::support::client;

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
