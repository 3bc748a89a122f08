//! Inspects JSON text without building a value: numbers keep their digits, and a document of any
//! size costs one pass. serde_json defines the grammar; this file adds the nesting limit, the check
//! for repeated keys, JSON pointers and the removal of blanks.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::ObjectError;

/// The maximum nesting depth of arrays and objects.
pub(crate) const MAX_DEPTH: usize = 128;

/// Returns whether the nesting depth is at most [`MAX_DEPTH`].
pub(crate) fn is_within_max_depth(text: &str) -> bool {
    // A text with few brackets cannot be nested deeply. Counting brackets is faster than tracking
    // the depth.
    if opening_brackets(text.as_bytes()) <= MAX_DEPTH {
        return true;
    }
    let (mut rest, mut depth) = (text.as_bytes(), 0usize);
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' => rest = skip_string(rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Returns the text after a string whose opening quote has been consumed.
fn skip_string(mut rest: &[u8]) -> &[u8] {
    loop {
        // A large response is mostly text, so the search takes eight bytes at a time.
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            let word = u64::from_ne_bytes(*word);
            if has_byte(word, b'"') || has_byte(word, b'\\') {
                break;
            }
            rest = after;
        }
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|at| rest.split_at(at).1) {
            Some([b'"', after @ ..]) => return after,
            Some([_, _, after @ ..]) => rest = after,
            _ => return &[],
        }
    }
}

/// Returns whether one of the eight bytes of a word equals `byte`.
fn has_byte(word: u64, byte: u8) -> bool {
    let word = word ^ (ONES * u64::from(byte));
    // A zero byte borrows into its top bit. A set bit means that this byte or a lower byte is zero.
    word.wrapping_sub(ONES) & !word & (ONES * 0x80) != 0
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Returns the number of `[` and `{`, also inside strings. It takes eight bytes at a time, because
/// every response is checked.
fn opening_brackets(bytes: &[u8]) -> usize {
    const SEVENS: u64 = ONES * 0x7F;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut count = rest.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    // At most 255 words, because each byte of `others` is a counter.
    for words in words.chunks(255) {
        let mut others = 0;
        for word in words {
            // `[` and `{` differ in one bit. With this bit set, the XOR makes the bytes of both
            // zero.
            let word = (u64::from_ne_bytes(*word) | (ONES * 0x20)) ^ (ONES * u64::from(b'{'));
            // The top bit of a byte becomes 1 if the byte is not zero.
            others += ((((word & SEVENS) + SEVENS) | word) >> 7) & ONES;
        }
        let others: usize = others.to_ne_bytes().into_iter().map(usize::from).sum();
        count += words.len() * 8 - others;
    }
    count
}

/// Appends JSON without the white space between its tokens.
pub(crate) fn push_compact(out: &mut String, json: &str) {
    let (mut in_string, mut escaped, mut from) = (false, false, 0);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                out.push_str(&json[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push_str(&json[from..]);
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    // Nearly all texts need no escapes; they are copied.
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.reserve(text.len() + 2);
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Serializing a string cannot fail. The empty string would keep the document valid.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

/// Returns `key` as a reference token of a JSON pointer (RFC 6901), with its slash.
pub(crate) fn escape_token(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

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

    #[test]
    fn brackets_in_strings_do_not_count_as_depth() {
        // Many brackets, so that they are followed and not only counted.
        for before in 0..20 {
            let text = "x".repeat(before);
            for inside in ["", "[", "]", "{[", "\\\"[", "\\\\", "\\\\\\\"]", "\\u005b[", "\u{1F3B0}["] {
                let string = format!("\"{text}{inside}{text}\"");
                let deep = |depth: usize| {
                    format!("[{}{string}{},{string}]", "[".repeat(depth - 1), "]".repeat(depth - 1))
                };
                let wide = format!("[{}[]]", "[],".repeat(200));
                assert!(serde_json::from_str::<IgnoredAny>(&deep(MAX_DEPTH)).is_ok(), "{string}");
                assert!(is_within_max_depth(&deep(MAX_DEPTH)), "{string}");
                assert!(!is_within_max_depth(&deep(MAX_DEPTH + 1)), "{string}");
                assert!(is_within_max_depth(&format!("[{string},{wide},{string}]")), "{string}");
                assert!(!is_within_max_depth(&format!("[{wide},{}]", deep(MAX_DEPTH))), "{string}");
            }
        }
        // What is no JSON is read to its end all the same.
        for cut in ["\"", "\"\\", "\"12345678", "\"1234567\\"] {
            assert!(is_within_max_depth(&format!("{}{cut}", "[]".repeat(200))));
        }
    }

    #[test]
    fn brackets_are_counted_at_every_position() {
        let every: Vec<u8> = (0..=255).collect();
        for from in 0..256 {
            for to in [from, 256.min(from + 7), 256.min(from + 8), 256.min(from + 33), 256] {
                let bytes = &every[from..to];
                let counted = bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
                assert_eq!(opening_brackets(bytes), counted, "{from}..{to}");
            }
        }
        assert_eq!(opening_brackets(&[b'['; 5001]), 5001);
        assert_eq!(opening_brackets(&[b'|'; 5001]), 0);
    }

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

    #[test]
    fn compacting_takes_the_blanks_between_the_parts_only() {
        let mut out = String::new();
        push_compact(&mut out, " { \"a b\" : [ 1 , \"\\\" x\" ,\n\t0.50 ] , \"\\\\\" : 1 } ");
        assert_eq!(out, r#"{"a b":[1,"\" x",0.50],"\\":1}"#);
    }
}
