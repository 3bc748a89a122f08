//! Recognizes that the process or the system has no file descriptor, thread or memory left. The
//! driver, the resolver and the errors of connections use it.

use std::io;

use crate::codes::Code;
use crate::error::Error;
use crate::sys;

/// What a host can do about exhausted resources, at the end of an error message.
pub(super) const ADVICE: &str =
    "Close descriptors or end threads that are not needed, or raise the limits of the process (ulimit).";

/// Returns whether an error of the system says that a resource is exhausted.
pub(super) fn is_exhausted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|code| sys::EXHAUSTED_CODES.contains(&code))
}

/// Returns whether the error of a thread that could not be started says that a resource is
/// exhausted. A limit of threads is EAGAIN.
pub(super) fn is_exhausted_for_thread(error: &io::Error) -> bool {
    is_exhausted(error) || error.kind() == io::ErrorKind::WouldBlock
}

/// Returns the error if the process can open no socket because a resource is exhausted. Other
/// libraries hide the reason of their errors: a resolver that cannot open a file reports a name
/// that does not exist.
pub(super) fn probe() -> Option<io::Error> {
    let opened = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None);
    opened.err().filter(is_exhausted)
}

/// Creates the error of a part of the client that the system refused to create.
#[cold]
pub(super) fn creation_error(what: &str, error: &io::Error, exhausted: bool) -> Error {
    match exhausted {
        true => Error::new(Code::RESOURCES, format!("{what} cannot be created: {error}. {ADVICE}")),
        false => Error::new(Code::INTERNAL, format!("{what} cannot be created: {error}")),
    }
}
