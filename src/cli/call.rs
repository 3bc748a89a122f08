//! The command `call`.

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};

use super::arguments::Arguments;
use super::error::CliError;
use super::help::HELP;
use super::io::{parse_utf8, print, read_value};
use super::operations::{describe, find_operation};
use super::options::GlobalOptions;

/// Runs `call`.
pub(super) fn run(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    let (mut operation, mut pairs, mut object) = (None, Vec::new(), None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => {
                return print(&operation.map_or_else(|| HELP.to_owned(), describe));
            }
            Short('v') => options.verbosity += 1,
            Long("arg") => pairs.push(parse_utf8(parser.value()?)?),
            Long("args") => object = Some(read_value(&parse_utf8(parser.value()?)?)?),
            Long(name) => {
                let name = name.to_owned();
                options.require_global(&name, parser)?;
            }
            Value(id) if operation.is_none() => operation = Some(find_operation(&parse_utf8(id)?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let operation = operation.ok_or_else(|| CliError::Usage("The id of an operation is missing.".into()))?;
    let mut arguments = Arguments::from_object(object);
    for pair in &pairs {
        arguments.add_pair(operation, pair)?;
    }
    options.call(operation.id, &arguments)
}
