//! Typed game sessions for Rust: the same calls as `start_a_game_session`, `get_session_status` and
//! `end_a_game_session`, with names instead of JSON. What an answer has beyond the named parts, or in
//! another type than expected, is still there in its `json()`: it never fails a call.

use crate::api::session::{object, text_at};
use crate::client::Client;
use crate::client::options::CallOptions;
use crate::client::reply::Reply;
use crate::error::{Error, push_quoted};
use crate::json;

/// What a session is started with. The five things the API requires have methods like the others: a
/// forgotten one is an error that names it, and none can take another's place.
///
/// ```
/// use iplaygames::StartSession;
/// let request = StartSession::new(123)
///     .player_id("player_456")
///     .currency("USD")
///     .country_code("US")
///     .ip_address("192.0.2.1")
///     .freespin_bet_amount("0.50");
/// assert!(request.to_json().ends_with(r#""freespin_bet_amount":0.50}"#));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct StartSession {
    fields: Vec<(String, String)>,
}

impl StartSession {
    /// A session of that game.
    pub fn new(game_id: i64) -> StartSession {
        StartSession { fields: vec![("game_id".to_owned(), game_id.to_string())] }
    }

    /// Required: the operator's own id of the player.
    pub fn player_id(self, id: impl AsRef<str>) -> Self {
        self.text("player_id", id.as_ref())
    }

    /// Required: the currency's code, such as `USD`.
    pub fn currency(self, code: impl AsRef<str>) -> Self {
        self.text("currency", code.as_ref())
    }

    /// Required: the player's country, two letters.
    pub fn country_code(self, code: impl AsRef<str>) -> Self {
        self.text("country_code", code.as_ref())
    }

    /// Required: the player's IPv4 or IPv6 address.
    pub fn ip_address(self, address: impl AsRef<str>) -> Self {
        self.text("ip_address", address.as_ref())
    }

    /// Where the player goes on leaving the game.
    pub fn return_url(self, url: impl AsRef<str>) -> Self {
        self.text("return_url", url.as_ref())
    }

    /// The game's language, such as `en`.
    pub fn locale(self, language: impl AsRef<str>) -> Self {
        self.text("locale", language.as_ref())
    }

    /// The provider to use; the account must be allowed to choose.
    pub fn provider(self, slug: impl AsRef<str>) -> Self {
        self.text("provider", slug.as_ref())
    }

    /// The device: `desktop` or `mobile`.
    pub fn device(self, device: impl AsRef<str>) -> Self {
        self.text("device", device.as_ref())
    }

    /// The free-spin bonus to play.
    pub fn freespin_id(self, id: impl AsRef<str>) -> Self {
        self.text("freespin_id", id.as_ref())
    }

    /// How many free spins.
    pub fn freespin_count(self, count: u32) -> Self {
        self.raw("freespin_count", count.to_string())
    }

    /// The stake of one free spin, in currency units, as decimal digits: `0.50` is sent as `0.50`. A text
    /// that is no number is refused when the session is started, by name.
    pub fn freespin_bet_amount(self, amount: impl AsRef<str>) -> Self {
        let amount = amount.as_ref();
        // A number keeps its digits as a JSON number; anything else stays a string and is refused.
        match json::get(amount, "") {
            Ok(number) if number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                let number = number.to_owned();
                self.raw("freespin_bet_amount", number)
            }
            _ => self.text("freespin_bet_amount", amount),
        }
    }

    /// How many days the free spins last: 1 to 30.
    pub fn expire_days(self, days: u32) -> Self {
        self.raw("expire_days", days.to_string())
    }

    /// Any other field, its value as JSON: for what the API learns after this library was built.
    pub fn field(self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.raw(name, json)
    }

    fn text(self, name: &str, text: &str) -> Self {
        let mut quoted = String::with_capacity(text.len() + 2);
        push_quoted(&mut quoted, text);
        self.raw(name, quoted)
    }

    /// Sets a field; the last value given counts.
    fn raw(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        let name = name.into();
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, json.into()));
        self
    }

    /// The call's arguments.
    pub fn to_json(&self) -> String {
        object(self.fields.iter().map(|(name, json)| (name.as_str(), json.as_str())))
    }
}

/// A session that was started. Its `Debug` shows neither the token nor the address, which lets in
/// whoever has it.
#[derive(Clone)]
#[non_exhaustive]
pub struct StartedSession {
    /// Names the session from here on. Opaque.
    pub session_id: String,
    /// The session's own token. Whoever has it is the player: keep it from logs.
    pub session_token: Option<String>,
    /// Where the player's browser or web view goes.
    pub game_url: String,
    /// When it expires, as the API writes it (ISO 8601, UTC).
    pub expires_at: Option<String>,
    /// The whole answer.
    pub reply: Reply,
}

impl std::fmt::Debug for StartedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartedSession")
            .field("session_id", &self.session_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a session is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The session's id, as the API repeats it.
    pub session_id: Option<String>,
    /// `active`; other words, such as `closed` or `expired`, are the API's to choose.
    pub status: String,
    /// The operator's own id of the player.
    pub player_id: Option<String>,
    /// The game's id.
    pub game_id: Option<i64>,
    /// The game's title.
    pub game_title: Option<String>,
    /// When it was started, as the API writes it.
    pub started_at: Option<String>,
    /// When the player last did something, as the API writes it.
    pub last_activity: Option<String>,
    /// The whole answer.
    pub reply: Reply,
}

/// A session that was ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndedSession {
    /// The API's words.
    pub message: Option<String>,
    /// The session was gone when the API was asked again, after an answer had been lost on the way.
    pub already_ended: bool,
    /// The whole answer.
    pub reply: Reply,
}

/// A client's game sessions.
///
/// ```no_run
/// use iplaygames::{Client, Config, StartSession};
/// let client = Client::new(Config::from_json(r#"{"api_key": "…"}"#)?)?;
/// let session = client.sessions().start(
///     &StartSession::new(123)
///         .player_id("player_456")
///         .currency("USD")
///         .country_code("US")
///         .ip_address("192.0.2.1"),
/// )?;
/// println!("send the player to {}", session.game_url);
/// assert_eq!(client.sessions().status(&session.session_id)?.status, "active");
/// client.sessions().end(&session.session_id)?;
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sessions {
    client: Client,
    options: CallOptions,
}

impl Client {
    /// The client's game sessions.
    pub fn sessions(&self) -> Sessions {
        Sessions { client: self.clone(), options: CallOptions::default() }
    }
}

impl Sessions {
    /// The same sessions, called with other options.
    pub fn with_options(&self, options: CallOptions) -> Sessions {
        Sessions { client: self.client.clone(), options }
    }

    /// Starts a session. Never sent twice: after a failure with the outcome
    /// [`Unknown`](crate::Outcome::Unknown) a session may exist.
    pub fn start(&self, request: &StartSession) -> Result<StartedSession, Error> {
        let reply = self.client.call("start_a_game_session", &request.to_json(), &self.options)?;
        let text = |pointer| text_at(reply.json(), pointer);
        Ok(StartedSession {
            session_id: text("/data/session_id").unwrap_or_default(),
            session_token: text("/data/session_token"),
            game_url: text("/data/game_url").unwrap_or_default(),
            expires_at: text("/data/expires_at"),
            reply,
        })
    }

    /// Checks a session.
    pub fn status(&self, session_id: &str) -> Result<SessionStatus, Error> {
        let reply = self.of_session("get_session_status", session_id)?;
        let text = |pointer| text_at(reply.json(), pointer);
        Ok(SessionStatus {
            session_id: text("/data/session_id"),
            status: text("/data/status").unwrap_or_default(),
            player_id: text("/data/player_id"),
            game_id: text("/data/game/id").and_then(|id| id.parse().ok()),
            game_title: text("/data/game/title"),
            started_at: text("/data/started_at"),
            last_activity: text("/data/last_activity"),
            reply,
        })
    }

    /// Ends a session. Ending is repeated after a lost answer; a session that is then gone counts as ended.
    pub fn end(&self, session_id: &str) -> Result<EndedSession, Error> {
        let reply = self.of_session("end_a_game_session", session_id)?;
        Ok(EndedSession {
            message: text_at(reply.json(), "/message"),
            already_ended: json::get(reply.json(), "/already_ended") == Ok("true"),
            reply,
        })
    }

    fn of_session(&self, operation: &str, session_id: &str) -> Result<Reply, Error> {
        self.client.call_on_session(operation, session_id, &self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_what_was_given_and_the_last_value_counts() {
        let request = StartSession::new(0)
            .player_id("a\"b")
            .currency("EUR")
            .currency("USD")
            .freespin_bet_amount("0")
            .freespin_count(0)
            .field("new", "[1, 2]");
        assert_eq!(
            request.to_json(),
            r#"{"game_id":0,"player_id":"a\"b","currency":"USD","freespin_bet_amount":0,"freespin_count":0,"new":[1, 2]}"#
        );
    }

    #[test]
    fn an_amount_that_is_no_number_stays_what_it_is_to_be_refused() {
        for amount in ["", "half", "1,5", "true", "null", "{}"] {
            let json = StartSession::new(1).freespin_bet_amount(amount).to_json();
            assert!(json.ends_with(&format!("\"freespin_bet_amount\":\"{amount}\"}}")), "{json}");
        }
    }

    #[test]
    fn an_id_may_be_a_number() {
        assert_eq!(text_at(r#"{"data": {"id": 007}}"#, "/data/id"), None);
        assert_eq!(
            text_at(r#"{"data": {"id": 12345678901234567890123}}"#, "/data/id").unwrap(),
            "12345678901234567890123"
        );
        assert_eq!(text_at(r#"{"data": {"id": "é"}}"#, "/data/id").unwrap(), "é");
        assert_eq!(text_at(r#"{"data": {"id": null}}"#, "/data/id"), None);
    }
}
