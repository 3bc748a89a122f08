//! The commands of `Sandbox::control` and `POST /_sandbox`.

use serde_json::{Value, json};

use crate::error::Error;

use super::clock::{FURTHEST_S, iso};
use super::fault::ParsedFault;
use super::keys::{Keys, wrong};
use super::server::Shared;

/// Carries a command out; its answer is an object with `"success": true`.
pub(super) fn run(shared: &Shared, text: &str) -> Result<Value, Error> {
    let mut keys = Keys::parse(text, "a command")?;
    let Some(command) = keys.text("command")? else {
        return Err(wrong("command", format_args!("is missing: one of {NAMES}")));
    };
    let mut answer = match command.as_str() {
        "fault" => return queue_fault(shared, keys),
        "advance_clock" => return advance_clock(shared, keys),
        "clear_faults" => {
            keys.finish()?;
            shared.state.lock().faults = Default::default();
            json!({})
        }
        "counts" => {
            keys.finish()?;
            counts(shared)
        }
        "sessions" => {
            keys.finish()?;
            let state = shared.state.lock();
            state.world.list(state.clock.now())
        }
        "requests" => {
            keys.finish()?;
            json!({"requests": shared.state.lock().journal.rows()})
        }
        "reset" => {
            keys.finish()?;
            shared.reset();
            json!({})
        }
        other => {
            return Err(wrong("command", format_args!("is \"{other}\", which is none of {NAMES}")));
        }
    };
    answer["success"] = json!(true);
    Ok(answer)
}

const NAMES: &str = "fault, clear_faults, advance_clock, counts, sessions, requests, reset";

fn queue_fault(shared: &Shared, keys: Keys) -> Result<Value, Error> {
    let fault = ParsedFault::parse(keys)?;
    let queued = shared.state.lock().faults.add(fault);
    Ok(json!({"success": true, "queued": queued}))
}

fn advance_clock(shared: &Shared, mut keys: Keys) -> Result<Value, Error> {
    let seconds = keys.integer("seconds", 0..=FURTHEST_S)?.ok_or_else(|| wrong("seconds", "is missing"))?;
    keys.finish()?;
    let mut state = shared.state.lock();
    if !state.clock.advance(seconds) {
        return Err(wrong("seconds", format_args!("would move the clock further than {FURTHEST_S} in all")));
    }
    Ok(json!({"success": true, "now": iso(state.clock.now())}))
}

fn counts(shared: &Shared) -> Value {
    let state = shared.state.lock();
    let mut counts = state.world.counts(state.clock.now());
    counts["requests"] = state.journal.counts();
    counts["connections"] = state.connections.to_json();
    counts
}
