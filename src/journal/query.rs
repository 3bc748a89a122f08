//! The queries of a journal: lists sessions, marks one as resolved, and removes old rows.

use std::time::Duration;

use rusqlite::{Connection, Row, named_params};

use super::database::{self, BUSY_LIMIT};
use super::error::JournalError;
use super::handle::Journal;
use super::store;
use crate::api::session::START;
use crate::error::Error;
use crate::json::{self, ObjectReader};

/// The state of a session in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// The start was perhaps sent, and its outcome is not known. A session may exist.
    Unknown,
    /// The session was started and not ended.
    Open,
    /// The end was perhaps sent, and its outcome is not known.
    Ending,
    /// The session has ended.
    Ended,
    /// The start was refused. There is no session.
    Rejected,
    /// The start was not sent. There is no session.
    NotSent,
    /// A person or a program has decided about the session; see [`resolve`].
    ///
    /// [`resolve`]: crate::SessionJournal::resolve
    Resolved,
}

impl SessionState {
    /// Every state.
    pub const ALL: [SessionState; 7] = [
        SessionState::Unknown,
        SessionState::Open,
        SessionState::Ending,
        SessionState::Ended,
        SessionState::Rejected,
        SessionState::NotSent,
        SessionState::Resolved,
    ];

    /// The states of sessions that may exist.
    const NOT_CLOSED: [SessionState; 3] = [SessionState::Unknown, SessionState::Open, SessionState::Ending];

    /// Returns the text in the file and in JSON: `unknown`, `open`, `ending`, `ended`, `rejected`,
    /// `not_sent` or `resolved`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SessionState::Unknown => "unknown",
            SessionState::Open => "open",
            SessionState::Ending => "ending",
            SessionState::Ended => "ended",
            SessionState::Rejected => "rejected",
            SessionState::NotSent => "not_sent",
            SessionState::Resolved => "resolved",
        }
    }

    pub(super) fn parse(text: &str) -> Option<SessionState> {
        SessionState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A session in a journal. Times are milliseconds since 1970, UTC, by the clock of the machine that
/// wrote them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// The number of the entry. Numbers grow with each start and are not used again.
    pub id: i64,
    /// The state of the session.
    pub state: SessionState,
    /// The operation that started the session.
    pub operation: String,
    /// The id of the call that started the session, which the server received as `X-Request-Id`.
    pub call_id: String,
    /// The host of the server, with the port and the path of the base URL if it has them.
    pub host: String,
    /// The operator's id of the player.
    pub player_id: Option<String>,
    /// The id of the game, or of the games of a multi-session, as JSON.
    pub game_id: Option<String>,
    /// The currency code.
    pub currency: Option<String>,
    /// The id of the process that started the session.
    pub process: i64,
    /// When the start was recorded.
    pub started_at: i64,
    /// When the outcome of the start was recorded.
    pub outcome_at: Option<i64>,
    /// The code of the start; 0 for a success.
    pub code: Option<i64>,
    /// The id of the session, or of the multi-session. The latter is a secret, which `Debug` does
    /// not show.
    pub session_id: Option<String>,
    /// When the session expires, as the server sent it.
    pub expires_at: Option<String>,
    /// When the end, or the decision about the session, was recorded.
    pub ended_at: Option<i64>,
    /// The note of the decision.
    pub note: Option<String>,
}

pub(super) const COLUMNS: &str = "id, state, operation, call_id, host, player_id, game_id, currency, process,
    started_at, outcome_at, code, session_id, expires_at, ended_at, note";

impl std::fmt::Debug for JournalEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("JournalEntry");
        shown.field("id", &self.id).field("state", &self.state).field("operation", &self.operation);
        if self.operation == START {
            shown.field("session_id", &self.session_id);
        }
        shown.field("call_id", &self.call_id).field("host", &self.host).field("player_id", &self.player_id);
        shown.finish_non_exhaustive()
    }
}

impl JournalEntry {
    fn of_row(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
        let state: String = row.get(1)?;
        Ok(JournalEntry {
            id: row.get(0)?,
            // The schema allows no other text. In doubt a session may exist.
            state: SessionState::parse(&state).unwrap_or(SessionState::Unknown),
            operation: row.get(2)?,
            call_id: row.get(3)?,
            host: row.get(4)?,
            player_id: row.get(5)?,
            game_id: row.get(6)?,
            currency: row.get(7)?,
            process: row.get(8)?,
            started_at: row.get(9)?,
            outcome_at: row.get(10)?,
            code: row.get(11)?,
            session_id: row.get(12)?,
            expires_at: row.get(13)?,
            ended_at: row.get(14)?,
            note: row.get(15)?,
        })
    }

    /// Returns the entry as a JSON object.
    pub fn to_json(&self) -> String {
        let number = |value: Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
        let text = |value: Option<&str>| match value {
            None => "null".to_owned(),
            Some(value) => {
                let mut quoted = String::new();
                json::write_string(&mut quoted, value);
                quoted
            }
        };
        let members = [
            ("id", self.id.to_string()),
            ("state", text(Some(self.state.as_str()))),
            ("operation", text(Some(&self.operation))),
            ("call_id", text(Some(&self.call_id))),
            ("host", text(Some(&self.host))),
            ("player_id", text(self.player_id.as_deref())),
            ("game_id", text(self.game_id.as_deref())),
            ("currency", text(self.currency.as_deref())),
            ("process", self.process.to_string()),
            ("started_at", self.started_at.to_string()),
            ("outcome_at", number(self.outcome_at)),
            ("code", number(self.code)),
            ("session_id", text(self.session_id.as_deref())),
            ("expires_at", text(self.expires_at.as_deref())),
            ("ended_at", number(self.ended_at)),
            ("note", text(self.note.as_deref())),
        ];
        json::object(members.iter().map(|(name, value)| (*name, value.as_str())))
    }
}

/// Which sessions of a journal are listed. The default lists the sessions that may exist: those
/// that are open, ending or unknown.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JournalFilter {
    /// The states; empty for open, ending and unknown.
    pub states: Vec<SessionState>,
    /// The player, if only the sessions of one player are listed.
    pub player_id: Option<String>,
    /// The id of the session, if only one session is listed.
    pub session_id: Option<String>,
    /// The id of the call that started the session.
    pub call_id: Option<String>,
    /// Lists entries with larger numbers only: the number of the last entry of the page before.
    pub after: i64,
    /// The maximum number of entries; 1000 if absent.
    pub limit: Option<u32>,
}

const DEFAULT_LIMIT: u32 = 1000;

impl JournalFilter {
    /// Parses a filter from JSON: `{"states", "player_id", "session_id", "call_id", "after",
    /// "limit"}`. Empty text means the default.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) with [`field`](Error::field)
    /// pointing at the member.
    pub fn from_json(text: &str) -> Result<JournalFilter, Error> {
        let mut reader = ObjectReader::parse(text, "The filter")?;
        reader.check_keys(&["states", "player_id", "session_id", "call_id", "after", "limit"])?;
        let states = reader.take_strings("states")?.unwrap_or_default();
        let parse = |state: &String| {
            SessionState::parse(state).ok_or_else(|| {
                let names = SessionState::ALL.map(SessionState::as_str).join(", ");
                Error::invalid("/states", format!("`states` has {state:?}. The states are {names}."))
            })
        };
        Ok(JournalFilter {
            states: states.iter().map(parse).collect::<Result<_, _>>()?,
            player_id: reader.take_string("player_id")?,
            session_id: reader.take_string("session_id")?,
            call_id: reader.take_string("call_id")?,
            after: reader.take_integer("after", 0..=i64::MAX as u64)?.unwrap_or(0) as i64,
            limit: reader.take_integer("limit", 1..=100_000)?.map(|limit| limit as u32),
        })
    }

    /// Returns the query. A list of states that have an index names the condition of that index.
    fn sql(&self) -> String {
        let list = |states: &[SessionState]| {
            let quoted: Vec<String> = states.iter().map(|state| format!("'{}'", state.as_str())).collect();
            format!("state IN ({})", quoted.join(", "))
        };
        let states = if self.states.is_empty() { &SessionState::NOT_CLOSED[..] } else { &self.states };
        let mut conditions = vec!["id > :after".to_owned(), list(states)];
        if states.iter().all(|state| SessionState::NOT_CLOSED.contains(state)) {
            conditions.push(list(&SessionState::NOT_CLOSED));
        }
        if self.session_id.is_some() {
            conditions.push("session_id = :session_id".to_owned());
        }
        conditions.push("(:player_id IS NULL OR player_id = :player_id)".to_owned());
        conditions.push("(:call_id IS NULL OR call_id = :call_id)".to_owned());
        conditions.push("(:session_id IS NULL OR session_id = :session_id)".to_owned());
        let conditions = conditions.join(" AND ");
        format!("SELECT {COLUMNS} FROM sessions WHERE {conditions} ORDER BY id LIMIT :limit")
    }
}

impl Journal {
    /// Returns the entries that the filter selects, in the order of their numbers.
    pub(crate) fn list(&self, filter: &JournalFilter) -> Result<Vec<JournalEntry>, JournalError> {
        let Some(_file) = self.begin_query() else { return Ok(Vec::new()) };
        let sql = filter.sql();
        database::with(self.path(), BUSY_LIMIT, |connection| {
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map(
                named_params! {
                    ":after": filter.after,
                    ":player_id": filter.player_id,
                    ":session_id": filter.session_id,
                    ":call_id": filter.call_id,
                    ":limit": filter.limit.unwrap_or(DEFAULT_LIMIT),
                },
                JournalEntry::of_row,
            )?;
            rows.collect()
        })
    }

    /// Marks an entry that is open, ending or unknown as resolved. Returns false if there is no
    /// such entry.
    pub(crate) fn resolve(&self, id: i64, note: &str) -> Result<bool, JournalError> {
        let Some(_file) = self.begin_query() else { return Ok(false) };
        let sql = "UPDATE sessions SET state = 'resolved', ended_at = :now, note = :note
            WHERE id = :id AND state IN ('unknown', 'open', 'ending')";
        database::with(self.path(), BUSY_LIMIT, |connection| {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection
                .execute(sql, named_params! {":id": id, ":note": note, ":now": store::now()})
                .map(|changed| changed > 0)
        })
    }

    /// Removes the entries of sessions that do not exist and were closed before the given time ago,
    /// and gives their space back to the disk. Returns the number of removed entries.
    pub(crate) fn compact(&self, older_than: Duration) -> Result<u64, JournalError> {
        const STEP: i64 = 10_000;
        let Some(_file) = self.begin_query() else { return Ok(0) };
        let before = store::now().saturating_sub(i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX));
        let (mut after, mut removed) = (0, 0);
        // Step by step: other writers, and a fork, wait for one step only.
        loop {
            let step = database::with(self.path(), BUSY_LIMIT, |connection| {
                remove_closed(connection, after, STEP, before)
            })?;
            let Some((last, removed_here)) = step else { break };
            (after, removed) = (last, removed + removed_here);
        }
        let mut left = i64::MAX;
        loop {
            let free = database::with(self.path(), BUSY_LIMIT, |connection| {
                let mut vacuum = connection.prepare("PRAGMA incremental_vacuum(1000)")?;
                let mut rows = vacuum.query(())?;
                while rows.next()?.is_some() {}
                connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))
            })?;
            // A file that another program has rebuilt may keep its free pages.
            if free == 0 || free >= left {
                break;
            }
            left = free;
        }
        // Another process may be reading: then the file shrinks later.
        let _ = database::with(self.path(), Duration::ZERO, |connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
        });
        Ok(removed)
    }
}

/// Removes closed entries among the `step` entries after `after`. Returns the number of the last of
/// them, and how many were removed; None at the end of the table.
fn remove_closed(
    connection: &Connection,
    after: i64,
    step: i64,
    before: i64,
) -> rusqlite::Result<Option<(i64, u64)>> {
    let last = "SELECT max(id) FROM (SELECT id FROM sessions WHERE id > ?1 ORDER BY id LIMIT ?2)";
    let Some(last) = connection.query_row(last, [after, step], |row| row.get::<_, Option<i64>>(0))? else {
        return Ok(None);
    };
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let removed = connection.execute(
        "DELETE FROM sessions WHERE id > ?1 AND id <= ?2 AND state NOT IN ('unknown', 'open', 'ending')
            AND coalesce(ended_at, outcome_at, started_at) <= ?3",
        [after, last, before],
    )?;
    connection.execute("UPDATE totals SET sessions = sessions - ?1", [removed as i64])?;
    connection.execute_batch("COMMIT")?;
    Ok(Some((last, removed as u64)))
}
