//! Enough of `multipart/form-data` to check an upload: the parts' names, file names and sizes.

/// One part of an upload.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) content: &'a [u8],
}

/// The parts of a body, or nothing if it is not what its content type promises.
pub(super) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first delimiter may stand at the very start, without the line break before it.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => split(body, &delimiter)?.1,
    };
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, after) = split(rest.strip_prefix(b"\r\n")?, &delimiter)?;
        found.push(read(part)?);
        rest = after;
    }
    Some(found)
}

/// What stands before and after the first `at`.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..start], &bytes[start + at.len()..]))
}

fn read(part: &[u8]) -> Option<Part<'_>> {
    let (head, content) = split(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(head).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let parameters = disposition.strip_prefix("form-data")?;
    Some(Part { name: parameter(parameters, "name")?, file_name: parameter(parameters, "filename"), content })
}

/// The value of `name` in `; name=value; other="quoted"`.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let (key, after) = rest.split_once('=')?;
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
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

/// A quoted string without its escapes, and what follows it.
fn until_quote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
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
    fn parts_are_told_apart_with_their_names() {
        for kind in ["multipart/form-data; boundary=X", "Multipart/Form-Data; charset=utf-8; boundary=\"X\""]
        {
            let found = parts(kind, BODY).unwrap();
            let file_name = Some("a;\"b.csv".to_owned());
            assert_eq!(found[0], Part { name: "file".into(), file_name, content: b"id,name\r\n1,--X\r\n" });
            assert_eq!(found[1], Part { name: "note".into(), file_name: None, content: b"" });
        }
    }

    #[test]
    fn what_is_cut_or_mislabelled_is_nothing() {
        for kind in [
            "text/csv",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=X",
        ] {
            assert_eq!(parts(kind, BODY), None, "{kind}");
        }
        let cut = BODY.len() - 6;
        for length in 0..cut {
            assert_eq!(parts("multipart/form-data; boundary=X", &BODY[..length]), None, "{length}");
        }
    }
}
