//! Values for tests of other files.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The code of the error of a server that refuses a connection.
pub(crate) const REFUSED_CODE: i32 = libc::ECONNREFUSED;

/// Returns a text of the system that is not Unicode.
pub(crate) fn not_unicode() -> OsString {
    OsString::from_vec(b"a\xFF".to_vec())
}

/// Returns files that can be opened and are not regular: a folder, a device that never ends, and a
/// pipe that nobody writes to.
pub(crate) fn special_files(directory: &Path) -> Vec<PathBuf> {
    let pipe = directory.join("pipe");
    let name = CString::new(pipe.clone().into_os_string().into_vec()).unwrap();
    // SAFETY: the name is a string that ends with a NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    vec![directory.to_owned(), "/dev/zero".into(), pipe]
}
