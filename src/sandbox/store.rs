//! The sandbox's sessions and multi-sessions, and the operations that start, report and end them.
//! All other operations return their documented responses (`documented.rs`).

use serde_json::{Value, json};

use crate::api::operation::Operation;
use crate::error::Error;

use super::config::Config;
use super::documented;
use super::games::{self, title};
use super::index_map::IndexMap;
use super::lifetime::{Lifetime, count_by_status};
use super::random;
use super::response::{self, Response};
use super::validate::Arguments;

struct Session {
    lifetime: Lifetime,
    /// Part of the URL of the game's page.
    token: String,
    game_id: u64,
    /// The arguments of the start.
    arguments: Arguments,
}

struct MultiSession {
    lifetime: Lifetime,
    games: Vec<u64>,
    /// The arguments of the start.
    arguments: Arguments,
}

/// All sessions and multi-sessions.
#[derive(Default)]
pub(super) struct Store {
    sessions: IndexMap<Session>,
    multi_sessions: IndexMap<MultiSession>,
}

/// The settings and the time with which an operation runs.
pub(super) struct RequestContext<'a> {
    pub(super) config: &'a Config,
    pub(super) base_url: &'a str,
    pub(super) now: u64,
}

impl Store {
    /// Runs an operation and returns its response.
    pub(super) fn handle(
        &mut self,
        operation: &'static Operation,
        arguments: Arguments,
        context: &RequestContext<'_>,
    ) -> Response {
        let id = |name: &str| string_argument(&arguments, name).to_owned();
        let result = match operation.id {
            "start_a_game_session" => self.start_session(arguments, context),
            "get_session_status" => Ok(self.session_status(&id("session_id"), context.now)),
            "end_a_game_session" => Ok(self.end_session(&id("session_id"), context)),
            "start_a_multi_session" => self.start_multi_session(arguments, context),
            "get_multi_session_status" => Ok(self.multi_session_status(&id("token"), context.now)),
            "end_multi_session" => Ok(self.end_multi_session(&id("token"), context)),
            _ => Ok(documented::example_response(operation, &arguments)),
        };
        result.unwrap_or_else(|error| response::framework_error(500, error.message()))
    }

    fn start_session(
        &mut self,
        arguments: Arguments,
        context: &RequestContext<'_>,
    ) -> Result<Response, Error> {
        let game_id = arguments.get("game_id").and_then(Value::as_u64).unwrap_or_default();
        if let Some(rejection) = rejection(game_id, &arguments, context.config) {
            return Ok(rejection);
        }
        let (id, token) = (random::hex::<16>()?, random::hex::<32>()?);
        let lifetime = Lifetime::new(context.now, context.config.session_lifetime_s);
        let document = json!({"success": true, "data": {
            "session_id": id,
            "session_token": token,
            "game_url": format!("{}/play/{token}", context.base_url),
            "expires_at": lifetime.expires_at(),
        }});
        self.sessions.insert(id, Session { lifetime, token, game_id, arguments });
        Ok(response::json(201, &document))
    }

    fn session_status(&self, id: &str, now: u64) -> Response {
        let Some(session) = self.sessions.get(id) else {
            return response::api_error(404, "Session not found");
        };
        let Session { lifetime, game_id, arguments, token: _ } = session;
        response::json(
            200,
            &json!({"success": true, "data": {
                "session_id": id,
                "status": lifetime.status(now),
                "player_id": string_argument(arguments, "player_id"),
                "game": {"id": game_id, "title": title(*game_id)},
                "started_at": lifetime.started_at(),
                "last_activity": lifetime.last_activity(),
            }}),
        )
    }

    fn end_session(&mut self, id: &str, context: &RequestContext<'_>) -> Response {
        match self.sessions.get_mut(id) {
            None => response::api_error(404, "Session not found"),
            Some(session) => session.lifetime.end(context.now, context.config.end_twice, "Session"),
        }
    }

    fn start_multi_session(
        &mut self,
        arguments: Arguments,
        context: &RequestContext<'_>,
    ) -> Result<Response, Error> {
        let games = match arguments.get("game_ids").and_then(Value::as_array) {
            None => games::random_ids()?,
            Some(ids) => match games::parse_ids(ids) {
                None => return Ok(response::api_error(400, "Invalid request parameters")),
                Some(games) => games,
            },
        };
        let id = random::uuid()?;
        let lifetime = Lifetime::new(context.now, context.config.session_lifetime_s);
        let rows: Vec<Value> = (games.iter().enumerate())
            .map(|(position, game)| {
                // A host name that never resolves, because the sandbox has no pictures.
                let image = format!("https://images.sandbox.invalid/games/{game}.png");
                json!({"position": position, "game_name": title(*game), "game_image": image})
            })
            .collect();
        let document = json!({"success": true, "data": {
            "multi_session_id": id,
            "swipe_url": format!("{}/play/{id}", context.base_url),
            "total_games": games.len(),
            "games": rows,
            "expires_at": lifetime.expires_at(),
        }});
        self.multi_sessions.insert(id, MultiSession { lifetime, games, arguments });
        Ok(response::json(201, &document))
    }

    fn multi_session_status(&self, id: &str, now: u64) -> Response {
        let Some(MultiSession { lifetime, games, arguments: _ }) = self.multi_sessions.get(id) else {
            return response::api_error(404, "Multi-session not found");
        };
        // The sandbox has no player who swipes, so the first game is the current game.
        let status = lifetime.status(now);
        let ready = usize::from(status == "active").min(games.len());
        let rows: Vec<Value> = (games.iter().enumerate())
            .map(|(position, game)| {
                let status = if position < ready { "ready" } else { "pending" };
                json!({"position": position, "game_name": title(*game), "status": status})
            })
            .collect();
        response::json(
            200,
            &json!({"success": true, "data": {
                "status": status,
                "total_games": games.len(),
                "active_sessions": ready,
                "current_index": 0,
                "games": rows,
                "expires_at": lifetime.expires_at(),
            }}),
        )
    }

    fn end_multi_session(&mut self, id: &str, context: &RequestContext<'_>) -> Response {
        match self.multi_sessions.get_mut(id) {
            None => response::api_error(404, "Multi-session not found"),
            Some(multi) => multi.lifetime.end(context.now, context.config.end_twice, "Multi-session"),
        }
    }

    /// Returns the page of a `game_url` or `swipe_url`, for a web view to show in place of the
    /// game.
    pub(super) fn game_page(&self, token: &str, now: u64) -> Response {
        let session = self.sessions.values().find(|session| session.token == token);
        let (lifetime, name) = match (session, self.multi_sessions.get(token)) {
            (Some(session), _) => (&session.lifetime, title(session.game_id)),
            (None, Some(multi)) => (&multi.lifetime, format!("{} games", multi.games.len())),
            (None, None) => return response::framework_error(404, "No session has a game at this address."),
        };
        let status = lifetime.status(now);
        let page = format!(
            "<!doctype html><html><head><title>{name}</title></head>\
             <body><h1>{name}</h1><p>Sandbox session, {status}.</p></body></html>"
        );
        response::new(200, "text/html; charset=utf-8", page)
    }

    /// Returns `{"sessions": …, "multi_sessions": …}`, the number of each in total and by status.
    pub(super) fn counts(&self, now: u64) -> Value {
        json!({
            "sessions": count_by_status(self.sessions.values().map(|session| &session.lifetime), now),
            "multi_sessions": count_by_status(self.multi_sessions.values().map(|multi| &multi.lifetime), now),
        })
    }

    /// Returns every session and multi-session, without their tokens.
    pub(super) fn list(&self, now: u64) -> Value {
        let sessions = self.sessions.iter().map(|(id, session)| {
            let mut row = session.lifetime.describe(&session.arguments, now);
            row.insert("session_id".to_owned(), json!(id));
            row
        });
        let multi_sessions = self.multi_sessions.iter().map(|(id, multi)| {
            let mut row = multi.lifetime.describe(&multi.arguments, now);
            row.insert("multi_session_id".to_owned(), json!(id));
            row.insert("game_ids".to_owned(), json!(multi.games));
            row
        });
        json!({"sessions": sessions.collect::<Vec<_>>(), "multi_sessions": multi_sessions.collect::<Vec<_>>()})
    }
}

/// Returns the response that rejects the start of a game, or none if the game can start. Checks the
/// game, then the provider, then the country.
fn rejection(game_id: u64, arguments: &Arguments, config: &Config) -> Option<Response> {
    if !games::exists(game_id) {
        return Some(response::api_error(404, "Game not found or not available"));
    }
    let provider = string_argument(arguments, "provider");
    if !provider.is_empty() {
        if !config.can_override_provider {
            return Some(response::api_error(403, "Provider override is not enabled for your account"));
        }
        if !config.providers.iter().any(|known| known == provider) {
            return Some(response::api_error(400, "Requested provider not available for this game"));
        }
    }
    let country = string_argument(arguments, "country_code").to_ascii_uppercase();
    if config.providers.is_empty() || config.unavailable_countries.contains(&country) {
        return Some(response::api_error(
            503,
            "No available providers for this game in your country/currency",
        ));
    }
    None
}

fn string_argument<'a>(arguments: &'a Arguments, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
}
