//! The list of result codes. `build.rs` writes the C header from it, `bindings/generate_codes.py`
//! the codes of C#, C++ and Python. A number never changes its meaning.

macro_rules! codes {
    ($($value:literal $constant:ident $name:literal $text:literal;)*) => {
        impl Code {
            $(#[doc = $text] pub const $constant: Code = Code($value);)*
        }

        /// Every code: its number, its name in C, and its meaning.
        pub(crate) const LIST: &[(i32, &str, &str)] = &[$(($value, $name, $text)),*];

        /// The names and meanings of the codes as they are given to C, with a NUL at the end, in
        /// the order of the list.
        #[cfg(feature = "capi")]
        pub(crate) const C_STRINGS: &[(&str, &str)] = &[$((concat!($name, "\0"), concat!($text, "\0"))),*];
    };
}

/// The result of a call: a number that is the same in Rust, C, C++, C#, Lua, Python and JSON.
///
/// ```
/// use iplaygames::Code;
/// assert_eq!(Code::NOT_FOUND.value(), 404);
/// assert_eq!(Code::NOT_FOUND.name(), "IPG_ERR_NOT_FOUND");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(i32);

codes! {
    0   OK                  "IPG_OK"                     "The call succeeded.";
    1   PENDING             "IPG_PENDING"                "The call has not ended.";
    100 INVALID_ARGUMENT    "IPG_ERR_INVALID_ARGUMENT"   "An argument is missing, malformed or not allowed; `field` points to it.";
    101 INVALID_HANDLE      "IPG_ERR_INVALID_HANDLE"     "The handle is NULL, already freed, of another kind, or not from this library.";
    102 UNKNOWN_OPERATION   "IPG_ERR_UNKNOWN_OPERATION"  "The API has no operation of that name.";
    103 BUSY                "IPG_ERR_BUSY"               "A limit of the client is reached; the call was not sent.";
    104 SHUT_DOWN           "IPG_ERR_SHUT_DOWN"          "The client is shut down, or this thread or process is ending and can make no calls.";
    105 UNSUPPORTED         "IPG_ERR_UNSUPPORTED"        "This build of the library does not have this function, or the caller's context does not allow it.";
    106 NO_SUCH_FIELD       "IPG_ERR_NO_SUCH_FIELD"      "The JSON document has no value at this pointer.";
    107 RESOURCES           "IPG_ERR_RESOURCES"          "The process or the system has no file descriptor, thread or memory left; the call was not sent.";
    108 JOURNAL             "IPG_ERR_JOURNAL"            "The journal of sessions cannot be written or read; a start was not sent.";
    109 FILE                "IPG_ERR_FILE"               "The file of a download cannot be written.";
    200 RESOLVE             "IPG_ERR_RESOLVE"            "The host name could not be resolved.";
    201 CONNECT             "IPG_ERR_CONNECT"            "No connection could be opened.";
    202 TLS                 "IPG_ERR_TLS"                "The TLS handshake failed: certificate, host name or protocol.";
    203 TIMEOUT             "IPG_ERR_TIMEOUT"            "The time limit of the call passed.";
    204 CANCELED            "IPG_ERR_CANCELED"           "The call was canceled, or its client was freed.";
    205 CONNECTION_LOST     "IPG_ERR_CONNECTION_LOST"    "The connection was lost before the complete response was received.";
    206 BAD_RESPONSE        "IPG_ERR_BAD_RESPONSE"       "The response is not as the API documents: not HTTP, not JSON, or without a required field.";
    207 RESPONSE_TOO_LARGE  "IPG_ERR_RESPONSE_TOO_LARGE" "The response is larger than `max_response_bytes`.";
    208 REDIRECT            "IPG_ERR_REDIRECT"           "The server sent a redirect; the library never follows redirects.";
    400 BAD_REQUEST         "IPG_ERR_BAD_REQUEST"        "HTTP 400: the API refused the request.";
    401 UNAUTHORIZED        "IPG_ERR_UNAUTHORIZED"       "HTTP 401: the API key is missing, wrong or inactive.";
    403 FORBIDDEN           "IPG_ERR_FORBIDDEN"          "HTTP 403: the account may not do this.";
    404 NOT_FOUND           "IPG_ERR_NOT_FOUND"          "HTTP 404: the session, game or other object does not exist.";
    409 CONFLICT            "IPG_ERR_CONFLICT"           "HTTP 409: the state of the object does not allow this.";
    422 UNPROCESSABLE       "IPG_ERR_UNPROCESSABLE"      "HTTP 422: the API refused a field; `body` has the API's list.";
    429 RATE_LIMITED        "IPG_ERR_RATE_LIMITED"       "HTTP 429: too many requests; `retry_after_ms` is the time to wait, if the API names one.";
    499 API                 "IPG_ERR_API"                "Any other refusal by the API: another 4xx, or `success: false` in a 2xx.";
    500 SERVER              "IPG_ERR_SERVER"             "HTTP 5xx other than 503: the server, or a proxy in front of it, failed.";
    503 UNAVAILABLE         "IPG_ERR_UNAVAILABLE"        "HTTP 503: the service, or every provider for this game, country and currency, is unavailable.";
    900 INTERNAL            "IPG_ERR_INTERNAL"           "A defect in this library; report it with the message.";
}

impl Code {
    /// Returns the number.
    pub const fn value(self) -> i32 {
        self.0
    }

    /// Returns the code with this number. A number that no code has is kept.
    pub const fn from_value(value: i32) -> Code {
        Code(value)
    }

    /// Returns every code, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Code> {
        LIST.iter().map(|row| Code(row.0))
    }

    /// Returns the name in C, such as `IPG_ERR_NOT_FOUND`; `IPG_ERR_UNKNOWN` for a number that no
    /// code has.
    pub fn name(self) -> &'static str {
        self.row().map_or("IPG_ERR_UNKNOWN", |row| row.1)
    }

    /// Returns the meaning of the code, in a sentence.
    pub fn text(self) -> &'static str {
        self.row().map_or("No code of this library has this number.", |row| row.2)
    }

    fn row(self) -> Option<&'static (i32, &'static str, &'static str)> {
        LIST.iter().find(|row| row.0 == self.0)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
