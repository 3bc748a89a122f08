//! Whatever arguments become is an address that needs no more encoding, and a body that is JSON.
#![no_main]

use std::collections::BTreeMap;

use iplaygames::BodyKind;
use iplaygames::internals::prepare;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|input: (u8, &str)| {
    let (number, arguments) = input;
    let operations = iplaygames::operations();
    let operation = &operations[usize::from(number) % operations.len()];
    let Ok((target, body)) = prepare(operation, arguments) else { return };
    assert!(target.starts_with(b"/api/v1/"));
    assert!(target.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%?&=[]".contains(byte)));
    if let (BodyKind::Json, Some(body)) = (operation.body, body) {
        // Raw: digits are the caller's, and may be more than any number type holds.
        serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&body).expect("a JSON object");
    }
});
