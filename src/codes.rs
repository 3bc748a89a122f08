//! The list of result codes. The Rust constants, the names, the texts and the `#define`s of the C
//! header are generated from it; `build.rs` includes this file. The meaning of a number never
//! changes.

macro_rules! codes {
    ($($value:literal $constant:ident $name:literal $text:literal;)*) => {
        impl Code {
            $(#[doc = $text] pub const $constant: Code = Code($value);)*
        }

        /// All codes with their number, their name in C, and their meaning.
        pub const LIST: &[(i32, &str, &str)] = &[$(($value, $name, $text)),*];
    };
}

/// A result code. The number is the same in Rust, C, C++, Python and JSON.
///
/// ```
/// use iplaygames::Code;
/// assert_eq!(Code::NOT_FOUND.value(), 404);
/// assert_eq!(Code::NOT_FOUND.name(), "IPG_ERR_NOT_FOUND");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(i32);

codes! {
    0   OK                  "IPG_OK"                     "Done.";
    1   PENDING             "IPG_PENDING"                "Not finished yet; more will follow.";
    100 INVALID_ARGUMENT    "IPG_ERR_INVALID_ARGUMENT"   "An argument is missing, malformed or not allowed; `field` points at it.";
    101 INVALID_HANDLE      "IPG_ERR_INVALID_HANDLE"     "The handle is NULL, already freed, of another kind, or never came from this library.";
    102 UNKNOWN_OPERATION   "IPG_ERR_UNKNOWN_OPERATION"  "The API has no operation of that name.";
    103 BUSY                "IPG_ERR_BUSY"               "A limit of the client is reached; the call was not sent.";
    104 SHUT_DOWN           "IPG_ERR_SHUT_DOWN"          "The client is shut down, or this thread or process is ending and can make no calls.";
    105 UNSUPPORTED         "IPG_ERR_UNSUPPORTED"        "This build of the library does not have that function, or this place cannot use it.";
    106 NO_SUCH_FIELD       "IPG_ERR_NO_SUCH_FIELD"      "The JSON document has nothing at that pointer.";
    200 RESOLVE             "IPG_ERR_RESOLVE"            "The host name could not be resolved.";
    201 CONNECT             "IPG_ERR_CONNECT"            "No connection could be made.";
    202 TLS                 "IPG_ERR_TLS"                "The secure connection was refused: certificate, host name or protocol.";
    203 TIMEOUT             "IPG_ERR_TIMEOUT"            "The time allowed for the call ran out.";
    204 CANCELED            "IPG_ERR_CANCELED"           "The call was canceled, or its client was freed.";
    205 CONNECTION_LOST     "IPG_ERR_CONNECTION_LOST"    "The connection broke before the whole answer had come.";
    206 BAD_RESPONSE        "IPG_ERR_BAD_RESPONSE"       "The answer was not what the API promises: not HTTP, not JSON, or without a field it must have.";
    207 RESPONSE_TOO_LARGE  "IPG_ERR_RESPONSE_TOO_LARGE" "The answer was larger than `max_response_bytes`.";
    208 REDIRECT            "IPG_ERR_REDIRECT"           "The server answered with a redirect; redirects are never followed.";
    400 BAD_REQUEST         "IPG_ERR_BAD_REQUEST"        "HTTP 400: the API refused the request.";
    401 UNAUTHORIZED        "IPG_ERR_UNAUTHORIZED"       "HTTP 401: the API key is missing, wrong or inactive.";
    403 FORBIDDEN           "IPG_ERR_FORBIDDEN"          "HTTP 403: the account may not do this.";
    404 NOT_FOUND           "IPG_ERR_NOT_FOUND"          "HTTP 404: there is no such session, game or other thing.";
    409 CONFLICT            "IPG_ERR_CONFLICT"           "HTTP 409: the thing is not in a state that allows this.";
    422 UNPROCESSABLE       "IPG_ERR_UNPROCESSABLE"      "HTTP 422: a field was refused; `body` has the API's own list.";
    429 RATE_LIMITED        "IPG_ERR_RATE_LIMITED"       "HTTP 429: too many requests; `retry_after_ms` says how long to wait, if the API did.";
    499 API                 "IPG_ERR_API"                "Any other refusal by the API: another 4xx, or `success: false` in a 2xx.";
    500 SERVER              "IPG_ERR_SERVER"             "HTTP 5xx other than 503: the server, or one before it, failed.";
    503 UNAVAILABLE         "IPG_ERR_UNAVAILABLE"        "HTTP 503: the service, or every provider for this game, country and currency, is unavailable.";
    900 INTERNAL            "IPG_ERR_INTERNAL"           "A defect in this library; the message helps to report it.";
}

impl Code {
    /// Returns the number of the code, as in C.
    pub const fn value(self) -> i32 {
        self.0
    }

    /// Returns the code with this number. An unknown number is kept unchanged.
    pub const fn from_value(value: i32) -> Code {
        Code(value)
    }

    /// Returns all codes in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Code> {
        LIST.iter().map(|row| Code(row.0))
    }

    /// Returns the name in C, such as `IPG_ERR_NOT_FOUND`, or `IPG_ERR_UNKNOWN` for an unknown
    /// number.
    pub fn name(self) -> &'static str {
        self.row().map_or("IPG_ERR_UNKNOWN", |row| row.1)
    }

    /// Returns the meaning of the code, in one sentence.
    pub fn text(self) -> &'static str {
        self.row().map_or("No code of this library has that number.", |row| row.2)
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
