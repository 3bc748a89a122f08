//! The log of API requests that the commands `requests` and `counts` show.

use std::collections::{BTreeMap, VecDeque};

use http::request::Parts;
use serde_json::{Map, Value, json};

use super::auth::AuthResult;

/// How many requests are kept.
const MAX_REQUESTS: usize = 256;
/// How many bytes of each request body are kept.
const MAX_BODY: usize = 64 * 1024;

/// The last requests, and the number of requests of each operation.
#[derive(Default)]
pub(super) struct RequestLog {
    entries: VecDeque<Value>,
    total: u64,
    by_operation: BTreeMap<&'static str, u64>,
}

impl RequestLog {
    /// Counts a request and adds its entry. Removes the oldest entry if the log is full.
    pub(super) fn add(&mut self, operation: Option<&'static str>, entry: Value) {
        self.total += 1;
        if let Some(id) = operation {
            *self.by_operation.entry(id).or_default() += 1;
        }
        if self.entries.len() == MAX_REQUESTS {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Returns the entries, oldest first.
    pub(super) fn entries(&self) -> Vec<Value> {
        self.entries.iter().cloned().collect()
    }

    /// Returns the counts as the command `counts` shows them.
    pub(super) fn counts(&self) -> Value {
        json!({"total": self.total, "by_operation": self.by_operation})
    }
}

/// Returns the log entry of a request. In place of the API key the entry has the result of its
/// check.
pub(super) fn entry(operation: Option<&str>, head: &Parts, auth: AuthResult, body: &[u8]) -> Value {
    let mut headers = Map::new();
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter();
        let text: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        headers.insert(name.to_string(), json!(text.join(", ")));
    }
    headers.insert("authorization".to_owned(), json!(auth.as_str()));
    json!({
        "operation": operation,
        "method": head.method.as_str(),
        "target": head.uri.path_and_query().map_or("/", |target| target.as_str()),
        "headers": headers,
        "body": String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]),
    })
}
