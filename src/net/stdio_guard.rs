//! Keeps the descriptors of the library above 2. A host may close its standard streams. The system
//! then gives their numbers to the next descriptors of the process, and what the host writes to
//! standard error would go to a server.
//!
//! The driver, the helper threads, the reqwest transport, the journal, downloads and the sandbox
//! hold a [`StdioGuard`] while they or other libraries create descriptors; the native transport
//! moves its sockets itself (`transport/native/connect.rs`). A stream that the host closes while a
//! guard is held is not covered until the next guard. A file that the host opens with such a number
//! stays open, unless that happens between the two system calls that compare and close a
//! placeholder.

use crate::fork::{self, ForkSafeMutex};
use crate::sys::{self, StdioPlaceholder};

static PLACEHOLDERS: ForkSafeMutex<Placeholders> =
    ForkSafeMutex::new(Placeholders { generation: 0, guards: 0, held: Vec::new() });

/// The placeholders of all guards of one process.
struct Placeholders {
    generation: u64,
    /// The number of guards.
    guards: usize,
    held: Vec<StdioPlaceholder>,
}

/// Occupies the free descriptors below 3 until the last guard is dropped. Does nothing on a system
/// whose descriptors have no such numbers.
pub(crate) struct StdioGuard {
    generation: u64,
}

impl StdioGuard {
    #[inline]
    pub(crate) fn new() -> StdioGuard {
        let generation = fork::generation();
        if sys::STDIO_NUMBERS_ARE_REUSED {
            StdioGuard::add(generation);
        }
        StdioGuard { generation }
    }

    fn add(generation: u64) {
        let mut placeholders = PLACEHOLDERS.lock();
        if placeholders.generation != generation {
            // The guards belong to threads of the parent, which the child does not have.
            *placeholders = Placeholders { generation, guards: 0, held: Vec::new() };
        }
        placeholders.guards += 1;
        placeholders.fill();
    }
}

impl Drop for StdioGuard {
    fn drop(&mut self) {
        if !sys::STDIO_NUMBERS_ARE_REUSED {
            return;
        }
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
        while sys::has_free_stdio_number() {
            // Without a placeholder the library goes on: the next descriptor fails for the same
            // reason.
            let Some(placeholder) = StdioPlaceholder::new() else { return };
            if !placeholder.is_stdio() {
                // Another thread has taken the free number.
                return;
            }
            self.held.push(placeholder);
        }
    }
}
