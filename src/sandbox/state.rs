//! The state of a sandbox, shared by its server thread and its owner.

use crate::fork::ForkSafeMutex;

use super::clock::Clock;
use super::config::Config;
use super::connection_counts::ConnectionCounts;
use super::fault_queue::FaultQueue;
use super::request_log::RequestLog;
use super::store::Store;

/// What the server thread and the owner of a sandbox share.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) base_url: String,
    /// The port that the sandbox listens on.
    pub(super) port: u16,
    pub(super) state: ForkSafeMutex<State>,
}

/// The part of a sandbox that requests and commands change.
#[derive(Default)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) faults: FaultQueue,
    pub(super) requests: RequestLog,
    pub(super) connections: ConnectionCounts,
    last_request_id: u64,
}

impl State {
    /// Restores the initial state. Open connections stay counted, and the request ids of responses
    /// continue.
    pub(super) fn reset(&mut self) {
        let State { store, clock, faults, requests, connections, last_request_id: _ } = self;
        *store = Store::default();
        *clock = Clock::default();
        *faults = FaultQueue::default();
        *requests = RequestLog::default();
        connections.reset();
    }

    /// Returns the number that identifies the next response.
    pub(super) fn next_request_id(&mut self) -> u64 {
        self.last_request_id += 1;
        self.last_request_id
    }
}
