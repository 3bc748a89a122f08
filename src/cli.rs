//! The command-line tool: start, check and end game sessions, and call anything else of the API.
//! JSON goes to standard output, everything else to standard error. A module and not a program, since the
//! Python package has the same tool.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value};
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::config::trim_outside_key;
use crate::{
    CallOptions, Client, Code, Config, Error, Field, Kind, LogLevel, LogLine, Operation, Outcome, Place,
    Repeat, operation, operations,
};

const HELP: &str = "\
Start, check and end game sessions through the IPlayGames API.

Usage: iplaygames [OPTIONS] COMMAND

Commands:
  start --game-id N --player-id ID --currency C --country-code CC --ip-address IP [--FIELD VALUE …]
                          start a session; answers its id and the game's URL
  status SESSION_ID       check a session
  end SESSION_ID          end a session
  call OPERATION [--arg NAME=VALUE …] [--args JSON]
                          call any operation of the API
  operations [OPERATION]  list the operations, or the fields of one
  sandbox [--port N] [--sandbox-config JSON]
                          serve the API on this machine, for trying and testing; the first line of
                          standard output is {\"base_url\": …, \"api_key\": …}

Options:
  --api-key-file FILE     read the API key from a file that only you can read (chmod 600), or from
                          standard input (\"-\"); otherwise it is taken from the environment variable
                          IPLAYGAMES_API_KEY
  --base-url URL          the API's address; otherwise IPLAYGAMES_BASE_URL, otherwise the public one
  --config FILE           a JSON file of configuration keys (as in iplaygames.h)
  --timeout SECONDS       the time for the whole call
  --retries N             how often to try again
  --error-json            print a failure as the JSON error document
  -v, --verbose           say what happens (twice: in more detail)
  -h, --help              this text
  -V, --version           the version

A VALUE is taken as the operation's table says: text for a text field, JSON for the others.
@FILE stands for a file's content, @- for standard input; a text that begins with @ is given as @@….

Exit codes: 0 done, 1 could not even try or print (I/O), 2 bad usage or a bad argument, 3 the API said no,
4 not sent (no connection), 5 unknown: it may have been done, or a read got no usable response.
";

/// Why the tool ends without a result.
enum Trouble {
    Usage(String),
    Io(String),
    Api(Box<Error>),
}

impl From<lexopt::Error> for Trouble {
    fn from(error: lexopt::Error) -> Trouble {
        Trouble::Usage(error.to_string())
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Api(Box::new(error))
    }
}

/// Runs the tool with the words that follow its name, on this process's standard streams. Answers the
/// exit code: 0 done, 1 could not even try or print, 2 bad usage or a bad argument, 3 the API said no,
/// 4 not sent, 5 unknown. The command `sandbox` never returns.
///
/// ```
/// assert_eq!(iplaygames::cli::run(["operations", "list_games"]), 0);
/// assert_eq!(iplaygames::cli::run(["no-such-command"]), 2);
/// ```
pub fn run(words: impl IntoIterator<Item = impl Into<OsString>>) -> u8 {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(words.into_iter().map(Into::into).collect::<Vec<OsString>>());
    match command(&mut options, &mut parser) {
        Ok(()) => 0,
        Err(trouble) => {
            let (text, code) = tell(&trouble, options.error_json);
            // Nobody to tell is no reason to fail differently.
            let _ = std::io::stderr().write_all(text.as_bytes());
            code
        }
    }
}

fn tell(trouble: &Trouble, error_json: bool) -> (String, u8) {
    let (red, plain) = if use_colour() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    match trouble {
        Trouble::Usage(message) => (format!("{red}error:{plain} {message}\nTry 'iplaygames --help'.\n"), 2),
        Trouble::Io(message) => (format!("{red}error:{plain} {message}\n"), 1),
        Trouble::Api(error) => {
            let code = match error.code() {
                Code::INVALID_ARGUMENT | Code::UNKNOWN_OPERATION => 2,
                Code::INTERNAL | Code::UNSUPPORTED if error.outcome() == Outcome::NotSent => 1,
                _ => match error.outcome() {
                    Outcome::Rejected => 3,
                    Outcome::NotSent => 4,
                    Outcome::Unknown => 5,
                },
            };
            if error_json {
                return (format!("{}\n", error.to_json()), code);
            }
            let mut text = format!("{red}error:{plain} {error}\n");
            let reads = error.operation().and_then(operation).is_some_and(|row| row.repeat == Repeat::Read);
            if error.outcome() == Outcome::Unknown && !reads {
                text.push_str("  It is not known whether the call was done; check before you repeat it.\n");
            }
            if let Some(wait) = error.retry_after() {
                let _ = writeln!(text, "  The server asks to wait {} s.", wait.as_secs_f64());
            }
            if let Some(body) = error.body_json().filter(|body| body.contains("\"errors\"")) {
                let _ = writeln!(text, "  {body}");
            }
            if let Some(call_id) = error.call_id() {
                let _ = writeln!(text, "  call {call_id}");
            }
            (text, code)
        }
    }
}

fn use_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What stands before or among the command's own words.
#[derive(Default)]
struct Options {
    config: Map<String, Json>,
    error_json: bool,
    verbose: u8,
}

impl Options {
    /// Takes an option that every command has. Answers whether it was one.
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool, Trouble> {
        match name {
            "api-key-file" => {
                let key = read_key_file(&text(parser.value()?)?)?;
                self.config.insert("api_key".into(), trim_outside_key(&key).into());
            }
            "api-key" => {
                return Err(Trouble::Usage(
                    "an API key on the command line can be seen by every user of this machine: \
                     use --api-key-file or IPLAYGAMES_API_KEY"
                        .into(),
                ));
            }
            "base-url" => {
                self.config.insert("base_url".into(), text(parser.value()?)?.into());
            }
            "config" => {
                let path = text(parser.value()?)?;
                let given: Map<String, Json> = serde_json::from_str(&read_file(&path)?)
                    .map_err(|error| Trouble::Usage(format!("{path}: not a JSON object: {error}")))?;
                for (key, value) in given {
                    // An option on the command line has the last word.
                    self.config.entry(key).or_insert(value);
                }
            }
            "timeout" => {
                let seconds: f64 = number("timeout", &text(parser.value()?)?)?;
                let milliseconds = Duration::try_from_secs_f64(seconds)
                    .map_err(|_| Trouble::Usage("--timeout must be a time in seconds".into()))?
                    .as_millis() as u64;
                self.config.insert("timeout_ms".into(), milliseconds.into());
            }
            "retries" => {
                let retries: u64 = number("retries", &text(parser.value()?)?)?;
                self.config.insert("max_retries".into(), retries.into());
            }
            "error-json" => self.error_json = true,
            "verbose" => self.verbose += 1,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes an option that every command has; there is no other.
    fn must_take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
        match self.take(name, parser)? {
            true => Ok(()),
            false => Err(Trouble::Usage(format!("there is no option --{name} here"))),
        }
    }

    fn client(&self) -> Result<Client, Trouble> {
        let config = Json::Object(self.config.clone()).to_string();
        let client = Client::new(Config::from_json(&config)?)?;
        let level = match self.verbose {
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

    /// Calls an operation and prints the answer.
    fn call(&self, operation: &str, arguments: &Arguments) -> Result<(), Trouble> {
        let client = self.client()?;
        let result = client.call(operation, &arguments.to_json(), &CallOptions::default());
        print(&format!("{}\n", result?.json()))
    }
}

fn command(options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    loop {
        match parser.next()? {
            None => return Err(Trouble::Usage("a command is needed".into())),
            Some(Short('h') | Long("help")) => return print(HELP),
            Some(Short('V') | Long("version")) => {
                return print(concat!("iplaygames ", env!("CARGO_PKG_VERSION"), "\n"));
            }
            Some(Short('v')) => options.verbose += 1,
            Some(Long(name)) => {
                let name = name.to_owned();
                options.must_take(&name, parser)?;
            }
            Some(Value(command)) => {
                let command = text(command)?;
                return match command.as_str() {
                    "start" => fields_command("start_a_game_session", options, parser),
                    "status" => session_command("get_session_status", options, parser),
                    "end" => session_command("end_a_game_session", options, parser),
                    "call" => call_command(options, parser),
                    "operations" => operations_command(options, parser),
                    "sandbox" => sandbox_command(options, parser),
                    "help" => print(HELP),
                    _ => Err(Trouble::Usage(format!("there is no command {command:?}"))),
                };
            }
            Some(other) => return Err(other.unexpected().into()),
        }
    }
}

/// `start`: the operation's fields as options of their own.
fn fields_command(id: &str, options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    let row = row(id)?;
    let mut arguments = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(&describe(row)),
            Short('v') => options.verbose += 1,
            Long("arg") => arguments.add_pair(row, &text(parser.value()?)?)?,
            Long(name) => {
                let name = name.to_owned();
                let field = name.replace('-', "_");
                if row.field(&field).is_some() {
                    arguments.add(row, &field, &text(parser.value()?)?)?;
                } else {
                    options.must_take(&name, parser)?;
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    options.call(id, &arguments)
}

/// `status` and `end`: a session's id.
fn session_command(id: &str, options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    let row = row(id)?;
    let mut session = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(&describe(row)),
            Short('v') => options.verbose += 1,
            Long(name) => {
                let name = name.to_owned();
                options.must_take(&name, parser)?;
            }
            Value(value) if session.is_none() => session = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let session = session.ok_or_else(|| Trouble::Usage("a session's id is needed".into()))?;
    let mut arguments = Arguments::default();
    arguments.set("session_id", Json::from(session).to_string());
    options.call(id, &arguments)
}

fn call_command(options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    let (mut row, mut pairs, mut whole) = (None, Vec::new(), None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(&row.map_or_else(|| HELP.to_owned(), describe)),
            Short('v') => options.verbose += 1,
            Long("arg") => pairs.push(text(parser.value()?)?),
            Long("args") => whole = Some(content(&text(parser.value()?)?)?),
            Long(name) => {
                let name = name.to_owned();
                options.must_take(&name, parser)?;
            }
            Value(value) if row.is_none() => row = Some(self::row(&text(value)?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let row = row.ok_or_else(|| Trouble::Usage("the name of an operation is needed".into()))?;
    let mut arguments = Arguments { whole, ..Arguments::default() };
    for pair in &pairs {
        arguments.add_pair(row, pair)?;
    }
    if arguments.whole.is_some() && !arguments.given.is_empty() {
        return Err(Trouble::Usage("give either --args or --arg".into()));
    }
    options.call(row.id, &arguments)
}

fn operations_command(options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    let (mut row, mut json) = (None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(HELP),
            Long("json") => json = true,
            Short('v') => options.verbose += 1,
            Long(name) => {
                let name = name.to_owned();
                options.must_take(&name, parser)?;
            }
            Value(value) if row.is_none() => row = Some(self::row(&text(value)?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(row) = row {
        return print(&describe(row));
    }
    let mut out = String::new();
    if json {
        let list: Vec<Json> = operations()
            .iter()
            .map(|row| {
                serde_json::json!({"id": row.id, "tag": row.tag, "method": row.method.as_str(),
                    "path": row.path, "summary": row.summary})
            })
            .collect();
        let _ = writeln!(out, "{}", Json::Array(list));
        return print(&out);
    }
    let width = operations().iter().map(|row| row.id.len()).max().unwrap_or(0);
    let mut tags: Vec<&str> = Vec::new();
    for row in operations() {
        if !tags.contains(&row.tag) {
            tags.push(row.tag);
        }
    }
    for tag in tags {
        let _ = writeln!(out, "{tag}:");
        for row in operations().iter().filter(|row| row.tag == tag) {
            let _ = writeln!(out, "  {:width$}  {}", row.id, row.summary);
        }
    }
    print(&out)
}

#[cfg(feature = "sandbox")]
fn sandbox_command(options: &mut Options, parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    let mut config = Map::new();
    let mut port = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(HELP),
            Short('v') => options.verbose += 1,
            Long("port") => port = Some(number::<u16>("port", &text(parser.value()?)?)?),
            Long("sandbox-config") => {
                config = serde_json::from_str(&content(&text(parser.value()?)?)?)
                    .map_err(|error| Trouble::Usage(format!("--sandbox-config: {error}")))?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(port) = port {
        config.insert("port".into(), port.into());
    }
    let sandbox = crate::sandbox::Sandbox::start(&Json::Object(config).to_string())?;
    print(&format!("{}\n", sandbox.client_config()))?;
    let _ = writeln!(std::io::stderr(), "The sandbox listens at {}; Ctrl-C ends it.", sandbox.base_url());
    loop {
        std::thread::park();
    }
}

#[cfg(not(feature = "sandbox"))]
fn sandbox_command(_options: &mut Options, _parser: &mut lexopt::Parser) -> Result<(), Trouble> {
    Err(Trouble::Io("this build has no sandbox (it was built without the feature `sandbox`)".into()))
}

/// A call's arguments as they are collected: names and JSON values.
#[derive(Default)]
struct Arguments {
    given: Vec<(String, String)>,
    whole: Option<String>,
}

impl Arguments {
    fn add_pair(&mut self, row: &Operation, pair: &str) -> Result<(), Trouble> {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Trouble::Usage(format!("--arg takes NAME=VALUE, not {pair:?}")))?;
        self.add(row, name, value)
    }

    /// Adds a value, in the form the table wants it.
    fn add(&mut self, row: &Operation, name: &str, value: &str) -> Result<(), Trouble> {
        let value = content(value)?;
        let json = as_json(row.field(name), value);
        if self.given.iter().any(|(known, _)| known == name) {
            return Err(Trouble::Usage(format!("{name} is given twice")));
        }
        self.set(name, json);
        Ok(())
    }

    fn set(&mut self, name: &str, json: String) {
        self.given.push((name.to_owned(), json));
    }

    /// Put together by hand, so that a number keeps the digits it was given with.
    fn to_json(&self) -> String {
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        let fields: Vec<String> =
            self.given.iter().map(|(name, json)| format!("{}:{json}", Json::from(name.as_str()))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// The JSON of a value: text stays text where a text is wanted, or where it is no JSON.
fn as_json(field: Option<&Field>, value: String) -> String {
    let wants_text = matches!(field, Some(Field { kind: Kind::String, .. }));
    let nullable = field.is_none_or(|field| field.nullable);
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&value).is_ok();
    match () {
        () if value == "null" && nullable => value,
        () if wants_text || !is_json => Json::from(value).to_string(),
        () => value,
    }
}

fn row(id: &str) -> Result<&'static Operation, Trouble> {
    operation(id).ok_or_else(|| {
        let mut near: Vec<&str> = operations()
            .iter()
            .map(|row| row.id)
            .filter(|known| known.contains(id) && !id.is_empty())
            .collect();
        near.truncate(5);
        let hint =
            if near.is_empty() { "'iplaygames operations' lists them".into() } else { near.join(", ") };
        Trouble::Usage(format!("the API has no operation {id:?} ({hint})"))
    })
}

fn describe(row: &Operation) -> String {
    let mut out = format!("{}\n  {}\n  {} {}\n", row.id, row.summary, row.method.as_str(), row.path);
    if row.fields.is_empty() {
        out.push_str("  takes no fields\n");
    }
    for field in row.fields {
        let kind = match field.kind {
            Kind::String if field.place == Place::File => "text of the file",
            Kind::String => "text",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Numeric => "number, or text that holds one",
            Kind::Boolean => "true or false",
            Kind::Object => "object",
            Kind::Strings => "list of texts",
            Kind::Integers => "list of integers",
            Kind::Objects => "list of objects",
        };
        let required = if field.required { ", required" } else { "" };
        let _ = writeln!(out, "    {:24}{kind}{required}", field.name);
    }
    out
}

/// A value, or what stands in the file it names.
fn content(value: &str) -> Result<String, Trouble> {
    match value.strip_prefix('@') {
        None => Ok(value.to_owned()),
        Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
        Some(path) => read_file(path),
    }
}

fn read_file(path: &str) -> Result<String, Trouble> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Trouble::Io(format!("{path}: {error}")))
}

/// The largest file that an API key is read from, in bytes.
const MAX_KEY_FILE: u64 = 64 << 10;

/// Reads the file of an API key. As ssh does with a private key, it refuses a file that other users of the
/// machine can read or change.
fn read_key_file(path: &str) -> Result<Zeroizing<String>, Trouble> {
    let bad = |why: String| Trouble::Usage(format!("--api-key-file {path}: {why}"));
    let unreadable = |error: std::io::Error| Trouble::Io(format!("--api-key-file {path}: {error}"));
    // Twice the limit in memory: a buffer that grows leaves parts of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_KEY_FILE as usize));
    if path == "-" {
        std::io::stdin().take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = open_key_file(path).map_err(unreadable)?;
        // Of the file that is open, not of whatever has its name by now.
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(
                bad("it is not a regular file; use \"-\" to read the key from standard input".into()),
            );
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o066 != 0 {
                return Err(bad(format!(
                    "other users can read or change it (its mode is {mode:04o}); run: chmod 600 {path}"
                )));
            }
        }
        file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(bad(format!("it has more than {MAX_KEY_FILE} bytes, so it is no key")));
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        bad("it is not UTF-8 text".into())
    })
}

#[cfg(unix)]
fn open_key_file(path: &str) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A pipe is refused, not waited for.
    std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open_key_file(path: &str) -> std::io::Result<std::fs::File> {
    std::fs::File::open(path)
}

fn text(value: OsString) -> Result<String, Trouble> {
    value.into_string().map_err(|value| Trouble::Usage(format!("{value:?} is not UTF-8")))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Trouble> {
    value.parse().map_err(|_| Trouble::Usage(format!("--{name} cannot be {value:?}")))
}

fn print(text: &str) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Who reads has had enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Trouble::Io(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_error_of_unknown_outcome_ends_with_the_code_for_unknown() {
        for (code, outcome, exit) in [
            (Code::INTERNAL, Outcome::Unknown, 5),
            (Code::INTERNAL, Outcome::NotSent, 1),
            (Code::UNSUPPORTED, Outcome::NotSent, 1),
            (Code::BAD_RESPONSE, Outcome::Unknown, 5),
        ] {
            let mut error = Error::new(code, "x");
            error.facts_mut().outcome = outcome;
            assert_eq!(tell(&Trouble::Api(Box::new(error)), true).1, exit, "{code:?} {outcome:?}");
        }
    }
}
