//! JSON is accepted and read as serde_json does it. The input: a JSON pointer, a line feed, and a
//! document.
#![no_main]

use std::collections::HashSet;
use std::ffi::{CString, c_char};
use std::fmt;
use std::ptr::null_mut;

use iplaygames::internals::{
    JsonError, json_at, json_compact, json_is_shallow, json_members, json_pointer_step, json_quote,
};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

// As the header has them.
unsafe extern "C" {
    fn ipg_json_get(
        json: *const c_char,
        pointer: *const c_char,
        kind: *mut i32,
        value: *mut *mut c_char,
        len: *mut usize,
    ) -> i32;
    fn ipg_string_free(text: *mut c_char);
}

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 128;
/// How many values of a document are looked up.
const MAX_LOOKUPS: usize = 64;

fuzz_target!(|input: &str| {
    assert_eq!(serde_json::from_str::<String>(&json_quote(input)).expect("a JSON string"), input);
    let (pointer, text) = input.split_once('\n').unwrap_or(("", input));

    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let is_shallow = depth(text) <= MAX_DEPTH;
    assert_eq!(json_at(text, "").is_ok(), is_json && is_shallow, "{text:?}");
    if is_json {
        assert_eq!(json_is_shallow(text), is_shallow, "{text:?}");
    }
    if !is_json || !is_shallow {
        assert!(json_members(text).is_err());
        assert!(matches!(json_at(text, pointer), Err(JsonError::NotJson | JsonError::BadPointer)));
    }
    compare_get(text, pointer);

    // Not every document is a `Value`: numbers may be too large for it, strings half of a surrogate
    // pair.
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let compact = json_compact(text);
    assert_eq!(serde_json::from_str::<Value>(&compact).expect("JSON"), value);
    assert_eq!(json_compact(&compact), compact);

    let tree: Tree = serde_json::from_str(text).expect("what is a value is a tree");
    match json_members(text) {
        Ok(entries) => {
            let object = value.as_object().expect("an object");
            assert!(!tree.has_key_twice(), "{text:?}");
            assert_eq!(entries.len(), object.len());
            for (key, member) in entries {
                assert_eq!(serde_json::from_str::<Value>(member).ok().as_ref(), object.get(&key));
            }
        }
        Err(error) => {
            assert!(error.field().is_some());
            assert!(!value.is_object() || tree.has_key_twice(), "{text:?}: {error}");
        }
    }

    match json_at(text, pointer) {
        Ok(found) => assert_eq!(Some(&serde_json::from_str(found).expect("JSON")), value.pointer(pointer)),
        Err(JsonError::Absent) => assert_eq!(value.pointer(pointer), None),
        Err(JsonError::BadPointer) => assert!(!is_pointer(pointer)),
        Err(JsonError::NotJson) => panic!("{text:?} is JSON"),
    }
    let mut left = MAX_LOOKUPS;
    look_up_all(text, &value, "", &mut left);
});

/// Returns how deep a document is nested that is known to be JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut in_string, mut escaped) = (0usize, 0, false, false);
    for character in text.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            '[' | '{' if !in_string => depth += 1,
            ']' | '}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// Looks up a value and every value in it by its pointer.
fn look_up_all(text: &str, value: &Value, pointer: &str, left: &mut usize) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let found = json_at(text, pointer).unwrap_or_else(|error| panic!("{pointer:?}: {error:?}"));
    assert_eq!(&serde_json::from_str::<Value>(found).expect("JSON"), value, "{pointer:?}");
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look_up_all(text, item, &format!("{pointer}/{index}"), left);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                look_up_all(text, member, &format!("{pointer}{}", json_pointer_step(key)), left);
            }
        }
        _ => {}
    }
}

/// Compares `ipg_json_get` with serde_json.
fn compare_get(text: &str, pointer: &str) {
    let (Ok(c_text), Ok(c_pointer)) = (CString::new(text), CString::new(pointer)) else { return };
    let (mut kind, mut len, mut out) = (-1, usize::MAX, null_mut());
    // SAFETY: texts with a NUL at their end, and places that outlive the call.
    let code = unsafe {
        ipg_json_get(c_text.as_ptr(), c_pointer.as_ptr(), &raw mut kind, &raw mut out, &raw mut len)
    };
    if code != 0 {
        assert!(code == 100 || code == 106, "{code}");
        assert_eq!((kind, len, out), (0, 0, null_mut()));
        assert_eq!(code == 106, matches!(json_at(text, pointer), Err(JsonError::Absent)));
        return;
    }
    // SAFETY: the library handed out `len` bytes and a NUL.
    let bytes = unsafe { std::slice::from_raw_parts(out.cast::<u8>(), len + 1) };
    assert_eq!(bytes[len], 0);
    let found = std::str::from_utf8(&bytes[..len]).expect("UTF-8");
    let value = json_at(text, pointer).expect("the value that was found");
    match serde_json::from_str::<Value>(value) {
        Ok(Value::Null) => assert_eq!((kind, found), (1, "null")),
        Ok(Value::Bool(value)) => assert_eq!((kind, found), (2, if value { "true" } else { "false" })),
        Ok(Value::Number(_)) => assert_eq!((kind, found), (3, value)),
        Ok(Value::String(string)) => assert_eq!((kind, found), (4, string.as_str())),
        Ok(Value::Array(_)) => assert_eq!((kind, found), (5, value)),
        Ok(Value::Object(_)) => assert_eq!((kind, found), (6, value)),
        // Digits that no `Value` holds.
        Err(_) => assert_eq!(found, value),
    }
    // SAFETY: handed out above, and not freed yet.
    unsafe { ipg_string_free(out) };
}

/// Returns whether a text is a JSON pointer (RFC 6901, section 3).
fn is_pointer(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    if characters.peek().is_some_and(|first| *first != '/') {
        return false;
    }
    while let Some(character) = characters.next() {
        if character == '~' && !matches!(characters.peek(), Some('0' | '1')) {
            return false;
        }
    }
    true
}

/// The arrays and objects of a document, with every key.
enum Tree {
    Leaf,
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn has_key_twice(&self) -> bool {
        match self {
            Tree::Leaf => false,
            Tree::Array(items) => items.iter().any(Tree::has_key_twice),
            Tree::Object(members) => {
                let mut keys = HashSet::new();
                members.iter().any(|(key, member)| !keys.insert(key) || member.has_key_twice())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut tree = Vec::new();
                while let Some(item) = items.next_element()? {
                    tree.push(item);
                }
                Ok(Tree::Array(tree))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
                let mut tree = Vec::new();
                while let Some(member) = members.next_entry()? {
                    tree.push(member);
                }
                Ok(Tree::Object(tree))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
