//! The journal: every session that was started is in its file, and no session that is reported as
//! not sent exists.

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod disk;
mod document;
mod faults;
mod fixture;
#[cfg(unix)]
mod forks;
#[cfg(unix)]
mod kill9;
mod power_cut;
mod processes;
mod records;
mod recovery;
