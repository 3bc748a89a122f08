//! The commands `start`, `status` and `end`.

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};

use super::arguments::Arguments;
use super::error::CliError;
use super::io::{parse_utf8, print};
use super::operations::{describe, find_operation};
use super::options::GlobalOptions;

/// Runs `start`. Each field of the operation is an option.
pub(super) fn run_start(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    let operation = find_operation("start_a_game_session")?;
    let mut arguments = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(&describe(operation)),
            Short('v') => options.verbosity += 1,
            Long("arg") => arguments.add_pair(operation, &parse_utf8(parser.value()?)?)?,
            Long(name) => {
                let name = name.to_owned();
                let field = name.replace('-', "_");
                if operation.param(&field).is_some() {
                    arguments.add(operation, &field, &parse_utf8(parser.value()?)?)?;
                } else {
                    options.require_global(&name, parser)?;
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    options.call(operation.id, &arguments)
}

/// Runs `status`.
pub(super) fn run_status(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    call_with_session_id("get_session_status", options, parser)
}

/// Runs `end`.
pub(super) fn run_end(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    call_with_session_id("end_a_game_session", options, parser)
}

/// Calls an operation whose only argument is the id of a session.
fn call_with_session_id(id: &str, options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    let operation = find_operation(id)?;
    let mut session_id = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(&describe(operation)),
            Short('v') => options.verbosity += 1,
            Long(name) => {
                let name = name.to_owned();
                options.require_global(&name, parser)?;
            }
            Value(value) if session_id.is_none() => session_id = Some(parse_utf8(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let session_id = session_id.ok_or_else(|| CliError::Usage("The id of the session is missing.".into()))?;
    let mut arguments = Arguments::default();
    arguments.set("session_id", serde_json::Value::from(session_id).to_string());
    options.call(operation.id, &arguments)
}
