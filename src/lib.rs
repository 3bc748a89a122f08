//! Client for the IPlayGames game-aggregator API: start, check and end game sessions.

mod api;
mod codes;
mod error;
mod fork;
mod message;
#[cfg(feature = "sandbox")]
pub mod sandbox;

pub use api::operation::{
    AnswerKind, BodyKind, Field, Kind, Method, Operation, Place, Repeat, Rule, operation, operations,
};
pub use codes::Code;
pub use error::Error;
pub use message::Outcome;
