//! The limit of the nesting depth of JSON text. Contains no parser.

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
    loop {
        // A large response is mostly text, so the search takes eight bytes at a time.
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            let word = u64::from_ne_bytes(*word);
            if has_byte(word, b'"') || has_byte(word, b'\\') {
                break;
            }
            rest = after;
        }
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|at| rest.split_at(at).1) {
            Some([b'"', after @ ..]) => return after,
            Some([_, _, after @ ..]) => rest = after,
            _ => return &[],
        }
    }
}

/// Returns whether one of the eight bytes of a word equals `byte`.
fn has_byte(word: u64, byte: u8) -> bool {
    let word = word ^ (ONES * u64::from(byte));
    // A zero byte borrows into its top bit. A set bit means that this byte or a lower byte is zero.
    word.wrapping_sub(ONES) & !word & (ONES * 0x80) != 0
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Returns the number of `[` and `{`, also inside strings. It takes eight bytes at a time, because
/// every response is checked.
fn opening_brackets(bytes: &[u8]) -> usize {
    const SEVENS: u64 = ONES * 0x7F;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut count = rest.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    // At most 255 words, because each byte of `others` is a counter.
    for words in words.chunks(255) {
        let mut others = 0;
        for word in words {
            // `[` and `{` differ in one bit. With this bit set, the XOR makes the bytes of both
            // zero.
            let word = (u64::from_ne_bytes(*word) | (ONES * 0x20)) ^ (ONES * u64::from(b'{'));
            // The top bit of a byte becomes 1 if the byte is not zero.
            others += ((((word & SEVENS) + SEVENS) | word) >> 7) & ONES;
        }
        let others: usize = others.to_ne_bytes().into_iter().map(usize::from).sum();
        count += words.len() * 8 - others;
    }
    count
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
