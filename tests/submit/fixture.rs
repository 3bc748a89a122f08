//! A sandbox with a client, and calls that the tests of non-blocking calls share.

use std::time::{Duration, Instant};

use iplaygames::sandbox::Sandbox;
use iplaygames::{Call, Client};

use crate::support::{START, TEST_TIMEOUT, options};

pub const FRAME: Duration = Duration::from_micros(500);

pub struct Fixture {
    pub sandbox: Sandbox,
    pub client: Client,
}

impl Fixture {
    pub fn new(more: &str) -> Fixture {
        let (sandbox, client) = crate::support::sandbox_and_client(more);
        Fixture { sandbox, client }
    }

    pub fn control(&self, command: &str) -> String {
        self.sandbox.control(command).unwrap()
    }

    /// Ticks until something holds.
    pub fn tick_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            self.client.tick(FRAME).unwrap();
            assert!(started.elapsed() < TEST_TIMEOUT, "{what} never came");
            std::thread::yield_now();
        }
    }

    /// Starts a session; answers its id.
    pub fn start(&self) -> String {
        let reply = self.client.call("start_a_game_session", START, &options()).unwrap();
        let document: serde_json::Value = serde_json::from_str(reply.json()).unwrap();
        document["data"]["session_id"].as_str().unwrap().to_owned()
    }

    pub fn submit(&self, operation: &str, arguments: &str) -> Call {
        self.client.submit(operation, arguments, &options(), None).unwrap()
    }
}

impl Fixture {
    pub fn open_connections(&self) -> u64 {
        let counts: serde_json::Value =
            serde_json::from_str(&self.control(r#"{"command": "counts"}"#)).unwrap();
        counts["connections"]["open"].as_u64().unwrap()
    }

    pub fn arrived(&self, operation: &str) -> bool {
        self.control(r#"{"command": "counts"}"#).contains(&format!(r#""{operation}":1"#))
    }
}
