//! Whatever a server says is read in the same way wherever it is cut, and what passes for a success
//! is JSON.
#![no_main]

use std::collections::BTreeMap;

use iplaygames::internals::{check_response, read_http1};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// Small, so that what is too large is found often.
const MOST: usize = 20_000;

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let known = |(status, body, _outlives)| (status, body);
    let whole = read_http1(bytes, b"", MOST).ok().map(known);
    assert_eq!(whole, read_http1(first, second, MOST).ok().map(known));
    let Some((status, body)) = whole else { return };
    assert!((102..1000).contains(&status) && body.len() <= MOST);
    for id in ["start_a_game_session", "get_session_status", "end_a_game_session"] {
        let operation = iplaygames::operation(id).expect("an operation");
        if let Ok(document) = check_response(operation, body.clone()) {
            let members: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(&document).expect("a JSON object");
            assert!(members.get("success").is_none_or(|success| success.get() == "true"));
        }
    }
});
