//! A configuration and the options of a call are accepted or refused with an error that names a
//! field, and nothing that is shown of them has a secret in it.
//!
//! The input: a byte that selects where the secret is put, and a document.
#![no_main]

use std::sync::Once;

use iplaygames::{API_KEY_ENV, BASE_URL_ENV, CallOptions, Code, Config, Error};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const SECRET: &str = "s3cr3tM4rk3r";

fuzz_target!(|input: (u8, &str)| {
    static CLEAN: Once = Once::new();
    // SAFETY: the first input is run before any thread that reads the environment.
    CLEAN.call_once(|| unsafe {
        std::env::remove_var(API_KEY_ENV);
        std::env::remove_var(BASE_URL_ENV);
    });
    let (place, text) = input;
    let value = serde_json::from_str::<Value>(text);
    if let Err(error) = CallOptions::from_json(text) {
        check_error(&error, &value);
    }
    // A path would be read.
    let given = value.as_ref().ok().and_then(Value::as_object);
    let files = ["ca_file", "client_cert_file", "client_key_file"];
    if given.is_some_and(|members| files.iter().any(|key| members.contains_key(*key))) {
        return;
    }
    match Config::from_json(text) {
        Ok(config) => {
            assert!(config.base_url().starts_with("http") && !config.base_url().ends_with('/'));
            assert!(text.is_empty() || value.as_ref().is_ok_and(Value::is_object));
        }
        Err(error) => check_error(&error, &value),
    }

    let Some(mut members) = given.cloned() else { return };
    // What is also given as something else may be shown as that.
    if value.as_ref().is_ok_and(|value| value.to_string().contains(SECRET)) {
        return;
    }
    let tail = members.get("user_agent").and_then(Value::as_str).unwrap_or_default().to_owned();
    let secret = format!("{SECRET}{tail}");
    let (key, value) = match place % 10 {
        0 => ("api_key", json!(secret)),
        1 => ("api_key", json!([secret])),
        2 => ("api_key", json!({"key": secret})),
        3 => ("headers", json!({"X-Player-Token": secret})),
        4 => ("headers", json!({"X-Player-Token": [secret], "Cookie": secret})),
        5 => ("proxy", json!(format!("http://user:{secret}@127.0.0.1:1"))),
        6 => ("proxy", json!(format!("user:{secret}@proxy.example{tail}"))),
        7 => ("base_url", json!(format!("https://user:{secret}@relay.example"))),
        8 => {
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
            ("client_cert_pem", json!(pem))
        }
        _ => {
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
            ("ca_pem", json!(pem))
        }
    };
    members.insert(key.to_owned(), value);
    let shown = match Config::from_json(&Value::Object(members).to_string()) {
        Ok(config) => format!("{config:?}"),
        Err(error) => format!("{error:?} {error} {}", error.to_json()),
    };
    assert!(!shown.contains(SECRET), "{shown}");
});

/// Checks the document of an error, and that the error names a field of an object.
fn check_error(error: &Error, given: &serde_json::Result<Value>) {
    assert_eq!(error.code(), Code::INVALID_ARGUMENT);
    let document: Value = serde_json::from_str(&error.to_json()).expect("an error document");
    assert_eq!(document["success"], false);
    let field = error.field().expect("a field");
    assert_eq!(document["error"]["field"], field);
    let is_object = given.as_ref().is_ok_and(Value::is_object);
    assert!(field.starts_with('/') || field.is_empty() && !is_object, "{error}");
}
