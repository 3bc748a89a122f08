//! The statements that write a journal, and the rows that they write. A batch of writes is one
//! transaction.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Statement, named_params};

use crate::config::Durability;

/// What is recorded before a start is sent. It contains no key, no token, no URL of a game and no
/// IP address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intent {
    pub(crate) operation: &'static str,
    pub(crate) call_id: String,
    /// The base URL without its scheme.
    pub(crate) host: String,
    pub(crate) player_id: Option<String>,
    /// The id of the game, or of the games of a multi-session, as JSON.
    pub(crate) game_id: Option<String>,
    pub(crate) currency: Option<String>,
}

/// The result of a start.
#[derive(Clone, Debug)]
pub(crate) enum StartOutcome {
    Open { session_id: String, expires_at: Option<String> },
    Rejected { code: i32 },
    NotSent { code: i32 },
    Unknown { code: i32 },
}

/// What is known of a session that this or another process has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Its end is about to be sent.
    Ending,
    /// Its end was not sent, or was refused.
    StillOpen,
    /// It does not exist any more.
    Ended,
}

/// The row of a start. The intent and the outcome are written one after the other, perhaps by two
/// transactions.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(super) intent: Intent,
    started_at: i64,
    /// The id of the row; 0 before it is written.
    row: AtomicI64,
    outcome: Mutex<Option<StartOutcome>>,
}

impl Entry {
    pub(crate) fn new(intent: Intent) -> Entry {
        Entry { intent, started_at: now(), row: AtomicI64::new(0), outcome: Mutex::new(None) }
    }

    /// Sets the outcome. An intent that is not written by then is never written.
    pub(crate) fn set_outcome(&self, outcome: StartOutcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }

    fn outcome(&self) -> Option<StartOutcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One write.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// Inserts a row, whose state is `unknown` until its outcome is written.
    Intent(std::sync::Arc<Entry>),
    Outcome(std::sync::Arc<Entry>),
    Session {
        /// The call that knows the change.
        call_id: String,
        session_id: String,
        host: String,
        change: Change,
        /// Set when `Ending` has changed an open session. Only then `StillOpen` changes it back:
        /// an earlier end, whose outcome is not known, has marked the session otherwise.
        has_marked: std::sync::Arc<AtomicBool>,
    },
    /// Writes nothing: it is done when everything before it is done.
    Barrier,
}

impl Write {
    pub(super) fn is_intent(&self) -> bool {
        matches!(self, Write::Intent(_))
    }
}

/// Returns the time in milliseconds since 1970, UTC.
pub(super) fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    }
}

const INSERT: &str = "INSERT INTO sessions
    (state, operation, call_id, host, player_id, game_id, currency, process, started_at)
    VALUES ('unknown', :operation, :call_id, :host, :player_id, :game_id, :currency, :process, :started_at)";

// A row that another program has resolved stays resolved. Ids are not used again, so the id alone
// names the row; the call id is checked because the file may have been replaced.
const OUTCOME: &str = "UPDATE sessions SET
    state = CASE WHEN state = 'unknown' THEN :state ELSE state END,
    outcome_at = :now, code = :code, session_id = :session_id, expires_at = :expires_at
    WHERE id = :id AND call_id = :call_id AND started_at = :started_at";

const ENDING: &str = "UPDATE sessions SET state = 'ending'
    WHERE session_id = :session_id AND host = :host AND state = 'open'";
const STILL_OPEN: &str = "UPDATE sessions SET state = 'open'
    WHERE session_id = :session_id AND host = :host AND state = 'ending'";
const ENDED: &str = "UPDATE sessions SET state = 'ended', ended_at = :now
    WHERE session_id = :session_id AND host = :host AND state IN ('unknown', 'open', 'ending')";

/// Writes a batch in one transaction. With [`Durability::Full`], a batch with an intent is on the
/// disk when this returns; another batch is in the hands of the system, and on the disk with the
/// next intent or the next checkpoint. Returns the number of rows in the file, if a row was added.
pub(super) fn write(
    connection: &Connection,
    batch: &[&Write],
    durability: Durability,
) -> rusqlite::Result<Option<i64>> {
    let has_intent = batch.iter().any(|write| write.is_intent());
    let is_synchronous = has_intent && durability == Durability::Full;
    connection.pragma_update(None, "synchronous", if is_synchronous { "FULL" } else { "NORMAL" })?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let rows = write_all(connection, batch)?;
    connection.execute_batch("COMMIT")?;
    Ok(rows)
}

fn write_all(connection: &Connection, batch: &[&Write]) -> rusqlite::Result<Option<i64>> {
    let mut insert = connection.prepare(INSERT)?;
    let mut outcome = connection.prepare(OUTCOME)?;
    let mut inserted = 0;
    for write in batch {
        match write {
            Write::Intent(entry) => {
                if entry.outcome().is_none() {
                    insert_intent(&mut insert, entry)?;
                    inserted += 1;
                }
            }
            Write::Outcome(entry) => {
                if entry.row.load(Ordering::Acquire) != 0
                    && !write_outcome(&mut outcome, entry)?
                    && matches!(
                        entry.outcome(),
                        Some(StartOutcome::Open { .. } | StartOutcome::Unknown { .. })
                    )
                {
                    // The file with the intent is gone: the session must be in the new one.
                    insert_intent(&mut insert, entry)?;
                    inserted += 1;
                    write_outcome(&mut outcome, entry)?;
                }
            }
            Write::Session { change: Change::StillOpen, has_marked, .. }
                if !has_marked.load(Ordering::Acquire) => {}
            Write::Session { session_id, host, change, has_marked, .. } => {
                let sql = match change {
                    Change::Ending => ENDING,
                    Change::StillOpen => STILL_OPEN,
                    Change::Ended => ENDED,
                };
                let mut update = connection.prepare(sql)?;
                let changed = match change {
                    Change::Ended => update
                        .execute(named_params! {":session_id": session_id, ":host": host, ":now": now()})?,
                    _ => update.execute(named_params! {":session_id": session_id, ":host": host})?,
                };
                if *change == Change::Ending {
                    has_marked.store(changed > 0, Ordering::Release);
                }
            }
            Write::Barrier => {}
        }
    }
    if inserted == 0 {
        return Ok(None);
    }
    let sql = "UPDATE totals SET sessions = sessions + ?1 RETURNING sessions";
    connection.query_row(sql, [inserted], |row| row.get(0)).optional()
}

fn insert_intent(insert: &mut Statement<'_>, entry: &Entry) -> rusqlite::Result<()> {
    let Intent { operation, call_id, host, player_id, game_id, currency } = &entry.intent;
    let row = insert.insert(named_params! {
        ":operation": operation,
        ":call_id": call_id,
        ":host": host,
        ":player_id": player_id,
        ":game_id": game_id,
        ":currency": currency,
        ":process": std::process::id(),
        ":started_at": entry.started_at,
    })?;
    entry.row.store(row, Ordering::Release);
    Ok(())
}

/// Writes the outcome of a start. Returns false if the file has no row of it.
fn write_outcome(update: &mut Statement<'_>, entry: &Entry) -> rusqlite::Result<bool> {
    let (state, code, session_id, expires_at) = match entry.outcome() {
        None => return Ok(true),
        Some(StartOutcome::Open { session_id, expires_at }) => ("open", 0, Some(session_id), expires_at),
        Some(StartOutcome::Rejected { code }) => ("rejected", code, None, None),
        Some(StartOutcome::NotSent { code }) => ("not_sent", code, None, None),
        Some(StartOutcome::Unknown { code }) => ("unknown", code, None, None),
    };
    let changed = update.execute(named_params! {
        ":state": state,
        ":now": now(),
        ":code": code,
        ":session_id": session_id,
        ":expires_at": expires_at,
        ":id": entry.row.load(Ordering::Acquire),
        ":call_id": entry.intent.call_id,
        ":started_at": entry.started_at,
    })?;
    Ok(changed > 0)
}
