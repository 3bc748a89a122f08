//! What differs between operating systems: a self-pipe, which makes a descriptor readable, so that
//! an event loop wakes up. Used by `mailbox.rs`.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use self::unix::SelfPipe;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use self::windows::SelfPipe;
