//! A sandbox and a client with a journal, and readers of its file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use iplaygames::sandbox::Sandbox;
use iplaygames::{
    Client, ClientBuilder, Exchange, ExchangeFailure, HostRequest, HostTransport, JournalEntry,
    JournalFilter, SessionState, StartSession,
};
use serde_json::Value;

use crate::support::TEST_TIMEOUT;

pub struct Fixture {
    pub sandbox: Sandbox,
    pub client: Client,
    pub folder: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Fixture {
        let sandbox = Sandbox::start("").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let client = builder(&sandbox).journal(folder.path().join("journal")).build().unwrap();
        Fixture { sandbox, client, folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Starts a session for a player and returns its id.
    pub fn start(&self, player: &str) -> String {
        self.client.sessions().start(&request(player)).unwrap().session_id
    }

    pub fn list(&self, states: &[SessionState]) -> Vec<JournalEntry> {
        let mut filter = JournalFilter::default();
        filter.states = states.to_vec();
        self.client.journal().unwrap().open(&filter).unwrap()
    }

    /// Returns the only entry of the journal.
    pub fn only(&self) -> JournalEntry {
        let mut entries = self.list(&ALL);
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    pub fn fault(&self, fault: &str) {
        self.sandbox.control(&format!(r#"{{"command": "fault", {fault}}}"#)).unwrap();
    }

    /// Returns how many sessions exist at the server, in any state.
    pub fn total(&self) -> u64 {
        total(&self.sandbox)
    }

    pub fn journal_stats(&self) -> Value {
        serde_json::from_str::<Value>(&self.client.stats_json()).unwrap()["journal"].take()
    }
}

pub const ALL: [SessionState; 7] = [
    SessionState::Unknown,
    SessionState::Open,
    SessionState::Ending,
    SessionState::Ended,
    SessionState::Rejected,
    SessionState::NotSent,
    SessionState::Resolved,
];

pub fn builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder().api_key(sandbox.api_key()).base_url(sandbox.base_url()).timeout(TEST_TIMEOUT)
}

pub fn request(player: &str) -> StartSession {
    StartSession::new(123).player_id(player).currency("USD").country_code("US").ip_address("192.0.2.77")
}

/// Returns how many sessions exist at a sandbox, in any state.
pub fn total(sandbox: &Sandbox) -> u64 {
    let counts: Value = serde_json::from_str(&sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap();
    counts["sessions"]["total"].as_u64().unwrap() + counts["multi_sessions"]["total"].as_u64().unwrap()
}

/// Reads one value from the file of a journal.
pub fn read<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    connection.busy_timeout(TEST_TIMEOUT).unwrap();
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// A transport of the host that calls a function with each request, in place of sending it.
pub struct Hook<F>(pub F);

impl<F: Fn(&HostRequest<'_>) -> Option<String> + Send + Sync> HostTransport for Hook<F> {
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
        match (self.0)(request) {
            Some(body) => {
                exchange.respond(201, &[("content-type", "application/json")], body.into_bytes()).unwrap();
            }
            None => exchange.fail(ExchangeFailure::ConnectionLost, true, "cut").unwrap(),
        }
    }
}

/// A transport of the host that responds with a status and a body.
pub struct Responder<F>(pub F);

impl<F: Fn(&HostRequest<'_>) -> (u16, String) + Send + Sync> HostTransport for Responder<F> {
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
        let (status, body) = (self.0)(request);
        exchange.respond(status, &[("content-type", "application/json")], body.into_bytes()).unwrap();
    }
}

/// Makes a client that starts the session `session-1`, and whose other requests go to `respond`
/// with their method.
pub fn with_session(path: &Path, respond: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Client {
    let transport = Responder(move |request: &HostRequest<'_>| match request.method {
        "POST" if request.url.ends_with("/end") => respond("END"),
        "POST" => (201, started("session-1").unwrap()),
        method => respond(method),
    });
    let builder = Client::builder().api_key("key").base_url("http://127.0.0.1:1").timeout(TEST_TIMEOUT);
    let client = builder.journal(path).host_transport(Arc::new(transport)).build().unwrap();
    client.sessions().start(&request("p")).unwrap();
    client
}

/// Makes a client whose requests go to `hook`.
pub fn hooked(
    path: &Path,
    hook: impl Fn(&HostRequest<'_>) -> Option<String> + Send + Sync + 'static,
) -> Client {
    let builder = Client::builder().api_key("key").base_url("http://127.0.0.1:1").timeout(TEST_TIMEOUT);
    builder.journal(path).host_transport(Arc::new(Hook(hook))).build().unwrap()
}

/// Returns a response to a start.
pub fn started(session_id: &str) -> Option<String> {
    Some(format!(
        r#"{{"success":true,"data":{{"session_id":"{session_id}","game_url":"https://game.example/secret-url",
            "session_token":"secret-token","expires_at":"2030-01-01T00:00:00Z"}}}}"#
    ))
}
