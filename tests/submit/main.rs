//! Non-blocking calls: each rule of submitting, ticking, callbacks, watching and shutting down.

#![cfg(feature = "sandbox")]

#[path = "../support/mod.rs"]
mod support;

mod callbacks;
mod cancel;
mod driving;
mod fixture;
mod shutdown;
mod watches;
