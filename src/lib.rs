//! Client for the IPlayGames game-aggregator API: start, check and end game sessions.

mod api;
mod client;
mod codes;
mod config;
mod error;
#[cfg(feature = "capi")]
mod ffi;
mod fork;
mod json;
mod log;
mod message;

pub use api::operation::{
    AnswerKind, BodyKind, Field, Kind, Method, Operation, Place, Repeat, Rule, operation, operations,
};
pub use client::{CallOptions, Client, Reply};
pub use codes::Code;
pub use config::{API_KEY_ENV, BASE_URL_ENV, Config, DEFAULT_BASE_URL};
pub use error::Error;
pub use log::{LogLevel, LogLine, Logger};
pub use message::Outcome;
