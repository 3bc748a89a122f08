//! The commands of `Sandbox::control` and `POST /_sandbox`: change the faults and the clock, show
//! sessions, requests and counts, reset the state.

use serde_json::{Value, json};

use crate::error::Error;
use crate::json::ObjectReader;
use crate::nearest::did_you_mean;

use super::clock::{MAX_OFFSET_S, format_iso8601};
use super::fault_queue::QueuedFault;
use super::state::Shared;

/// Runs a command and returns its result, an object with `"success": true`.
pub(super) fn run(shared: &Shared, text: &str) -> Result<Value, Error> {
    let mut reader = ObjectReader::parse(text, "The command")?;
    let Some(command) = reader.take_string("command")? else {
        return Err(Error::invalid("/command", format!("`command` is missing. It must be one of {NAMES}.")));
    };
    let mut result = match command.as_str() {
        "fault" => return queue_fault(shared, reader),
        "advance_clock" => return advance_clock(shared, reader),
        "clear_faults" => {
            reader.finish()?;
            shared.state.lock().faults = Default::default();
            json!({})
        }
        "counts" => {
            reader.finish()?;
            counts(shared)
        }
        "sessions" => {
            reader.finish()?;
            let state = shared.state.lock();
            state.store.list(state.clock.now())
        }
        "requests" => {
            reader.finish()?;
            json!({"requests": shared.state.lock().requests.entries()})
        }
        "reset" => {
            reader.finish()?;
            shared.state.lock().reset();
            json!({})
        }
        other => {
            return Err(Error::invalid(
                "/command",
                format!(
                    "`command` cannot be {other:?}{} It must be one of {NAMES}.",
                    did_you_mean(other, NAMES.split(", "))
                ),
            ));
        }
    };
    result["success"] = json!(true);
    Ok(result)
}

/// The names of the commands, for messages.
const NAMES: &str = "fault, clear_faults, advance_clock, counts, sessions, requests, reset";

fn queue_fault(shared: &Shared, reader: ObjectReader) -> Result<Value, Error> {
    let fault = QueuedFault::parse(reader)?;
    let queued = shared.state.lock().faults.add(fault);
    Ok(json!({"success": true, "queued": queued}))
}

fn advance_clock(shared: &Shared, mut reader: ObjectReader) -> Result<Value, Error> {
    let seconds = reader
        .take_integer("seconds", 0..=MAX_OFFSET_S)?
        .ok_or_else(|| Error::invalid("/seconds", "`seconds` is missing."))?;
    reader.finish()?;
    let mut state = shared.state.lock();
    if !state.clock.advance(seconds) {
        return Err(Error::invalid(
            "/seconds",
            format!("`seconds` would move the clock forward by more than {MAX_OFFSET_S} in total."),
        ));
    }
    Ok(json!({"success": true, "now": format_iso8601(state.clock.now())}))
}

fn counts(shared: &Shared) -> Value {
    let state = shared.state.lock();
    let mut counts = state.store.counts(state.clock.now());
    counts["requests"] = state.requests.counts();
    counts["connections"] = state.connections.to_json();
    counts
}
