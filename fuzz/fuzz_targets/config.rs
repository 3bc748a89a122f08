//! A configuration is accepted or refused with an error document, and neither shows the API key.
#![no_main]

use iplaygames::internals::json_members;
use iplaygames::{CallOptions, Config, Error};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// How the keys in the seeds begin, so that nothing else looks like them.
const KEY_PREFIX: &str = "secret-";

fuzz_target!(|text: &str| {
    if let Err(error) = CallOptions::from_json(text) {
        document(&error);
    }
    // A path would be read.
    let members = json_members(text).unwrap_or_default();
    if members.iter().any(|(key, _)| key == "ca_file") {
        return;
    }
    let shown = match Config::from_json(text) {
        Ok(config) => {
            assert!(config.base_url().starts_with("http") && !config.base_url().ends_with('/'));
            format!("{config:?}")
        }
        Err(error) => format!("{error:?} {error} {}", document(&error)),
    };
    let key = members
        .iter()
        .find(|(key, _)| key == "api_key")
        .and_then(|(_, value)| serde_json::from_str(value).ok());
    let Some(Value::String(key)) = key else { return };
    // A key that is also given as something else may be shown as that.
    if key.starts_with(KEY_PREFIX)
        && key.len() > KEY_PREFIX.len() + 4
        && text.matches(KEY_PREFIX).count() == 1
    {
        assert!(!shown.contains(&key), "{shown}");
    }
});

/// Returns an error's document, which is a JSON object with the code's name.
fn document(error: &Error) -> String {
    let document = error.to_json();
    assert!(serde_json::from_str::<Value>(&document).is_ok_and(|value| value.is_object()), "{document}");
    document
}
