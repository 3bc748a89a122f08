//! What HTTP/2 means for the outcome of a call: refusals, resets, GOAWAY, silent connections,
//! limits of streams and of header lists. The server is written frame by frame, and its count of
//! requests is the judge.

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod fixture;
mod heads;
mod outcome;
mod silence;
mod stream_limits;
