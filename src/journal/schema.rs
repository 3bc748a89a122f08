//! The schema of a journal and its versions: `application_id` says that a file is a journal,
//! `user_version` how many migrations it has had. docs/journal.md describes the schema for readers.

use rusqlite::{Connection, TransactionBehavior};

/// The `application_id` of a journal: "IPGJ".
pub(super) const APPLICATION_ID: i64 = 0x4950_474A;

/// The migrations. A file with the version N has had the first N. A migration that was released
/// never changes.
pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL CHECK (state IN
    ('unknown', 'open', 'ending', 'ended', 'rejected', 'not_sent', 'resolved')),
  operation TEXT NOT NULL,
  call_id TEXT NOT NULL,
  host TEXT NOT NULL,
  player_id TEXT,
  game_id TEXT,
  currency TEXT,
  process INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  outcome_at INTEGER,
  code INTEGER,
  session_id TEXT,
  expires_at TEXT,
  ended_at INTEGER,
  note TEXT
);
CREATE INDEX sessions_by_session_id ON sessions (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX sessions_not_closed ON sessions (id) WHERE state IN ('unknown', 'open', 'ending');
CREATE TABLE totals (sessions INTEGER NOT NULL);
INSERT INTO totals VALUES (0);
"];

/// Why the schema of a file cannot be used.
pub(super) enum SchemaError {
    /// The file belongs to another program.
    Foreign,
    /// A later version of this library has written the file.
    Newer {
        version: i64,
    },
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> SchemaError {
        SchemaError::Sqlite(error)
    }
}

/// Checks that the file is a journal or empty, and brings it to the last version. Changes nothing
/// in any other file.
pub(super) fn prepare(connection: &mut Connection, migrations: &[&str]) -> Result<(), SchemaError> {
    let last = migrations.len() as i64;
    // One transaction: another process may be creating the schema at this moment.
    let transaction = connection.transaction()?;
    let (is_journal, version) = inspect(&transaction, last)?;
    transaction.finish()?;
    if is_journal && version == last {
        return Ok(());
    }
    if !is_journal {
        // Both are decided by the first page, before the first table.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it in the meantime.
    let (_, version) = inspect(&transaction, last)?;
    for migration in migrations.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", last)?;
    transaction.commit()?;
    Ok(())
}

/// Returns whether the file is a journal, and its version. An error if it is neither a journal that
/// this library knows nor empty. Runs inside a transaction.
fn inspect(connection: &Connection, last: i64) -> Result<(bool, i64), SchemaError> {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application_id = application_id(connection)?;
    if application_id == APPLICATION_ID {
        return if version > last { Err(SchemaError::Newer { version }) } else { Ok((true, version)) };
    }
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let is_empty = version == 0 && tables == 0 && application_id == 0;
    if is_empty { Ok((false, version)) } else { Err(SchemaError::Foreign) }
}

fn application_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_earlier_version_is_migrated_and_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        let later: Vec<&str> =
            MIGRATIONS.iter().copied().chain(["ALTER TABLE sessions ADD COLUMN region TEXT"]).collect();
        assert!(prepare(&mut connection, MIGRATIONS).is_ok());
        let insert = "INSERT INTO sessions (state, operation, call_id, host, process, started_at)
            VALUES ('unknown', 'start_a_game_session', 'c', 'h', 1, 2)";
        connection.execute(insert, ()).unwrap();
        assert!(prepare(&mut connection, &later).is_ok());
        let row = "SELECT call_id, region FROM sessions";
        let row = connection.query_row(row, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, ("c".to_owned(), None::<String>));
        // The library of the earlier version does not touch the file any more.
        let Err(SchemaError::Newer { version }) = prepare(&mut connection, MIGRATIONS) else { panic!() };
        assert_eq!(version, later.len() as i64);
    }

    #[test]
    fn a_database_of_another_program_is_refused_and_not_changed() {
        for content in ["CREATE TABLE t (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(content).unwrap();
            assert!(matches!(prepare(&mut connection, MIGRATIONS), Err(SchemaError::Foreign)), "{content}");
            let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sessions%'";
            assert_eq!(connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(prepare(&mut connection, MIGRATIONS).is_ok());
        let broken: Vec<&str> = MIGRATIONS.iter().copied().chain(["CREATE TABLE x (y); NONSENSE"]).collect();
        assert!(matches!(prepare(&mut connection, &broken), Err(SchemaError::Sqlite(_))));
        assert!(prepare(&mut connection, MIGRATIONS).is_ok());
    }
}
