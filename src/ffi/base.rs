//! The functions of C that need no client: the versions, the names and meanings of the codes, the
//! table of operations, and freeing a string.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string;
use super::types::ipg_code;
use crate::api::operation::operations_json;
use crate::codes::{C_STRINGS, LIST};

/// The version of the binary interface that this header describes, `major << 16 | minor`. See
/// ipg_abi_version().
pub const IPG_ABI_VERSION: u32 = 2;

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
    c_strings(code).map_or(c"IPG_ERR_UNKNOWN".as_ptr(), |(name, _)| name.as_ptr().cast())
}

/// Returns the meaning of a code in one English sentence, such as `"HTTP 404: ..."`. The message of
/// an error document says more, because it names what was wrong.
///
/// Threads: any. Cannot fail.
///
/// \param code Any number.
/// \return A static string, which must not be freed; never NULL. `"No code of this library has this
/// number."` if that is so.
///
/// ```c
/// ipg_code code = ipg_client_free(client);
/// if (code != IPG_OK) {
///     fprintf(stderr, "%s: %s\n", ipg_code_name(code), ipg_code_message(code));
/// }
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn ipg_code_message(code: ipg_code) -> *const c_char {
    let unknown = c"No code of this library has this number.";
    c_strings(code).map_or(unknown.as_ptr(), |(_, message)| message.as_ptr().cast())
}

/// Returns the name and the meaning of a code, each with a NUL at its end.
fn c_strings(code: ipg_code) -> Option<&'static (&'static str, &'static str)> {
    LIST.iter().zip(C_STRINGS).find(|((value, ..), _)| *value == code).map(|(_, strings)| strings)
}

/// Returns the table of the API's operations as a JSON document, so that a host can list the
/// operations and check arguments before it makes a call.
///
/// The document is `{"success": true, "operations": [...]}`. The members of an operation are `id`,
/// `tag`, `method`, `path` (parameters in braces), `summary`, `idempotency` (`"safe"`,
/// `"idempotent"` or `"non_idempotent"`), `response` (`"document"`, `"any"` or `"file"`) and
/// `params`. The members of a parameter are `name`, `in` (`"path"`, `"query"`, `"body"` or
/// `"file"`), `type` (`"string"`, `"integer"`, `"number"`, `"numeric"`, `"boolean"`, `"object"` or
/// `"array"`), `items` (the type of the items of an array), `required`, `nullable`, and `format`
/// (`"currency"`, `"country"`, `"ip"`, `"expire_days"` or null). A later version may add members
/// and values.
///
/// Ownership: free the string with ipg_string_free(). Threads: any. Never blocks.
///
/// \param out_json Receives the document. May be NULL.
/// \return #IPG_OK.
///
/// ```c
/// char *json = NULL, *id = NULL;
/// if (ipg_operations(&json) == IPG_OK
///     && ipg_json_get(json, "/operations/0/id", NULL, &id, NULL) == IPG_OK) {
///     puts(id);
/// }
/// ipg_string_free(id);
/// ipg_string_free(json);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_operations(out_json: *mut *mut c_char) -> ipg_code {
    // SAFETY: the header requires a valid pointer.
    let out_json = unsafe { OutParam::null(out_json) };
    boundary::json(&out_json, || Ok(operations_json()))
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

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn name(code: ipg_code) -> &'static str {
        // SAFETY: ipg_code_name returns a static string.
        unsafe { CStr::from_ptr(ipg_code_name(code)) }.to_str().unwrap()
    }

    fn message(code: ipg_code) -> &'static str {
        // SAFETY: ipg_code_message returns a static string.
        unsafe { CStr::from_ptr(ipg_code_message(code)) }.to_str().unwrap()
    }

    #[test]
    fn every_code_has_its_name_and_message_and_another_number_is_unknown() {
        for (value, expected, _) in LIST {
            assert_eq!(name(*value), *expected);
        }
        for (value, _, expected) in LIST {
            assert_eq!(message(*value), *expected);
        }
        assert_eq!(message(-1), crate::codes::Code::from_value(-1).text());
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
