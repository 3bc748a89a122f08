//! The results and events of submitted calls, and the types of the host's functions that receive
//! them.

use std::sync::Arc;

use crate::client::reply::Reply;
use crate::error::Error;

/// The result of a call.
pub type CallResult = Result<Reply, Error>;

/// An event that a callback receives.
#[derive(Debug)]
pub enum Event<'a> {
    /// An update of a watch: the session has changed, or several readings in a row have failed.
    /// More events follow.
    Update(&'a CallResult),
    /// The result of the call. It is delivered exactly once, as the last event.
    Done(&'a CallResult),
}

/// A function that [`Client::tick`](crate::Client::tick) and
/// [`Client::shutdown`](crate::Client::shutdown) call. The library drops it after its last run, or
/// when the call or the client is forgotten; never on a thread of the library.
pub type Callback = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// A function that is called when a call has something new; see
/// [`Call::notify`](crate::Call::notify).
pub type Notify = Arc<dyn Fn() + Send + Sync>;
