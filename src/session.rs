//! Typed game sessions for Rust hosts: `start_a_game_session`, `get_session_status` and
//! `end_a_game_session` with typed requests and results instead of JSON. A member of the response
//! that is unknown or has an unexpected type does not fail the call; it is available in
//! `reply.json()`.

use crate::api::session::{START, start_arguments, text_at};
use crate::client::Client;
use crate::client::options::CallOptions;
use crate::client::reply::Reply;
use crate::error::Error;
use crate::json;

/// The arguments of a session start. The API requires the game, the player id, the currency, the
/// country and the IP address. [`Sessions::start`] returns an error that names a missing argument.
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
    /// Creates the arguments for a session of the given game.
    pub fn new(game_id: i64) -> StartSession {
        StartSession { fields: vec![("game_id".to_owned(), game_id.to_string())] }
    }

    /// Sets the operator's id of the player. Required.
    pub fn player_id(self, id: impl AsRef<str>) -> Self {
        self.set_text("player_id", id.as_ref())
    }

    /// Sets the currency code, such as `USD`. Required.
    pub fn currency(self, code: impl AsRef<str>) -> Self {
        self.set_text("currency", code.as_ref())
    }

    /// Sets the country code of the player, two letters. Required.
    pub fn country_code(self, code: impl AsRef<str>) -> Self {
        self.set_text("country_code", code.as_ref())
    }

    /// Sets the IPv4 or IPv6 address of the player. Required.
    pub fn ip_address(self, address: impl AsRef<str>) -> Self {
        self.set_text("ip_address", address.as_ref())
    }

    /// Sets the URL that the player returns to after the game.
    pub fn return_url(self, url: impl AsRef<str>) -> Self {
        self.set_text("return_url", url.as_ref())
    }

    /// Sets the language of the game, such as `en`.
    pub fn locale(self, language: impl AsRef<str>) -> Self {
        self.set_text("locale", language.as_ref())
    }

    /// Sets the provider. The account must be allowed to choose providers.
    pub fn provider(self, slug: impl AsRef<str>) -> Self {
        self.set_text("provider", slug.as_ref())
    }

    /// Sets the device: `desktop` or `mobile`.
    pub fn device(self, device: impl AsRef<str>) -> Self {
        self.set_text("device", device.as_ref())
    }

    /// Sets the id of the free-spin bonus.
    pub fn freespin_id(self, id: impl AsRef<str>) -> Self {
        self.set_text("freespin_id", id.as_ref())
    }

    /// Sets the number of free spins.
    pub fn freespin_count(self, count: u32) -> Self {
        self.set_json("freespin_count", count.to_string())
    }

    /// Sets the stake of one free spin in currency units, as decimal digits: `0.50` is sent as
    /// `0.50`. If the text is not a number, the start returns an error that names this argument.
    pub fn freespin_bet_amount(self, amount: impl AsRef<str>) -> Self {
        let amount = amount.as_ref();
        // A number is sent as a JSON number with the same digits. Any other text is sent as a
        // string, which the argument check refuses.
        match json::get(amount, "") {
            Ok(number) if number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                let number = number.to_owned();
                self.set_json("freespin_bet_amount", number)
            }
            _ => self.set_text("freespin_bet_amount", amount),
        }
    }

    /// Sets the number of days after which the free spins expire: 1 to 30.
    pub fn expire_days(self, days: u32) -> Self {
        self.set_json("expire_days", days.to_string())
    }

    /// Sets any other argument to a JSON value. This is for arguments that the API adds after this
    /// library was built. The start refuses a name that resembles a known one.
    pub fn field(self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.set_json(name, json)
    }

    fn set_text(self, name: &str, text: &str) -> Self {
        let mut quoted = String::with_capacity(text.len() + 2);
        json::write_string(&mut quoted, text);
        self.set_json(name, quoted)
    }

    /// Sets an argument to a JSON value, and replaces an earlier value.
    fn set_json(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        let name = name.into();
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, json.into()));
        self
    }

    /// Returns the arguments as a JSON object.
    pub fn to_json(&self) -> String {
        json::object(self.fields.iter().map(|(name, json)| (name.as_str(), json.as_str())))
    }
}

/// A started session. Its `Debug` shows neither the token nor the URL, because anyone who has them
/// can play the session.
#[derive(Clone)]
#[non_exhaustive]
pub struct StartedSession {
    /// The id of the session, an opaque string.
    pub session_id: String,
    /// The token of the session. Anyone who has it can play the session: do not log it.
    pub session_token: Option<String>,
    /// The URL to open in the player's browser or web view.
    pub game_url: String,
    /// The time at which the session expires, in the format of the API (ISO 8601, UTC).
    pub expires_at: Option<String>,
    /// The complete reply.
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

/// The status of a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The id of the session, from the response.
    pub session_id: Option<String>,
    /// The status. The API documents only `active`; other values, such as `closed` or `expired`,
    /// are possible.
    pub status: String,
    /// The operator's id of the player.
    pub player_id: Option<String>,
    /// The id of the game.
    pub game_id: Option<i64>,
    /// The title of the game.
    pub game_title: Option<String>,
    /// The start time, in the format of the API.
    pub started_at: Option<String>,
    /// The time of the last activity of the player, in the format of the API.
    pub last_activity: Option<String>,
    /// The complete reply.
    pub reply: Reply,
}

/// An ended session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndedSession {
    /// The message of the API.
    pub message: Option<String>,
    /// True if a retry found that the session did not exist any more. The response to an earlier
    /// attempt was lost then.
    pub already_ended: bool,
    /// The complete reply.
    pub reply: Reply,
}

/// The typed session calls of a client.
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
    /// Returns the typed session calls of this client.
    pub fn sessions(&self) -> Sessions {
        Sessions { client: self.clone(), options: CallOptions::default() }
    }
}

impl Sessions {
    /// Returns the same session calls with other options.
    pub fn with_options(&self, options: CallOptions) -> Sessions {
        Sessions { client: self.client.clone(), options }
    }

    /// Starts a session. The request is sent again only if the server has provably not processed
    /// it.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`]. After an error with the outcome
    /// [`Unknown`](crate::Outcome::Unknown) a session may exist.
    pub fn start(&self, request: &StartSession) -> Result<StartedSession, Error> {
        let reply = self.client.call(START, &start_arguments(&request.to_json()), &self.options)?;
        let text = |pointer| text_at(reply.json(), pointer);
        Ok(StartedSession {
            session_id: text("/data/session_id").unwrap_or_default(),
            session_token: text("/data/session_token"),
            game_url: text("/data/game_url").unwrap_or_default(),
            expires_at: text("/data/expires_at"),
            reply,
        })
    }

    /// Returns the status of a session.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`].
    pub fn status(&self, session_id: &str) -> Result<SessionStatus, Error> {
        let reply = self.call_on_session("get_session_status", session_id)?;
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

    /// Ends a session. The request is sent again after a lost response; if the session does not
    /// exist then, it counts as ended.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`].
    pub fn end(&self, session_id: &str) -> Result<EndedSession, Error> {
        let reply = self.call_on_session("end_a_game_session", session_id)?;
        Ok(EndedSession {
            message: text_at(reply.json(), "/message"),
            already_ended: json::get(reply.json(), "/already_ended") == Ok("true"),
            reply,
        })
    }

    fn call_on_session(&self, operation: &str, session_id: &str) -> Result<Reply, Error> {
        self.client.call_on_session(operation, session_id, &self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_contains_each_argument_once_with_its_last_value() {
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
    fn an_amount_that_is_not_a_number_is_kept_as_a_string() {
        for amount in ["", "half", "1,5", "true", "null", "{}"] {
            let json = StartSession::new(1).freespin_bet_amount(amount).to_json();
            assert!(json.ends_with(&format!("\"freespin_bet_amount\":\"{amount}\"}}")), "{json}");
        }
    }

    #[test]
    fn an_id_in_a_response_may_be_a_number() {
        assert_eq!(text_at(r#"{"data": {"id": 007}}"#, "/data/id"), None);
        assert_eq!(
            text_at(r#"{"data": {"id": 12345678901234567890123}}"#, "/data/id").unwrap(),
            "12345678901234567890123"
        );
        assert_eq!(text_at(r#"{"data": {"id": "é"}}"#, "/data/id").unwrap(), "é");
        assert_eq!(text_at(r#"{"data": {"id": null}}"#, "/data/id"), None);
    }
}
