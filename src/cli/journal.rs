//! The command `journal`: lists and ends the sessions that a journal has, exports it, and saves
//! what can be read of a damaged one.

use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};
use serde_json::json;

use crate::config::API_KEY_ENV;
use crate::escape::escape_json_controls;
use crate::json::object;
use crate::nearest::did_you_mean;
use crate::{Client, EndAllOptions, EndedAll, JournalEntry, JournalFilter, SessionJournal, SessionState};

use super::error::CliError;
use super::help::HELP;
use super::io::{parse_number, parse_utf8, print, print_result};
use super::options::GlobalOptions;

const COMMANDS: [&str; 6] = ["list", "end", "export", "resolve", "compact", "recover"];

/// How many entries `list` and `export` read at a time.
const PAGE: u32 = 1000;

/// The arguments of a command.
#[derive(Default)]
struct Arguments {
    values: Vec<String>,
    states: Vec<String>,
    player_id: Option<String>,
}

/// Runs `journal`.
pub(super) fn run(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    let mut arguments = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(HELP),
            Short('v') => options.verbosity += 1,
            Long("state") => arguments.states.push(parse_utf8(parser.value()?)?),
            Long("player-id") => arguments.player_id = Some(parse_utf8(parser.value()?)?),
            Long(name) => {
                let name = name.to_owned();
                options.require_global(&name, parser)?;
            }
            Value(value) => arguments.values.push(parse_utf8(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let values: Vec<&str> = arguments.values.iter().map(String::as_str).collect();
    match values[..] {
        ["list"] => list(&local_client(options)?.journal()?, arguments.filter()?),
        ["end"] => end(&options.create_client()?, &arguments),
        ["export"] => export(&local_client(options)?.journal()?),
        ["resolve", id, note] => {
            Ok(local_client(options)?.journal()?.resolve(parse_number("id", id)?, note)?)
        }
        ["compact", days] => {
            let days: u32 = parse_number("days", days)?;
            let older_than = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
            let removed = local_client(options)?.journal()?.compact(older_than)?;
            print(&format!("{{\"success\":true,\"removed\":{removed}}}\n"))
        }
        ["recover", damaged, new] => {
            let recovered = SessionJournal::recover(damaged, new)?;
            let (entries, not_closed) = (recovered.entries, recovered.not_closed);
            print(&format!("{}\n", json!({"success": true, "entries": entries, "not_closed": not_closed})))
        }
        [] => Err(CliError::Usage(format!("A command is missing after journal: {}.", COMMANDS.join(", ")))),
        [command, ..] if COMMANDS.contains(&command) => {
            Err(CliError::Usage(format!("The number of arguments of journal {command} is wrong.")))
        }
        [command, ..] => Err(CliError::Usage(format!(
            "There is no command journal {command:?}{}",
            did_you_mean(command, COMMANDS)
        ))),
    }
}

impl Arguments {
    fn filter(&self) -> Result<JournalFilter, CliError> {
        let states = json!(self.states).to_string();
        let player_id = json!(self.player_id).to_string();
        let members = [("states", states.as_str()), ("player_id", player_id.as_str())];
        Ok(JournalFilter::from_json(&object(members.into_iter()))?)
    }
}

/// Ends the sessions that are open. Reports each failure on standard error.
fn end(client: &Client, arguments: &Arguments) -> Result<(), CliError> {
    let options = EndAllOptions { filter: arguments.filter()?, ..EndAllOptions::default() };
    let mut failures = Vec::new();
    let all = client.journal()?.end_all(&options, |step| {
        if let crate::EndResult::Failed(error) = &step.result {
            // Not the id of the session, which may be a secret.
            failures.push(format!("{}: {error}", step.entry.id));
        }
        true
    })?;
    let EndedAll { ended, already_over, failed, without_id, other_host } = all;
    let summary = format!(
        "Of the sessions, {ended} were ended, {already_over} were over before, {failed} may still exist after \
         an error, {without_id} have no id, and {other_host} belong to other servers."
    );
    print_result(&format!("{}\n", all.to_json()), &summary)?;
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(CliError::Io(format!(
            "{} sessions may still exist. The first error is of the entry {}",
            failures.len(),
            crate::escape::escape_controls(first)
        ))),
    }
}

/// Prints the entries that a filter selects, of all pages, as one JSON document.
fn list(journal: &SessionJournal, filter: JournalFilter) -> Result<(), CliError> {
    let mut sessions = Vec::new();
    for_each_page(journal, filter, |page| {
        sessions.extend(page.iter().map(JournalEntry::to_json));
        Ok(())
    })?;
    let document = format!("{{\"success\":true,\"sessions\":[{}]}}", sessions.join(","));
    print(&format!("{}\n", escape_json_controls(&document)))
}

/// Prints every entry as a line of JSON.
fn export(journal: &SessionJournal) -> Result<(), CliError> {
    let filter = JournalFilter { states: SessionState::ALL.to_vec(), ..JournalFilter::default() };
    for_each_page(journal, filter, |page| {
        let lines: Vec<String> = page.iter().map(JournalEntry::to_json).collect();
        print(&format!("{}\n", escape_json_controls(&lines.join("\n"))))
    })
}

fn for_each_page(
    journal: &SessionJournal,
    mut filter: JournalFilter,
    mut work: impl FnMut(&[JournalEntry]) -> Result<(), CliError>,
) -> Result<(), CliError> {
    filter.limit = Some(PAGE);
    loop {
        let entries = journal.open(&filter)?;
        let Some(last) = entries.last() else { return Ok(()) };
        filter.after = last.id;
        work(&entries)?;
    }
}

/// Creates a client that reads the journal and makes no call, so that it needs no key.
fn local_client(options: &mut GlobalOptions) -> Result<Client, CliError> {
    if std::env::var_os(API_KEY_ENV).is_none() {
        options.set_default("api_key", "none");
    }
    options.create_client()
}
