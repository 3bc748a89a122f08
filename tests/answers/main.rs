//! What an answer, good or bad, becomes: the right code, outcome and message, and never a false
//! success.

#[path = "../support/mod.rs"]
mod support;

mod fixture;
mod secrets;
mod statuses;
mod transport;
