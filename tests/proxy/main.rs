//! What goes through a proxy, what a proxy gets to see, and when there is one at all.

#[path = "../support/mod.rs"]
mod support;

mod client_certificates;
mod environment;
mod failures;
mod fixture;
mod privacy;
mod socks;
