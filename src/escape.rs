//! Escapes the control characters of texts that are shown. A server could otherwise forge lines of
//! a log, or send sequences that control a terminal. Errors, log lines and the tool use it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns whether a character changes how the text around it is shown: a control character (C0,
/// DEL and C1), a separator of lines or paragraphs, or a control of the direction of text.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Escapes the control characters of a text, as Rust does: `\n` and `\u{1b}`.
pub(crate) fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_control(character) {
            true => escaped.extend(character.escape_default()),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Escapes the control characters of a JSON document, as JSON does: `\u001b`. The document has the
/// same meaning. Its line breaks and tabs are white space between values, so they are kept.
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
pub(crate) fn escape_json_controls(json: &str) -> Cow<'_, str> {
    let needs_escape = |character| is_control(character) && !matches!(character, '\n' | '\t');
    if !json.contains(needs_escape) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        match character {
            // White space outside of strings.
            '\r' => {}
            character if needs_escape(character) => {
                // Writing to a string cannot fail. All these characters have one UTF-16 unit.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_other_characters_are_kept() {
        for (text, expected) in [
            ("plain text, \u{E9}\u{6F22}\u{1F3AE} \\n", None),
            ("a\nb\r\tc", Some("a\\nb\\r\\tc")),
            ("\u{1B}[2J", Some("\\u{1b}[2J")),
            ("\0\u{7F}\u{85}\u{9B}", Some("\\u{0}\\u{7f}\\u{85}\\u{9b}")),
            ("\u{2028}\u{2029}", Some("\\u{2028}\\u{2029}")),
            ("\u{202E}x\u{2066}\u{200F}\u{61C}", Some("\\u{202e}x\\u{2066}\\u{200f}\\u{61c}")),
        ] {
            assert_eq!(escape_controls(text), expected.unwrap_or(text), "{text:?}");
        }
    }

    #[test]
    fn an_escaped_json_document_has_the_same_meaning() {
        let json = "{\r\n\t\"a\": \"\u{7F}\u{9B}2J\u{202E}\u{2028}\u{E9}\"\r}";
        let escaped = escape_json_controls(json);
        assert_eq!(escaped, "{\n\t\"a\": \"\\u007f\\u009b2J\\u202e\\u2028\u{E9}\"}");
        let parse = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(parse(&escaped), parse(json));
    }
}
