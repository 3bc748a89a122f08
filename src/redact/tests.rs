//! Tests of the redactor: which values are secrets, and how secrets are replaced.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::Redactor;
use super::replace::REPLACEMENT;

const KEY: &str = "sk-live/51\"aB9-key";

fn redactor() -> Redactor {
    let mut redactor = Redactor::default();
    redactor.add(KEY);
    redactor
}

/// Writes every character as an escape; its position selects the kind of the escape.
fn escaped(text: &str, upper: bool, every: usize) -> String {
    let escape = |(at, character): (usize, char)| match at % every {
        0 if upper => format!("\\u{:04X}", u32::from(character)),
        0 => format!("\\u{:04x}", u32::from(character)),
        _ => match character {
            '"' => "\\\"".to_owned(),
            '/' => "\\/".to_owned(),
            other => other.to_string(),
        },
    };
    text.chars().enumerate().map(escape).collect()
}

#[test]
fn a_secret_is_replaced_in_every_json_encoding_and_the_result_is_json() {
    let redactor = redactor();
    let mut spellings = vec![KEY.replace('"', "\\\"")];
    for every in 1..5 {
        spellings.extend([escaped(KEY, false, every), escaped(KEY, true, every)]);
    }
    // A JSON text inside JSON, a URL inside JSON, and HTML inside JSON.
    let percent: String = KEY.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let html: String = KEY.chars().map(|character| format!("&#{};", u32::from(character))).collect();
    let nested = spellings[1].replace('\\', "\\\\");
    spellings.extend([nested.replace('\\', "\\\\"), nested, percent, html]);
    for spelling in spellings {
        for json in [
            format!(r#"{{"message":"Bad key {spelling}!","n":1.50}}"#),
            format!(r#"{{"{spelling}":[true,null,"x"]}}"#),
            format!(r#"["a\\","{spelling}\n","b"]"#),
        ] {
            let redacted = redactor.redact_json(&json).unwrap_or_else(|| panic!("{json}"));
            serde_json::from_str::<serde_json::Value>(&redacted).unwrap();
            let expected = json.replace(&spelling, REPLACEMENT);
            assert_eq!(redacted, expected, "{json}");
        }
        let mut text = format!("<p>Bad key {spelling}, é");
        redactor.redact(&mut text);
        assert_eq!(text, "<p>Bad key [hidden], é");
    }
}

#[test]
fn a_surrogate_pair_is_decoded_as_one_character() {
    let mut redactor = Redactor::default();
    redactor.add("pass🎰word");
    let json = r#"["pass\ud83c\uDFB0word", "pass🎰w\u006Frd", "\ud83c", "\udfb0\ud83c"]"#;
    let redacted = redactor.redact_json(json).unwrap();
    assert_eq!(redacted, r#"["[hidden]", "[hidden]", "\ud83c", "\udfb0\ud83c"]"#);
}

#[test]
fn an_escape_that_contains_part_of_a_secret_is_not_split() {
    let mut redactor = Redactor::default();
    redactor.add("u0041bcdef");
    let redacted = redactor.redact_json(r#"["x\u0041bcdef"]"#).unwrap();
    assert_eq!(redacted, r#"["x[hidden]"]"#);
    // A server with wrong quoting: the secret is readable in the text, but not in the decoded
    // JSON.
    let mut redactor = Redactor::default();
    redactor.add(r"ab\u0041cdef");
    assert_eq!(redactor.redact_json(r#"["ab\u0041cdef"]"#).unwrap(), r#"["[hidden]"]"#);
}

#[test]
fn a_short_secret_is_replaced_as_a_word_and_a_long_secret_anywhere() {
    let mut redactor = Redactor::default();
    redactor.add("test");
    redactor.add("long-secret");
    let mut text = "the latest test: \"test\", xlong-secretx".to_owned();
    redactor.redact(&mut text);
    assert_eq!(text, "the latest [hidden]: \"[hidden]\", x[hidden]x");
}

#[test]
fn a_number_that_equals_the_key_is_replaced_by_a_string() {
    let mut redactor = Redactor::default();
    redactor.add("1234567890");
    let redacted = redactor.redact_json(r#"{"a":1234567890,"b":12345678901,"c":-1234567890}"#).unwrap();
    assert_eq!(redacted, r#"{"a":"[hidden]","b":12345678901,"c":-1234567890}"#);
}

#[test]
fn a_base64_text_that_contains_a_secret_is_replaced_completely() {
    let mut redactor = redactor();
    redactor.add_credentials("user", "pa55");
    for engine in [&STANDARD, &URL_SAFE] {
        for around in [("", ""), ("u:", ":x"), ("user:", ""), ("a", "b"), ("", "?>?>~~~")] {
            let encoded = engine.encode(format!("{}{KEY}{}", around.0, around.1));
            let json = format!(r#"{{"auth":"Basic {encoded}","ok":"Basic abcd"}}"#);
            let expected = r#"{"auth":"Basic [hidden]","ok":"Basic abcd"}"#;
            assert_eq!(redactor.redact_json(&json).as_deref(), Some(expected), "{around:?}");
        }
    }
    let mut text = format!("Proxy-Authorization: Basic {}", STANDARD.encode("user:pa55"));
    redactor.redact(&mut text);
    assert_eq!(text, "Proxy-Authorization: Basic [hidden]");
}

#[test]
fn the_beginning_of_a_secret_at_the_end_of_a_truncated_text_is_replaced() {
    for (text, expected) in [
        ("Bad key sk-live/5", "Bad key [hidden]"),
        ("Bad key sk-live\\/5", "Bad key [hidden]"),
        ("Bad key \\u0073k-live\\u00", "Bad key [hidden]"),
        ("Bad key %73k-live%2", "Bad key [hidden]"),
        ("Bad key sk-", "Bad key sk-"),
        ("Bad key sk-lives", "Bad key sk-lives"),
    ] {
        let mut text = text.to_owned();
        redactor().redact_truncated(&mut text);
        assert_eq!(text, expected);
    }
}

#[test]
fn overlapping_and_adjacent_secrets_are_replaced_completely() {
    let mut redactor = Redactor::default();
    redactor.add("abcdefgh-1");
    redactor.add("gh-123456789");
    let mut text = "<abcdefgh-123456789><abcdefgh-1abcdefgh-1>".to_owned();
    redactor.redact(&mut text);
    assert_eq!(text, "<[hidden]><[hidden]>");
}

#[test]
fn redaction_never_fails_for_random_texts() {
    let redactor = redactor();
    for text in
        ["", "\\", "\\u", "\\u12", "%", "%4", "&", "&#", "&#;", "&#x110000;", "\"", "\\ud83c\\u", "é\\é%é&é;"]
    {
        let mut redacted = text.to_owned();
        redactor.redact(&mut redacted);
        redactor.redact_truncated(&mut redacted);
        assert_eq!(redacted, text);
        assert_eq!(redactor.redact_json(text), None);
    }
}

#[test]
fn ordinary_words_numbers_and_field_names_are_not_replaced() {
    let mut redactor = Redactor::default();
    for (name, value) in [
        ("x-flag", "true"),
        ("x-none", "null"),
        ("x-auth-enabled", "true"),
        ("x-count", "12"),
        ("x-shard", "12345678"),
        ("x-sort", "currency"),
        ("x-group", "country_code"),
        ("x-note", "short-1"),
    ] {
        redactor.add_header(name, value);
    }
    let body = r#"{"success":false,"errors":{"currency":["The currency is no text."],"country_code":[null]},
        "n":[12,12345678,true,1.20],"note":"true, null, short-1"}"#;
    assert_eq!(redactor.redact_json(body), None);
}

#[test]
fn the_value_of_a_header_is_secret_because_of_the_name_or_the_length() {
    for (name, value, is_secret) in [
        ("x-player-token", "abcd", true),
        ("authorization", "Basic dXNlcg", true),
        ("cookie", "currency", true),
        ("x-api-key", "production", true),
        ("x-player", "hush-hush", true),
        ("x-player", "hush-hu", false),
        ("x-player", "abcdefghijklmnopqrstu", true),
        ("x-mode", "production", false),
        ("x-token", "abc", false),
    ] {
        let mut redactor = Redactor::default();
        redactor.add_header(name, value);
        let mut text = format!("<{value}>");
        redactor.redact(&mut text);
        assert_eq!(text == "<[hidden]>", is_secret, "{name}: {value}");
    }
    let mut redactor = Redactor::default();
    redactor.add_header("authorization", "Player tok-1234");
    let mut text = "unknown tok-1234".to_owned();
    redactor.redact(&mut text);
    assert_eq!(text, "unknown [hidden]");
}
