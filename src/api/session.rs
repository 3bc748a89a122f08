//! Parts of the three session operations that several layers need: arguments, ids, and the end of a session.

use crate::error::push_quoted;
use crate::json;

/// Whether a status, as it stands in JSON, says that a session is over. The API documents `active` alone
/// and calls the status a free text: a word that is not known here is a change, and not the end.
pub(crate) fn is_over(status: &str) -> bool {
    const OVER: [&str; 8] =
        ["closed", "expired", "ended", "completed", "finished", "cancelled", "canceled", "terminated"];
    OVER.iter().any(|word| status.trim_matches('"').eq_ignore_ascii_case(word))
}

/// The arguments of a call on one session.
pub(crate) fn session_arguments(session_id: &str) -> String {
    let mut quoted = String::with_capacity(session_id.len() + 2);
    push_quoted(&mut quoted, session_id);
    object(std::iter::once(("session_id", quoted.as_str())))
}

/// A text, or a number's digits: an API that sends an id as a number means the same id.
pub(crate) fn text_at(document: &str, pointer: &str) -> Option<String> {
    match json::get(document, pointer).ok()? {
        raw if raw.starts_with('"') => serde_json::from_str(raw).ok(),
        raw if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Some(raw.to_owned()),
        _ => None,
    }
}

/// Returns a JSON object with these names and values, which are JSON already.
pub(crate) fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::from("{");
    for (name, json) in fields {
        if out.len() > 1 {
            out.push(',');
        }
        push_quoted(&mut out, name);
        out.push(':');
        out.push_str(json);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_says_so_ends_a_session() {
        assert!(is_over("\"closed\"") && is_over("\"EXPIRED\""));
        assert!(!is_over("\"active\"") && !is_over("\"paused\"") && !is_over("null"));
    }
}
