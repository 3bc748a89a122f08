//! Finds the value at a JSON pointer (RFC 6901) in JSON text, without building a value. serde_json
//! defines the grammar; numbers keep their digits.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::depth::{MAX_DEPTH, is_within_max_depth};
use super::members::Key;

/// The reason why there is no value at a pointer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PointerError {
    /// The text is not JSON; contains the reason of the parser.
    NotJson(String),
    /// The pointer is not valid by RFC 6901: it must be empty or begin with `/`, and `~` is written
    /// as `~0`, `/` as `~1`.
    BadPointer,
    /// The document has no value at the pointer.
    Absent,
}

/// Returns the value at an RFC 6901 pointer, as it is in `text`. The complete text is checked. Of a
/// repeated key the last value counts, as in most JSON parsers.
pub(crate) fn get<'a>(text: &'a str, pointer: &str) -> Result<&'a str, PointerError> {
    if !is_within_max_depth(text) {
        return Err(PointerError::NotJson(format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let steps = steps(pointer).ok_or(PointerError::BadPointer)?;
    let whole: &RawValue =
        serde_json::from_str(text).map_err(|error| PointerError::NotJson(error.to_string()))?;
    descend(whole.get(), &steps).ok_or(PointerError::Absent)
}

/// Follows the steps of a pointer into a valid JSON value, with one pass for each step.
fn descend<'a>(mut value: &'a str, steps: &[Cow<'_, str>]) -> Option<&'a str> {
    for step in steps {
        value = match value.as_bytes().first() {
            Some(b'{') => member(value, step).ok()??,
            Some(b'[') => item(value, step)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Returns the value of a member of an object as JSON text, in one pass that checks the complete
/// text.
fn member<'a>(object: &'a str, key: &str) -> serde_json::Result<Option<&'a str>> {
    struct Pick<'k>(&'k str);
    impl<'de> Visitor<'de> for Pick<'_> {
        type Value = Option<&'de str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Key(key)) = map.next_key()? {
                if key == self.0 {
                    found = Some(map.next_value::<&RawValue>()?.get());
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let found = deserializer.deserialize_map(Pick(key))?;
    deserializer.end()?;
    Ok(found)
}

/// Returns the item of an array at the index that a pointer step names.
fn item<'a>(array: &'a str, step: &str) -> Option<&'a str> {
    let plain = step == "0" || (!step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit()));
    let index = step.parse::<usize>().ok().filter(|_| plain)?;
    let items: Vec<&RawValue> = serde_json::from_str(array).ok()?;
    items.get(index).map(|item| item.get())
}

fn steps(pointer: &str) -> Option<Vec<Cow<'_, str>>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer
        .strip_prefix('/')?
        .split('/')
        .map(|step| {
            let wild = step.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
            match step.contains('~') {
                false => Some(Cow::Borrowed(step)),
                true if wild => None,
                true => Some(Cow::Owned(step.replace("~1", "/").replace("~0", "~"))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_rfc_6901_says_it_finds() {
        let text = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "k\"l": 6, " ": 7,
                       "m~n": 8, "deep": {"money": 0.50, "list": [{"x": 1e400}, null]}, "d": 1, "d": 2}"#;
        for (pointer, value) in [
            ("/foo", r#"["bar", "baz"]"#),
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
            ("/deep/money", "0.50"),
            ("/deep/list/0/x", "1e400"),
            ("/deep/list/1", "null"),
            ("/d", "2"),
        ] {
            assert_eq!(get(text, pointer), Ok(value), "{pointer}");
        }
        assert_eq!(get(text, ""), Ok(text));
        for pointer in ["/none", "/foo/2", "/foo/01", "/foo/-", "/foo/+1", "/foo/x", "/d/x", "/foo/0/0"] {
            assert_eq!(get(text, pointer), Err(PointerError::Absent), "{pointer}");
        }
        for pointer in ["foo", "/m~n", "/m~", "/~2"] {
            assert_eq!(get(text, pointer), Err(PointerError::BadPointer), "{pointer}");
        }
    }

    #[test]
    fn text_that_is_not_json_has_no_value_at_any_pointer() {
        for text in ["", "{", r#"{"a": 1} x"#, r#"{"a": 01}"#, "{\"a\": \"\u{1}\"}", r#"{"a": NaN}"#, "[1,]"]
        {
            assert!(matches!(get(text, "/a"), Err(PointerError::NotJson(_))), "{text}");
        }
        let deep = "[".repeat(129) + &"]".repeat(129);
        assert!(matches!(get(&deep, ""), Err(PointerError::NotJson(_))));
        assert!(get(&deep[1..deep.len() - 1], "").is_ok());
        assert!(get(&format!("{{\"a\": {:?}}}", "[".repeat(500)), "/a").is_ok());
    }
}
