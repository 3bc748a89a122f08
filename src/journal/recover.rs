//! Saves the entries of a damaged journal: reads its pages without SQLite, takes every row that is
//! whole, and writes the rows to a new journal. A file that lost its header, its index or some of
//! its pages still gives the rows of the others. A transaction that was not finished counts, too:
//! an entry too many is better than a lost one.
//!
//! The format is that of <https://www.sqlite.org/fileformat2.html>.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;

use rusqlite::params;

use super::database::{self, BUSY_LIMIT};
use super::error::JournalError;
use super::platform;
use super::query::{COLUMNS, SessionState};

/// What was saved from a damaged journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// The number of entries in the new journal.
    pub entries: u64,
    /// How many of them are open, ending or unknown.
    pub not_closed: u64,
}

/// A column of a row.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Integer(i64),
    Text(String),
}

const COLUMN_COUNT: usize = 16;

/// The longest row that is put together from several pages. A damaged length may be any number.
const MAX_LONG_ROW: usize = 1 << 20;

/// The rows by id and `call_id`. A transaction that failed gives its ids back, so the file may have
/// rows of two calls with one id.
type Rows = BTreeMap<(i64, String), Vec<Value>>;

/// The newest version of each page by its number, the first being 1. Long rows continue on other
/// pages.
type Pages<'a> = HashMap<usize, &'a [u8]>;

/// Writes the entries that can be read in the files of `damaged` to the new file `new`.
///
/// # Errors
///
/// An error if the damaged file cannot be read, or if `new` exists or cannot be written.
pub(crate) fn recover(damaged: &Path, new: &Path) -> Result<Recovered, JournalError> {
    let unreadable = |error| JournalError::of_io(damaged, &error);
    let database = std::fs::read(damaged).map_err(unreadable)?;
    // SQLite puts its files beside the file that a symbolic link names.
    let mut wal = std::fs::canonicalize(damaged).map_err(unreadable)?.into_os_string();
    wal.push("-wal");
    let wal = match std::fs::read(&wal) {
        // Everything is in the other file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| JournalError::of_io(Path::new(&wal), &error))?,
    };
    let rows = collect(&database, &wal);
    platform::create_new(new).map_err(|error| JournalError::of_io(new, &error))?;
    let result = database::with(new, BUSY_LIMIT, |connection| {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let sql = format!(
            "INSERT INTO sessions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
                ?14, ?15, ?16)"
        );
        let mut insert = connection.prepare(&sql)?;
        let mut used = HashSet::new();
        let mut last = rows.keys().next_back().map_or(0, |(id, _)| *id);
        for ((id, _), row) in &rows {
            let id = if used.insert(*id) {
                *id
            } else {
                last += 1;
                last
            };
            insert.raw_bind_parameter(1, id)?;
            for (index, value) in row.iter().enumerate().skip(1) {
                match value {
                    Value::Null => insert.raw_bind_parameter(index + 1, None::<i64>)?,
                    Value::Integer(number) => insert.raw_bind_parameter(index + 1, *number)?,
                    Value::Text(text) => insert.raw_bind_parameter(index + 1, text)?,
                }
            }
            insert.raw_execute()?;
        }
        connection.execute("UPDATE totals SET sessions = ?1", params![rows.len() as i64])?;
        connection.execute_batch("COMMIT")
    });
    database::close(new);
    result?;
    let not_closed = rows.values().filter(|row| progress(row) < 3).count();
    Ok(Recovered { entries: rows.len() as u64, not_closed: not_closed as u64 })
}

/// Collects the rows of a database file and its write-ahead log.
fn collect(database: &[u8], wal: &[u8]) -> Rows {
    let mut newest: Pages<'_> = pages(database).collect();
    newest.extend(wal_pages(wal));
    let mut rows = Rows::new();
    // All versions of a page are read: a later one may be damaged.
    for (_, page) in pages(database).chain(wal_pages(wal)) {
        collect_rows(page, &newest, &mut rows);
    }
    rows
}

/// Returns the pages of a database file with their numbers.
fn pages(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let size = match file.get(16..18) {
        Some([0, 1]) => 65536,
        Some([high, low]) => usize::from(*high) << 8 | usize::from(*low),
        _ => 0,
    };
    let is_valid = file.starts_with(b"SQLite format 3\0") && size.is_power_of_two() && size >= 512;
    // Without a header, the size is that of the journal's own files.
    let size = if is_valid { size } else { 4096 };
    // The first page has the schema only.
    file.chunks(size).enumerate().skip(1).map(|(index, page)| (index + 1, page))
}

/// Returns the pages of a write-ahead log that were written since its last checkpoint, with their
/// numbers, in their order. The last of them may be those of a transaction that was not finished.
fn wal_pages(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let size = if number32(file, 0).is_some_and(|magic| magic & !1 == 0x377f_0682) {
        number32(file, 8).unwrap_or(0)
    } else {
        0
    };
    let frame = if size.is_power_of_two() { size + 24 } else { usize::MAX };
    let salt = file.get(16..24).unwrap_or_default();
    let frames = file.get(32..).unwrap_or_default().chunks_exact(frame);
    frames
        .filter(move |frame| frame[8..16] == *salt)
        .filter_map(|frame| Some((number32(frame, 0)?, &frame[24..])))
}

fn number32(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// Adds the rows of a page, if it is a leaf of the table. Among the versions of a row, the one that
/// is furthest counts.
fn collect_rows(page: &[u8], pages: &Pages<'_>, rows: &mut Rows) {
    const TABLE_LEAF: u8 = 0x0D;
    if page.first() != Some(&TABLE_LEAF) {
        return;
    }
    let number = |at: usize| Some(usize::from(*page.get(at)?) << 8 | usize::from(*page.get(at + 1)?));
    for cell in 0..number(3).unwrap_or(0) {
        let Some(at) = number(8 + 2 * cell) else { return };
        let cell = page.get(at..).and_then(|cell| parse_cell(cell, page.len(), pages));
        let Some((id, call_id, row)) = cell else { continue };
        let known = rows.get(&(id, call_id.clone()));
        if known.is_none_or(|known| progress(known) <= progress(&row)) {
            rows.insert((id, call_id), row);
        }
    }
}

/// Returns how far a session has come: 0 unknown, 1 open, 2 ending, 3 closed.
fn progress(row: &[Value]) -> u8 {
    match row.get(1) {
        Some(Value::Text(state)) => match SessionState::parse(state) {
            Some(SessionState::Unknown) | None => 0,
            Some(SessionState::Open) => 1,
            Some(SessionState::Ending) => 2,
            Some(_) => 3,
        },
        _ => 0,
    }
}

/// Parses a cell: the id, the `call_id` and the columns of a row. None if it is not a whole row of
/// `sessions`.
fn parse_cell(cell: &[u8], page_size: usize, pages: &Pages<'_>) -> Option<(i64, String, Vec<Value>)> {
    let mut rest = cell;
    let size = usize::try_from(take_varint(&mut rest)?).ok()?;
    let id = take_varint(&mut rest)?;
    let record = read_record(rest, size, page_size, pages)?;
    let record = &*record;
    let mut types = record;
    let header_size = usize::try_from(take_varint(&mut types)?).ok()?;
    let mut types = record.get(record.len() - types.len()..header_size)?;
    let mut content = record.get(header_size..)?;
    let mut row = Vec::with_capacity(COLUMN_COUNT);
    while !types.is_empty() {
        row.push(take_value(take_varint(&mut types)?, &mut content)?);
    }
    let is_text = |index: usize| matches!(row.get(index), Some(Value::Text(_)));
    let is_state = matches!(row.get(1), Some(Value::Text(state)) if SessionState::parse(state).is_some());
    let is_session = row.len() == COLUMN_COUNT
        && row[0] == Value::Null
        && is_state
        && (2..5).all(is_text)
        && matches!(row[8..10], [Value::Integer(_), Value::Integer(_)])
        && id > 0;
    match row.get(3) {
        Some(Value::Text(call_id)) if is_session => Some((id, call_id.clone(), row)),
        _ => None,
    }
}

/// Returns the record of a cell, which has `size` bytes. A long one continues on overflow pages:
/// each begins with the number of the next.
fn read_record<'a>(
    local: &'a [u8],
    size: usize,
    page_size: usize,
    pages: &Pages<'_>,
) -> Option<Cow<'a, [u8]>> {
    // How much of a long record is in its cell; the format calls the numbers X, M and K.
    let greatest = page_size.checked_sub(35)?;
    if size <= greatest {
        return Some(Cow::Borrowed(local.get(..size)?));
    }
    if page_size < 512 || size > MAX_LONG_ROW {
        return None;
    }
    let least = (page_size - 12) * 32 / 255 - 23;
    let fitting = least + (size - least) % (page_size - 4);
    let here = if fitting <= greatest { fitting } else { least };
    let mut record = local.get(..here)?.to_vec();
    let mut next = number32(local, here)?;
    // Each page adds bytes, so a chain that is a circle ends as well.
    while record.len() < size {
        let page = pages.get(&next)?;
        let content = page.get(4..)?;
        record.extend_from_slice(&content[..content.len().min(size - record.len())]);
        if content.is_empty() {
            return None;
        }
        next = number32(page, 0)?;
    }
    Some(Cow::Owned(record))
}

fn take_value(kind: i64, content: &mut &[u8]) -> Option<Value> {
    let size = match kind {
        0 => return Some(Value::Null),
        8 => return Some(Value::Integer(0)),
        9 => return Some(Value::Integer(1)),
        1..=4 => kind as usize,
        5 => 6,
        6 => 8,
        13.. if kind % 2 == 1 => usize::try_from((kind - 13) / 2).ok()?,
        // The journal has neither fractions nor bytes.
        _ => return None,
    };
    let (bytes, rest) = content.split_at_checked(size)?;
    *content = rest;
    if kind >= 13 {
        return String::from_utf8(bytes.to_vec()).ok().map(Value::Text);
    }
    let first = i64::from(bytes[0] as i8);
    Some(Value::Integer(bytes[1..].iter().fold(first, |sum, byte| sum << 8 | i64::from(*byte))))
}

fn take_varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value: i64 = 0;
    for index in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if index == 8 {
            return Some(value << 8 | i64::from(*byte));
        }
        value = value << 7 | i64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
