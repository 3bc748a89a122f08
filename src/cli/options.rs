//! The options that every command has, and the client that they configure.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lexopt::Parser;
use serde_json::{Map, Value};

use crate::api::session::text_at;
use crate::config::api_key::trim_outside_key;
use crate::escape::{escape_controls, escape_json_controls};
use crate::{CallOptions, Client, Config, Idempotency, LogLevel, LogLine, Operation};

use super::arguments::Arguments;
use super::error::CliError;
use super::io::{parse_number, parse_object, parse_utf8, print, print_result, read_file};
use super::key_file::read_key_file;

/// The values of the options that every command has.
#[derive(Default)]
pub(super) struct GlobalOptions {
    /// The client's configuration.
    config: Map<String, Value>,
    pub(super) error_json: bool,
    /// How often `-v` was given.
    pub(super) verbosity: u8,
}

impl GlobalOptions {
    /// Takes the long option `name` and its value. Returns an error if no global option has this
    /// name.
    pub(super) fn require_global(&mut self, name: &str, parser: &mut Parser) -> Result<(), CliError> {
        match name {
            "api-key-file" => {
                let key = read_key_file(parser.value()?.as_ref())?;
                self.config.insert("api_key".into(), trim_outside_key(&key).into());
            }
            "api-key" => {
                return Err(CliError::Usage(
                    "An API key on the command line can be seen by every user of this machine. \
                     Use --api-key-file or IPLAYGAMES_API_KEY."
                        .into(),
                ));
            }
            "base-url" => {
                self.config.insert("base_url".into(), parse_utf8(parser.value()?)?.into());
            }
            "config" => {
                let path = parser.value()?;
                let members =
                    parse_object(&read_file(path.as_ref())?, &format!("The configuration in {path:?}"))?;
                for (key, value) in members {
                    // Options on the command line have precedence over the file.
                    self.config.entry(key).or_insert(value);
                }
            }
            "timeout" => {
                let seconds: f64 = parse_number("timeout", &parse_utf8(parser.value()?)?)?;
                let milliseconds = Duration::try_from_secs_f64(seconds)
                    .map_err(|_| CliError::Usage("--timeout must be a time in seconds.".into()))?
                    .as_millis() as u64;
                self.config.insert("timeout_ms".into(), milliseconds.into());
            }
            "retries" => {
                let retries: u64 = parse_number("retries", &parse_utf8(parser.value()?)?)?;
                self.config.insert("max_retries".into(), retries.into());
            }
            "transport" => {
                self.config.insert("transport".into(), parse_utf8(parser.value()?)?.into());
            }
            "journal" => {
                self.config.insert("journal".into(), parse_utf8(parser.value()?)?.into());
            }
            "error-json" => self.error_json = true,
            "verbose" => self.verbosity += 1,
            _ => return Err(CliError::Usage(format!("There is no option --{name} here."))),
        }
        Ok(())
    }

    /// Calls an operation and prints its result.
    pub(super) fn call(&self, operation: &str, arguments: &Arguments) -> Result<(), CliError> {
        let client = self.create_client()?;
        let reply = client.call(operation, &arguments.to_json(), &CallOptions::default())?;
        let text = format!("{}\n", escape_json_controls(reply.json()));
        match crate::operation(operation) {
            Some(Operation { idempotency: Idempotency::Safe, .. }) => print(&text),
            _ => print_result(&text, &summarize(operation, reply.json())),
        }
    }

    /// Sets a key of the configuration that is not given.
    #[cfg(feature = "journal")]
    pub(super) fn set_default(&mut self, key: &str, value: &str) {
        self.config.entry(key).or_insert_with(|| value.into());
    }

    pub(super) fn create_client(&self) -> Result<Client, CliError> {
        let config = Value::Object(self.config.clone()).to_string();
        let client = Client::new(Config::from_json(&config)?)?;
        let level = match self.verbosity {
            0 => None,
            1 => Some(LogLevel::Info),
            _ => Some(LogLevel::Trace),
        };
        if level.is_some() {
            let logger = Arc::new(|line: &LogLine| {
                let text = format!("{:?} {}: {}\n", line.level, line.target, line.message);
                let _ = std::io::stderr().write_all(text.as_bytes());
            });
            client.set_logger(Some(logger), level)?;
        }
        Ok(client)
    }
}

/// Says that a call has succeeded. If it has started a session, the id of the session must not be
/// lost: without it nothing can end the session.
fn summarize(operation: &str, reply: &str) -> String {
    match text_at(reply, "/data/session_id") {
        Some(session_id) => {
            format!("The call {operation} succeeded, with the session {}.", escape_controls(&session_id))
        }
        None => format!("The call {operation} succeeded."),
    }
}
