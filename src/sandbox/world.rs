//! What the sandbox knows: games, sessions, multi-sessions, and how each operation changes them.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::api::operation::{AnswerKind, Operation};
use crate::error::Error;

use super::check::Arguments;
use super::clock::iso;
use super::config::{Config, EndTwice};
use super::random;
use super::reply::{JSON, Reply};

/// Games 1 to this exist.
const GAMES: u64 = 200;
/// How many games a multi-session has that names none.
const RANDOM_GAMES: usize = 8;

/// Things in the order they came, found by their ids.
struct Shelf<T> {
    in_order: Vec<(String, T)>,
    by_id: HashMap<String, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { in_order: Vec::new(), by_id: HashMap::new() }
    }
}

impl<T> Shelf<T> {
    fn put(&mut self, id: String, thing: T) {
        self.by_id.insert(id.clone(), self.in_order.len());
        self.in_order.push((id, thing));
    }

    fn find(&mut self, id: &str) -> Option<&mut T> {
        let at = *self.by_id.get(id)?;
        self.in_order.get_mut(at).map(|(_, thing)| thing)
    }
}

/// What sessions and multi-sessions have in common. Seconds since 1970.
struct Life {
    started_at: u64,
    last_activity: u64,
    expires_at: u64,
    closed: bool,
}

impl Life {
    fn new(now: u64, lifetime_s: u64) -> Life {
        Life { started_at: now, last_activity: now, expires_at: now + lifetime_s, closed: false }
    }

    fn status(&self, now: u64) -> &'static str {
        match self.closed {
            true => "closed",
            false if now >= self.expires_at => "expired",
            false => "active",
        }
    }

    /// Ends it: what the API answers, `what` being the thing's name.
    fn end(&mut self, now: u64, end_twice: EndTwice, what: &str) -> Reply {
        if self.status(now) != "active" {
            match end_twice {
                EndTwice::Conflict => return Reply::refusal(409, &format!("{what} already ended")),
                EndTwice::NotFound => return Reply::refusal(404, &format!("{what} not found")),
                EndTwice::Ok => {}
            }
        } else {
            self.closed = true;
            self.last_activity = now;
        }
        Reply::json(200, &json!({"success": true, "message": format!("{what} ended successfully")}))
    }
}

struct Session {
    life: Life,
    /// For the game's page only.
    token: String,
    game_id: u64,
    /// As the request gave them.
    arguments: Arguments,
}

struct MultiSession {
    life: Life,
    games: Vec<u64>,
    arguments: Arguments,
}

#[derive(Default)]
pub(super) struct World {
    sessions: Shelf<Session>,
    multi_sessions: Shelf<MultiSession>,
}

/// What an operation may look at besides the world.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) base_url: &'a str,
    pub(super) now: u64,
}

impl World {
    /// Carries an operation out.
    pub(super) fn carry_out(
        &mut self,
        operation: &'static Operation,
        arguments: Arguments,
        around: &Surroundings<'_>,
    ) -> Reply {
        let id_in = |name: &str| text(&arguments, name).to_owned();
        let done = match operation.id {
            "start_a_game_session" => self.start(arguments, around),
            "get_session_status" => Ok(self.status(&id_in("session_id"), around.now)),
            "end_a_game_session" => Ok(self.end(&id_in("session_id"), around)),
            "start_a_multi_session" => self.start_multi(arguments, around),
            "get_multi_session_status" => Ok(self.multi_status(&id_in("token"), around.now)),
            "end_multi_session" => Ok(self.end_multi(&id_in("token"), around)),
            _ => Ok(as_documented(operation, &arguments)),
        };
        done.unwrap_or_else(|error| Reply::bare(500, error.message()))
    }

    fn start(&mut self, arguments: Arguments, around: &Surroundings<'_>) -> Result<Reply, Error> {
        let game_id = arguments.get("game_id").and_then(Value::as_u64).unwrap_or_default();
        if let Some(no) = why_not(game_id, &arguments, around.config) {
            return Ok(no);
        }
        let (id, token) = (random::hex::<16>()?, random::hex::<32>()?);
        let life = Life::new(around.now, around.config.session_lifetime_s);
        let answer = json!({"success": true, "data": {
            "session_id": id,
            "session_token": token,
            "game_url": format!("{}/play/{token}", around.base_url),
            "expires_at": iso(life.expires_at),
        }});
        self.sessions.put(id, Session { life, token, game_id, arguments });
        Ok(Reply::json(201, &answer))
    }

    fn status(&mut self, id: &str, now: u64) -> Reply {
        let Some(session) = self.sessions.find(id) else { return Reply::refusal(404, "Session not found") };
        let Session { life, game_id, arguments, .. } = session;
        Reply::json(
            200,
            &json!({"success": true, "data": {
                "session_id": id,
                "status": life.status(now),
                "player_id": text(arguments, "player_id"),
                "game": {"id": game_id, "title": title(*game_id)},
                "started_at": iso(life.started_at),
                "last_activity": iso(life.last_activity),
            }}),
        )
    }

    fn end(&mut self, id: &str, around: &Surroundings<'_>) -> Reply {
        match self.sessions.find(id) {
            None => Reply::refusal(404, "Session not found"),
            Some(session) => session.life.end(around.now, around.config.end_twice, "Session"),
        }
    }

    fn start_multi(&mut self, arguments: Arguments, around: &Surroundings<'_>) -> Result<Reply, Error> {
        let Some(games) = chosen_games(&arguments)? else {
            return Ok(Reply::refusal(400, "Invalid request parameters"));
        };
        let id = random::uuid()?;
        let life = Life::new(around.now, around.config.session_lifetime_s);
        let rows: Vec<Value> = (games.iter().enumerate())
            .map(|(position, game)| {
                // A name that never resolves: the sandbox has no pictures.
                let image = format!("https://images.sandbox.invalid/games/{game}.png");
                json!({"position": position, "game_name": title(*game), "game_image": image})
            })
            .collect();
        let answer = json!({"success": true, "data": {
            "multi_session_id": id,
            "swipe_url": format!("{}/play/{id}", around.base_url),
            "total_games": games.len(),
            "games": rows,
            "expires_at": iso(life.expires_at),
        }});
        self.multi_sessions.put(id, MultiSession { life, games, arguments });
        Ok(Reply::json(201, &answer))
    }

    fn multi_status(&mut self, id: &str, now: u64) -> Reply {
        let Some(MultiSession { life, games, .. }) = self.multi_sessions.find(id) else {
            return Reply::refusal(404, "Multi-session not found");
        };
        // The first game is on the screen while the whole is active; nobody swipes in a sandbox.
        let status = life.status(now);
        let ready = usize::from(status == "active").min(games.len());
        let rows: Vec<Value> = (games.iter().enumerate())
            .map(|(position, game)| {
                let state = if position < ready { "ready" } else { "pending" };
                json!({"position": position, "game_name": title(*game), "status": state})
            })
            .collect();
        Reply::json(
            200,
            &json!({"success": true, "data": {
                "status": status,
                "total_games": games.len(),
                "active_sessions": ready,
                "current_index": 0,
                "games": rows,
                "expires_at": iso(life.expires_at),
            }}),
        )
    }

    fn end_multi(&mut self, id: &str, around: &Surroundings<'_>) -> Reply {
        match self.multi_sessions.find(id) {
            None => Reply::refusal(404, "Multi-session not found"),
            Some(multi) => multi.life.end(around.now, around.config.end_twice, "Multi-session"),
        }
    }

    /// The page behind a `game_url` or `swipe_url`: a stand-in to put into a web view.
    pub(super) fn page(&mut self, token: &str, now: u64) -> Reply {
        let session = self.sessions.in_order.iter().find(|(_, session)| session.token == token);
        let (life, name) = match (session, self.multi_sessions.find(token)) {
            (Some((_, session)), _) => (&session.life, title(session.game_id)),
            (None, Some(multi)) => (&multi.life, format!("{} games", multi.games.len())),
            (None, None) => return Reply::bare(404, "There is no game at this address"),
        };
        let status = life.status(now);
        let page = format!(
            "<!doctype html><html><head><title>{name}</title></head>\
             <body><h1>{name}</h1><p>Sandbox session, {status}.</p></body></html>"
        );
        Reply::new(200, "text/html; charset=utf-8", page)
    }

    /// `{"sessions": …, "multi_sessions": …}`: how many there are in each status.
    pub(super) fn counts(&self, now: u64) -> Value {
        json!({
            "sessions": tally(self.sessions.in_order.iter().map(|(_, session)| &session.life), now),
            "multi_sessions": tally(self.multi_sessions.in_order.iter().map(|(_, multi)| &multi.life), now),
        })
    }

    /// Every session and multi-session, without their tokens.
    pub(super) fn list(&self, now: u64) -> Value {
        let sessions = self.sessions.in_order.iter().map(|(id, session)| {
            let mut row = row(&session.life, &session.arguments, now);
            row.insert("session_id".to_owned(), json!(id));
            row
        });
        let multi_sessions = self.multi_sessions.in_order.iter().map(|(id, multi)| {
            let mut row = row(&multi.life, &multi.arguments, now);
            row.insert("multi_session_id".to_owned(), json!(id));
            row.insert("game_ids".to_owned(), json!(multi.games));
            row
        });
        json!({"sessions": sessions.collect::<Vec<_>>(), "multi_sessions": multi_sessions.collect::<Vec<_>>()})
    }
}

/// The reasons not to start a game, in the order they are looked at.
fn why_not(game_id: u64, arguments: &Arguments, config: &Config) -> Option<Reply> {
    if !(1..=GAMES).contains(&game_id) {
        return Some(Reply::refusal(404, "Game not found or not available"));
    }
    let provider = text(arguments, "provider");
    if !provider.is_empty() {
        if !config.can_override_provider {
            return Some(Reply::refusal(403, "Provider override is not enabled for your account"));
        }
        if !config.providers.iter().any(|known| known == provider) {
            return Some(Reply::refusal(400, "Requested provider not available for this game"));
        }
    }
    let country = text(arguments, "country_code").to_ascii_uppercase();
    if config.providers.is_empty() || config.unavailable_countries.contains(&country) {
        return Some(Reply::refusal(503, "No available providers for this game in your country/currency"));
    }
    None
}

/// The games of a multi-session; nothing if it asks for one that does not exist.
fn chosen_games(arguments: &Arguments) -> Result<Option<Vec<u64>>, Error> {
    let Some(ids) = arguments.get("game_ids").and_then(Value::as_array) else {
        return random_games().map(Some);
    };
    let number = |id: &Value| id.as_u64().or_else(|| id.as_str()?.parse().ok());
    let games: Option<Vec<u64>> =
        ids.iter().map(|id| number(id).filter(|id| (1..=GAMES).contains(id))).collect();
    Ok(games.filter(|games| !games.is_empty()))
}

/// Different games, none twice.
fn random_games() -> Result<Vec<u64>, Error> {
    let mut left: Vec<u64> = (1..=GAMES).collect();
    let dice = random::bytes::<RANDOM_GAMES>()?;
    Ok(dice.iter().map(|die| left.swap_remove(usize::from(*die) % left.len())).collect())
}

/// The answer of an operation that changes nothing here.
fn as_documented(operation: &Operation, arguments: &Arguments) -> Reply {
    match (&operation.example, operation.answer) {
        (Some(example), _) if operation.echo.is_some() => {
            let body = with_echo(operation, example.body, arguments);
            Reply::new(example.status, example.content_type, body)
        }
        (Some(example), _) => Reply::new(example.status, example.content_type, example.body),
        (None, AnswerKind::File) => export(),
        (None, _) => Reply::new(200, JSON, r#"{"success":true}"#),
    }
}

/// Returns a documented body with the id that was asked for, as a number where the documented one is a number.
fn with_echo(operation: &Operation, body: &'static str, arguments: &Arguments) -> String {
    let mut document: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(echo) = operation.echo
        && let Some(place) = document.pointer_mut(echo.pointer)
    {
        *place = match arguments.get(echo.argument) {
            Some(Value::String(given)) => match given.parse::<u64>() {
                Ok(number) if place.is_number() => number.into(),
                _ => given.as_str().into(),
            },
            Some(given) => given.clone(),
            None => place.take(),
        };
    }
    document.to_string()
}

fn export() -> Reply {
    let rows = "id,player_id,game_id,type,amount,currency,created_at\r\n\
                789,player_456,123,bet,10.00,USD,2024-01-01T12:00:00Z\r\n";
    let mut reply = Reply::new(200, "text/csv", rows);
    reply.header(http::header::CONTENT_DISPOSITION, "attachment; filename=\"transactions.csv\"");
    reply
}

fn tally<'a>(lives: impl Iterator<Item = &'a Life>, now: u64) -> Value {
    let (mut active, mut closed, mut expired) = (0, 0, 0);
    for life in lives {
        *match life.status(now) {
            "active" => &mut active,
            "closed" => &mut closed,
            _ => &mut expired,
        } += 1;
    }
    json!({"total": active + closed + expired, "active": active, "closed": closed, "expired": expired})
}

/// What a list shows of a session: its arguments, and what became of it.
fn row(life: &Life, arguments: &Arguments, now: u64) -> Arguments {
    let mut row = arguments.clone();
    row.insert("status".to_owned(), json!(life.status(now)));
    row.insert("started_at".to_owned(), json!(iso(life.started_at)));
    row.insert("last_activity".to_owned(), json!(iso(life.last_activity)));
    row.insert("expires_at".to_owned(), json!(iso(life.expires_at)));
    row
}

fn text<'a>(arguments: &'a Arguments, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The same for everyone: tests may rely on it.
fn title(game: u64) -> String {
    const FIRST: [&str; 20] = [
        "Golden", "Wild", "Lucky", "Mystic", "Royal", "Frozen", "Crimson", "Hidden", "Ancient", "Electric",
        "Velvet", "Silver", "Midnight", "Emerald", "Thunder", "Sunken", "Sugar", "Desert", "Neon", "Jade",
    ];
    const SECOND: [&str; 10] = [
        "Temple", "Dragon", "Fortune", "Harvest", "Safari", "Pharaoh", "Carnival", "Voyage", "Garden",
        "Crown",
    ];
    if game == 123 {
        return "Book of Dead".to_owned();
    }
    let at = usize::try_from(game.saturating_sub(1)).unwrap_or_default();
    format!("{} {}", FIRST[at % FIRST.len()], SECOND[at / FIRST.len() % SECOND.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_game_has_a_title_of_its_own() {
        let titles: std::collections::HashSet<_> = (1..=GAMES).map(title).collect();
        assert_eq!(titles.len(), 200);
        assert!(titles.contains("Book of Dead"));
    }

    #[test]
    fn random_games_are_different_ones() {
        let games: std::collections::HashSet<_> = random_games().unwrap().into_iter().collect();
        assert_eq!(games.len(), RANDOM_GAMES);
        assert!(games.iter().all(|game| (1..=GAMES).contains(game)));
    }
}
