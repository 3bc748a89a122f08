//! Counts the connections to the sandbox.

use serde_json::{Value, json};

/// How many connections were accepted, are open, and were open at most at the same time.
#[derive(Debug, Default)]
pub(super) struct ConnectionCounts {
    accepted: u64,
    open: u64,
    peak: u64,
}

impl ConnectionCounts {
    /// Counts a new connection.
    pub(super) fn add(&mut self) {
        self.accepted += 1;
        self.open += 1;
        self.peak = self.peak.max(self.open);
    }

    /// Counts the end of a connection.
    pub(super) fn remove(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Restarts the counts. Open connections stay counted as open.
    pub(super) fn reset(&mut self) {
        self.accepted = 0;
        self.peak = self.open;
    }

    /// Returns the counts as the command `counts` shows them.
    pub(super) fn to_json(&self) -> Value {
        json!({"accepted": self.accepted, "open": self.open, "peak": self.peak})
    }
}
