//! The open files of this process: one connection for each path, which all clients of the process
//! share.
//!
//! SQLite must not be used across a fork: a child would share locks that it does not hold. So every
//! use of SQLite is inside one lock that `fork` waits for, and the connections are closed before
//! the fork. The parent and the child open their own at the next use. A fork waits for at most one
//! commit.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::JournalError;
use super::platform::{self, FileId};
use super::schema::{self, MIGRATIONS, SchemaError};
use crate::fork::StaticForkSafeMutex;
use crate::net::stdio_guard::StdioGuard;

static DATABASES: StaticForkSafeMutex<Vec<Database>> =
    StaticForkSafeMutex::with_fork_handler(Vec::new(), close_all);

struct Database {
    path: PathBuf,
    file: FileId,
    /// The log and its index. None for a file that another program has changed to another mode.
    side_files: Option<[SideFile; 2]>,
    connection: Connection,
}

/// A file that SQLite keeps beside the file of the journal. Another program that removes it does
/// not close it here: what is written to it later is in no file that has a name.
struct SideFile {
    path: PathBuf,
    /// None if it was removed before this was made.
    file: Option<FileId>,
}

/// How long a locked file is tried again.
pub(super) const BUSY_LIMIT: Duration = Duration::from_secs(10);

/// The longest pause before a locked file is tried again. SQLite's own waiting would block a fork.
const MAX_BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How often a file that was replaced meanwhile is opened again.
const MAX_REPLACEMENTS: u32 = 3;

/// Runs `work` on the file, which is created if it does not exist. While another process has locked
/// the file, `work` is tried again. It must leave no transaction open if it succeeds.
///
/// The file still had the path after `work`: a write is not lost in a file that was removed.
pub(super) fn with<T>(
    path: &Path,
    limit: Duration,
    mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
) -> Result<T, JournalError> {
    let until = Instant::now() + limit;
    let (mut pause, mut replaced) = (Duration::from_millis(1), 0);
    loop {
        // Taken before the lock: a fork waits for the locks in this order.
        let stdio = StdioGuard::new();
        let tried = try_with(path, &mut work);
        drop(stdio);
        match tried {
            Ok(Some(output)) => return Ok(output),
            Ok(None) if replaced < MAX_REPLACEMENTS => replaced += 1,
            Ok(None) => {
                return Err(JournalError::new(
                    path,
                    &"another program replaces the file all the time",
                    "Stop that program.",
                ));
            }
            Err(error) if error.is_busy && Instant::now() < until => {
                thread::sleep(pause);
                pause = MAX_BUSY_PAUSE.min(pause * 2);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Runs `work` once. Returns None if the path has another file afterwards.
fn try_with<T>(
    path: &Path,
    work: &mut impl FnMut(&Connection) -> rusqlite::Result<T>,
) -> Result<Option<T>, JournalError> {
    let mut databases = DATABASES.lock();
    let known = databases.iter().position(|database| database.path == path);
    let index = match known {
        Some(index) if databases[index].is_in_place() => index,
        known => {
            if let Some(index) = known {
                databases.swap_remove(index).abandon();
            }
            databases.push(open(path)?);
            databases.len() - 1
        }
    };
    let database = &databases[index];
    let result = work(&database.connection);
    if !database.connection.is_autocommit() {
        // The error of the rollback would say nothing new.
        let _ = database.connection.execute_batch("ROLLBACK");
    }
    match result {
        Ok(output) if database.is_in_place() => Ok(Some(output)),
        Ok(output) => Ok(databases.swap_remove(index).abandon().then_some(output)),
        Err(error) => {
            let error = JournalError::of_sqlite(path, &error);
            if !error.is_busy {
                // The next use opens the file again, which may be another one by then.
                databases.swap_remove(index).abandon();
            }
            Err(error)
        }
    }
}

fn open(path: &Path) -> Result<Database, JournalError> {
    platform::create_private(path).map_err(|error| JournalError::of_io(path, &error))?;
    let file = platform::file_id(path).map_err(|error| JournalError::of_io(path, &error))?;
    let connection = connect(path).map_err(|error| match error {
        SchemaError::Sqlite(error) => JournalError::of_sqlite(path, &error),
        SchemaError::Foreign => {
            JournalError::new(path, &"it is the database of another program", "Use another file.")
        }
        SchemaError::Newer { version } => JournalError::new(
            path,
            &format_args!(
                "a later version of this library has written it (schema {version}, this library knows {})",
                MIGRATIONS.len()
            ),
            "Update this library, or use another file.",
        ),
    })?;
    // SQLite puts its files beside the file that a symbolic link names.
    let beside = std::fs::canonicalize(path).map_err(|error| JournalError::of_io(path, &error))?;
    let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    let has_log = mode.map_err(|error| JournalError::of_sqlite(path, &error))? == "wal";
    let side_files = has_log.then(|| ["-wal", "-shm"].map(|suffix| SideFile::new(&beside, suffix)));
    Ok(Database { path: path.to_owned(), file, side_files, connection })
}

fn connect(path: &Path) -> Result<Connection, SchemaError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A last page that was torn is found when it is read, not when it is used.
    connection.pragma_update(None, "cell_size_check", true)?;
    // On Apple's systems fsync alone does not reach the disk.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    schema::prepare(&mut connection, MIGRATIONS)?;
    Ok(connection)
}

impl SideFile {
    fn new(path: &Path, suffix: &str) -> SideFile {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        SideFile { file: platform::file_id(&path).ok(), path }
    }

    /// Returns whether the path still has the file that it had first.
    fn is_in_place(&self) -> bool {
        !platform::CAN_REMOVE_OPEN_FILES
            || (self.file.is_some() && self.file == platform::file_id(&self.path).ok())
    }
}

impl Database {
    /// Returns whether other processes that open the path find what this connection writes.
    fn is_in_place(&self) -> bool {
        self.has_path() && self.side_files.iter().flatten().all(SideFile::is_in_place)
    }

    fn has_path(&self) -> bool {
        platform::file_id(&self.path).is_ok_and(|file| file == self.file)
    }

    /// Closes the connection and leaves the files as they are. SQLite would remove the log by its
    /// name, which may belong to the database of another process by now. Returns whether everything
    /// that was written is in the file of the path or in its log.
    fn abandon(self) -> bool {
        let has_log = |[log, _]: &[SideFile; 2]| log.is_in_place() || self.save(log);
        let is_whole = self.has_path() && self.side_files.as_ref().is_none_or(has_log);
        // It fails only for a connection that is broken, whose log SQLite does not remove.
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        is_whole
    }

    /// Copies a log that was removed into the file. Returns false if a part of it is lost. If the
    /// path of the log has another file, another process uses the file without this log.
    fn save(&self, log: &SideFile) -> bool {
        if !matches!(log.path.try_exists(), Ok(false)) {
            return false;
        }
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        let counts = self.connection.query_row(checkpoint, (), |row| Ok((row.get(1)?, row.get(2)?)));
        counts.is_ok_and(|(written, copied): (i64, i64)| written == copied)
    }
}

/// Closes the connection to a file that this process does not use any more. The last connection of
/// all processes copies the log into the file.
pub(super) fn close(path: &Path) {
    let mut databases = DATABASES.lock();
    if let Some(index) = databases.iter().position(|database| database.path == path) {
        let database = databases.swap_remove(index);
        if !database.is_in_place() {
            database.abandon();
        }
    }
}

/// Closes all connections, because this process forks. The files stay as they are: a checkpoint
/// would delay the fork.
fn close_all(databases: &mut Vec<Database>) {
    for database in databases.drain(..) {
        database.abandon();
    }
}
