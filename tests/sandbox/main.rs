//! The sandbox, tested with an independent HTTP client (reqwest) and, where the bytes on the
//! connection matter, with plain sockets.

#![cfg(feature = "sandbox")]

mod commands;
mod faults;
mod fixture;
mod lifecycle;
mod operations;
mod sessions;
