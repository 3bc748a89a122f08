//! The responses of operations that the sandbox does not simulate: the examples of the API's
//! documentation.

use serde_json::Value;

use crate::api::operation::{Operation, ResponseKind};

use super::response::{self, JSON, Response, set_header};
use super::validate::Arguments;

/// Returns the documented response of an operation, or a plain success if none is documented.
pub(super) fn example_response(operation: &Operation, arguments: &Arguments) -> Response {
    match (&operation.example, operation.response) {
        (Some(example), _) if operation.echo.is_some() => {
            let body = with_echo(operation, example.body, arguments);
            response::new(example.status, example.content_type, body)
        }
        (Some(example), _) if is_later_page(arguments) => {
            response::new(example.status, example.content_type, without_rows(example.body))
        }
        (Some(example), _) => response::new(example.status, example.content_type, example.body),
        (None, ResponseKind::File) => csv_export(),
        (None, _) => response::new(200, JSON, r#"{"success":true}"#),
    }
}

/// Returns a documented body with the requested id in place of the example's. A numeric id stays a
/// number if the example's id is a number.
fn with_echo(operation: &Operation, body: &'static str, arguments: &Arguments) -> String {
    let mut document: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(echo) = operation.echo
        && let Some(target) = document.pointer_mut(echo.pointer)
    {
        *target = match arguments.get(echo.argument) {
            Some(Value::String(given)) => match given.parse::<u64>() {
                Ok(number) if target.is_number() => number.into(),
                _ => given.as_str().into(),
            },
            Some(given) => given.clone(),
            None => target.take(),
        };
    }
    document.to_string()
}

/// Returns whether the request asks for a page after the first. The examples have one page.
fn is_later_page(arguments: &Arguments) -> bool {
    let number = |name: &str| match arguments.get(name) {
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        Some(number) => number.as_u64().unwrap_or(0),
        None => 0,
    };
    number("offset") > 0 || number("page") > 1
}

/// Returns a documented body with an empty list in place of the rows.
fn without_rows(body: &'static str) -> String {
    let mut document: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(rows) = document.get_mut("data").filter(|rows| rows.is_array()) {
        *rows = Value::Array(Vec::new());
    }
    document.to_string()
}

fn csv_export() -> Response {
    let rows = "id,player_id,game_id,type,amount,currency,created_at\r\n\
                789,player_456,123,bet,10.00,USD,2024-01-01T12:00:00Z\r\n";
    let mut response = response::new(200, "text/csv", rows);
    set_header(&mut response, http::header::CONTENT_DISPOSITION, "attachment; filename=\"transactions.csv\"");
    response
}
