//! What every part of the interface shares: the types, the versions, the names of the codes, and the
//! freeing of text.

use std::ffi::{CStr, c_char};

use super::{boundary, string};
use crate::codes::LIST;

/// The version of the binary interface that this header describes, `major << 16 | minor`. See
/// ipg_abi_version().
pub const IPG_ABI_VERSION: u32 = 1;

/// The result of a call: one of the codes above. 0 is #IPG_OK. Every other code of a call that has
/// ended is an error.
pub type ipg_code = i32;

/// A handle of a client. The handle is opaque: a number in the type of a pointer, which must not be
/// dereferenced. ipg_client_new() creates the handle, ipg_client_free() ends it.
pub struct ipg_client {
    _opaque: [u8; 0],
}

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

/// Room for the longest name and its NUL; a longer one does not compile.
const NAME_ROOM: usize = 32;

/// The names of the codes as C has them, in the order of the list.
#[allow(clippy::indexing_slicing)] // Runs in the compiler, where going out of bounds is an error.
static NAMES: [[u8; NAME_ROOM]; LIST.len()] = {
    let mut names = [[0; NAME_ROOM]; LIST.len()];
    let mut row = 0;
    while row < LIST.len() {
        let name = LIST[row].1.as_bytes();
        assert!(name.len() < NAME_ROOM);
        let mut at = 0;
        while at < name.len() {
            names[row][at] = name[at];
            at += 1;
        }
        row += 1;
    }
    names
};

/// Text of this library's own, for C that only reads it while it is called.
pub(super) fn c_text(text: &str) -> std::ffi::CString {
    // A NUL would end the text early for C.
    std::ffi::CString::new(text)
        .or_else(|_| std::ffi::CString::new(text.replace('\0', "\u{fffd}")))
        .unwrap_or_else(|_| CStr::to_owned(c""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(code: ipg_code) -> &'static str {
        // SAFETY: ipg_code_name gives static text.
        unsafe { CStr::from_ptr(ipg_code_name(code)) }.to_str().unwrap()
    }

    #[test]
    fn every_code_has_its_name_in_c() {
        for (value, expected, _) in LIST {
            assert_eq!(name(*value), *expected);
        }
        for value in [-1, 2, 99, i32::MIN, i32::MAX] {
            assert_eq!(name(value), "IPG_ERR_UNKNOWN");
        }
    }

    #[test]
    fn the_version_is_the_packages() {
        // SAFETY: ipg_version gives static text.
        let version = unsafe { CStr::from_ptr(ipg_version()) };
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_nul_in_a_log_line_does_not_cut_it() {
        assert_eq!(c_text("a\0b").as_bytes(), "a\u{fffd}b".as_bytes());
    }
}
