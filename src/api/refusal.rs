//! Classifies error responses: whether the API refused the request, whether the status alone says
//! that the request was not processed, or whether the request may have been processed. This file
//! has the only table of these statuses; `docs/outcomes.md` repeats it and a test compares the two.

use super::envelope::{Envelope, without_bom};
use super::operation::{Operation, operation};
use crate::http_types::{Disposition, Response};
use crate::json;

/// The 4xx statuses that say that the request was not processed, no matter whether the API, a
/// proxy, a load balancer or a firewall sent them. The reasons are in `docs/outcomes.md`.
///
/// Not listed, because the server may have acted on the request: 402, 406 (frameworks choose the
/// format of a response after the work), 408 and 499 (a proxy gave up waiting), 409, 416, 423, 424
/// and every unassigned status.
pub(crate) const NOT_PROCESSED: &[u16] = &[
    400, 401, 403, 404, 405, 407, 410, 411, 412, 413, 414, 415, 417, 418, 421, 422, 425, 426, 428, 429, 431,
    451,
];

/// Classifies a response that is not a success.
pub(crate) fn classify(operation: &Operation, response: &Response) -> Disposition {
    let text = std::str::from_utf8(without_bom(&response.body)).unwrap_or_default();
    let readable = text.trim_ascii_start().starts_with('{') && json::is_within_max_depth(text);
    let envelope = readable.then(|| Envelope::parse(text, operation.required, None).ok()).flatten();
    if let Some(envelope) = &envelope {
        let succeeded = match envelope.success {
            Some("true") => response.status >= 400,
            Some("false") => (0..operation.required.len()).any(|index| envelope.has(index)),
            _ => false,
        };
        if succeeded || envelope.repeated.is_some() {
            return Disposition::Contradictory;
        }
    }
    let refused = envelope.is_some_and(|envelope| {
        envelope.success == Some("false")
            || (envelope.success.is_none() && is_status_envelope(text, response.status))
    });
    match response.status {
        status @ 500.. if !(refused && operation.refusal_statuses.contains(&status)) => Disposition::Unclear,
        _ if refused => Disposition::Refused,
        status if NOT_PROCESSED.contains(&status) => Disposition::NotProcessed,
        _ => Disposition::Unclear,
    }
}

/// Classifies a response to the operation with this id, as [`classify`] does.
pub(crate) fn classify_by_id(id: &str, response: &Response) -> Disposition {
    operation(id).map_or(Disposition::Unclear, |operation| classify(operation, response))
}

/// Returns whether a JSON object is the second error form of the API: `error` and `message` are
/// strings and `code` is the status. A bare `{"message": …}` does not count, because many gateways
/// and frameworks send it.
fn is_status_envelope(text: &str, status: u16) -> bool {
    let member = |key: &str| json::get(text, &json::escape_token(key)).ok();
    let is_string = |key| member(key).is_some_and(|value| value.starts_with('"'));
    is_string("error") && is_string("message") && member("code") == Some(status.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disposition(id: &str, status: u16, body: &str) -> Disposition {
        classify_by_id(id, &Response { status, body: body.as_bytes().to_vec(), ..Response::default() })
    }

    const REFUSED: &str = r#"{"success":false,"message":"no"}"#;
    const OTHERS: [&str; 8] = [
        "",
        "<html>",
        "{}",
        r#"{"message":"x"}"#,
        r#"{"message":"x","errors":{}}"#,
        r#"{"success":"false"}"#,
        r#"{"data":{"success":false}}"#,
        r#"[{"success":false}]"#,
    ];

    #[test]
    fn every_4xx_with_the_envelope_is_refused_and_without_it_follows_the_table() {
        for status in 400..500 {
            assert_eq!(
                disposition("start_a_game_session", status, REFUSED),
                Disposition::Refused,
                "{status}"
            );
            let listed = NOT_PROCESSED.contains(&status);
            let expected = if listed { Disposition::NotProcessed } else { Disposition::Unclear };
            for body in OTHERS {
                assert_eq!(disposition("start_a_game_session", status, body), expected, "{status} {body}");
            }
        }
        for status in [402, 406, 408, 409, 416, 423, 424, 444, 460, 499] {
            assert_eq!(disposition("end_a_game_session", status, "<html>"), Disposition::Unclear, "{status}");
        }
    }

    #[test]
    fn every_5xx_is_unclear_except_the_documented_refusals() {
        for id in ["start_a_game_session", "create_a_standalone_freespin", "start_a_multi_session"] {
            for status in 500..=599 {
                let documented = status == 503 && id != "start_a_multi_session";
                let expected = if documented { Disposition::Refused } else { Disposition::Unclear };
                assert_eq!(disposition(id, status, REFUSED), expected, "{id} {status}");
                for body in OTHERS {
                    assert_eq!(disposition(id, status, body), Disposition::Unclear, "{id} {status} {body}");
                }
            }
        }
        let id = "get_api_v1_transaction_exports_export_id_download";
        assert_eq!(disposition(id, 500, r#"{"message":"Server Error"}"#), Disposition::Unclear);
        let failed = r#"{"success":false,"message":"Failed to cancel freespin at provider"}"#;
        assert_eq!(disposition("cancel_a_standalone_freespin", 500, failed), Disposition::Unclear);
    }

    #[test]
    fn error_message_and_code_are_an_envelope_only_with_the_code_of_the_status() {
        let body = |code| format!(r#"{{"error":"Conflict","message":"x","code":{code}}}"#);
        let id = "end_a_game_session";
        assert_eq!(disposition(id, 409, &body("409")), Disposition::Refused);
        for code in ["401", "\"409\"", "null"] {
            assert_eq!(disposition(id, 409, &body(code)), Disposition::Unclear, "{code}");
        }
        assert_eq!(disposition(id, 503, &body("503")), Disposition::Unclear);
    }

    #[test]
    fn a_response_that_contradicts_itself_is_contradictory_with_every_status() {
        for status in 400..=599 {
            for body in [
                r#"{"success":true}"#,
                r#"{"success":false,"success":false}"#,
                r#"{"success":true,"s\u0075ccess":false}"#,
                r#"{"success":false,"data":{},"data":{}}"#,
                r#"{"success":false,"data":{"session_id":"s"}}"#,
            ] {
                let seen = disposition("start_a_game_session", status, body);
                assert_eq!(seen, Disposition::Contradictory, "{status} {body}");
            }
        }
    }

    #[test]
    fn the_documented_table_is_the_table_of_the_code() {
        let document = include_str!("../../docs/outcomes.md");
        let documented: Vec<u16> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split_once(" | `rejected`")?.0.parse().ok())
            .collect();
        assert_eq!(documented, NOT_PROCESSED);
        for row in crate::operations().iter().filter(|row| !row.refusal_statuses.is_empty()) {
            assert!(document.contains(&format!("`{}`", row.id)), "{}", row.id);
        }
        for row in crate::operations() {
            let Some(echo) = row.echo else { continue };
            assert!(document.contains(&format!("| `{}` | `{}` |", row.id, echo.pointer)), "{}", row.id);
        }
    }
}
