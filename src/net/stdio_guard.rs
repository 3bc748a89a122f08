//! Keeps the descriptors of the library above 2. A host may close its standard streams. The system
//! then gives their numbers to the next descriptors of the process, and what the host writes to
//! standard error would go to a server.
//!
//! The driver, the helper threads, the reqwest transport and the sandbox hold a [`StdioGuard`]
//! while other libraries create descriptors; the native transport moves its sockets itself
//! (`transport/native/connect.rs`). A stream that the host closes while a guard is held is not
//! covered until the next guard.

#[cfg(unix)]
pub(crate) use unix::StdioGuard;

/// Does nothing: the descriptors of other systems have no such numbers.
#[cfg(not(unix))]
pub(crate) struct StdioGuard;

#[cfg(not(unix))]
impl StdioGuard {
    pub(crate) fn new() -> StdioGuard {
        StdioGuard
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd, RawFd};
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net::UnixDatagram;

    use crate::fork::{self, ForkSafeMutex};

    /// The lowest number that a descriptor of the library may have.
    const FIRST: RawFd = 3;

    static PLACEHOLDERS: ForkSafeMutex<Placeholders> =
        ForkSafeMutex::new(Placeholders { generation: 0, guards: 0, held: Vec::new() });

    /// The placeholders of all guards of one process.
    struct Placeholders {
        generation: u64,
        /// The number of guards.
        guards: usize,
        held: Vec<Placeholder>,
    }

    /// Occupies the free descriptors below 3 until the last guard is dropped.
    pub(crate) struct StdioGuard {
        generation: u64,
    }

    impl StdioGuard {
        pub(crate) fn new() -> StdioGuard {
            let generation = fork::generation();
            let mut placeholders = PLACEHOLDERS.lock();
            if placeholders.generation != generation {
                // The guards belong to threads of the parent, which the child does not have.
                *placeholders = Placeholders { generation, guards: 0, held: Vec::new() };
            }
            placeholders.guards += 1;
            placeholders.fill();
            StdioGuard { generation }
        }
    }

    impl Drop for StdioGuard {
        fn drop(&mut self) {
            let mut placeholders = PLACEHOLDERS.lock();
            if placeholders.generation != self.generation {
                return;
            }
            placeholders.guards -= 1;
            if placeholders.guards == 0 {
                placeholders.held.clear();
            }
        }
    }

    impl Placeholders {
        fn fill(&mut self) {
            while (0..FIRST).any(is_free) {
                // Without a placeholder the library goes on: the next descriptor fails for the same
                // reason.
                let Some(placeholder) = Placeholder::new() else { return };
                if placeholder.number >= FIRST {
                    // Another thread has taken the free number.
                    return;
                }
                self.held.push(placeholder);
            }
        }
    }

    /// A socket that leads nowhere: the host reads nothing from it, and what it writes is refused.
    /// It needs no file system, and has an inode of its own.
    struct Placeholder {
        /// None while it is being dropped.
        socket: Option<File>,
        number: RawFd,
        inode: (u64, u64),
    }

    impl Placeholder {
        fn new() -> Option<Placeholder> {
            let socket = UnixDatagram::unbound().ok()?;
            // A read of the host must not wait.
            socket.set_nonblocking(true).ok()?;
            let socket = File::from(OwnedFd::from(socket));
            let (number, inode) = (socket.as_raw_fd(), inode_of(&socket)?);
            Some(Placeholder { socket: Some(socket), number, inode })
        }
    }

    impl Drop for Placeholder {
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
}
