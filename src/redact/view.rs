//! Decodes the escapes of JSON, URLs and HTML, and records the position of every decoded byte in
//! the original text. `replace.rs` searches the decoded texts for secrets.

use zeroize::Zeroizing;

/// A decoded text, with the position of each byte in the original text.
pub(super) struct View {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The position of each byte, and the end of the text as the last element.
    pub(super) starts: Vec<usize>,
}

impl View {
    pub(super) fn of(text: &str) -> View {
        View { bytes: Zeroizing::new(text.as_bytes().to_vec()), starts: (0..=text.len()).collect() }
    }

    /// Decodes the escapes that begin with `mark`. `escape` receives the bytes after the mark,
    /// appends the decoded bytes, and returns the length of the escape without the mark, or 0 if
    /// there is no escape.
    fn decoded(&self, mark: u8, escape: impl Fn(&[u8], &mut Vec<u8>) -> usize) -> View {
        // A decoded text is never longer than its escapes.
        let mut view = View {
            bytes: Zeroizing::new(Vec::with_capacity(self.bytes.len())),
            starts: Vec::with_capacity(self.starts.len()),
        };
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            let before = view.bytes.len();
            let mut length = 0;
            if byte == mark {
                length = escape(&self.bytes[at + 1..], &mut view.bytes);
            }
            if length == 0 {
                view.bytes.truncate(before);
                view.bytes.push(byte);
            }
            view.starts.resize(view.bytes.len(), self.starts[at]);
            at += 1 + length;
        }
        view.starts.push(self.starts[self.bytes.len()]);
        view
    }
}

/// Decodes the escapes of JSON and of similar formats: `\uXXXX`, `\xXX`, `\/`, `\n` and so on.
pub(super) fn unescape_json(view: &View) -> View {
    view.decoded(b'\\', |rest, out| {
        let simple = match rest.first() {
            Some(&byte @ (b'"' | b'\\' | b'/' | b'\'')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => return push_char(out, parse_hex(rest.get(1..3)), 3),
            Some(b'u') => return unescape_unicode(rest, out),
            _ => return 0,
        };
        out.push(simple);
        1
    })
}

/// Decodes `uXXXX`, or two of them with a backslash between for a surrogate pair.
fn unescape_unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let first = parse_hex(rest.get(1..5));
    let Some(high @ 0xD800..=0xDBFF) = first else { return push_char(out, first, 5) };
    let is_pair = rest.get(5..7) == Some(b"\\u");
    match parse_hex(rest.get(7..11)) {
        Some(low @ 0xDC00..=0xDFFF) if is_pair => {
            push_char(out, Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 11)
        }
        _ => 0,
    }
}

/// Decodes the escapes of URLs: `%XX`.
pub(super) fn unescape_percent(view: &View) -> View {
    view.decoded(b'%', |rest, out| match parse_hex(rest.get(..2)).and_then(|byte| u8::try_from(byte).ok()) {
        Some(byte) => {
            out.push(byte);
            2
        }
        None => 0,
    })
}

/// Decodes numeric character references of HTML, and the five named references of XML.
pub(super) fn unescape_html(view: &View) -> View {
    view.decoded(b'&', |rest, out| {
        let Some(end) = rest.iter().take(12).position(|&byte| byte == b';') else { return 0 };
        let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        let character = match text {
            "amp" => Some('&'.into()),
            "lt" => Some('<'.into()),
            "gt" => Some('>'.into()),
            "quot" => Some('"'.into()),
            "apos" => Some('\''.into()),
            _ => match text.strip_prefix("#x").or_else(|| text.strip_prefix("#X")) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => text.strip_prefix('#').and_then(|digits| digits.parse().ok()),
            },
        };
        push_char(out, character, end + 1)
    })
}

/// Appends the character with this number and returns `length`. Returns 0 if there is no such
/// character.
fn push_char(out: &mut Vec<u8>, number: Option<u32>, length: usize) -> usize {
    let Some(character) = number.and_then(char::from_u32) else { return 0 };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

fn parse_hex(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |number, &digit| Some(number * 16 + char::from(digit).to_digit(16)?))
}

/// Decodes the content of a JSON string into memory that is overwritten when it is dropped. Returns
/// None for an invalid escape, such as a single surrogate.
pub(crate) fn decode_json_string(content: &str) -> Option<Zeroizing<String>> {
    let mut out = Zeroizing::new(Vec::with_capacity(content.len()));
    let mut rest = content.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let length = match after.first()? {
            b'u' => unescape_unicode(after, &mut out),
            b'b' => push_char(&mut out, Some(0x08), 1),
            b'f' => push_char(&mut out, Some(0x0C), 1),
            b'n' => push_char(&mut out, Some('\n'.into()), 1),
            b'r' => push_char(&mut out, Some('\r'.into()), 1),
            b't' => push_char(&mut out, Some('\t'.into()), 1),
            &byte @ (b'"' | b'\\' | b'/') => push_char(&mut out, Some(byte.into()), 1),
            _ => 0,
        };
        if length == 0 {
            return None;
        }
        rest = after.get(length..)?;
    }
    // The bytes are moved, so no copy of the secret remains in memory.
    String::from_utf8(std::mem::take(&mut *out)).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

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
