//! Calls end when their client is closed or when the host asks for it.

use std::io::Read;
use std::sync::mpsc::channel;
use std::time::Duration;

use iplaygames::{Client, Code, Config, Outcome};

use crate::fixture::{silent, status};

use crate::support::transport::is_native_only;
use crate::support::{TEST_TIMEOUT, client, options, read_request, serve};

#[test]
fn closing_a_client_ends_the_calls_of_other_threads() {
    const THREADS: usize = 8;
    let (port, sees) = silent();
    let client = client(port);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| status(&client, "never"))).collect();
        (0..THREADS).for_each(|_| sees.recv_timeout(TEST_TIMEOUT).unwrap());
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
fn closing_a_client_ends_a_prewarm_too() {
    if is_native_only("a prewarm opens no connection") {
        return;
    }
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
        4 * TEST_TIMEOUT.as_millis()
    );
    let client = Client::new(Config::from_json(&config).unwrap()).unwrap();
    std::thread::scope(|scope| {
        let prewarming = scope.spawn(|| client.prewarm(4 * TEST_TIMEOUT));
        sees.recv_timeout(TEST_TIMEOUT).unwrap();
        client.close();
        let error = prewarming.join().unwrap().unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CANCELED, Outcome::NotSent), "{error}");
    });
    assert_eq!(client.prewarm(TEST_TIMEOUT).unwrap_err().code(), Code::SHUT_DOWN);
}

#[test]
fn a_host_can_end_its_call_and_the_connection_while_it_waits() {
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
        .call_cancellable("get_session_status", arguments, &options(), every, || {
            asked += 1;
            asked < 5
        })
        .unwrap_err();
    assert_eq!((error.code(), error.outcome(), asked), (Code::CANCELED, Outcome::Unknown, 5), "{error}");
    sees.recv_timeout(TEST_TIMEOUT).unwrap();
}
