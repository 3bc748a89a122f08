//! Functions for the three session operations that several layers use: arguments, ids, and the
//! check whether a session is over.

use crate::json;

/// Returns whether a status, as JSON, says that a session is over. The API documents only `active`
/// and allows any text, so an unknown status does not count as over.
pub(crate) fn is_over(status: &str) -> bool {
    const OVER_STATUSES: [&str; 8] =
        ["closed", "expired", "ended", "completed", "finished", "cancelled", "canceled", "terminated"];
    OVER_STATUSES.iter().any(|word| status.trim_matches('"').eq_ignore_ascii_case(word))
}

/// Returns the arguments of a call on one session.
pub(crate) fn session_arguments(session_id: &str) -> String {
    let mut quoted = String::with_capacity(session_id.len() + 2);
    json::write_string(&mut quoted, session_id);
    object(std::iter::once(("session_id", quoted.as_str())))
}

/// Returns the string at a JSON pointer, or the digits of a number: an API may send an id as a
/// number.
pub(crate) fn text_at(document: &str, pointer: &str) -> Option<String> {
    match json::get(document, pointer).ok()? {
        raw if raw.starts_with('"') => serde_json::from_str(raw).ok(),
        raw if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Some(raw.to_owned()),
        _ => None,
    }
}

/// Returns a JSON object with these members, whose values are JSON already.
pub(crate) fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::from("{");
    for (name, json) in fields {
        if out.len() > 1 {
            out.push(',');
        }
        json::write_string(&mut out, name);
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
    fn only_known_end_statuses_mean_that_a_session_is_over() {
        assert!(is_over("\"closed\"") && is_over("\"EXPIRED\""));
        assert!(!is_over("\"active\"") && !is_over("\"paused\"") && !is_over("null"));
    }
}
