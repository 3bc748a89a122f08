//! What a call is: the table of operations, the arguments it takes, and how its answer is read.
//! Knows no bytes on a wire and no socket.

pub(crate) mod operation;
