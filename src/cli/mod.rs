//! The command-line tool: starts, checks and ends game sessions, and calls every other operation of
//! the API. Prints JSON to standard output and everything else to standard error.
//!
//! This file chooses the command; `session.rs`, `call.rs`, `operations.rs` and `sandbox.rs` run the
//! commands. The tool is a module of the library because the Python package has the same tool.

mod arguments;
mod call;
mod error;
mod help;
mod io;
#[cfg(feature = "journal")]
mod journal;
mod key_file;
mod operations;
mod options;
mod sandbox;
mod session;

use std::ffi::OsString;
use std::io::Write as _;

use crate::nearest::did_you_mean;
use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};

use error::{CliError, report};
use help::HELP;
use io::{parse_utf8, print};
use options::GlobalOptions;

/// Runs the tool with the arguments that follow its name, on the standard streams of this process,
/// and returns the exit code. The command `sandbox` never returns.
///
/// The exit codes are: 0 success, 1 the call could not be tried or the result could not be printed,
/// 2 wrong usage or a wrong argument, 3 the API rejected the call, 4 the call was not sent, 5
/// unknown.
///
/// # Examples
///
/// ```
/// assert_eq!(iplaygames::cli::run(["operations", "list_games"]), 0);
/// assert_eq!(iplaygames::cli::run(["no-such-command"]), 2);
/// ```
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>) -> u8 {
    let mut options = GlobalOptions::default();
    let mut parser = Parser::from_args(args.into_iter().map(Into::into).collect::<Vec<OsString>>());
    match run_command(&mut options, &mut parser) {
        Ok(()) => 0,
        Err(error) => {
            let (text, code) = report(&error, options.error_json);
            // If standard error is closed, the exit code still reports the error.
            let _ = std::io::stderr().write_all(text.as_bytes());
            code
        }
    }
}

fn run_command(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    loop {
        match parser.next()? {
            None => return Err(CliError::Usage("A command is missing.".into())),
            Some(Short('h') | Long("help")) => return print(HELP),
            Some(Short('V') | Long("version")) => {
                return print(concat!("iplaygames ", env!("CARGO_PKG_VERSION"), "\n"));
            }
            Some(Short('v')) => options.verbosity += 1,
            Some(Long(name)) => {
                let name = name.to_owned();
                options.require_global(&name, parser)?;
            }
            Some(Value(command)) => {
                let command = parse_utf8(command)?;
                return match command.as_str() {
                    "start" => session::run_start(options, parser),
                    "status" => session::run_status(options, parser),
                    "end" => session::run_end(options, parser),
                    "call" => call::run(options, parser),
                    #[cfg(feature = "journal")]
                    "journal" => journal::run(options, parser),
                    "operations" => operations::run(options, parser),
                    "sandbox" => sandbox::run(options, parser),
                    "help" => print(HELP),
                    _ => Err(CliError::Usage(format!(
                        "There is no command {command:?}{}",
                        did_you_mean(
                            &command,
                            ["start", "status", "end", "call", "journal", "operations", "sandbox", "help"]
                        )
                    ))),
                };
            }
            Some(other) => return Err(other.unexpected().into()),
        }
    }
}
