//! Reads the members of a JSON object as JSON text, and refuses repeated keys at any depth.
//! serde_json defines the grammar; numbers keep their digits.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::depth::{MAX_DEPTH, is_within_max_depth};
use super::error::ObjectError;
use super::write::escape_token;

/// Returns the members of a JSON object in order, with their values as JSON text. A text that is
/// not a JSON object, a repeated key at any depth and too deep nesting are errors. Messages begin
/// with `name`.
pub(crate) fn parse_object<'a>(
    text: &'a str,
    name: &str,
) -> Result<Vec<(Cow<'a, str>, &'a RawValue)>, ObjectError> {
    if !is_within_max_depth(text) {
        return Err(ObjectError::new("", format!("{name} is nested deeper than {MAX_DEPTH} levels.")));
    }
    let entries = parse_members(text).map_err(|error| {
        let hint = if text.trim_start().starts_with('{') { "" } else { " (a JSON object is needed)" };
        ObjectError::new("", format!("{name} cannot be read as JSON: {error}{hint}."))
    })?;
    check_keys(&entries, "", name)?;
    Ok(entries)
}

fn parse_members(text: &str) -> serde_json::Result<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::with_capacity(16);
            while let Some(Key(key)) = map.next_key()? {
                entries.push((key, map.next_value()?));
            }
            Ok(entries)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Entries)?;
    deserializer.end()?;
    Ok(entries)
}

/// A key, borrowed if it has no escapes.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> de::Deserialize<'de> for Key<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

fn check_keys(entries: &[(Cow<'_, str>, &RawValue)], at: &str, name: &str) -> Result<(), ObjectError> {
    // Most objects have few keys, and comparing few keys is faster than hashing.
    let mut many = HashSet::new();
    for (index, (key, value)) in entries.iter().enumerate() {
        let twice = if entries.len() > 32 {
            !many.insert(key)
        } else {
            entries[..index].iter().any(|(other, _)| other == key)
        };
        let here = || format!("{at}{}", escape_token(key));
        if twice {
            return Err(ObjectError::new(here(), format!("{name} has the key {key:?} twice.")));
        }
        let value = value.get();
        if value.starts_with(['{', '[']) {
            check_inner_keys(value, &here(), name)?;
        }
    }
    Ok(())
}

fn check_inner_keys(value: &str, at: &str, name: &str) -> Result<(), ObjectError> {
    let unreadable = |error| ObjectError::new(at, format!("{name} cannot be read as JSON: {error}."));
    if value.starts_with('{') {
        return check_keys(&parse_members(value).map_err(unreadable)?, at, name);
    }
    let items: Vec<&RawValue> = serde_json::from_str(value).map_err(unreadable)?;
    for (index, item) in items.iter().enumerate() {
        if item.get().starts_with(['{', '[']) {
            check_inner_keys(item.get(), &format!("{at}/{index}"), name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_an_error_at_every_depth() {
        for (text, at) in [
            (r#"{"a": 1, "a": 2}"#, "/a"),
            (r#"{"a": 1, "\u0061": 2}"#, "/a"),
            (r#"{"x": {"a/b": 1, "a/b": 2}}"#, "/x/a~1b"),
            (r#"{"x": [1, [{"q": 1, "q": 1}]]}"#, "/x/1/0/q"),
        ] {
            assert_eq!(parse_object(text, "It").unwrap_err().pointer, at, "{text}");
        }
        let many: Vec<String> = (0..40).map(|n| format!("\"k{}\": 1", n % 39)).collect();
        assert_eq!(parse_object(&format!("{{{}}}", many.join(",")), "It").unwrap_err().pointer, "/k0");
    }
}
