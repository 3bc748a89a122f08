//! Converts a downloaded file to a JSON document.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::http_types::Response;
use crate::json;

/// Converts a downloaded file to a JSON document.
pub(super) fn file_document(response: Response) -> String {
    let mut out = String::with_capacity(response.body.len() + 128);
    out.push_str("{\"success\":true,\"content_type\":");
    push_optional(&mut out, response.content_type.as_deref());
    out.push_str(",\"filename\":");
    push_optional(&mut out, response.content_disposition.as_deref().and_then(file_name).as_deref());
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
/// UTF-8 only) before `filename`.
fn file_name(disposition: &str) -> Option<String> {
    let parameters: Vec<(String, &str)> = disposition
        .split(';')
        .skip(1)
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let value = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decoded.into_owned())
    });
    let name = extended.or_else(|| value("filename").map(|value| value.trim_matches('"').to_owned()))?;
    name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).map(str::to_owned)
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
}
