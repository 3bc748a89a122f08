//! The standard streams, whose descriptors are 0 to 2.

use std::fs::File;
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;

/// Whether a descriptor of the library can get the number of a standard stream that is closed.
pub(crate) const STDIO_NUMBERS_ARE_REUSED: bool = true;

/// The lowest number that a descriptor of the library may have.
const FIRST: RawFd = 3;

/// Returns whether the number of a standard stream is free.
pub(crate) fn has_free_stdio_number() -> bool {
    (0..FIRST).any(is_free)
}

/// A socket that leads nowhere: the host reads nothing from it, and what it writes is refused. It
/// needs no file system, and has an inode of its own.
pub(crate) struct StdioPlaceholder {
    /// None while it is being dropped.
    socket: Option<File>,
    number: RawFd,
    inode: (u64, u64),
}

impl StdioPlaceholder {
    /// Takes the lowest free number. Returns None if the system refuses.
    pub(crate) fn new() -> Option<StdioPlaceholder> {
        let socket = UnixDatagram::unbound().ok()?;
        // A read of the host must not wait.
        socket.set_nonblocking(true).ok()?;
        let socket = File::from(OwnedFd::from(socket));
        let (number, inode) = (socket.as_raw_fd(), inode_of(&socket)?);
        Some(StdioPlaceholder { socket: Some(socket), number, inode })
    }

    /// Returns whether it has the number of a standard stream.
    pub(crate) fn is_stdio(&self) -> bool {
        self.number < FIRST
    }
}

impl Drop for StdioPlaceholder {
    fn drop(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        if inode_of(&socket) != Some(self.inode) {
            // The host has given the number to another file, or closed it.
            let _ = socket.into_raw_fd();
        }
    }
}

fn inode_of(file: &File) -> Option<(u64, u64)> {
    file.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Returns whether no file has this descriptor.
fn is_free(number: RawFd) -> bool {
    // SAFETY: the call has no pointers and changes nothing.
    unsafe { libc::fcntl(number, libc::F_GETFD) == -1 }
}

/// Returns an error if standard output is closed. Rust's standard library discards what is written
/// to a closed standard output.
#[cfg(feature = "cli")]
pub(crate) fn check_stdout() -> std::io::Result<()> {
    std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned().map(drop)
}
