//! The key `journal`: the file in which the client records the sessions that it starts.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::Error;
use crate::json::ObjectReader;

/// The journal of a client.
#[derive(Clone, Debug)]
pub(crate) struct JournalConfig {
    /// The file, as an absolute path: the journal stays the same if the host changes its folder.
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
}

/// What a record survives before its call is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the process and the loss of power: the record is on the disk.
    #[default]
    Full,
    /// The end of the process.
    Normal,
}

const NEEDED: &str = "`journal` must be the path of a file, or an object with `path` and `durability`.";

/// Takes the journal: the path of a file, or an object.
pub(super) fn take_journal(reader: &mut ObjectReader) -> Result<Option<JournalConfig>, Error> {
    let mut durability = Durability::default();
    let path = match reader.take_value("journal") {
        None => return Ok(None),
        Some(Value::String(path)) => path,
        Some(Value::Object(members)) => {
            let mut path = None;
            for (key, value) in members {
                match (key.as_str(), value) {
                    (_, Value::Null) => {}
                    ("path", Value::String(text)) => path = Some(text),
                    ("durability", value) => durability = parse_durability(&value)?,
                    ("path", _) => {
                        return Err(Error::invalid("/journal/path", "`path` must be a string."));
                    }
                    _ => {
                        let message =
                            format!("`journal` cannot have the key {key:?}, only `path` and `durability`.");
                        return Err(Error::invalid("/journal", message));
                    }
                }
            }
            path.ok_or_else(|| Error::invalid("/journal/path", NEEDED))?
        }
        Some(_) => return Err(Error::invalid("/journal", NEEDED)),
    };
    // SQLite takes a name that ends at a NUL, and these names as files that exist in memory only.
    if path.trim().is_empty() || path.contains('\0') || path.starts_with(':') {
        return Err(Error::invalid(
            "/journal",
            format!("`journal` is {path:?}, which names no file. {NEEDED}"),
        ));
    }
    let path = std::path::absolute(&path)
        .map_err(|error| Error::invalid("/journal", format!("`journal` is {path:?}: {error}.")))?;
    Ok(Some(JournalConfig { path, durability }))
}

fn parse_durability(value: &Value) -> Result<Durability, Error> {
    match value.as_str() {
        Some("full") => Ok(Durability::Full),
        Some("normal") => Ok(Durability::Normal),
        _ => Err(Error::invalid(
            "/journal/durability",
            format!("`durability` is {value}. It must be \"full\" or \"normal\"."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn journal(value: &str) -> Result<JournalConfig, Error> {
        let config = Config::from_json(&format!(r#"{{"api_key": "k", "journal": {value}}}"#))?;
        Ok(config.journal.unwrap())
    }

    #[test]
    fn a_journal_is_a_path_or_an_object_with_a_path() {
        let here = std::env::current_dir().unwrap();
        for (value, durability) in [
            (r#""sessions.journal""#, Durability::Full),
            (r#"{"path": "sessions.journal"}"#, Durability::Full),
            (r#"{"path": "sessions.journal", "durability": "full"}"#, Durability::Full),
            (r#"{"path": "sessions.journal", "durability": "normal"}"#, Durability::Normal),
        ] {
            let journal = journal(value).unwrap();
            assert_eq!(journal.path, here.join("sessions.journal"), "{value}");
            assert_eq!(journal.durability, durability, "{value}");
        }
    }

    #[test]
    fn a_journal_that_names_no_file_is_refused() {
        for (value, field) in [
            (r#""""#, "/journal"),
            (r#"":memory:""#, "/journal"),
            (r#""a\u0000b""#, "/journal"),
            ("7", "/journal"),
            ("{}", "/journal/path"),
            (r#"{"path": 7}"#, "/journal/path"),
            (r#"{"path": "x", "durability": "off"}"#, "/journal/durability"),
            (r#"{"path": "x", "pragma": 1}"#, "/journal"),
        ] {
            assert_eq!(journal(value).unwrap_err().field(), Some(field), "{value}");
        }
    }
}
