//! Collects the arguments of a request from its path, query and body, and validates them against
//! the table of operations. Invalid arguments get the response that the API would send.

use serde_json::{Map, Value, json};

use crate::api::operation::{BodyKind, Format, Method, Operation, Param, ParamLocation, ParamType};

use super::multipart;
use super::response::{self, Response};
use super::route::{PathParams, parse_query};

/// The arguments of a request by name.
pub(super) type Arguments = Map<String, Value>;

/// The largest file that the API accepts, in bytes.
const MAX_FILE: usize = 10_240 * 1024;

/// The parts of a request that hold arguments.
pub(super) struct RawRequest<'a> {
    pub(super) path: &'a PathParams,
    pub(super) query: &'a str,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// Returns the request's arguments, or the response that rejects them.
pub(super) fn validate(
    operation: &'static Operation,
    request: &RawRequest<'_>,
) -> Result<Arguments, Box<Response>> {
    let mut errors = Vec::new();
    let reject = |response| Err(Box::new(response));
    let collected = collect_arguments(operation, request, &mut errors);
    if let Ok(arguments) = &collected {
        errors.extend(operation.params.iter().filter_map(|field| {
            let value = arguments.get(field.name);
            field_error(field, value).map(|message| (field.name, message))
        }));
    }
    match collected {
        Ok(arguments) if errors.is_empty() => Ok(arguments),
        // The documentation defines an error for invalid fields for this operation only. It names
        // no field.
        _ if operation.id == "start_a_multi_session" => {
            reject(response::api_error(400, "Invalid request parameters"))
        }
        Ok(_) => reject(unprocessable(&errors)),
        Err(message) => reject(response::api_error(400, &message)),
    }
}

/// The names of invalid fields and the messages about them.
type FieldErrors = Vec<(&'static str, String)>;

/// Returns the 422 response that lists the invalid fields.
fn unprocessable(field_errors: &FieldErrors) -> Response {
    let mut errors = Map::new();
    for (name, message) in field_errors {
        errors.entry(*name).or_insert_with(|| json!([])).as_array_mut().into_iter().for_each(|messages| {
            messages.push(json!(message));
        });
    }
    let first = field_errors.first().map_or("", |(_, message)| message);
    let message = match field_errors.len() {
        0 | 1 => first.to_owned(),
        2 => format!("{first} (and 1 more error)"),
        n => format!("{first} (and {} more errors)", n - 1),
    };
    response::json(422, &json!({"message": message, "errors": errors}))
}

/// Collects the arguments from the path, the query and the body. Returns an error message if the
/// body is not a JSON object although the operation needs one.
fn collect_arguments(
    operation: &'static Operation,
    request: &RawRequest<'_>,
    errors: &mut FieldErrors,
) -> Result<Arguments, String> {
    let mut arguments = match operation.body {
        BodyKind::Json => parse_body(request.body)?,
        // The API documents the filters of some GET requests as a body. They are accepted there
        // too.
        BodyKind::None if operation.method == Method::Get => parse_body(request.body).unwrap_or_default(),
        BodyKind::None | BodyKind::File => Map::new(),
    };
    if operation.body == BodyKind::File {
        add_file(operation, request, &mut arguments, errors);
    }
    let pairs = parse_query(request.query);
    for field in operation.params {
        match field.location {
            ParamLocation::Path => {
                let value = request.path.iter().find(|(name, _)| *name == field.name);
                arguments.extend(
                    value.map(|(_, text)| (field.name.to_owned(), parse_typed(field.param_type, text))),
                );
            }
            ParamLocation::Query => arguments.extend(query_argument(field, &pairs)),
            ParamLocation::Body | ParamLocation::File => {}
        }
    }
    // The documentation of lists with `per_page` does not mention the number of the page.
    if operation.param("per_page").is_some()
        && let Some((_, page)) = pairs.iter().find(|(name, _)| name == "page")
    {
        arguments.insert("page".to_owned(), Value::String(page.clone()));
    }
    Ok(arguments)
}

fn parse_body(body: &[u8]) -> Result<Arguments, String> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("The request body must be a JSON object.".to_owned()),
        Err(error) => Err(format!("The request body is not JSON: {error}.")),
    }
}

/// Adds the name of the uploaded file as the argument of its field.
fn add_file(
    operation: &'static Operation,
    request: &RawRequest<'_>,
    arguments: &mut Arguments,
    errors: &mut FieldErrors,
) {
    let Some(field) = operation.params.iter().find(|field| field.location == ParamLocation::File) else {
        return;
    };
    let parts = multipart::parse_parts(request.content_type, request.body).unwrap_or_default();
    let Some(part) = parts.into_iter().find(|part| part.name == field.name) else { return };
    match part.file_name {
        None => errors.push((field.name, format!("The {} field must be a file.", field.name))),
        Some(_) if part.content.len() > MAX_FILE => {
            errors.push((field.name, format!("The {} may not be larger than 10240 kilobytes.", field.name)));
        }
        Some(_) => {}
    }
    // Added even if the file is invalid, so that the field is not reported as missing as well.
    arguments.insert(field.name.to_owned(), json!(part.file_name.unwrap_or_else(|| "file".to_owned())));
}

/// Returns the argument of a field that is in the query. `name[]` gives the items of a list.
fn query_argument(field: &'static Param, pairs: &[(String, String)]) -> Option<(String, Value)> {
    let list = format!("{}[]", field.name);
    let items: Vec<Value> = pairs
        .iter()
        .filter(|(name, _)| *name == list)
        .map(|(_, text)| parse_typed(ParamType::Numeric, text))
        .collect();
    let value = match pairs.iter().rev().find(|(name, _)| name == field.name) {
        _ if !items.is_empty() => Value::Array(items),
        Some((_, text)) => parse_typed(field.param_type, text),
        None => return None,
    };
    Some((field.name.to_owned(), value))
}

/// Converts text of a path or a query to the type of its field. Text of another type stays a
/// string, which the check of the type then rejects.
fn parse_typed(kind: ParamType, text: &str) -> Value {
    let number = || serde_json::from_str::<serde_json::Number>(text).map(Value::Number).ok();
    match (kind, text) {
        (ParamType::Boolean, "1" | "true") => Some(Value::Bool(true)),
        (ParamType::Boolean, "0" | "false") => Some(Value::Bool(false)),
        (ParamType::Integer | ParamType::Number | ParamType::Numeric, _) => number(),
        _ => None,
    }
    .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Returns the message about an invalid field, or none if the field is valid.
fn field_error(field: &Param, value: Option<&Value>) -> Option<String> {
    let name = field.name;
    match value {
        None | Some(Value::Null) if field.required && !(field.nullable && value.is_some()) => {
            Some(format!("The {name} field is required."))
        }
        // The API's framework treats an empty string as missing.
        Some(Value::String(text)) if text.is_empty() && field.required => {
            Some(format!("The {name} field is required."))
        }
        None => None,
        Some(Value::Null) if field.nullable => None,
        Some(value) if !has_type(field.param_type, value) => {
            Some(format!("The {name} field must be {}.", type_name(field.param_type)))
        }
        Some(value) => rule_violation(field.format, value)
            .map(|expected| format!("The {name} field must be {expected}.")),
    }
}

/// Returns whether a value has the type of a field.
fn has_type(kind: ParamType, value: &Value) -> bool {
    let integer = |value: &Value| value.is_i64() || value.is_u64();
    let every_item =
        |is_valid: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(is_valid));
    match kind {
        ParamType::String => value.is_string(),
        ParamType::Integer => integer(value),
        ParamType::Number => value.is_number(),
        ParamType::Numeric => value.is_number() || value.as_str().is_some_and(is_decimal),
        ParamType::Boolean => value.is_boolean(),
        ParamType::Object => value.is_object(),
        ParamType::Strings => every_item(&|item| item.is_string() || integer(item)),
        ParamType::Integers => every_item(&integer),
        ParamType::Objects => every_item(&|item| item.is_object()),
    }
}

fn is_decimal(text: &str) -> bool {
    // `f64::from_str` accepts "inf" and "nan" too, which the API does not.
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok()
}

/// Returns the name of a type, with its article, for messages.
fn type_name(kind: ParamType) -> &'static str {
    match kind {
        ParamType::String => "a string",
        ParamType::Integer => "an integer",
        ParamType::Number | ParamType::Numeric => "a number",
        ParamType::Boolean => "true or false",
        ParamType::Object => "an object",
        ParamType::Strings => "a list of strings",
        ParamType::Integers => "a list of integers",
        ParamType::Objects => "a list of objects",
    }
}

/// Returns what the rule expects if the value violates it.
fn rule_violation(rule: Format, value: &Value) -> Option<&'static str> {
    let (matches, expected) = match rule {
        Format::None => return None,
        Format::ExpireDays => (rule.matches(&value.to_string()), "from 1 to 30"),
        rule => {
            let expected = match rule {
                Format::Currency => "a currency code of 3 to 10 letters or digits",
                Format::Country => "a country code of two letters",
                _ => "a valid IP address",
            };
            (rule.matches(value.as_str().unwrap_or_default()), expected)
        }
    };
    (!matches).then_some(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operation::operation;

    fn check(id: &str, query: &str, body: &str) -> Result<Arguments, Value> {
        let request = RawRequest { path: &Vec::new(), query, content_type: "", body: body.as_bytes() };
        validate(operation(id).unwrap(), &request)
            .map_err(|response| serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn query_arguments_are_converted_to_the_types_of_the_table() {
        let arguments = check("list_widget_tokens", "domain_id=7&active=1", "").unwrap();
        assert_eq!(Value::Object(arguments), json!({"domain_id": 7, "active": true}));
        let rejection = check("list_widget_tokens", "domain_id=x&active=yes", "").unwrap_err();
        assert_eq!(
            rejection["errors"],
            json!({"domain_id": ["The domain_id field must be an integer."],
                "active": ["The active field must be true or false."]})
        );
    }

    #[test]
    fn the_filters_of_a_get_request_may_be_in_its_body() {
        assert!(check("get_player_contribution_history", "", r#"{"player_id":"p"}"#).is_ok());
        assert!(check("get_player_contribution_history", "player_id=p+q%26", "").is_ok());
        assert!(check("get_player_contribution_history", "", "").is_err());
    }

    #[test]
    fn a_numeric_field_accepts_numbers_and_strings_that_contain_a_number() {
        for (value, valid) in
            [("1", true), ("-0.5e3", true), ("inf", false), ("NaN", false), ("", false), ("1,5", false)]
        {
            assert_eq!(has_type(ParamType::Numeric, &json!(value)), valid, "{value}");
        }
        assert!(has_type(ParamType::Numeric, &json!(0.5)) && !has_type(ParamType::Numeric, &json!(true)));
    }
}
