//! The API as data: the table of operations, the conversion of arguments to requests, and the
//! interpretation of responses. Contains no I/O; `client` connects this module with `net`.

pub(crate) mod arguments;
mod envelope;
pub(crate) mod operation;
pub(crate) mod refusal;
pub(crate) mod response;
pub(crate) mod session;
