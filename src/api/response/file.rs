//! Converts a downloaded file, or the description of one, to a JSON document.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::http_types::Response;
use crate::json;

/// Returns a JSON document that describes a file of this length, which has been written.
pub(super) fn file_description(response: &Response, length: u64) -> String {
    let mut out = String::with_capacity(128);
    push_head(&mut out, response);
    out.push_str(&format!(",\"bytes\":{length}}}"));
    out
}

fn push_head(out: &mut String, response: &Response) {
    out.push_str("{\"success\":true,\"content_type\":");
    push_optional(out, response.content_type.as_deref());
    out.push_str(",\"filename\":");
    push_optional(out, response.content_disposition.as_deref().and_then(file_name).as_deref());
}

/// Converts a downloaded file to a JSON document.
pub(super) fn file_document(response: Response) -> String {
    let mut out = String::with_capacity(response.body.len() + 128);
    push_head(&mut out, &response);
    match String::from_utf8(response.body) {
        Ok(text) => {
            out.push_str(",\"text\":");
            json::write_string(&mut out, &text);
        }
        Err(error) => {
            out.push_str(",\"base64\":\"");
            BASE64_STANDARD.encode_string(error.as_bytes(), &mut out);
            out.push('"');
        }
    }
    out.push('}');
    out
}

fn push_optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => json::write_string(out, text),
        None => out.push_str("null"),
    }
}

/// Returns the file name in a Content-Disposition header, without a path: `filename*` (RFC 8187,
/// UTF-8 only) before `filename`. A name that cannot be that of a file is none.
fn file_name(disposition: &str) -> Option<String> {
    let parameters = parameters(disposition);
    let value = |wanted: &str| {
        parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decoded.into_owned())
    });
    let name = extended.or_else(|| value("filename").map(str::to_owned))?;
    let name = name.rsplit(['/', '\\']).next()?;
    let is_usable = !matches!(name, "" | "." | "..") && !name.contains(char::is_control);
    is_usable.then(|| name.to_owned())
}

/// Returns the parameters of a header after its first part. A value may be a quoted string, in
/// which a semicolon is a character and a backslash quotes the next one.
fn parameters(header: &str) -> Vec<(&str, String)> {
    let mut parameters = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, value)) = rest.split_once('=') {
        // A part without a value.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let value = value.trim_start();
        let (text, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        parameters.push((name, text));
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    parameters
}

/// Returns the text of a quoted string after its first quote, and what follows the string.
fn quoted_string(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (text, &quoted[index + 1..]),
            '\\' => text.extend(characters.next().map(|(_, character)| character)),
            _ => text.push(character),
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extended_file_name_counts_before_the_plain_one() {
        assert_eq!(
            file_name("attachment; filename=plain.csv; filename*=UTF-8''%E2%82%AC.csv").as_deref(),
            Some("€.csv")
        );
    }

    #[test]
    fn a_file_name_is_read_as_quoted_and_has_no_path() {
        for (disposition, name) in [
            (r#"attachment; filename="a;b.csv""#, Some("a;b.csv")),
            (r#"attachment; filename="a\"b.csv"; size=3"#, Some("a\"b.csv")),
            (r#"attachment; x; filename = "a b.csv" ; size=3"#, Some("a b.csv")),
            (r#"attachment; note="x=1; filename=no"; FILENAME=yes.csv"#, Some("yes.csv")),
            (r#"attachment; filename="open"#, Some("open")),
            ("attachment; filename=../up/a.csv", Some("a.csv")),
            (r"attachment; filename=C:\a.csv", Some("a.csv")),
            (r#"attachment; filename="..""#, None),
            ("attachment; filename=.", None),
            (r#"attachment; filename="""#, None),
            ("attachment; filename*=UTF-8''%2e%2e", None),
            ("attachment; filename*=UTF-8''a%00b.csv", None),
            ("attachment; filename*=latin-1''a.csv; filename=b.csv", Some("b.csv")),
            ("attachment", None),
            ("", None),
        ] {
            assert_eq!(file_name(disposition).as_deref(), name, "{disposition}");
        }
    }
}
