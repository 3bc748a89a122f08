//! The table of the 65 operations of the API. `build.rs` generates it from `operations.json` as
//! constants. No other file contains the path of an operation.

use std::net::IpAddr;

pub use crate::http_types::{Idempotency, Method};
#[cfg(feature = "capi")]
use crate::json;

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
    /// The id of the operation in every language, such as `start_a_game_session`.
    pub id: &'static str,
    /// The group of the operation in the API, such as `Game Sessions`.
    pub tag: &'static str,
    /// The description of the operation, in one sentence.
    pub summary: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path; names in braces are path parameters.
    pub path: &'static str,
    /// Whether the request may be sent again after a failure.
    pub idempotency: Idempotency,
    /// The kind of the request body.
    pub body: BodyKind,
    /// The kind of a successful response.
    pub response: ResponseKind,
    /// JSON pointers to the values that a successful response must have: strings that are not
    /// blank, or numbers.
    pub required: &'static [&'static str],
    /// The 5xx statuses that are documented as a refusal when the body is the API's `success:
    /// false`.
    pub refusal_statuses: &'static [u16],
    /// The argument that a successful response repeats, if there is one.
    pub echo: Option<Echo>,
    /// The documented parameters. Other arguments are passed on unchanged.
    pub params: &'static [Param],
    /// The documented example of a successful response, for the sandbox.
    #[cfg(feature = "sandbox")]
    pub(crate) example: Option<Example>,
}

/// An argument that a successful response repeats. A response with another value belongs to another
/// request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Echo {
    /// The JSON pointer to the repeated value.
    pub pointer: &'static str,
    /// The name of the path parameter that the value must equal.
    pub argument: &'static str,
}

/// A parameter of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Param {
    /// The name of the parameter in the arguments.
    pub name: &'static str,
    /// The location of the parameter in the request.
    pub location: ParamLocation,
    /// The type of the parameter.
    pub param_type: ParamType,
    /// Whether the parameter is required.
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
    /// A JSON number, or a string that contains a number; both are sent as written.
    Numeric,
    /// `true` or `false`.
    Boolean,
    /// A JSON object.
    Object,
    /// A list of strings. Integers are allowed too, because ids may be numbers.
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
    /// A number of days from 1 to 30.
    ExpireDays,
}

/// The kind of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// No body.
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
    /// Any JSON value, because the API does not document the response.
    Any,
    /// A file of any type.
    File,
}

/// The documented example of a successful response.
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

/// Returns all operations of the API, in the order of `operations.json`.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// Returns the operation with this id, if the API has one.
pub fn operation(id: &str) -> Option<&'static Operation> {
    // BY_ID lists the rows in the order of their ids.
    let position = BY_ID.binary_search_by(|row| OPERATIONS[usize::from(*row)].id.cmp(id)).ok()?;
    Some(&OPERATIONS[usize::from(BY_ID[position])])
}

/// Returns the table as a JSON document for C.
#[cfg(feature = "capi")]
pub(crate) fn operations_json() -> String {
    let mut json = "{\"success\":true,\"operations\":[".to_owned();
    for (index, operation) in OPERATIONS.iter().enumerate() {
        json.push_str(if index == 0 { "{" } else { ",{" });
        for (key, value) in [
            ("id", operation.id),
            ("tag", operation.tag),
            ("method", operation.method.as_str()),
            ("path", operation.path),
            ("summary", operation.summary),
            ("idempotency", operation.idempotency.as_str()),
            ("response", operation.response.as_str()),
        ] {
            json::write_string(&mut json, key);
            json.push(':');
            json::write_string(&mut json, value);
            json.push(',');
        }
        json.push_str("\"params\":[");
        for (index, param) in operation.params.iter().enumerate() {
            json.push_str(if index == 0 { "{" } else { ",{" });
            param.write_json(&mut json);
            json.push('}');
        }
        json.push_str("]}");
    }
    json.push_str("]}");
    json
}

#[cfg(feature = "capi")]
impl Param {
    /// Appends the members of the parameter as JSON.
    fn write_json(&self, json: &mut String) {
        use std::fmt::Write as _;

        let quoted = |value: Option<&str>| value.map_or("null".to_owned(), |value| format!("\"{value}\""));
        let location = match self.location {
            ParamLocation::Path => "path",
            ParamLocation::Query => "query",
            ParamLocation::Body => "body",
            ParamLocation::File => "file",
        };
        let (param_type, items) = match self.param_type {
            ParamType::String => ("string", None),
            ParamType::Integer => ("integer", None),
            ParamType::Number => ("number", None),
            ParamType::Numeric => ("numeric", None),
            ParamType::Boolean => ("boolean", None),
            ParamType::Object => ("object", None),
            ParamType::Strings => ("array", Some("string")),
            ParamType::Integers => ("array", Some("integer")),
            ParamType::Objects => ("array", Some("object")),
        };
        let format = match self.format {
            Format::None => None,
            Format::Currency => Some("currency"),
            Format::Country => Some("country"),
            Format::Ip => Some("ip"),
            Format::ExpireDays => Some("expire_days"),
        };
        json.push_str("\"name\":");
        json::write_string(json, self.name);
        // Writing to a String cannot fail.
        let _ = write!(
            json,
            ",\"in\":\"{location}\",\"type\":\"{param_type}\",\"items\":{},\"required\":{},\"nullable\":{},\"format\":{}",
            quoted(items),
            self.required,
            self.nullable,
            quoted(format)
        );
    }
}

#[cfg(feature = "capi")]
impl Idempotency {
    fn as_str(self) -> &'static str {
        match self {
            Idempotency::Safe => "safe",
            Idempotency::Idempotent => "idempotent",
            Idempotency::NonIdempotent => "non_idempotent",
        }
    }
}

#[cfg(feature = "capi")]
impl ResponseKind {
    fn as_str(self) -> &'static str {
        match self {
            ResponseKind::Document => "document",
            ResponseKind::Any => "any",
            ResponseKind::File => "file",
        }
    }
}

impl Operation {
    /// Returns the parameter with this name, if the operation has one.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|field| field.name == name)
    }
}

#[cfg(test)]
mod tests;
