//! The journal: a file with every session that this and other processes have started, which
//! survives the end of the process. It is an SQLite database; docs/journal.md describes it. It
//! knows nothing of calls: `client` decides what is recorded.
//!
//! `handle.rs` has the journal of a client, `writer.rs` the thread that writes, `store.rs` the
//! statements, `query.rs` the queries, `database.rs` the connections, `schema.rs` the versions and
//! `recover.rs` what can be saved from a damaged file.

mod database;
mod error;
mod handle;
mod platform;
mod query;
mod recover;
mod schema;
mod store;
mod writer;

pub(crate) use self::handle::Journal;
pub use self::query::{JournalEntry, JournalFilter, SessionState};
pub use self::recover::Recovered;
pub(crate) use self::recover::recover;
pub(crate) use self::store::{Change, Entry, Intent, StartOutcome};
