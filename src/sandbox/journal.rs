//! What the sandbox remembers of requests and connections.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

/// How many requests are kept.
const KEPT: usize = 256;
/// How much of each body is kept.
const KEPT_BODY: usize = 64 * 1024;

/// How a request identified itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    Ok,
    Missing,
    Wrong,
}

impl Bearer {
    pub(super) fn of(headers: &http::HeaderMap, api_key: &str) -> Bearer {
        let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Bearer::Missing };
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        match token {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.trim() == api_key => {
                Bearer::Ok
            }
            _ => Bearer::Wrong,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Bearer::Ok => "ok",
            Bearer::Missing => "missing",
            Bearer::Wrong => "wrong",
        }
    }
}

/// The last requests, and how many there were of each operation.
#[derive(Default)]
pub(super) struct Journal {
    last: VecDeque<Value>,
    total: u64,
    by_operation: BTreeMap<&'static str, u64>,
}

impl Journal {
    pub(super) fn note(&mut self, operation: Option<&'static str>, row: Value) {
        self.total += 1;
        if let Some(id) = operation {
            *self.by_operation.entry(id).or_default() += 1;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(row);
    }

    pub(super) fn rows(&self) -> Vec<Value> {
        self.last.iter().cloned().collect()
    }

    pub(super) fn counts(&self) -> Value {
        json!({"total": self.total, "by_operation": self.by_operation})
    }
}

/// A request as `requests` lists it, without the API key.
pub(super) fn row(
    operation: Option<&str>,
    request: &http::request::Parts,
    bearer: Bearer,
    body: &[u8],
) -> Value {
    let mut headers = Map::new();
    for name in request.headers.keys() {
        let values = request.headers.get_all(name).iter();
        let text: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        headers.insert(name.to_string(), json!(text.join(", ")));
    }
    headers.insert("authorization".to_owned(), json!(bearer.as_str()));
    json!({
        "operation": operation,
        "method": request.method.as_str(),
        "target": request.uri.path_and_query().map_or("/", |target| target.as_str()),
        "headers": headers,
        "body": String::from_utf8_lossy(&body[..body.len().min(KEPT_BODY)]),
    })
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    accepted: u64,
    open: u64,
    peak: u64,
}

impl Connections {
    pub(super) fn opened(&mut self) {
        self.accepted += 1;
        self.open += 1;
        self.peak = self.peak.max(self.open);
    }

    pub(super) fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Those that are open stay counted as open.
    pub(super) fn reset(&mut self) {
        self.accepted = 0;
        self.peak = self.open;
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"accepted": self.accepted, "open": self.open, "peak": self.peak})
    }
}
