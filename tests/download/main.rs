//! Downloads that are streamed to a file.

#[path = "../support/mod.rs"]
mod support;

mod canceled;
mod content;
mod failures;
mod fixture;
mod limits;
