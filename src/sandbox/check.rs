//! Checks a request's fields against the table of operations, as the API would.

use serde_json::{Map, Value, json};

use crate::api::operation::{BodyKind, Field, Kind, Method, Operation, Place, Rule};

use super::multipart;
use super::reply::Reply;
use super::route::{PathFields, query_pairs};

/// Fields of a request by name, wherever they travelled.
pub(super) type Arguments = Map<String, Value>;

/// The largest upload the API takes.
const LARGEST_FILE: usize = 10_240 * 1024;

/// A request as it came.
pub(super) struct Given<'a> {
    pub(super) path: &'a PathFields,
    pub(super) query: &'a str,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// The request's arguments, or the answer that refuses them.
pub(super) fn arguments(operation: &'static Operation, given: &Given<'_>) -> Result<Arguments, Box<Reply>> {
    let mut problems = Vec::new();
    let refuse = |reply| Err(Box::new(reply));
    let collected = collect(operation, given, &mut problems);
    if let Ok(arguments) = &collected {
        problems.extend(operation.fields.iter().filter_map(|field| {
            let value = arguments.get(field.name);
            problem(field, value).map(|message| (field.name, message))
        }));
    }
    match collected {
        Ok(arguments) if problems.is_empty() => Ok(arguments),
        // Of all operations only this one documents how it answers bad fields: without naming them.
        _ if operation.id == "start_a_multi_session" => {
            refuse(Reply::refusal(400, "Invalid request parameters"))
        }
        Ok(_) => refuse(unprocessable(&problems)),
        Err(message) => refuse(Reply::refusal(400, &message)),
    }
}

type Problems = Vec<(&'static str, String)>;

fn unprocessable(problems: &Problems) -> Reply {
    let mut errors = Map::new();
    for (name, message) in problems {
        errors.entry(*name).or_insert_with(|| json!([])).as_array_mut().into_iter().for_each(|messages| {
            messages.push(json!(message));
        });
    }
    let first = problems.first().map_or("", |(_, message)| message);
    let message = match problems.len() {
        0 | 1 => first.to_owned(),
        2 => format!("{first} (and 1 more error)"),
        n => format!("{first} (and {} more errors)", n - 1),
    };
    Reply::json(422, &json!({"message": message, "errors": errors}))
}

/// Gathers path, query and body. The error is a body that cannot be read at all.
fn collect(
    operation: &'static Operation,
    given: &Given<'_>,
    problems: &mut Problems,
) -> Result<Arguments, String> {
    let mut arguments = match operation.body {
        BodyKind::Json => object(given.body)?,
        // Some clients send a GET's filters in a body: those the API documents so are taken there too.
        BodyKind::None if operation.method == Method::Get => object(given.body).unwrap_or_default(),
        BodyKind::None | BodyKind::File => Map::new(),
    };
    if operation.body == BodyKind::File {
        file(operation, given, &mut arguments, problems);
    }
    let pairs = query_pairs(given.query);
    for field in operation.fields {
        match field.place {
            Place::Path => {
                let value = given.path.iter().find(|(name, _)| *name == field.name);
                arguments.extend(value.map(|(_, text)| (field.name.to_owned(), typed(field.kind, text))));
            }
            Place::Query => arguments.extend(in_query(field, &pairs)),
            Place::Body | Place::File => {}
        }
    }
    Ok(arguments)
}

fn object(body: &[u8]) -> Result<Arguments, String> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("The request body must be a JSON object".to_owned()),
        Err(problem) => Err(format!("The request body is not JSON: {problem}")),
    }
}

/// Puts the uploaded file's name where its field belongs.
fn file(
    operation: &'static Operation,
    given: &Given<'_>,
    arguments: &mut Arguments,
    problems: &mut Problems,
) {
    let Some(field) = operation.fields.iter().find(|field| field.place == Place::File) else { return };
    let parts = multipart::parts(given.content_type, given.body).unwrap_or_default();
    let Some(part) = parts.into_iter().find(|part| part.name == field.name) else { return };
    match part.file_name {
        None => problems.push((field.name, format!("The {} field must be a file.", field.name))),
        Some(_) if part.content.len() > LARGEST_FILE => {
            problems
                .push((field.name, format!("The {} may not be larger than 10240 kilobytes.", field.name)));
        }
        Some(_) => {}
    }
    // Present in either case: a field is not reported as missing and wrong at once.
    arguments.insert(field.name.to_owned(), json!(part.file_name.unwrap_or_else(|| "file".to_owned())));
}

fn in_query(field: &'static Field, pairs: &[(String, String)]) -> Option<(String, Value)> {
    let list = format!("{}[]", field.name);
    let items: Vec<Value> =
        pairs.iter().filter(|(name, _)| *name == list).map(|(_, text)| typed(Kind::Numeric, text)).collect();
    let value = match pairs.iter().rev().find(|(name, _)| name == field.name) {
        _ if !items.is_empty() => Value::Array(items),
        Some((_, text)) => typed(field.kind, text),
        None => return None,
    };
    Some((field.name.to_owned(), value))
}

/// Text of a path or query as the type it should have, or as text if it does not look like it.
fn typed(kind: Kind, text: &str) -> Value {
    let number = || serde_json::from_str::<serde_json::Number>(text).map(Value::Number).ok();
    match (kind, text) {
        (Kind::Boolean, "1" | "true") => Some(Value::Bool(true)),
        (Kind::Boolean, "0" | "false") => Some(Value::Bool(false)),
        (Kind::Integer | Kind::Number | Kind::Numeric, _) => number(),
        _ => None,
    }
    .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// What is wrong with a field, if anything is.
fn problem(field: &Field, value: Option<&Value>) -> Option<String> {
    let name = field.name;
    match value {
        // The API's framework takes an empty text for none.
        None | Some(Value::Null) if field.required && !(field.nullable && value.is_some()) => {
            Some(format!("The {name} field is required."))
        }
        Some(Value::String(text)) if text.is_empty() && field.required => {
            Some(format!("The {name} field is required."))
        }
        None => None,
        Some(Value::Null) if field.nullable => None,
        Some(value) if !is(field.kind, value) => Some(format!("The {name} field must be {}.", a(field.kind))),
        Some(value) => broken(field.rule, value).map(|rule| format!("The {name} field must be {rule}.")),
    }
}

fn is(kind: Kind, value: &Value) -> bool {
    let integer = |value: &Value| value.is_i64() || value.is_u64();
    let all = |of: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(of));
    match kind {
        Kind::String => value.is_string(),
        Kind::Integer => integer(value),
        Kind::Number => value.is_number(),
        Kind::Numeric => value.is_number() || value.as_str().is_some_and(is_decimal),
        Kind::Boolean => value.is_boolean(),
        Kind::Object => value.is_object(),
        Kind::Strings => all(&|item| item.is_string() || integer(item)),
        Kind::Integers => all(&integer),
        Kind::Objects => all(&|item| item.is_object()),
    }
}

fn is_decimal(text: &str) -> bool {
    // Rust's own reading takes "inf" and "nan" too.
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok()
}

fn a(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Integer => "an integer",
        Kind::Number | Kind::Numeric => "a number",
        Kind::Boolean => "true or false",
        Kind::Object => "an object",
        Kind::Strings => "a list of strings",
        Kind::Integers => "a list of integers",
        Kind::Objects => "a list of objects",
    }
}

/// What the rule asks for, if the value does not keep it.
fn broken(rule: Rule, value: &Value) -> Option<&'static str> {
    let (kept, asks) = match rule {
        Rule::None => return None,
        Rule::ExpireDays => (rule.is_kept(&value.to_string()), "from 1 to 30"),
        rule => {
            let asks = match rule {
                Rule::Currency => "a currency code of 3 to 10 letters or digits",
                Rule::Country => "a country code of two letters",
                _ => "a valid IP address",
            };
            (rule.is_kept(value.as_str().unwrap_or_default()), asks)
        }
    };
    (!kept).then_some(asks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operation::operation;

    fn check(id: &str, query: &str, body: &str) -> Result<Arguments, Value> {
        let given = Given { path: &Vec::new(), query, content_type: "", body: body.as_bytes() };
        arguments(operation(id).unwrap(), &given)
            .map_err(|reply| serde_json::from_slice(&reply.body).unwrap())
    }

    #[test]
    fn a_query_is_read_by_the_types_of_the_table() {
        let read = check("list_widget_tokens", "domain_id=7&active=1", "").unwrap();
        assert_eq!(Value::Object(read), json!({"domain_id": 7, "active": true}));
        let refused = check("list_widget_tokens", "domain_id=x&active=yes", "").unwrap_err();
        assert_eq!(
            refused["errors"],
            json!({"domain_id": ["The domain_id field must be an integer."],
                "active": ["The active field must be true or false."]})
        );
    }

    #[test]
    fn a_gets_filters_may_come_in_its_body() {
        assert!(check("get_player_contribution_history", "", r#"{"player_id":"p"}"#).is_ok());
        assert!(check("get_player_contribution_history", "player_id=p+q%26", "").is_ok());
        assert!(check("get_player_contribution_history", "", "").is_err());
    }

    #[test]
    fn numeric_takes_numbers_and_texts_that_hold_one() {
        for (value, fine) in
            [("1", true), ("-0.5e3", true), ("inf", false), ("NaN", false), ("", false), ("1,5", false)]
        {
            assert_eq!(is(Kind::Numeric, &json!(value)), fine, "{value}");
        }
        assert!(is(Kind::Numeric, &json!(0.5)) && !is(Kind::Numeric, &json!(true)));
    }
}
