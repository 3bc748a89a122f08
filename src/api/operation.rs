//! The API as a table of 65 rows. `build.rs` turns `operations.json` into constants, so that reading
//! the table costs nothing at run time; no other file names a path.

use std::net::IpAddr;

pub use crate::http_types::{Idempotency, Method};

/// One operation of the API.
///
/// ```
/// let operation = iplaygames::operation("start_a_game_session").unwrap();
/// assert_eq!(operation.path, "/api/v1/game-sessions/start");
/// assert!(operation.param("game_id").unwrap().required);
/// assert_eq!(iplaygames::operations().len(), 65);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Operation {
    /// Its name in every language, such as `start_a_game_session`.
    pub id: &'static str,
    /// The part of the API it belongs to, such as `Game Sessions`.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path; names in braces are path parameters.
    pub path: &'static str,
    /// Whether it may be sent again after a failure.
    pub idempotency: Idempotency,
    /// The kind of its request body.
    pub body: BodyKind,
    /// The kind of a successful response.
    pub response: ResponseKind,
    /// JSON pointers to the values that a successful response must have: strings that are not blank, or numbers.
    pub required: &'static [&'static str],
    /// The 5xx statuses that are documented as a refusal when the body is the API's `success: false`.
    pub refusal_statuses: &'static [u16],
    /// The argument that a success repeats, if it repeats one.
    pub echo: Option<Echo>,
    /// Its parameters. Other arguments are passed on as they are.
    pub params: &'static [Param],
    /// The documented success, for the sandbox.
    #[cfg(feature = "sandbox")]
    pub(crate) example: Option<Example>,
}

/// An argument that a success repeats. A response with another value belongs to another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Echo {
    /// The JSON pointer to the repeated value.
    pub pointer: &'static str,
    /// The name of the path field that the value must equal.
    pub argument: &'static str,
}

/// A parameter of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Param {
    /// Its name in the arguments.
    pub name: &'static str,
    /// Its location in the request.
    pub location: ParamLocation,
    /// Its type.
    pub param_type: ParamType,
    /// Whether it is required.
    pub required: bool,
    /// Whether `null` is allowed.
    pub nullable: bool,
    /// A check beyond the type.
    pub format: Format,
}

/// The location of a parameter in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamLocation {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In the JSON body.
    Body,
    /// As an uploaded file.
    File,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// A JSON string.
    String,
    /// A JSON integer.
    Integer,
    /// A JSON number; its digits are sent as written.
    Number,
    /// A JSON number or a string that holds one; either is sent as written.
    Numeric,
    /// `true` or `false`.
    Boolean,
    /// A JSON object.
    Object,
    /// A list of strings; integers (ids) are allowed in it too.
    Strings,
    /// A list of integers.
    Integers,
    /// A list of objects.
    Objects,
}

/// A check beyond the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No further check.
    None,
    /// 3 to 10 ASCII letters or digits: `USD`, `USDT`.
    Currency,
    /// Two ASCII letters: `US`.
    Country,
    /// An IPv4 or IPv6 address.
    Ip,
    /// 1 to 30.
    ExpireDays,
}

/// The kind of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None at all.
    None,
    /// A JSON object.
    Json,
    /// One uploaded file.
    File,
}

/// The kind of a successful response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// A documented JSON object.
    Document,
    /// Any JSON: its success is not documented.
    Any,
    /// A file, which may be anything.
    File,
}

/// The documented success of an operation.
#[cfg(feature = "sandbox")]
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
}

impl Format {
    /// Returns whether a string, or the digits of a number, has this format.
    pub(crate) fn matches(self, text: &str) -> bool {
        match self {
            Format::None => true,
            Format::Currency => {
                (3..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            Format::Country => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Format::Ip => text.parse::<IpAddr>().is_ok(),
            Format::ExpireDays => text.parse::<u8>().is_ok_and(|days| (1..=30).contains(&days)),
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// Every operation of the API, in the order of `operations.json`.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// The operation of that name, if the API has it.
pub fn operation(id: &str) -> Option<&'static Operation> {
    // BY_ID lists the rows in the order of their ids.
    let at = BY_ID.binary_search_by(|row| OPERATIONS[usize::from(*row)].id.cmp(id)).ok()?;
    Some(&OPERATIONS[usize::from(BY_ID[at])])
}

impl Operation {
    /// The field of that name, if the contract has it.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|field| field.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_id_and_nothing_else_is() {
        assert_eq!(operations().len(), 65);
        for row in operations() {
            assert!(std::ptr::eq(operation(row.id).unwrap(), row));
        }
        for id in ["", "start", "start_a_game_session ", "START_A_GAME_SESSION", "zzz"] {
            assert!(operation(id).is_none(), "{id}");
        }
    }

    #[test]
    fn names_stand_in_json_as_they_are() {
        for field in operations().iter().flat_map(|row| row.params) {
            let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            assert!(field.name.bytes().all(plain), "{}", field.name);
        }
    }

    #[test]
    fn the_path_names_exactly_the_path_fields() {
        for row in operations() {
            let in_path: Vec<_> =
                row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let params: Vec<_> = row
                .params
                .iter()
                .filter(|field| field.location == ParamLocation::Path)
                .map(|field| field.name)
                .collect();
            assert_eq!(in_path, params, "{}", row.id);
            assert!(
                row.params
                    .iter()
                    .filter(|field| field.location == ParamLocation::Path)
                    .all(|field| field.required)
            );
        }
    }

    #[test]
    fn what_a_success_must_have_is_in_its_data() {
        let all = operations().iter().flat_map(|row| row.required);
        assert!(all.into_iter().all(|pointer| pointer.starts_with("/data/")));
    }

    #[test]
    fn an_echo_is_a_member_of_data_and_names_a_path_field() {
        let rows: Vec<_> = operations().iter().filter_map(|row| Some((row, row.echo?))).collect();
        assert_eq!(rows.len(), 6);
        for (row, echo) in rows {
            assert!(echo.pointer.starts_with("/data/"), "{}", row.id);
            assert_eq!(row.param(echo.argument).unwrap().location, ParamLocation::Path, "{}", row.id);
        }
    }

    #[test]
    fn only_two_operations_document_a_5xx_refusal() {
        let rows: Vec<_> = operations()
            .iter()
            .filter(|row| !row.refusal_statuses.is_empty())
            .map(|row| (row.id, row.refusal_statuses))
            .collect();
        assert_eq!(
            rows,
            [("create_a_standalone_freespin", [503].as_slice()), ("start_a_game_session", [503].as_slice()),]
        );
    }

    #[test]
    fn bodies_and_methods_agree() {
        for row in operations() {
            let body = row.params.iter().any(|field| field.location == ParamLocation::Body);
            let query = row.params.iter().any(|field| field.location == ParamLocation::Query);
            assert!(!body || row.body == BodyKind::Json, "{}", row.id);
            assert!(!query || row.method == Method::Get, "{}", row.id);
            assert_eq!(row.method == Method::Get, row.idempotency == Idempotency::Safe, "{}", row.id);
            assert!(row.method != Method::Get || row.body == BodyKind::None, "{}", row.id);
        }
        let ends: Vec<_> = operations()
            .iter()
            .filter(|row| row.idempotency == Idempotency::Idempotent)
            .map(|row| row.id)
            .collect();
        assert_eq!(ends, ["end_a_game_session", "end_multi_session"]);
    }
}
