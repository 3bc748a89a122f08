//! Functions for the three session operations that several layers use: arguments, ids, and the
//! check whether a session is over.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::operation::operation;
use crate::json;
use crate::nearest::nearest;

/// Returns whether a status, as JSON, says that a session is over. The API documents only `active`
/// and allows any text, so an unknown status does not count as over.
pub(crate) fn is_over(status: &str) -> bool {
    const OVER_STATUSES: [&str; 8] =
        ["closed", "expired", "ended", "completed", "finished", "cancelled", "canceled", "terminated"];
    OVER_STATUSES.iter().any(|word| status.trim_matches('"').eq_ignore_ascii_case(word))
}

/// The operation that starts a session.
pub(crate) const START: &str = "start_a_game_session";

/// The operations of one kind of session.
#[cfg_attr(not(feature = "journal"), allow(dead_code))]
pub(crate) struct SessionKind {
    pub(crate) start: &'static str,
    pub(crate) status: &'static str,
    pub(crate) end: &'static str,
    /// The name of the path parameter of `status` and `end`.
    pub(crate) parameter: &'static str,
    /// The JSON pointer to the id in the response to `start`.
    pub(crate) session_id: &'static str,
}

/// The kinds of sessions: these operations, and no others, start sessions.
#[cfg_attr(not(feature = "journal"), allow(dead_code))]
pub(crate) const SESSION_KINDS: [SessionKind; 2] = [
    SessionKind {
        start: START,
        status: "get_session_status",
        end: "end_a_game_session",
        parameter: "session_id",
        session_id: "/data/session_id",
    },
    SessionKind {
        start: "start_a_multi_session",
        status: "get_multi_session_status",
        end: "end_multi_session",
        parameter: "token",
        session_id: "/data/multi_session_id",
    },
];

/// Returns the kind of session that an operation is about.
#[cfg_attr(not(feature = "journal"), allow(dead_code))]
pub(crate) fn session_kind(operation: &str) -> Option<&'static SessionKind> {
    SESSION_KINDS.iter().find(|kind| [kind.start, kind.status, kind.end].contains(&operation))
}

/// Returns the arguments of a typed start with their unknown members inside `extra`, so that a host
/// can send fields that are newer than this library. A member whose name resembles a known one
/// stays, and is refused. Text that is not an object is returned as it is.
pub(crate) fn start_arguments(request: &str) -> Cow<'_, str> {
    let (Some(start), Ok(members)) = (operation(START), json::parse_object(request, "The request")) else {
        return Cow::Borrowed(request);
    };
    let names = || start.params.iter().map(|param| param.name).chain(["extra"]);
    let is_new = |name: &str| !names().any(|known| known == name) && nearest(name, names()).is_none();
    let (new, known): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| is_new(name));
    if new.is_empty() {
        return Cow::Borrowed(request);
    }
    let pair = |(name, value): &'_ (Cow<'_, str>, &RawValue)| (name.to_string(), value.get().to_owned());
    let extra = object_of(new.into_iter().map(pair));
    Cow::Owned(object_of(known.into_iter().map(pair).chain([("extra".to_owned(), extra)])))
}

fn object_of(members: impl Iterator<Item = (String, String)>) -> String {
    let members: Vec<_> = members.collect();
    json::object(members.iter().map(|(name, json)| (name.as_str(), json.as_str())))
}

/// Returns the arguments of a call on one session.
pub(crate) fn session_arguments(session_id: &str) -> String {
    id_arguments("session_id", session_id)
}

/// Returns the arguments of a call with one id.
pub(crate) fn id_arguments(parameter: &str, id: &str) -> String {
    let mut quoted = String::with_capacity(id.len() + 2);
    json::write_string(&mut quoted, id);
    json::object(std::iter::once((parameter, quoted.as_str())))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_start_sends_new_members_and_keeps_misspelled_ones_to_be_refused() {
        for (request, expected) in [
            (r#"{"game_id": 1}"#, r#"{"game_id": 1}"#),
            (r#"{"playerId": 1}"#, r#"{"playerId": 1}"#),
            (r#"{"game_id": 1.0, "new": [1, 2]}"#, r#"{"game_id":1.0,"extra":{"new":[1, 2]}}"#),
            ("[", "["),
            ("", ""),
        ] {
            assert_eq!(start_arguments(request), expected);
        }
        // `extra` twice is refused later.
        let both = start_arguments(r#"{"extra": {}, "new": 1}"#).into_owned();
        assert_eq!(both.matches("extra").count(), 2);
    }

    #[test]
    fn every_operation_on_sessions_belongs_to_one_kind_of_session() {
        for operation in crate::operations().iter().filter(|operation| operation.id.contains("session")) {
            assert!(session_kind(operation.id).is_some(), "{}", operation.id);
        }
        for kind in &SESSION_KINDS {
            let start = super::operation(kind.start).unwrap();
            assert!(start.required.contains(&kind.session_id));
            for id in [kind.status, kind.end] {
                assert!(super::operation(id).unwrap().param(kind.parameter).is_some(), "{id}");
            }
        }
    }

    #[test]
    fn only_known_end_statuses_mean_that_a_session_is_over() {
        assert!(is_over("\"closed\"") && is_over("\"EXPIRED\""));
        assert!(!is_over("\"active\"") && !is_over("\"paused\"") && !is_over("null"));
    }
}
