//! Client for the IPlayGames game-aggregator API: **start, check and end game sessions**, and call
//! every other operation of the API.
//!
//! ```
//! # #[cfg(feature = "sandbox")] {
//! use iplaygames::{Client, Config, StartSession, sandbox::Sandbox};
//!
//! let sandbox = Sandbox::start("")?; // a server of the API in this process, for tests
//! let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
//! let session = client.sessions().start(
//!     &StartSession::new(123)
//!         .player_id("player_456")
//!         .currency("USD")
//!         .country_code("US")
//!         .ip_address("192.0.2.1"),
//! )?;
//! assert_eq!(client.sessions().status(&session.session_id)?.status, "active");
//! client.sessions().end(&session.session_id)?;
//! # }
//! # Ok::<(), iplaygames::Error>(())
//! ```
//!
//! The main types: [`Client`] makes calls, [`Sessions`] makes typed session calls, [`Config`] is
//! the configuration of a client, and [`Error`] describes a failed call. [`operations`] lists all
//! operations of the API, and [`sandbox`] is a server for tests. The C interface is
//! `include/iplaygames.h`.

// A build without the native transport contains parts that only that transport uses: limits, name
// look-ups, the checks of its configuration keys.
#![cfg_attr(not(feature = "native"), allow(dead_code, unused_imports, unused_variables))]
// Cargo.toml has the lints for all members. These are for the library only: in tests, one comment
// may stand above several unsafe blocks.
#![warn(clippy::undocumented_unsafe_blocks, clippy::unnecessary_safety_comment)]
// A panic would reach the host as an internal error, and a library must not print or exit. Tests
// may panic, and some of their modules are also part of other programs, which need `pub`.
#![cfg_attr(
    not(test),
    warn(
        clippy::exit,
        clippy::expect_used,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unreachable,
        clippy::unwrap_used,
        unreachable_pub
    )
)]

// The unit tests share helpers with the tests in tests/, which refer to the crate by its name.
#[cfg(test)]
extern crate self as iplaygames;

mod api;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
mod codes;
mod config;
mod error;
mod escape;
#[cfg(feature = "capi")]
mod ffi;
mod fork;
mod host_transport;
mod http_types;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[cfg(feature = "journal")]
mod journal;
mod json;
mod log;
mod nearest;
mod net;
mod panics;
mod redact;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod session;
#[cfg(test)]
mod simulation;
mod submit;
mod sync;
mod sys;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod test_support;

pub use api::operation::{
    BodyKind, Echo, Format, Idempotency, Method, Operation, Param, ParamLocation, ParamType, ResponseKind,
    operation, operations,
};
pub use client::Client;
pub use client::builder::ClientBuilder;
pub use client::download::Download;
pub use client::file_sink::DownloadProgress;
#[cfg(feature = "journal")]
pub use client::journal::{EndAllOptions, EndProgress, EndResult, EndedAll, SessionJournal};
pub use client::options::{CallHeaders, CallOptions};
pub use client::reply::Reply;
pub use codes::Code;
pub use config::{API_KEY_ENV, BASE_URL_ENV, Config, DEFAULT_BASE_URL, TRANSPORT_ENV};
pub use error::Error;
/// For the other packages of this repository.
#[doc(hidden)]
pub use fork::{ForkSafeMutex, generation as fork_generation};
pub use host_transport::{Exchange, ExchangeFailure, ExchangeId, HostRequest, HostTransport};
pub use http_types::Outcome;
#[cfg(feature = "journal")]
pub use journal::{JournalEntry, JournalFilter, Recovered, SessionState};
pub use log::{LogLevel, LogLine, Logger};
pub use session::{EndedSession, SessionStatus, Sessions, StartSession, StartedSession};
pub use submit::event::{CallResult, Callback, Event, Notify};
pub use submit::handle::Call;
pub use submit::updates::{WatchOptions, WatchState};

/// Compiles the Rust examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
