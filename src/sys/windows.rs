//! The functions of `unix/` and `linux.rs` for Windows.

use std::fs::File;
use std::path::Path;

use windows_sys::Win32::Foundation::HMODULE;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

#[cfg(feature = "cli")]
pub(crate) use console::*;
#[cfg(feature = "native")]
pub(crate) use socket::*;
#[cfg(test)]
pub(crate) use test_values::*;

/// Whether a process can fork.
pub(crate) const CAN_FORK: bool = false;

/// Whether a file can be removed while a process has it open, also if that process does not permit
/// it.
#[cfg(feature = "journal")]
pub(crate) const CAN_REMOVE_OPEN_FILES: bool = false;

/// Does nothing: a process cannot fork.
pub(crate) fn register_fork_handlers(_: extern "C" fn(), _: extern "C" fn(), _: extern "C" fn()) {}

/// Keeps the file that contains this function in memory until the process ends: threads of the host
/// have thread-local values of the library, whose destructors run when those threads end, and
/// threads of the library may be running. `FreeLibrary` has no effect afterwards.
pub(crate) fn keep_loaded() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        const FLAGS: u32 = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
        let own: fn() = keep_loaded;
        let mut module: HMODULE = std::ptr::null_mut();
        // SAFETY: with these flags the second parameter is an address inside of the file, and the
        // third is writable. The call cannot fail for the address of a function that runs.
        unsafe { GetModuleHandleExW(FLAGS, own as *const u16, &mut module) };
    });
}

/// Whether the names of environment variables differ by case.
pub(crate) const ENV_NAMES_HAVE_CASE: bool = false;

/// The codes of the errors that say that a resource is exhausted: ERROR_TOO_MANY_OPEN_FILES,
/// ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY, WSAEMFILE, WSAENOBUFS.
pub(crate) const EXHAUSTED_CODES: &[i32] = &[4, 8, 14, 10024, 10055];

/// Does nothing: Windows has no signals.
pub(crate) fn block_all_signals() {}

/// Does nothing: Windows has no signals.
#[cfg(feature = "sandbox")]
pub(crate) fn block_sigpipe() {}

/// Does nothing: Windows has no signals.
#[cfg(feature = "reqwest")]
pub(crate) struct SigpipeGuard;

#[cfg(feature = "reqwest")]
impl SigpipeGuard {
    pub(crate) fn new() -> SigpipeGuard {
        SigpipeGuard
    }
}

/// Whether a descriptor of the library can get the number of a standard stream that is closed.
pub(crate) const STDIO_NUMBERS_ARE_REUSED: bool = false;

/// Returns false: handles have no such numbers.
pub(crate) fn has_free_stdio_number() -> bool {
    false
}

/// Is never created: handles have no such numbers.
pub(crate) enum StdioPlaceholder {}

impl StdioPlaceholder {
    pub(crate) fn new() -> Option<StdioPlaceholder> {
        None
    }

    pub(crate) fn is_stdio(&self) -> bool {
        match *self {}
    }
}

/// Opens a file for reading. A pipe of another program has a name of its own on Windows
/// (`\\.\pipe\`), and opening it does not wait.
pub(crate) fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

/// Returns the options of a new file. It inherits the rights of its folder.
#[cfg(feature = "journal")]
pub(crate) fn private_file() -> std::fs::OpenOptions {
    File::options()
}

/// The identity of an open file. Windows does not remove or replace a file that is open, so every
/// file has the same identity.
#[cfg(feature = "journal")]
pub(crate) type FileId = ();

/// Returns an error if no file has this path.
#[cfg(feature = "journal")]
pub(crate) fn file_id(path: &Path) -> std::io::Result<FileId> {
    std::fs::metadata(path).map(drop)
}

/// Returns None: Windows has no mode of a file. Access is decided by a list that a file inherits
/// from its folder. The folders of a user's profile give other users no access, and a list can name
/// groups that only the domain knows, so this tool does not judge the list.
#[cfg(feature = "cli")]
pub(crate) fn mode_for_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Does nothing: the port of a listener that has just closed can be used at once, and the option of
/// this name would let two listeners share a port.
#[cfg(feature = "sandbox")]
pub(crate) fn reuse_address(_: &tokio::net::TcpSocket) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "native")]
mod socket {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::windows::io::{AsRawSocket as _, BorrowedSocket, RawSocket};

    use socket2::SockRef;
    use tokio::net::{TcpSocket, TcpStream};

    use crate::sys::liveness::Liveness;

    /// Returns the socket: handles have no numbers of standard streams.
    pub(crate) fn move_above_stdio(socket: TcpSocket) -> io::Result<TcpSocket> {
        Ok(socket)
    }

    /// The handle of a socket that another object owns, to check whether data has arrived.
    #[derive(Clone, Copy)]
    pub(crate) struct Socket(RawSocket);

    impl Socket {
        pub(crate) fn of(tcp: &TcpStream) -> Socket {
            Socket(tcp.as_raw_socket())
        }

        /// Checks the socket with one system call, without a poll of the runtime. The connection
        /// that owns the handle must be open. Does not wait, because Tokio's sockets never do.
        #[inline]
        pub(crate) fn probe(self) -> Liveness {
            // SAFETY: the connection that owns the socket is open, and outlives this function.
            let socket = unsafe { BorrowedSocket::borrow_raw(self.0) };
            Liveness::from_peek(SockRef::from(&socket).peek(&mut [MaybeUninit::uninit()]))
        }
    }
}

#[cfg(feature = "cli")]
mod console {
    use std::io;
    use std::os::windows::io::AsRawHandle as _;

    use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, INVALID_HANDLE_VALUE};
    use windows_sys::Win32::System::Console::{
        ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode, SetConsoleMode,
    };

    /// Returns an error if standard output is closed. Rust's standard library discards what is
    /// written to a closed standard output.
    pub(crate) fn check_stdout() -> io::Result<()> {
        let handle = io::stdout().as_raw_handle();
        match handle.is_null() || handle == INVALID_HANDLE_VALUE {
            true => Err(io::Error::from_raw_os_error(ERROR_INVALID_HANDLE as i32)),
            false => Ok(()),
        }
    }

    /// Returns whether the console of standard error shows colours. Older consoles print the escape
    /// sequences unless a program asks for their meaning.
    pub(crate) fn enable_colours() -> bool {
        let handle = io::stderr().as_raw_handle();
        let mut mode = 0;
        // SAFETY: `mode` is writable. A handle that is not a console is an error.
        unsafe {
            GetConsoleMode(handle, &mut mode) != 0
                && (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0
                    || SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0)
        }
    }
}

#[cfg(test)]
mod test_values {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStringExt as _;
    use std::path::{Path, PathBuf};

    /// The code of the error of a server that refuses a connection: WSAECONNREFUSED.
    pub(crate) const REFUSED_CODE: i32 = 10061;

    /// Returns a text of the system that is not Unicode: half of a surrogate pair.
    pub(crate) fn not_unicode() -> OsString {
        OsString::from_wide(&[0x61, 0xD800])
    }

    /// Returns no file: on Windows the files that can be opened are regular.
    pub(crate) fn special_files(_: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}
