//! What Unix systems share.

mod file;
mod fork;
mod library;
mod signal;
mod socket;
mod stdio;

#[cfg(test)]
mod fork_tests;
#[cfg(test)]
mod test_values;

pub(crate) use file::*;
pub(crate) use fork::*;
pub(crate) use library::*;
pub(crate) use signal::*;
pub(crate) use socket::*;
pub(crate) use stdio::*;
#[cfg(test)]
pub(crate) use test_values::*;

/// Whether the names of environment variables differ by case.
pub(crate) const ENV_NAMES_HAVE_CASE: bool = true;

/// The codes of the errors that say that a resource is exhausted.
pub(crate) const EXHAUSTED_CODES: &[i32] = &[libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS];

/// Returns whether the terminal of standard error shows colours.
#[cfg(feature = "cli")]
pub(crate) fn enable_colours() -> bool {
    true
}
