//! JSON is read as serde_json reads it. The input: a JSON pointer, a line feed, and a document.
#![no_main]

use iplaygames::Code;
use iplaygames::internals::{json_compact, json_get, json_is_shallow, json_members, json_quote};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

/// How deep a document may be nested.
const MAX_DEPTH: usize = 128;

fuzz_target!(|input: &str| {
    assert_eq!(serde_json::from_str::<String>(&json_quote(input)).expect("a JSON string"), input);
    let (pointer, text) = input.split_once('\n').unwrap_or(("", input));
    let found = json_get(text, pointer);
    let members = json_members(text);
    let compact = json_compact(text);
    let is_shallow = json_is_shallow(text);
    if found.is_ok() || members.is_ok() {
        serde_json::from_str::<&RawValue>(text).expect("JSON");
        assert!(is_shallow);
    }
    // Not every document is a `Value`: numbers may be too large for it, strings half of a surrogate pair.
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    assert_eq!(is_shallow, depth(&value) <= MAX_DEPTH);
    assert_eq!(serde_json::from_str::<Value>(&compact).expect("JSON"), value);
    assert_eq!(json_compact(&compact), compact);
    if let Ok(members) = members {
        let object = value.as_object().expect("an object");
        assert_eq!(members.len(), object.len());
        for (key, member) in members {
            assert_eq!(serde_json::from_str::<Value>(member).ok().as_ref(), object.get(&key));
        }
    }
    match found {
        Ok((_, text)) => match value.pointer(pointer).expect("the value that was found") {
            Value::String(string) => assert_eq!(&text, string),
            other => assert_eq!(&serde_json::from_str::<Value>(&text).expect("JSON"), other),
        },
        Err(error) if error.code() == Code::NO_SUCH_FIELD => assert_eq!(value.pointer(pointer), None),
        // serde_json takes an invalid escape in a pointer for itself.
        Err(error) => {
            assert_eq!(error.code(), Code::INVALID_ARGUMENT);
            assert!(!is_shallow || !pointer.is_empty());
        }
    }
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
