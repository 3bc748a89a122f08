//! The command `operations`, and the lookup and description of operations for the other commands.

use std::fmt::Write as _;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};
use serde_json::json;

use crate::nearest::did_you_mean;
use crate::{Operation, ParamLocation, ParamType, operations};

use super::error::CliError;
use super::help::HELP;
use super::io::{parse_utf8, print};
use super::options::GlobalOptions;

/// Runs `operations`: lists the operations, or the fields of one.
pub(super) fn run(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    let (mut operation, mut as_json) = (None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(HELP),
            Long("json") => as_json = true,
            Short('v') => options.verbosity += 1,
            Long(name) => {
                let name = name.to_owned();
                options.require_global(&name, parser)?;
            }
            Value(id) if operation.is_none() => operation = Some(find_operation(&parse_utf8(id)?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    match operation {
        Some(operation) => print(&describe(operation)),
        None if as_json => print(&list_as_json()),
        None => print(&list_by_tag()),
    }
}

fn list_as_json() -> String {
    let list: Vec<_> = operations()
        .iter()
        .map(|operation| {
            json!({"id": operation.id, "tag": operation.tag, "method": operation.method.as_str(),
                "path": operation.path, "summary": operation.summary})
        })
        .collect();
    format!("{}\n", serde_json::Value::Array(list))
}

fn list_by_tag() -> String {
    let width = operations().iter().map(|operation| operation.id.len()).max().unwrap_or(0);
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations() {
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    let mut out = String::new();
    for tag in tags {
        let _ = writeln!(out, "{tag}:");
        for operation in operations().iter().filter(|operation| operation.tag == tag) {
            let _ = writeln!(out, "  {:width$}  {}", operation.id, operation.summary);
        }
    }
    out
}

/// Returns the operation with this id. The error suggests operations whose ids contain `id`.
pub(super) fn find_operation(id: &str) -> Result<&'static Operation, CliError> {
    crate::operation(id).ok_or_else(|| {
        let hint = did_you_mean(id, operations().iter().map(|operation| operation.id));
        CliError::Usage(format!(
            "The API has no operation {id:?}{hint} 'iplaygames operations' lists the operations."
        ))
    })
}

/// Describes an operation and its fields.
pub(super) fn describe(operation: &Operation) -> String {
    let mut out = format!(
        "{}\n  {}\n  {} {}\n",
        operation.id,
        operation.summary,
        operation.method.as_str(),
        operation.path
    );
    if operation.params.is_empty() {
        out.push_str("  has no fields\n");
    }
    for field in operation.params {
        let type_name = match field.param_type {
            ParamType::String if field.location == ParamLocation::File => "text of the file",
            ParamType::String => "text",
            ParamType::Integer => "integer",
            ParamType::Number => "number",
            ParamType::Numeric => "number, or text that contains a number",
            ParamType::Boolean => "true or false",
            ParamType::Object => "object",
            ParamType::Strings => "list of texts",
            ParamType::Integers => "list of integers",
            ParamType::Objects => "list of objects",
        };
        let required = if field.required { ", required" } else { "" };
        let _ = writeln!(out, "    {:24}{type_name}{required}", field.name);
    }
    out
}
