//! From a method and a path to the operation of the table, and to the path's fields.

use crate::api::operation::{Operation, operations};

/// What a path leads to.
pub(super) enum Route {
    To(&'static Operation, PathFields),
    /// The path exists, with these methods.
    OtherMethod(Vec<&'static str>),
    Nowhere,
    /// Its percent-encoding does not decode to UTF-8.
    Malformed,
}

/// Names from the table, values from the path.
pub(super) type PathFields = Vec<(&'static str, String)>;

pub(super) fn find(method: &str, path: &str) -> Route {
    let Some(parts) = path.split('/').map(decode).collect::<Option<Vec<String>>>() else {
        return Route::Malformed;
    };
    let on_path = operations().iter().filter(|operation| fits(operation.path, &parts));
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        on_path.partition(|operation| operation.method.as_str() == method);
    // A literal part wins over a field: `external-games/bulk` over `external-games/{id}`.
    match here.into_iter().min_by_key(|operation| operation.path.matches('{').count()) {
        Some(operation) => Route::To(operation, fields(operation.path, parts)),
        None if elsewhere.is_empty() => Route::Nowhere,
        None => {
            let mut methods: Vec<_> = elsewhere.iter().map(|operation| operation.method.as_str()).collect();
            methods.sort_unstable();
            methods.dedup();
            Route::OtherMethod(methods)
        }
    }
}

fn is_field(part: &str) -> bool {
    part.starts_with('{')
}

fn fits(template: &str, parts: &[String]) -> bool {
    let mut given = parts.iter();
    let all = template.split('/').all(|part| {
        given.next().is_some_and(|given| if is_field(part) { !given.is_empty() } else { part == given })
    });
    all && given.next().is_none()
}

fn fields(template: &'static str, parts: Vec<String>) -> PathFields {
    template
        .split('/')
        .zip(parts)
        .filter(|(part, _)| is_field(part))
        .map(|(part, value)| (part.trim_matches(['{', '}']), value))
        .collect()
}

/// Percent-decodes; nothing if that is malformed or not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
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

/// The query's pairs, form-decoded; what does not decode is kept as it stands.
pub(super) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| decode(&part.replace('+', " ")).unwrap_or_else(|| part.to_owned());
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Route::To(operation, _) => Some(operation.id),
            _ => None,
        }
    }

    #[test]
    fn a_literal_path_wins_over_a_field_where_its_method_fits() {
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
    fn path_fields_are_decoded_and_never_empty() {
        let Route::To(_, fields) = find("GET", "/api/v1/game-sessions/a%2Fb%20%F0%9F%8E%B0/status") else {
            panic!("no route");
        };
        assert_eq!(fields, [("session_id", "a/b 🎰".to_owned())]);
        assert!(matches!(find("GET", "/api/v1/game-sessions//status"), Route::Nowhere));
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert!(matches!(find("GET", &format!("/api/v1/games/{broken}")), Route::Malformed), "{broken}");
        }
    }

    #[test]
    fn another_method_names_those_that_work() {
        let Route::OtherMethod(methods) = find("PATCH", "/api/v1/external-games/bulk") else {
            panic!("no route");
        };
        assert_eq!(methods, ["DELETE", "GET", "POST", "PUT"]);
    }
}
