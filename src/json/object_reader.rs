//! Reads JSON objects that people write by hand: the client's configuration and options, the
//! sandbox's configuration and commands. A repeated key, an unknown key and a value of the wrong
//! type are errors that name the key.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::nearest::did_you_mean;
use crate::redact::decode_json_string;

use super::error::ObjectError;
use super::members::parse_object;
use super::write::escape_token;

/// The members of a JSON object. Each `take_*` method removes the member that it returns; a member
/// whose value is null counts as absent.
pub(crate) struct ObjectReader {
    /// The name of the object, at the beginning of error messages.
    name: &'static str,
    members: ZeroizingMap,
}

impl ObjectReader {
    /// Parses a JSON object. Empty text is an empty object. Messages begin with `name`, such as
    /// "The configuration".
    pub(crate) fn parse(text: &str, name: &'static str) -> Result<ObjectReader, ObjectError> {
        let mut members = ZeroizingMap::default();
        if !matches!(text.trim(), "" | "{}") {
            for (key, value) in parse_object(text, name)? {
                let value = parse_value(value.get(), &escape_token(&key), name)?;
                members.0.insert(key.into_owned(), value);
            }
        }
        Ok(ObjectReader { name, members })
    }

    /// Returns an error if a remaining key is not one of `known`.
    pub(crate) fn check_keys(&self, known: &[&str]) -> Result<(), ObjectError> {
        match self.members.0.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(ObjectError::new(
                escape_token(key),
                format!(
                    "{} cannot have the key {key:?}{}",
                    self.name,
                    did_you_mean(key, known.iter().copied())
                ),
            )),
        }
    }

    /// Renames a member that has an older name.
    ///
    /// # Errors
    ///
    /// Returns an error if the object has both names.
    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Result<(), ObjectError> {
        let Some(value) = self.members.0.remove(old) else { return Ok(()) };
        match self.members.0.insert(new.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(ObjectError::new(
                escape_token(old),
                format!("{} cannot have both {old:?} and {new:?}, its new name", self.name),
            )),
        }
    }

    /// Returns an error if a member has not been taken.
    pub(crate) fn finish(self) -> Result<(), ObjectError> {
        self.check_keys(&[])
    }

    /// Removes and returns a member of any type.
    pub(crate) fn take_value(&mut self, key: &str) -> Option<Value> {
        self.members.0.remove(key).filter(|value| !value.is_null())
    }

    /// Removes and returns a Boolean.
    pub(crate) fn take_bool(&mut self, key: &str) -> Result<Option<bool>, ObjectError> {
        match self.take_value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(wrong_type(key, "true or false")),
        }
    }

    /// Removes and returns a whole number that must be in `range`.
    pub(crate) fn take_integer(
        &mut self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ObjectError> {
        let Some(value) = self.take_value(key) else { return Ok(None) };
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                Err(wrong_type(key, format_args!("a whole number from {} to {}", range.start(), range.end())))
            }
        }
    }

    /// Removes and returns a string.
    pub(crate) fn take_string(&mut self, key: &str) -> Result<Option<String>, ObjectError> {
        match self.take_value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(key, "a string")),
        }
    }

    /// Removes and returns a string that is overwritten when it is dropped.
    pub(crate) fn take_secret_string(&mut self, key: &str) -> Result<Option<Zeroizing<String>>, ObjectError> {
        self.take_string(key).map(|text| text.map(Zeroizing::new))
    }
}

#[cfg(any(feature = "sandbox", feature = "journal"))]
impl ObjectReader {
    /// Removes and returns a list of strings.
    pub(crate) fn take_strings(&mut self, key: &str) -> Result<Option<Vec<String>>, ObjectError> {
        let error = || wrong_type(key, "a list of strings");
        match self.take_value(key) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(error))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(error()),
        }
    }
}

#[cold]
fn wrong_type(key: &str, expected: impl fmt::Display) -> ObjectError {
    ObjectError::new(escape_token(key), format!("`{key}` must be {expected}."))
}

/// Parses a value. Strings are not decoded by serde_json, which leaves copies of strings with
/// escapes in memory.
fn parse_value(json: &str, pointer: &str, name: &str) -> Result<Value, ObjectError> {
    let error = |reason: &dyn fmt::Display| {
        ObjectError::new(pointer, format!("{name} cannot be read as JSON: {reason}."))
    };
    if let Some(content) = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
        let mut text = decode_json_string(content).ok_or_else(|| error(&"a string has an invalid escape"))?;
        return Ok(Value::String(std::mem::take(&mut *text)));
    }
    if json.starts_with('{') {
        let mut members = ZeroizingMap::default();
        for (key, value) in parse_object(json, name)? {
            let value = parse_value(value.get(), &format!("{pointer}{}", escape_token(&key)), name)?;
            members.0.insert(key.into_owned(), value);
        }
        return Ok(Value::Object(std::mem::take(&mut members.0)));
    }
    serde_json::from_str(json).map_err(|problem| error(&problem))
}

/// Members of a JSON object whose strings are overwritten when the map is dropped.
#[derive(Default)]
pub(crate) struct ZeroizingMap(pub(crate) Map<String, Value>);

impl Drop for ZeroizingMap {
    fn drop(&mut self) {
        self.0.values_mut().for_each(zeroize_strings);
    }
}

fn zeroize_strings(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(zeroize_strings),
        Value::Object(members) => members.values_mut().for_each(zeroize_strings),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ObjectReader {
        ObjectReader::parse(text, "The object").unwrap()
    }

    #[test]
    fn a_member_of_the_wrong_type_is_an_error_that_names_the_key() {
        let text = r#"{"a/b": 1, "integer": 7, "string": true, "null": null}"#;
        let error = parse(text).take_bool("a/b").unwrap_err();
        assert_eq!(error, ObjectError::new("/a~1b", "`a/b` must be true or false."));
        let error = parse(text).take_integer("integer", 1..=6).unwrap_err();
        assert_eq!(error, ObjectError::new("/integer", "`integer` must be a whole number from 1 to 6."));
        let error = parse(text).take_string("string").unwrap_err();
        assert_eq!(error, ObjectError::new("/string", "`string` must be a string."));
        assert_eq!(parse(text).take_string("null"), Ok(None));
        assert_eq!(parse(text).take_string("absent"), Ok(None));
    }

    #[test]
    fn an_unknown_or_repeated_key_is_an_error_that_names_the_key() {
        let mut reader = parse(r#"{"known": 1, "other": 2}"#);
        assert_eq!(reader.check_keys(&["known", "other"]), Ok(()));
        assert_eq!(reader.take_integer("known", 0..=9), Ok(Some(1)));
        let error = reader.finish().unwrap_err();
        assert_eq!(error, ObjectError::new("/other", "The object cannot have the key \"other\"."));
        let error = ObjectReader::parse(r#"{"a": {"b": 1, "b": 2}}"#, "The object").err().unwrap();
        assert_eq!(error, ObjectError::new("/a/b", "The object has the key \"b\" twice."));
    }

    #[test]
    fn text_that_is_not_a_json_object_is_an_error_about_the_whole_document() {
        for text in ["[]", "{", "1", "{\"a\": 1} x"] {
            let error = ObjectReader::parse(text, "The object").err().unwrap();
            assert_eq!(error.pointer, "", "{text}");
            assert!(error.message.starts_with("The object cannot be read as JSON: "), "{}", error.message);
        }
        for text in ["", " \n", "{}", " {} "] {
            assert_eq!(parse(text).finish(), Ok(()), "{text:?}");
        }
    }
}
