//! Calls with arguments of a type that serde serializes, and replies as types that serde
//! deserializes, for Rust hosts.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use super::options::CallOptions;
use super::reply::Reply;
use crate::error::Error;
use crate::submit::event::Callback;
use crate::submit::handle::Call;

impl Client {
    /// Calls an operation as [`Client::call`] does, with arguments that serialize to a JSON object.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize)]
    /// struct ListGames<'a> {
    ///     per_page: &'a str,
    ///     #[serde(skip_serializing_if = "Option::is_none")]
    ///     search: Option<&'a str>,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Games {
    ///     data: Vec<Game>,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Game {
    ///     id: u64,
    ///     title: String,
    /// }
    ///
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let arguments = ListGames { per_page: "20", search: None };
    /// let reply = client.call_with_args("list_games", &arguments, &CallOptions::default())?;
    /// let games: Games = reply.deserialize()?;
    /// assert!(games.data.iter().all(|game| game.id > 0 && !game.title.is_empty()));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`], and
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for arguments that cannot be
    /// serialized. `None` serializes to `null`, which most parameters do not accept: skip it, as
    /// the example does.
    pub fn call_with_args(
        &self,
        operation: &str,
        arguments: &impl Serialize,
        options: &CallOptions,
    ) -> Result<Reply, Error> {
        self.call(operation, &serialize(arguments)?, options)
    }

    /// Submits a call as [`Client::submit`] does, with arguments that serialize to a JSON object.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::submit`], and
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for arguments that cannot be
    /// serialized.
    pub fn submit_with_args(
        &self,
        operation: &str,
        arguments: &impl Serialize,
        options: &CallOptions,
        callback: Option<Callback>,
    ) -> Result<Call, Error> {
        self.submit(operation, &serialize(arguments)?, options, callback)
    }
}

impl Reply {
    /// Deserializes the JSON document of the server.
    ///
    /// # Errors
    ///
    /// The error of serde_json if the document does not have this type. The call has succeeded all
    /// the same: a session that was started exists, and [`Reply::json`] has the document.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json())
    }
}

fn serialize(arguments: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(arguments)
        .map_err(|error| Error::invalid("", format!("The arguments cannot be serialized: {error}.")))
}
