//! Redaction: replaces the configured secrets in texts that leave the library, such as error
//! bodies.
//!
//! A server may repeat parts of the request in another encoding: `\u0073k-…` in JSON, `%73k-…` in a
//! URL, or `user:password` in base64. The texts are therefore decoded before the comparison, and
//! the position of every decoded byte in the original text is recorded. The configuration fills a
//! [`Redactor`]; `error.rs` uses it.

mod view;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

pub(crate) use self::view::decode_json_string;
use self::view::{View, unescape_html, unescape_json, unescape_percent};

/// The text that replaces a secret.
const REPLACEMENT: &str = "[hidden]";
/// Shorter secrets are not replaced: they would match parts of ordinary text.
const MIN_LEN: usize = 4;
/// Shorter secrets are replaced only where they are a separate word.
const MIN_LEN_INSIDE_WORDS: usize = 8;
/// The maximum number of nested escapes that are decoded.
const MAX_NESTING: usize = 4;
/// The length of a surrogate pair in JSON.
const LONGEST_ESCAPE: usize = 12;
/// A text without a digit or punctuation that is not longer than this is a word or a field name.
const MAX_ORDINARY_WORD: usize = 20;

/// The secrets of a client: the API key, secret header values and proxy passwords. They are
/// overwritten in memory when the redactor is dropped.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
    /// Parts of base64 texts that contain a secret, for each alignment.
    base64: Vec<Zeroizing<String>>,
}

#[derive(Clone)]
struct Secret {
    text: Zeroizing<String>,
    /// Whether the configuration declares it as a secret. Otherwise it counts as a secret because
    /// of its length.
    is_declared: bool,
}

impl std::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Redactor {
    /// Adds a secret, without a check of its content.
    pub(crate) fn add(&mut self, secret: &str) {
        self.add_secret(secret, true);
    }

    fn add_secret(&mut self, secret: &str, is_declared: bool) {
        if secret.len() < MIN_LEN {
            return;
        }
        if let Some(known) = self.secrets.iter_mut().find(|known| &***known == secret) {
            known.is_declared |= is_declared;
            return;
        }
        self.secrets.push(Secret { text: Zeroizing::new(secret.to_owned()), is_declared });
        // The longest secret is first, because one secret may be part of another.
        self.secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
        if secret.len() >= MIN_LEN_INSIDE_WORDS {
            self.add_base64(secret.as_bytes());
        }
    }

    /// Adds the value of a header if it is secret: if the name of the header says so, or if the
    /// value is long and not an ordinary word.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        if has_secret_name(name) {
            if !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "none") {
                self.add(value);
                // In `Authorization: Bearer …` only the credentials are secret, not the scheme.
                if let Some((_, credentials)) = value.rsplit_once(' ') {
                    self.add(credentials);
                }
            }
        } else if value.len() >= MIN_LEN_INSIDE_WORDS && !is_ordinary_word(value) {
            self.add_secret(value, false);
        }
    }

    /// Adds the credentials for a proxy, as text and in the encoding of a `Basic` header.
    pub(crate) fn add_credentials(&mut self, user: &str, password: &str) {
        self.add(if password.is_empty() { user } else { password });
        let pair = Zeroizing::new([user.as_bytes(), b":", password.as_bytes()].concat());
        for engine in [&STANDARD, &URL_SAFE] {
            self.add(&Zeroizing::new(engine.encode(&*pair)));
        }
    }

    /// Adds the part that every base64 text with these bytes has in common. The encoding depends on
    /// the number of bytes before them, so there are three forms for each alphabet.
    fn add_base64(&mut self, secret: &[u8]) {
        for before in 0..3 {
            let mut bytes = Zeroizing::new(vec![0; before + secret.len()]);
            bytes[before..].copy_from_slice(secret);
            let whole = bytes.len() * 8 / 6;
            for engine in [&STANDARD, &URL_SAFE] {
                let encoded = Zeroizing::new(engine.encode(&*bytes));
                // The first characters depend on the bytes before the secret, and the last
                // character on the bytes after it.
                if let Some(part) = encoded.get((before * 8).div_ceil(6)..whole)
                    && part.len() >= MIN_LEN_INSIDE_WORDS
                    && !self.base64.iter().any(|known| known.as_str() == part)
                {
                    self.base64.push(Zeroizing::new(part.to_owned()));
                }
            }
        }
    }

    /// Replaces every secret in a text, in every supported encoding.
    pub(crate) fn redact(&self, text: &mut String) {
        if let Some(redacted) = self.redacted(text, false) {
            *text = redacted;
        }
    }

    /// Replaces every secret in a text that may be truncated. The beginning of a secret at the end
    /// of the text is replaced too.
    pub(crate) fn redact_truncated(&self, text: &mut String) {
        self.redact(text);
        let mut beginning: Option<usize> = None;
        for View { bytes, starts } in &self.views(text) {
            for secret in &self.secrets {
                // An escape may be truncated too, so a few bytes at the end need not match.
                let first = bytes.len().saturating_sub(secret.len() + LONGEST_ESCAPE);
                let cut = (first..bytes.len()).find(|&start| {
                    let matched = common_prefix(&bytes[start..], secret.as_bytes());
                    let is_escape = |rest: &[u8]| rest.first().is_none_or(|mark| b"\\%&".contains(mark));
                    (MIN_LEN..secret.len()).contains(&matched) && is_escape(&bytes[start + matched..])
                });
                let cut = cut.map(|start| starts[start]);
                beginning = [beginning, cut].into_iter().flatten().min();
            }
        }
        if let Some(start) = beginning {
            let start = floor_char_boundary(text, start);
            text.truncate(start);
            text.push_str(REPLACEMENT);
        }
    }

    /// Replaces every secret in the strings and object keys of a JSON document. The result is JSON.
    /// Numbers, `true`, `false` and `null` stay unchanged, except a number that equals a declared
    /// secret. Returns None if the document contains no secret.
    pub(crate) fn redact_json(&self, json: &str) -> Option<String> {
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        let bytes = json.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            let replacement = match byte {
                b'"' => {
                    at = end_of_string(bytes, start);
                    let content = json.get(start + 1..at - 1).unwrap_or_default();
                    self.redacted(content, true).map(|content| format!("\"{content}\""))
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    at += bytes[at..].iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len() - at);
                    let number = &json[start..at];
                    let is_secret = number.len() >= MIN_LEN_INSIDE_WORDS
                        && self.secrets.iter().any(|secret| secret.is_declared && &**secret == number);
                    is_secret.then(|| format!("\"{REPLACEMENT}\""))
                }
                _ => {
                    at += 1;
                    None
                }
            };
            if let Some(replacement) = replacement {
                out.push_str(&json[copied..start]);
                out.push_str(&replacement);
                copied = at;
            }
        }
        if copied == 0 {
            return None;
        }
        out.push_str(&json[copied..]);
        Some(out)
    }

    /// Returns the text with its secrets replaced, or None if it contains no secret. With `in_json`
    /// the text is the content of a JSON string, and no escape is split.
    fn redacted(&self, text: &str, in_json: bool) -> Option<String> {
        if self.secrets.is_empty() {
            return None;
        }
        let views = self.views(text);
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for view in &views {
            self.find_secrets(view, &mut ranges);
        }
        if ranges.is_empty() {
            return None;
        }
        if in_json {
            let units = unescape_json(&View::of(text));
            for (start, end) in &mut ranges {
                let starts = &units.starts;
                *start = starts[starts.partition_point(|unit| unit <= start).saturating_sub(1)];
                *end = starts[starts.partition_point(|unit| unit < end).min(starts.len() - 1)];
            }
        }
        ranges.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for (start, end) in ranges {
            let (start, end) = (floor_char_boundary(text, start), ceil_char_boundary(text, end));
            if start >= copied {
                // Adjacent secrets become one replacement, so that the text does not show their
                // number.
                if start > copied || copied == 0 {
                    out.push_str(&text[copied..start]);
                    out.push_str(REPLACEMENT);
                }
            }
            copied = copied.max(end);
        }
        out.push_str(&text[copied..]);
        Some(out)
    }

    /// Returns the text itself and its decodings as JSON, URL and HTML. Escapes may be nested.
    fn views(&self, text: &str) -> Vec<View> {
        let all = |view: &View| unescape_html(&unescape_percent(&unescape_json(view)));
        let mut views = vec![View::of(text)];
        let decoders: [(&[u8], Decoder<'_>); 4] =
            [(b"\\", &unescape_json), (b"%", &unescape_percent), (b"&", &unescape_html), (b"\\%&", &all)];
        for (marks, decode) in decoders {
            let mut from = 0;
            for _ in 0..MAX_NESTING {
                if !views[from].bytes.iter().any(|byte| marks.contains(byte)) {
                    break;
                }
                let next = decode(&views[from]);
                if *next.bytes == *views[from].bytes {
                    break;
                }
                views.push(next);
                from = views.len() - 1;
            }
        }
        views
    }

    /// Appends the ranges of the original text that contain the secrets of one view.
    fn find_secrets(&self, view: &View, ranges: &mut Vec<(usize, usize)>) {
        let View { bytes, starts } = view;
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        for secret in &self.secrets {
            let inside_words = secret.len() >= MIN_LEN_INSIDE_WORDS;
            for start in occurrences(bytes, secret.as_bytes()) {
                let end = start + secret.len();
                let before = start.checked_sub(1).and_then(|before| bytes.get(before));
                if inside_words || !(is_word(before) || is_word(bytes.get(end))) {
                    ranges.push((starts[start], starts[end]));
                }
            }
        }
        for part in &self.base64 {
            for start in occurrences(bytes, part.as_bytes()) {
                let is_base64 = |byte: &u8| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
                };
                let end = start + part.len();
                // The rest of the same base64 text is replaced too.
                let after = bytes[end..].iter().take_while(|byte| is_base64(byte)).count();
                let before = bytes[..start].iter().rev().take_while(|byte| is_base64(byte)).count();
                ranges.push((starts[start - before], starts[end + after]));
            }
        }
    }
}

/// Decodes one level of escapes.
type Decoder<'a> = &'a dyn Fn(&View) -> View;

/// Returns whether the name of a header says that its value is secret.
fn has_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    const PARTS: &[&str] = &[
        "auth",
        "cookie",
        "credential",
        "csrf",
        "jwt",
        "key",
        "pass",
        "private",
        "pwd",
        "secret",
        "session",
        "signature",
        "token",
        "xsrf",
    ];
    PARTS.iter().any(|part| name.contains(part))
}

/// Returns whether a text looks like a word or a field name, such as `currency` or `country_code`.
fn is_ordinary_word(text: &str) -> bool {
    text.len() <= MAX_ORDINARY_WORD && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// Returns the end of a JSON string, including its closing quote.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// Returns the positions of `needle` in `bytes`, without overlaps.
fn occurrences<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (&first, _) = needle.split_first()?;
        loop {
            let at = from + bytes.get(from..)?.iter().position(|&byte| byte == first)?;
            if bytes[at..].starts_with(needle) {
                from = at + needle.len();
                return Some(at);
            }
            from = at + 1;
        }
    })
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in [
            "",
            "\\",
            "\\u",
            "\\u12",
            "%",
            "%4",
            "&",
            "&#",
            "&#;",
            "&#x110000;",
            "\"",
            "\\ud83c\\u",
            "é\\é%é&é;",
        ] {
            let mut redacted = text.to_owned();
            redactor.redact(&mut redacted);
            redactor.redact_truncated(&mut redacted);
            assert_eq!(redacted, text);
            assert_eq!(redactor.redact_json(text), None);
        }
    }

    #[test]
    fn a_json_string_is_decoded_as_by_serde_json() {
        for content in ["", "a", r#"\"\\\/\b\f\n\r\té\u00e9\ud83c\udfb0"#] {
            let expected: String = serde_json::from_str(&format!("\"{content}\"")).unwrap();
            assert_eq!(decode_json_string(content).unwrap().as_str(), expected);
        }
        for content in ["\\", "\\x41", "\\u12", "\\ud83c", "\\ud83cx", "\\ud83c\\u0041", "\\udfb0"] {
            assert!(decode_json_string(content).is_none(), "{content}");
        }
    }
}
