//! Reads JSON objects that people write by hand (configuration, commands): each key once, and a key
//! that nobody asked for is an error that names it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::Error;

pub(super) struct Keys(Map<String, Value>);

/// The error about one key; the message goes on after the key's name.
pub(super) fn wrong(key: &str, message: impl std::fmt::Display) -> Error {
    let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    Error::invalid(pointer, format!("`{key}` {message}"))
}

impl Keys {
    /// `what` is the object's name in messages. Empty text is an empty object.
    pub(super) fn parse(text: &str, what: &str) -> Result<Keys, Error> {
        if text.trim().is_empty() {
            return Ok(Keys(Map::new()));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(keys)) => Ok(Keys(keys)),
            Ok(_) => Err(Error::invalid("", format!("{what} must be a JSON object"))),
            Err(problem) => Err(Error::invalid("", format!("{what} is not JSON: {problem}"))),
        }
    }

    /// `null` counts as absent, here and below.
    pub(super) fn value(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(wrong(key, "must be true or false")),
        }
    }

    pub(super) fn integer(&mut self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Error> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(
                key,
                format_args!("must be a whole number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(key, "must be a string")),
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Error> {
        let problem = || wrong(key, "must be a list of strings");
        match self.value(key) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(problem))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(problem()),
        }
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => Err(wrong(key, "is not a key known here")),
        }
    }
}
