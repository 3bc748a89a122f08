//! The functions of C that need no client: the versions, the names of the codes, and freeing a
//! string.

use std::ffi::c_char;

use super::types::ipg_code;
use super::{boundary, string};
use crate::codes::LIST;

/// The version of the binary interface that this header describes, `major << 16 | minor`. See
/// ipg_abi_version().
pub const IPG_ABI_VERSION: u32 = 1;

/// Returns the version of the loaded library's binary interface: `major << 16 | minor`.
///
/// A program that was compiled with one header works with a library that has the same major number
/// and the same or a higher minor number. While the major number is 0, the minor numbers must be
/// equal.
///
/// Threads: any. Cannot fail.
///
/// \return The version of the binary interface.
///
/// ```c
/// if (ipg_abi_version() != IPG_ABI_VERSION) {
///     fprintf(stderr, "libiplaygames is %s, but another version was expected\n", ipg_version());
/// }
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_abi_version() -> u32 {
    IPG_ABI_VERSION
}

/// Returns the version of the loaded library, such as `"0.1.0"`.
///
/// Threads: any. Cannot fail.
///
/// \return A static string, which must not be freed.
///
/// ```c
/// printf("libiplaygames %s\n", ipg_version());
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns the name of a code, such as `"IPG_ERR_NOT_FOUND"`.
///
/// Threads: any. Cannot fail.
///
/// \param code Any number.
/// \return A static string, which must not be freed; never NULL. `"IPG_ERR_UNKNOWN"` if no code has
/// this number.
///
/// ```c
/// ipg_code code = ipg_client_free(client);
/// if (code != IPG_OK) {
///     fprintf(stderr, "free: %s\n", ipg_code_name(code));
/// }
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_code_name(code: ipg_code) -> *const c_char {
    let row = LIST.iter().zip(&NAMES).find(|((value, ..), _)| *value == code);
    row.map_or(c"IPG_ERR_UNKNOWN".as_ptr(), |(_, name)| name.as_ptr().cast())
}

/// Frees a string that this library returned through an out-parameter.
///
/// Freeing a string twice, or a pointer that is not a string of this library, does nothing but add
/// a warning to the log of every client. Do not rely on this: when the address of a freed string is
/// in use again, a second free of the old string frees the new one.
///
/// Threads: any, also a thread that did not receive the string. Cannot fail.
///
/// \param text The string, or NULL, for which the function does nothing.
///
/// ```c
/// char *json = NULL;
/// if (ipg_client_stats(client, &json) == IPG_OK) {
///     puts(json);
/// }
/// ipg_string_free(json);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_string_free(text: *mut c_char) {
    boundary::status(|| {
        string::from_raw(text);
        Ok(())
    });
}

/// The size of the longest name with its NUL. A longer name does not compile.
const MAX_NAME: usize = 32;

/// The names of the codes as C strings, in the order of the list.
#[allow(clippy::indexing_slicing)] // Evaluated at compile time, where an index out of bounds is an error.
static NAMES: [[u8; MAX_NAME]; LIST.len()] = {
    let mut names = [[0; MAX_NAME]; LIST.len()];
    let mut row = 0;
    while row < LIST.len() {
        let name = LIST[row].1.as_bytes();
        assert!(name.len() < MAX_NAME);
        let mut at = 0;
        while at < name.len() {
            names[row][at] = name[at];
            at += 1;
        }
        row += 1;
    }
    names
};

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn name(code: ipg_code) -> &'static str {
        // SAFETY: ipg_code_name returns a static string.
        unsafe { CStr::from_ptr(ipg_code_name(code)) }.to_str().unwrap()
    }

    #[test]
    fn ipg_code_name_returns_the_name_of_every_code_and_else_unknown() {
        for (value, expected, _) in LIST {
            assert_eq!(name(*value), *expected);
        }
        for value in [-1, 2, 99, i32::MIN, i32::MAX] {
            assert_eq!(name(value), "IPG_ERR_UNKNOWN");
        }
    }

    #[test]
    fn ipg_version_returns_the_version_of_the_package() {
        // SAFETY: ipg_version returns a static string.
        let version = unsafe { CStr::from_ptr(ipg_version()) };
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
}
