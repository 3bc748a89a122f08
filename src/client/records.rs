//! Connects calls with the journal: decides which calls are recorded, and what their reports mean
//! for a session.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::inner::ClientInner;
use super::reply::{Reply, into_reply};
use crate::api::operation::Operation;
use crate::api::refusal;
use crate::api::session::{is_over, session_kind, text_at};
use crate::codes::Code;
use crate::error::Error;
use crate::http_types::{self, Disposition, Request, RequestBody, Response};
use crate::journal::{Change, Entry, Intent, Journal, StartOutcome};
use crate::json;
use crate::net::call_cell::CallReport;
use crate::net::call_record::{CallRecord, RecordFuture};
use crate::net::transport_error::{TransportError, TransportErrorKind};

/// Returns the record of a call, if the client has a journal and the call starts, ends or checks a
/// session.
pub(super) fn record_of(
    client: &ClientInner,
    operation: &'static Operation,
    request: &Request,
    call_id: &str,
    echo: Option<&str>,
) -> Option<Arc<dyn CallRecord>> {
    let journal = client.journal.as_ref()?;
    let kind = session_kind(operation.id)?;
    let (host, echo) = (client.host().to_owned(), echo.map(str::to_owned));
    let call = RecordedCall { journal: Arc::clone(journal), operation, host, echo };
    if operation.id == kind.start {
        let entry = Entry::new(intent(operation, request, call_id, &call.host));
        let session_id = kind.session_id;
        return Some(Arc::new(StartRecord { call, session_id, entry: Arc::new(entry) }));
    }
    let (call_id, session_id) = (call_id.to_owned(), session_of(operation, request)?);
    let is_end = operation.id == kind.end;
    Some(Arc::new(SessionRecord { call, call_id, session_id, is_end, has_marked: Arc::default() }))
}

/// Returns the intent of a start. Only these members of the request are recorded.
fn intent(operation: &'static Operation, request: &Request, call_id: &str, host: &str) -> Intent {
    let body = match &request.body {
        RequestBody::Json(body) => std::str::from_utf8(body).unwrap_or_default(),
        _ => "",
    };
    let game = ["/game_id", "/game_ids"].into_iter().find_map(|pointer| json::get(body, pointer).ok());
    Intent {
        operation: operation.id,
        call_id: call_id.to_owned(),
        host: host.to_owned(),
        player_id: text_at(body, "/player_id"),
        game_id: game.map(str::to_owned),
        currency: text_at(body, "/currency"),
    }
}

/// Returns the id of the session that a call is about: the placeholder of its path.
fn session_of(operation: &Operation, request: &Request) -> Option<String> {
    let (before, after) = operation.path.split_once('{')?;
    let (_, after) = after.split_once('}')?;
    let target = std::str::from_utf8(&request.target).ok()?;
    let encoded = target.strip_prefix(before)?.strip_suffix(after)?;
    percent_encoding::percent_decode_str(encoded).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What the records of all calls have.
struct RecordedCall {
    journal: Arc<Journal>,
    operation: &'static Operation,
    host: String,
    /// The argument that the response must repeat.
    echo: Option<String>,
}

impl RecordedCall {
    /// Converts a report as the host will see it.
    fn result(&self, report: &CallReport) -> Result<Reply, Error> {
        into_reply(self.operation, report.clone(), String::new(), self.echo.as_deref(), None)
    }
}

/// The record of a call that starts a session.
struct StartRecord {
    call: RecordedCall,
    /// Where the response has the id of the session.
    session_id: &'static str,
    entry: Arc<Entry>,
}

impl CallRecord for StartRecord {
    fn begin(&self) -> RecordFuture<Result<(), TransportError>> {
        let begun = Arc::clone(&self.call.journal).begin(Arc::clone(&self.entry));
        Box::pin(async {
            begun.await.map_err(|error| {
                let kind = TransportErrorKind::Journal { is_transient: error.is_transient };
                TransportError::new(kind, error.message)
            })
        })
    }

    fn end(&self, report: &CallReport) -> RecordFuture<()> {
        let outcome = match self.call.result(report) {
            Ok(reply) => StartOutcome::Open {
                session_id: text_at(reply.json(), self.session_id).unwrap_or_default(),
                expires_at: text_at(reply.json(), "/data/expires_at"),
            },
            Err(error) => {
                let code = error.code().value();
                match error.outcome() {
                    http_types::Outcome::NotSent => StartOutcome::NotSent { code },
                    http_types::Outcome::Rejected => StartOutcome::Rejected { code },
                    http_types::Outcome::Unknown => StartOutcome::Unknown { code },
                }
            }
        };
        Box::pin(self.call.journal.record_outcome(&self.entry, outcome))
    }
}

/// The record of a call that ends or checks a session.
struct SessionRecord {
    call: RecordedCall,
    call_id: String,
    session_id: String,
    is_end: bool,
    /// Whether this call has changed the session from open to ending.
    has_marked: Arc<AtomicBool>,
}

impl SessionRecord {
    fn change(&self, change: Change) -> RecordFuture<()> {
        let SessionRecord { call, call_id, session_id, has_marked, .. } = self;
        let has_marked = Arc::clone(has_marked);
        Box::pin(call.journal.record_change(call_id, session_id, &call.host, change, has_marked))
    }
}

impl CallRecord for SessionRecord {
    /// Does not wait: a session whose end is lost is still open in the journal.
    fn begin(&self) -> RecordFuture<Result<(), TransportError>> {
        if self.is_end {
            drop(self.change(Change::Ending));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn end(&self, report: &CallReport) -> RecordFuture<()> {
        match self.call.result(report) {
            Ok(reply) if self.is_end || json::get(reply.json(), "/data/status").is_ok_and(is_over) => {
                self.change(Change::Ended)
            }
            Err(error) if is_gone(self.call.operation, &error) => self.change(Change::Ended),
            // Another end that was refused meanwhile may have changed the session back to open.
            Err(error) if self.is_end && error.outcome() == http_types::Outcome::Unknown => {
                self.change(Change::Ending)
            }
            Err(_) if self.is_end => self.change(Change::StillOpen),
            _ => Box::pin(std::future::ready(())),
        }
    }
}

/// Returns whether an error says that the session of the call does not exist. The API itself must
/// have responded: a proxy or a wrong address may also send 404.
pub(super) fn is_gone(operation: &Operation, error: &Error) -> bool {
    if error.code() != Code::NOT_FOUND || error.outcome() != http_types::Outcome::Rejected {
        return false;
    }
    let body = error.body_json().unwrap_or_default().as_bytes().to_vec();
    let response = Response { status: 404, body, ..Response::default() };
    refusal::classify(operation, &response) == Disposition::Refused
}
