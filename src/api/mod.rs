//! What a call is: the table of operations, the arguments it takes, and how its answer is read.
//! Knows no socket.

pub(crate) mod arguments;
mod envelope;
pub(crate) mod operation;
pub(crate) mod refusal;
pub(crate) mod response;
pub(crate) mod session;
