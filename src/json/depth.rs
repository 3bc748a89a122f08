//! The limit of the nesting depth of JSON text. Contains no parser.

use memchr::memchr2;

/// The maximum nesting depth of arrays and objects.
pub(crate) const MAX_DEPTH: usize = 128;

/// Returns whether the nesting depth is at most [`MAX_DEPTH`].
pub(crate) fn is_within_max_depth(text: &str) -> bool {
    // A text with few brackets cannot be nested deeply. Counting brackets is faster than tracking
    // the depth.
    if opening_brackets(text.as_bytes()) <= MAX_DEPTH {
        return true;
    }
    let (mut rest, mut depth) = (text.as_bytes(), 0usize);
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' => rest = skip_string(rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Returns the text after a string whose opening quote has been consumed.
fn skip_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr2(b'"', b'\\', rest) {
        match &rest[at..] {
            [b'"', after @ ..] => return after,
            [_, _, after @ ..] => rest = after,
            _ => break,
        }
    }
    &[]
}

/// Returns the number of `[` and `{`, also inside strings.
fn opening_brackets(bytes: &[u8]) -> usize {
    // A chunk has at most 255 bytes, so its sum fits in a byte. The compiler vectorizes such sums.
    let count = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(matches!(byte, b'{' | b'['))).sum::<u8>();
    bytes.chunks(255).map(|chunk| usize::from(count(chunk))).sum()
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count_as_depth() {
        // Many brackets, so that the depth is tracked and not only the number of brackets.
        for before in 0..20 {
            let text = "x".repeat(before);
            for inside in ["", "[", "]", "{[", "\\\"[", "\\\\", "\\\\\\\"]", "\\u005b[", "\u{1F3B0}["] {
                let string = format!("\"{text}{inside}{text}\"");
                let deep = |depth: usize| {
                    format!("[{}{string}{},{string}]", "[".repeat(depth - 1), "]".repeat(depth - 1))
                };
                let wide = format!("[{}[]]", "[],".repeat(200));
                assert!(serde_json::from_str::<IgnoredAny>(&deep(MAX_DEPTH)).is_ok(), "{string}");
                assert!(is_within_max_depth(&deep(MAX_DEPTH)), "{string}");
                assert!(!is_within_max_depth(&deep(MAX_DEPTH + 1)), "{string}");
                assert!(is_within_max_depth(&format!("[{string},{wide},{string}]")), "{string}");
                assert!(!is_within_max_depth(&format!("[{wide},{}]", deep(MAX_DEPTH))), "{string}");
            }
        }
        // A text that is not JSON is read to its end too.
        for cut in ["\"", "\"\\", "\"12345678", "\"1234567\\"] {
            assert!(is_within_max_depth(&format!("{}{cut}", "[]".repeat(200))));
        }
    }

    #[test]
    fn brackets_are_counted_at_every_position() {
        let every: Vec<u8> = (0..=255).collect();
        for from in 0..256 {
            for to in [from, 256.min(from + 7), 256.min(from + 8), 256.min(from + 33), 256] {
                let bytes = &every[from..to];
                let counted = bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
                assert_eq!(opening_brackets(bytes), counted, "{from}..{to}");
            }
        }
        assert_eq!(opening_brackets(&[b'['; 5001]), 5001);
        assert_eq!(opening_brackets(&[b'|'; 5001]), 0);
    }
}
