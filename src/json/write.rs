//! Writes JSON text: strings, documents without white space, and tokens of JSON pointers.

/// Appends JSON without the white space between its tokens.
pub(crate) fn push_compact(out: &mut String, json: &str) {
    let (mut in_string, mut escaped, mut from) = (false, false, 0);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                out.push_str(&json[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push_str(&json[from..]);
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    // Nearly all texts need no escapes; they are copied.
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.reserve(text.len() + 2);
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Serializing a string cannot fail. The empty string would keep the document valid.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

/// Returns a JSON object with these members, whose values are JSON already.
pub(crate) fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::from("{");
    for (name, json) in fields {
        if out.len() > 1 {
            out.push(',');
        }
        write_string(&mut out, name);
        out.push(':');
        out.push_str(json);
    }
    out.push('}');
    out
}

/// Returns `key` as a reference token of a JSON pointer (RFC 6901), with its slash.
pub(crate) fn escape_token(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compacting_takes_the_blanks_between_the_parts_only() {
        let mut out = String::new();
        push_compact(&mut out, " { \"a b\" : [ 1 , \"\\\" x\" ,\n\t0.50 ] , \"\\\\\" : 1 } ");
        assert_eq!(out, r#"{"a b":[1,"\" x",0.50],"\\":1}"#);
    }
}
