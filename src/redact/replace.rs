//! Replaces the secrets of a [`Redactor`] in texts and in JSON documents. Contains no rule for what
//! is secret; `redact.rs` decides this.

use memchr::memchr;

use super::search::{ceil_char_boundary, common_prefix, end_of_string, floor_char_boundary, occurrences};
use super::view::{View, unescape_html, unescape_json, unescape_percent};
use super::{MIN_LEN, MIN_LEN_INSIDE_WORDS, Redactor};

/// The text that replaces a secret.
pub(super) const REPLACEMENT: &str = "[hidden]";
/// The maximum number of nested escapes that are decoded.
const MAX_NESTING: usize = 4;
/// The length of a surrogate pair in JSON.
const LONGEST_ESCAPE: usize = 12;

impl Redactor {
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
                if !marks.iter().any(|&mark| memchr(mark, &views[from].bytes).is_some()) {
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
