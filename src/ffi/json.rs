//! JSON for hosts that have no library for it: reading a value out, and quoting text.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::ipg_code;
use super::string::{self, StrParam, invalid_argument};
use crate::codes::Code;
use crate::error::Error;
use crate::json::{self, PointerError};

/// What ipg_json_get() found: `null`.
pub const IPG_JSON_NULL: i32 = 1;
/// What ipg_json_get() found: `true` or `false`.
pub const IPG_JSON_BOOL: i32 = 2;
/// What ipg_json_get() found: a number.
pub const IPG_JSON_NUMBER: i32 = 3;
/// What ipg_json_get() found: a string.
pub const IPG_JSON_STRING: i32 = 4;
/// What ipg_json_get() found: an array.
pub const IPG_JSON_ARRAY: i32 = 5;
/// What ipg_json_get() found: an object.
pub const IPG_JSON_OBJECT: i32 = 6;

/// Reads one value out of a JSON document.
///
/// `pointer` is a JSON pointer as in RFC 6901: `"/data/session_id"`, `"/data/games/0/title"`, or `""` for the
/// whole document; a `/` in a key is written `~1`, a `~` is written `~0`.
///
/// `*out_type` becomes one of the IPG_JSON_ constants, 0 when nothing was found. `*out_value` becomes the
/// value as text: a string without quotes and escapes, a number with the digits it was written with (money
/// stays exact), `true`, `false` and `null` as these words, an array or object as the JSON it is.
/// `*out_len` becomes the text's length in bytes without the NUL at its end: a string may have NULs inside.
/// Each of the three may be NULL.
///
/// Ownership: free the value with ipg_string_free(). Threads: any. Never blocks.
/// Codes: #IPG_OK; #IPG_ERR_NO_SUCH_FIELD when the document has nothing there;
/// #IPG_ERR_INVALID_ARGUMENT when `json` is not JSON (or nested deeper than 128 levels), `pointer` is not a
/// pointer, or the string cannot be written as UTF-8 (half a surrogate pair).
///
/// ```c
/// char *balance = NULL;
/// int32_t type = 0;
/// if (ipg_json_get("{\"balance\": 12.50}", "/balance", &type, &balance, NULL) == IPG_OK
///     && type == IPG_JSON_NUMBER) {
///     printf("balance is %s\n", balance); // 12.50
/// }
/// ipg_string_free(balance);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_json_get(
    json: *const c_char,
    pointer: *const c_char,
    out_type: *mut i32,
    out_value: *mut *mut c_char,
    out_len: *mut usize,
) -> ipg_code {
    // SAFETY: the host keeps the header's promise about pointers.
    let (json, pointer, out_type, out_value, out_len) = unsafe {
        (
            StrParam::new("json", json),
            StrParam::new("pointer", pointer),
            OutParam::new(out_type, 0),
            OutParam::null(out_value),
            OutParam::new(out_len, 0),
        )
    };
    boundary::status(|| {
        let (kind, value) = value_at(json.get()?, pointer.get()?)?;
        out_type.set(kind);
        out_len.set(value.len());
        if out_value.is_wanted() {
            out_value.set(string::into_raw(value));
        }
        Ok(())
    })
}

/// Writes text as a JSON string, quotes included, so that it can be put into a document.
///
/// `len` is the text's length in bytes; `(size_t)-1` means that it ends with a NUL. NULL is fine with `len` 0.
///
/// `*out_json` becomes the quoted text, or the error document: look at the code before using it.
///
/// Ownership: free the text with ipg_string_free(). Threads: any. Never blocks.
/// Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT when `text` is not UTF-8, or is NULL with another `len` than 0.
///
/// ```c
/// char *name = NULL;
/// if (ipg_json_quote("say \"hi\"", (size_t)-1, &name) == IPG_OK) {
///     printf("{\"player_id\": %s}\n", name);
/// }
/// ipg_string_free(name);
/// ```
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_json_quote(
    text: *const c_char,
    len: usize,
    out_json: *mut *mut c_char,
) -> ipg_code {
    // SAFETY: the host keeps the header's promise about pointers.
    let (in_text, out_json) = unsafe { (StrParam::new("text", text), OutParam::null(out_json)) };
    boundary::json(&out_json, || {
        let text = match len {
            usize::MAX => in_text.get()?,
            0 => "",
            _ if text.is_null() => in_text.get()?,
            _ if len > isize::MAX.unsigned_abs() => {
                return Err(invalid_argument(format!("`len` is {len}: there is no text of that length.")));
            }
            // SAFETY: not NULL and of a length that can be; the host vouches for its bytes.
            _ => string::utf8("text", unsafe { std::slice::from_raw_parts(text.cast(), len) })?,
        };
        let mut quoted = String::with_capacity(text.len() + 2);
        json::write_string(&mut quoted, text);
        Ok(quoted)
    })
}

/// The value at a pointer: what it is, and as text.
fn value_at(json: &str, pointer: &str) -> Result<(i32, String), Error> {
    let value = json::get(json, pointer).map_err(|missing| match missing {
        PointerError::NotJson(why) => invalid_argument(format!("`json` is not JSON: {why}.")),
        PointerError::BadPointer => invalid_argument(format!("`pointer` is no JSON pointer: {pointer:?}.")),
        PointerError::Absent => Error::new(Code::NO_SUCH_FIELD, format!("There is nothing at {pointer:?}.")),
    })?;
    let kind = match value.as_bytes().first() {
        Some(b'n') => IPG_JSON_NULL,
        Some(b't' | b'f') => IPG_JSON_BOOL,
        Some(b'[') => IPG_JSON_ARRAY,
        Some(b'{') => IPG_JSON_OBJECT,
        Some(b'"') => {
            let text = serde_json::from_str(value).map_err(|error| {
                invalid_argument(format!("The string at {pointer:?} cannot be written as UTF-8: {error}."))
            })?;
            return Ok((IPG_JSON_STRING, text));
        }
        _ => IPG_JSON_NUMBER,
    };
    Ok((kind, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_as_its_type_and_its_text() {
        let json =
            r#" {"n": null, "t": true, "m": 1.50, "s": "a\"\u00e9\u0000b", "l": [1, 2], "o": {"x": -0}} "#;
        for (pointer, kind, text) in [
            ("/n", IPG_JSON_NULL, "null"),
            ("/t", IPG_JSON_BOOL, "true"),
            ("/m", IPG_JSON_NUMBER, "1.50"),
            ("/s", IPG_JSON_STRING, "a\"é\0b"),
            ("/l", IPG_JSON_ARRAY, "[1, 2]"),
            ("/o", IPG_JSON_OBJECT, r#"{"x": -0}"#),
            ("/o/x", IPG_JSON_NUMBER, "-0"),
            ("", IPG_JSON_OBJECT, json.trim()),
        ] {
            assert_eq!(value_at(json, pointer).unwrap(), (kind, text.to_owned()), "{pointer}");
        }
    }

    #[test]
    fn what_is_not_there_is_another_code_than_what_cannot_be() {
        let code = |json, pointer| value_at(json, pointer).unwrap_err().code();
        assert_eq!(code("{}", "/x"), Code::NO_SUCH_FIELD);
        assert_eq!(code("{}", "x"), Code::INVALID_ARGUMENT);
        assert_eq!(code("{", "/x"), Code::INVALID_ARGUMENT);
        assert_eq!(code(r#"{"s": "\ud800"}"#, "/s"), Code::INVALID_ARGUMENT);
    }
}
