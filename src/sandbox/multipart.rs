//! Parses `multipart/form-data` bodies as far as the check of an upload needs: the names, file
//! names and contents of the parts.

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) content: &'a [u8],
}

/// Returns the parts of a body, or none if the body is not a valid form of this content type.
pub(super) fn parse_parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = header_parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // At the start of the body the delimiter has no line break before it.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => split_at_first(body, &delimiter)?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, after) = split_at_first(rest.strip_prefix(b"\r\n")?, &delimiter)?;
        parts.push(parse_part(part)?);
        rest = after;
    }
    Some(parts)
}

/// Returns the bytes before and after the first `separator`.
fn split_at_first<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((&bytes[..start], &bytes[start + separator.len()..]))
}

fn parse_part(part: &[u8]) -> Option<Part<'_>> {
    let (head, content) = split_at_first(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(head).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let parameters = disposition.strip_prefix("form-data")?;
    Some(Part {
        name: header_parameter(parameters, "name")?,
        file_name: header_parameter(parameters, "filename"),
        content,
    })
}

/// Returns the value of `name` in `; name=value; other="quoted"`.
fn header_parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let (key, after) = rest.split_once('=')?;
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => parse_quoted(quoted)?,
            None => match after.split_once(';') {
                Some((value, rest)) => (value.trim().to_owned(), rest),
                None => (after.trim().to_owned(), ""),
            },
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
    }
}

/// Returns a quoted string without its escapes, and the text after its closing quote.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            character => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;\\\"b.csv\"\r\n\
        Content-Type: text/csv\r\n\r\nid,name\r\n1,--X\r\n\r\n--X\r\n\
        content-disposition: form-data; name=note\r\n\r\n\r\n--X--\r\n";

    #[test]
    fn each_part_has_its_name_file_name_and_content() {
        for kind in ["multipart/form-data; boundary=X", "Multipart/Form-Data; charset=utf-8; boundary=\"X\""]
        {
            let found = parse_parts(kind, BODY).unwrap();
            let file_name = Some("a;\"b.csv".to_owned());
            assert_eq!(found[0], Part { name: "file".into(), file_name, content: b"id,name\r\n1,--X\r\n" });
            assert_eq!(found[1], Part { name: "note".into(), file_name: None, content: b"" });
        }
    }

    #[test]
    fn a_truncated_body_or_another_content_type_has_no_parts() {
        for kind in [
            "text/csv",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=X",
        ] {
            assert_eq!(parse_parts(kind, BODY), None, "{kind}");
        }
        let cut = BODY.len() - 6;
        for length in 0..cut {
            assert_eq!(parse_parts("multipart/form-data; boundary=X", &BODY[..length]), None, "{length}");
        }
    }
}
