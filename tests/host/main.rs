//! What a host may do around the client: threads, forks, signals, a runtime of its own, its end.

#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod descriptors;
mod exit;
mod fixture;
mod forks;
mod host_runtime;
mod logger;
mod signals;
mod suspend;
mod threads;
mod time_limits;
