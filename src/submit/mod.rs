//! Submitted calls: calls that no thread waits for. Their tasks run on the driver while any thread
//! ticks or waits; callbacks run inside `tick` and `shutdown` only. The methods of `Client` for
//! them are in `client/submit.rs`.

pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod dispatch;
pub(crate) mod event;
pub(crate) mod handle;
pub(crate) mod registry;
pub(crate) mod updates;
pub(crate) mod watch;
