//! Collects the arguments of a call from options.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Operation, Param, ParamType};

use super::error::CliError;
use super::io::read_value;

/// The arguments of a call: single arguments, or a whole JSON object.
#[derive(Default)]
pub(super) struct Arguments {
    /// Names and JSON values.
    members: Vec<(String, String)>,
    /// The value of `--args`.
    object: Option<String>,
}

impl Arguments {
    /// Returns the arguments that a JSON object contains.
    pub(super) fn from_object(object: Option<String>) -> Arguments {
        Arguments { members: Vec::new(), object }
    }

    /// Adds an argument in the form `NAME=VALUE`.
    pub(super) fn add_pair(&mut self, operation: &Operation, pair: &str) -> Result<(), CliError> {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| CliError::Usage(format!("--arg must be NAME=VALUE, not {pair:?}.")))?;
        self.add(operation, name, value)
    }

    /// Adds an argument. The type of the operation's field decides how the value is converted to
    /// JSON.
    pub(super) fn add(&mut self, operation: &Operation, name: &str, value: &str) -> Result<(), CliError> {
        if self.object.is_some() {
            return Err(CliError::Usage("--args and --arg cannot be combined.".into()));
        }
        let json = to_json(operation.param(name), read_value(value)?);
        if self.members.iter().any(|(known, _)| known == name) {
            return Err(CliError::Usage(format!("The argument {name:?} is given twice.")));
        }
        self.set(name, json);
        Ok(())
    }

    /// Adds an argument whose value is JSON.
    pub(super) fn set(&mut self, name: &str, json: String) {
        self.members.push((name.to_owned(), json));
    }

    /// Returns the arguments as a JSON object, in which numbers keep the digits of the command
    /// line.
    pub(super) fn to_json(&self) -> String {
        if let Some(object) = &self.object {
            return object.clone();
        }
        let members: Vec<String> = (self.members.iter())
            .map(|(name, json)| format!("{}:{json}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// Converts a value to JSON: the text of a text field, or text that is not JSON, becomes a string.
fn to_json(field: Option<&Param>, value: String) -> String {
    let is_text = matches!(field, Some(Param { param_type: ParamType::String, .. }));
    let is_nullable = field.is_none_or(|field| field.nullable);
    let is_json = serde_json::from_str::<&RawValue>(&value).is_ok();
    match () {
        () if value == "null" && is_nullable => value,
        () if is_text || !is_json => Value::from(value).to_string(),
        () => value,
    }
}
