//! The times and the status of a session or a multi-session.

use serde_json::{Value, json};

use super::clock::format_iso8601;
use super::config::EndTwice;
use super::response::{self, Response};
use super::validate::Arguments;

/// When a session starts, was last active and expires, in seconds since 1970, and whether it was
/// ended.
pub(super) struct Lifetime {
    started_at: u64,
    last_activity: u64,
    expires_at: u64,
    closed: bool,
}

impl Lifetime {
    /// Returns a lifetime that begins now.
    pub(super) fn new(now: u64, duration_s: u64) -> Lifetime {
        Lifetime { started_at: now, last_activity: now, expires_at: now + duration_s, closed: false }
    }

    /// Returns `active`, `closed` or `expired`.
    pub(super) fn status(&self, now: u64) -> &'static str {
        match self.closed {
            true => "closed",
            false if now >= self.expires_at => "expired",
            false => "active",
        }
    }

    /// Returns the start as ISO 8601.
    pub(super) fn started_at(&self) -> String {
        format_iso8601(self.started_at)
    }

    /// Returns the last activity as ISO 8601.
    pub(super) fn last_activity(&self) -> String {
        format_iso8601(self.last_activity)
    }

    /// Returns the expiry as ISO 8601.
    pub(super) fn expires_at(&self) -> String {
        format_iso8601(self.expires_at)
    }

    /// Ends the session and returns the API's response, in which `name` names the thing that ended.
    pub(super) fn end(&mut self, now: u64, end_twice: EndTwice, name: &str) -> Response {
        if self.status(now) != "active" {
            match end_twice {
                EndTwice::Conflict => return response::api_error(409, &format!("{name} already ended")),
                EndTwice::NotFound => return response::api_error(404, &format!("{name} not found")),
                EndTwice::Ok => {}
            }
        } else {
            self.closed = true;
            self.last_activity = now;
        }
        response::json(200, &json!({"success": true, "message": format!("{name} ended successfully")}))
    }

    /// Returns a row of the command `sessions`: the arguments of the start, the status and the
    /// times.
    pub(super) fn describe(&self, arguments: &Arguments, now: u64) -> Arguments {
        let mut row = arguments.clone();
        row.insert("status".to_owned(), json!(self.status(now)));
        row.insert("started_at".to_owned(), json!(self.started_at()));
        row.insert("last_activity".to_owned(), json!(self.last_activity()));
        row.insert("expires_at".to_owned(), json!(self.expires_at()));
        row
    }
}

/// Returns how many lifetimes there are in total and in each status.
pub(super) fn count_by_status<'a>(lifetimes: impl Iterator<Item = &'a Lifetime>, now: u64) -> Value {
    let (mut active, mut closed, mut expired) = (0, 0, 0);
    for lifetime in lifetimes {
        *match lifetime.status(now) {
            "active" => &mut active,
            "closed" => &mut closed,
            _ => &mut expired,
        } += 1;
    }
    json!({"total": active + closed + expired, "active": active, "closed": closed, "expired": expired})
}
