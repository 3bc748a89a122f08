//! JSON functions for hosts without a JSON library: reading a value and quoting a text.

use std::ffi::c_char;

use super::boundary::{self, OutParam};
use super::string::{self, StrParam, invalid_argument};
use super::types::ipg_code;
use crate::codes::Code;
use crate::error::Error;
use crate::json::{self, PointerError};

/// The type of a JSON value: one of the IPG_JSON_ constants.
pub type ipg_json_type = i32;

/// A type that ipg_json_get() returns: `null`.
pub const IPG_JSON_NULL: i32 = 1;
/// A type that ipg_json_get() returns: `true` or `false`.
pub const IPG_JSON_BOOL: i32 = 2;
/// A type that ipg_json_get() returns: a number.
pub const IPG_JSON_NUMBER: i32 = 3;
/// A type that ipg_json_get() returns: a string.
pub const IPG_JSON_STRING: i32 = 4;
/// A type that ipg_json_get() returns: an array.
pub const IPG_JSON_ARRAY: i32 = 5;
/// A type that ipg_json_get() returns: an object.
pub const IPG_JSON_OBJECT: i32 = 6;

/// Returns one value of a JSON document.
///
/// Ownership: free the value with ipg_string_free(). Threads: any. Never blocks.
///
/// \param json The document.
/// \param pointer A JSON pointer (RFC 6901), such as `"/data/session_id"` or
/// `"/data/games/0/title"`; `""` is the whole document. In a key, `/` is written `~1` and `~` is
/// written `~0`.
/// \param out_type Receives one of the IPG_JSON_ constants, or 0 if there is no value. May be NULL.
/// \param out_value Receives the value as text: a string without quotes and escapes; a number with
/// the digits of the document, so that amounts of money stay exact; `true`, `false` or `null`; an
/// array or object as JSON. May be NULL.
/// \param out_len Receives the length of the text in bytes, without the NUL at its end. A string
/// may contain NULs. May be NULL.
/// \return #IPG_OK; #IPG_ERR_NO_SUCH_FIELD if the document has no value at this pointer;
/// #IPG_ERR_INVALID_ARGUMENT if `json` is not JSON or is nested deeper than 128 levels, if
/// `pointer` is not a JSON pointer, or if the string is not valid Unicode (half a surrogate pair).
///
/// ```c
/// char *balance = NULL;
/// ipg_json_type type = 0;
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
    out_type: *mut ipg_json_type,
    out_value: *mut *mut c_char,
    out_len: *mut usize,
) -> ipg_code {
    // SAFETY: the header requires valid pointers.
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

/// Returns a text as a JSON string with its quotes, so that it can be put into a document.
///
/// Ownership: free the string with ipg_string_free(). Threads: any. Never blocks.
///
/// \param text The text. NULL is allowed if `len` is 0.
/// \param len The length of the text in bytes. `(size_t)-1` means that the text ends with a NUL.
/// \param out_json Receives the JSON string, or the error document: check the code before you use
/// it. May be NULL.
/// \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if `text` is not UTF-8, or if it is NULL and `len` is
/// not 0.
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
    // SAFETY: the header requires valid pointers.
    let (in_text, out_json) = unsafe { (StrParam::new("text", text), OutParam::null(out_json)) };
    boundary::json(&out_json, || {
        let text = match len {
            usize::MAX => in_text.get()?,
            0 => "",
            _ if text.is_null() => in_text.get()?,
            _ if len > isize::MAX.unsigned_abs() => {
                return Err(invalid_argument(format!("`len` is {len}; a text cannot be that long.")));
            }
            // SAFETY: not NULL and of a possible length; the header requires valid bytes.
            _ => string::utf8("text", unsafe { std::slice::from_raw_parts(text.cast(), len) })?,
        };
        let mut quoted = String::with_capacity(text.len() + 2);
        json::write_string(&mut quoted, text);
        Ok(quoted)
    })
}

/// Returns the type and the text of the value at a pointer.
fn value_at(json: &str, pointer: &str) -> Result<(i32, String), Error> {
    let value = json::get(json, pointer).map_err(|missing| match missing {
        PointerError::NotJson(why) => invalid_argument(format!("`json` is not JSON: {why}.")),
        PointerError::BadPointer => {
            invalid_argument(format!("`pointer` is not a JSON pointer: {pointer:?}."))
        }
        PointerError::Absent => {
            Error::new(Code::NO_SUCH_FIELD, format!("The document has no value at {pointer:?}."))
        }
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
    fn a_value_is_returned_with_its_type_and_its_text() {
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
    fn a_missing_value_and_an_invalid_argument_have_different_codes() {
        let code = |json, pointer| value_at(json, pointer).unwrap_err().code();
        assert_eq!(code("{}", "/x"), Code::NO_SUCH_FIELD);
        assert_eq!(code("{}", "x"), Code::INVALID_ARGUMENT);
        assert_eq!(code("{", "/x"), Code::INVALID_ARGUMENT);
        assert_eq!(code(r#"{"s": "\ud800"}"#, "/s"), Code::INVALID_ARGUMENT);
    }
}
