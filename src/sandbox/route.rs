//! Finds the operation of a method and a path, and decodes path parameters and queries.

use crate::api::operation::{Operation, operations};

/// The result of matching a method and a path.
pub(super) enum Route {
    Found(&'static Operation, PathParams),
    /// The path exists with these methods only.
    MethodNotAllowed(Vec<&'static str>),
    NotFound,
    /// The path is not percent-encoded UTF-8.
    InvalidPath,
}

/// The names and decoded values of a path's parameters.
pub(super) type PathParams = Vec<(&'static str, String)>;

/// Finds the operation of a method and a path.
pub(super) fn find_operation(method: &str, path: &str) -> Route {
    let Some(segments) = path.split('/').map(percent_decode).collect::<Option<Vec<String>>>() else {
        return Route::InvalidPath;
    };
    let candidates = operations().iter().filter(|operation| matches_template(operation.path, &segments));
    let (matching, others): (Vec<_>, Vec<_>) =
        candidates.partition(|operation| operation.method.as_str() == method);
    // A literal segment has precedence over a parameter: `external-games/bulk` over
    // `external-games/{id}`.
    match matching.into_iter().min_by_key(|operation| operation.path.matches('{').count()) {
        Some(operation) => Route::Found(operation, path_params(operation.path, segments)),
        None if others.is_empty() => Route::NotFound,
        None => {
            let mut methods: Vec<_> = others.iter().map(|operation| operation.method.as_str()).collect();
            methods.sort_unstable();
            methods.dedup();
            Route::MethodNotAllowed(methods)
        }
    }
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

fn matches_template(template: &str, segments: &[String]) -> bool {
    let mut segments = segments.iter();
    let all_match = template.split('/').all(|expected| {
        segments.next().is_some_and(|segment| match is_placeholder(expected) {
            true => !segment.is_empty(),
            false => segment == expected,
        })
    });
    all_match && segments.next().is_none()
}

fn path_params(template: &'static str, segments: Vec<String>) -> PathParams {
    template
        .split('/')
        .zip(segments)
        .filter(|(name, _)| is_placeholder(name))
        .map(|(name, value)| (name.trim_matches(['{', '}']), value))
        .collect()
}

/// Decodes percent-encoded text. Returns none if an escape is malformed or the result is not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || (bytes.next()? as char).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

/// Returns the pairs of a form-encoded query. Text that cannot be decoded is left as it is.
pub(super) fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode(&text.replace('+', " ")).unwrap_or_else(|| text.to_owned());
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        match find_operation(method, path) {
            Route::Found(operation, _) => Some(operation.id),
            _ => None,
        }
    }

    #[test]
    fn a_literal_path_wins_over_a_field_where_its_method_matches_template() {
        let producers = "/api/v1/external-games/producers";
        assert_eq!(id("GET", producers), Some("get_unique_producer_names_for_filtering"));
        assert_eq!(id("PUT", producers), Some("update_an_external_game"));
        assert_eq!(id("DELETE", "/api/v1/external-games/bulk"), Some("bulk_delete_external_games_by_ids"));
        assert_eq!(id("DELETE", "/api/v1/external-games/bulks"), Some("delete_an_external_game"));
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        for operation in operations() {
            assert_eq!(id(operation.method.as_str(), operation.path), Some(operation.id));
        }
    }

    #[test]
    fn path_parameters_are_decoded_and_never_empty() {
        let Route::Found(_, params) =
            find_operation("GET", "/api/v1/game-sessions/a%2Fb%20%F0%9F%8E%B0/status")
        else {
            panic!("no route");
        };
        assert_eq!(params, [("session_id", "a/b 🎰".to_owned())]);
        assert!(matches!(find_operation("GET", "/api/v1/game-sessions//status"), Route::NotFound));
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert!(
                matches!(find_operation("GET", &format!("/api/v1/games/{broken}")), Route::InvalidPath),
                "{broken}"
            );
        }
    }

    #[test]
    fn a_wrong_method_gets_the_list_of_allowed_methods() {
        let Route::MethodNotAllowed(methods) = find_operation("PATCH", "/api/v1/external-games/bulk") else {
            panic!("no route");
        };
        assert_eq!(methods, ["DELETE", "GET", "POST", "PUT"]);
    }
}
