//! The errors of the command-line tool: their texts and exit codes.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use crate::escape::{escape_controls, escape_json_controls};
use crate::sys;
use crate::{Code, Error, Idempotency, Outcome};

/// An error that ends the tool.
pub(super) enum CliError {
    /// The command line is wrong.
    Usage(String),
    /// A file or a standard stream cannot be read or written.
    Io(String),
    /// The library or the API returned an error.
    Api(Box<Error>),
}

impl From<lexopt::Error> for CliError {
    fn from(error: lexopt::Error) -> CliError {
        CliError::Usage(format!("The command line cannot be parsed: {error}."))
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> CliError {
        CliError::Api(Box::new(error))
    }
}

/// Returns the text of an error for standard error, and the exit code.
pub(super) fn report(error: &CliError, error_json: bool) -> (String, u8) {
    let (red, reset) = if is_colour_enabled() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    match error {
        CliError::Usage(message) => (format!("{red}error:{reset} {message}\nTry 'iplaygames --help'.\n"), 2),
        CliError::Io(message) => (format!("{red}error:{reset} {message}\n"), 1),
        CliError::Api(error) if error_json => {
            (format!("{}\n", escape_json_controls(&error.to_json())), exit_code(error))
        }
        CliError::Api(error) => (format!("{red}error:{reset} {}", describe(error)), exit_code(error)),
    }
}

fn exit_code(error: &Error) -> u8 {
    match error.code() {
        Code::INVALID_ARGUMENT | Code::UNKNOWN_OPERATION => 2,
        Code::INTERNAL | Code::UNSUPPORTED if error.outcome() == Outcome::NotSent => 1,
        _ => match error.outcome() {
            Outcome::Rejected => 3,
            Outcome::NotSent => 4,
            Outcome::Unknown => 5,
        },
    }
}

fn describe(error: &Error) -> String {
    let mut text = format!("{error}\n");
    let operation = error.operation().and_then(crate::operation);
    let is_read = operation.is_some_and(|operation| operation.idempotency == Idempotency::Safe);
    if error.outcome() == Outcome::Unknown && !is_read {
        text.push_str("  It is not known whether the API processed the call. Check before you repeat it.\n");
    }
    if let Some(wait) = error.retry_after() {
        let _ = writeln!(text, "  The server asks for a wait of {} s.", wait.as_secs_f64());
    }
    if let Some(body) = error.body_json().filter(|body| body.contains("\"errors\"")) {
        let _ = writeln!(text, "  {}", escape_json_controls(body));
    }
    if let Some(call_id) = error.call_id() {
        let _ = writeln!(text, "  Call id: {}", escape_controls(call_id));
    }
    text
}

fn is_colour_enabled() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && sys::enable_colours()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_reach_no_terminal() {
        let mut error = Error::new(Code::UNPROCESSABLE, "no\n\u{1B}[2J");
        let body = "{\"errors\": {\"a\": [\"\u{9B}2J\u{202E}\"]}}".to_owned();
        let body = serde_json::value::RawValue::from_string(body).unwrap();
        error.inner_mut().body = crate::error::ErrorBody::Json(body);
        error.inner_mut().call_id = Some("\u{7F}".to_owned());
        let error = CliError::Api(Box::new(error));
        for error_json in [false, true] {
            let (text, _) = report(&error, error_json);
            let text = text.replace("\x1b[1;31m", "").replace("\x1b[0m", "");
            let raw: Vec<char> =
                "\u{1B}\u{9B}\u{7F}\u{202E}".chars().filter(|raw| text.contains(*raw)).collect();
            assert!(raw.is_empty(), "{text:?} {raw:?}");
        }
    }

    #[test]
    fn an_internal_error_of_unknown_outcome_ends_with_the_code_for_unknown() {
        for (code, outcome, exit) in [
            (Code::INTERNAL, Outcome::Unknown, 5),
            (Code::INTERNAL, Outcome::NotSent, 1),
            (Code::UNSUPPORTED, Outcome::NotSent, 1),
            (Code::BAD_RESPONSE, Outcome::Unknown, 5),
        ] {
            let mut error = Error::new(code, "x");
            error.inner_mut().outcome = outcome;
            let (_, exit_code) = report(&CliError::Api(Box::new(error)), true);
            assert_eq!(exit_code, exit, "{code:?} {outcome:?}");
        }
    }
}
