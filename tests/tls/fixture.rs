//! A TLS server for HTTP/1.1, its clients, and checks that the tests of TLS share.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use iplaygames::{Client, Code, Config, Outcome};
use serde_json::{Value, json};

use crate::support::tls::{Identity, secure, trust_only_given_on_wine};
use crate::support::{ACTIVE, Received, SESSION, json, options, read_request, serve};

/// A TLS server that answers every request with [`ACTIVE`].
pub struct Server {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    pub requests: Receiver<Received>,
}

impl Server {
    pub fn new(identity: &Identity) -> Server {
        let config = identity.config(&["http/1.1"]);
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let (seen, requests) = channel();
        let port = serve(move |stream| {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = secure(&config, stream);
            while let Some(request) = read_request(&mut stream) {
                let _ = seen.send(request);
                if stream.write_all(&json("200 OK", ACTIVE)).is_err() {
                    return;
                }
            }
        });
        Server { port, connections, requests }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub fn client_at(base_url: &str, more: Value) -> Client {
    let mut config = json!({"api_key": "test-key-123", "base_url": base_url});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    trust_only_given_on_wine(&mut config);
    Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
}

pub fn at(port: u16, more: Value) -> Client {
    client_at(&format!("https://127.0.0.1:{port}"), more)
}

pub fn status(client: &Client) -> Result<iplaygames::Reply, iplaygames::Error> {
    client.call("get_session_status", SESSION, &options())
}

pub fn roots(client: &Client) -> String {
    let stats: Value = serde_json::from_str(&client.stats_json()).unwrap();
    stats["roots"].as_str().unwrap().to_owned()
}

/// A server of that identity is refused before it hears anything, and is not asked again.
pub fn assert_refused(identity: &Identity, host: &str, more: Value) {
    let server = Server::new(identity);
    let client = client_at(&format!("https://{host}:{}", server.port), more);
    let error = status(&client).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::TLS, Outcome::NotSent), "{error}");
    assert_eq!((error.attempts(), error.retryable()), (1, false), "{error}");
    assert!(!error.to_json().contains("test-key"), "{}", error.to_json());
    assert_eq!(server.connections(), 1, "{error}");
    assert!(server.requests.try_recv().is_err(), "nothing was said to a server that is not trusted");
}
