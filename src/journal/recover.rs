//! Saves the entries of a damaged journal: reads its pages without SQLite, takes every row that is
//! whole, and writes the rows to a new journal. A file that lost its header, its index or some of
//! its pages still gives the rows of the others.
//!
//! The format is that of <https://www.sqlite.org/fileformat2.html>.

use std::collections::BTreeMap;
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

/// Writes the entries that can be read in the files of `damaged` to the new file `new`.
///
/// # Errors
///
/// An error if the damaged file cannot be read, or if `new` exists or cannot be written.
pub(crate) fn recover(damaged: &Path, new: &Path) -> Result<Recovered, JournalError> {
    let database = std::fs::read(damaged).map_err(|error| JournalError::of_io(damaged, &error))?;
    let mut wal = damaged.as_os_str().to_owned();
    wal.push("-wal");
    // Without this file everything is in the other one.
    let wal = std::fs::read(wal).unwrap_or_default();
    let mut rows = BTreeMap::new();
    for page in pages(&database) {
        collect_rows(page, &mut rows);
    }
    for page in wal_pages(&wal) {
        collect_rows(page, &mut rows);
    }
    platform::create_new(new).map_err(|error| JournalError::of_io(new, &error))?;
    let result = database::with(new, BUSY_LIMIT, |connection| {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let sql = format!(
            "INSERT INTO sessions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
                ?14, ?15, ?16)"
        );
        let mut insert = connection.prepare(&sql)?;
        for (id, row) in &rows {
            insert.raw_bind_parameter(1, *id)?;
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

/// Returns the pages of a database file.
fn pages(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let size = match file.get(16..18) {
        Some([0, 1]) => 65536,
        Some([high, low]) => usize::from(*high) << 8 | usize::from(*low),
        _ => 0,
    };
    let is_valid = file.starts_with(b"SQLite format 3\0") && size.is_power_of_two() && size >= 512;
    // Without a header, the size is that of the journal's own files.
    let size = if is_valid { size } else { 4096 };
    // The first page has the schema only.
    file.chunks(size).skip(1)
}

/// Returns the pages of a write-ahead log that were written since its last checkpoint, in their
/// order.
fn wal_pages(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let number = |at: usize| {
        file.get(at..at + 4)
            .map_or(0, |bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let size = if number(0) & !1 == 0x377f_0682 { number(8) } else { 0 };
    let frame = if size.is_power_of_two() { size + 24 } else { usize::MAX };
    let salt = file.get(16..24).unwrap_or_default();
    let frames = file.get(32..).unwrap_or_default().chunks_exact(frame);
    frames.filter(move |frame| frame[8..16] == *salt).map(|frame| &frame[24..])
}

/// Adds the rows of a page, if it is a leaf of the table. Among the versions of a row, the one that
/// is furthest counts.
fn collect_rows(page: &[u8], rows: &mut BTreeMap<i64, Vec<Value>>) {
    const TABLE_LEAF: u8 = 0x0D;
    if page.first() != Some(&TABLE_LEAF) {
        return;
    }
    let number = |at: usize| Some(usize::from(*page.get(at)?) << 8 | usize::from(*page.get(at + 1)?));
    for cell in 0..number(3).unwrap_or(0) {
        let Some(at) = number(8 + 2 * cell) else { return };
        let Some((id, row)) = page.get(at..).and_then(parse_cell) else { continue };
        let known = rows.get(&id);
        if known.is_none_or(|known| progress(known) <= progress(&row)) {
            rows.insert(id, row);
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

/// Parses a cell: the id and the columns of a row. None if it is not a whole row of `sessions`.
fn parse_cell(cell: &[u8]) -> Option<(i64, Vec<Value>)> {
    let mut rest = cell;
    let size = usize::try_from(take_varint(&mut rest)?).ok()?;
    let id = take_varint(&mut rest)?;
    // A row that continues on another page is longer than its cell, and not whole here.
    let record = rest.get(..size)?;
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
    is_session.then_some((id, row))
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
