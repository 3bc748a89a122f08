"""The result codes and their names. Contains no code that makes calls; `_errors` uses it."""

# Begin of the generated codes: bindings/generate_codes.py writes them. Do not edit.
# The call succeeded.
OK = 0
# The call has not ended.
PENDING = 1
# An argument is missing, malformed or not allowed; `field` points to it.
INVALID_ARGUMENT = 100
# The handle is NULL, already freed, of another kind, or not from this library.
INVALID_HANDLE = 101
# The API has no operation of that name.
UNKNOWN_OPERATION = 102
# A limit of the client is reached; the call was not sent.
BUSY = 103
# The client is shut down, or this thread or process is ending and can make no calls.
SHUT_DOWN = 104
# This build of the library does not have this function, or the caller's context does not
# allow it.
UNSUPPORTED = 105
# The JSON document has no value at this pointer.
NO_SUCH_FIELD = 106
# The process or the system has no file descriptor, thread or memory left; the call was not
# sent.
RESOURCES = 107
# The journal of sessions cannot be written or read; a start was not sent.
JOURNAL = 108
# The file of a download cannot be written.
FILE = 109
# The host name could not be resolved.
RESOLVE = 200
# No connection could be opened.
CONNECT = 201
# The TLS handshake failed: certificate, host name or protocol.
TLS = 202
# The time limit of the call passed.
TIMEOUT = 203
# The call was canceled, or its client was freed.
CANCELED = 204
# The connection was lost before the complete response was received.
CONNECTION_LOST = 205
# The response is not as the API documents: not HTTP, not JSON, or without a required field.
BAD_RESPONSE = 206
# The response is larger than `max_response_bytes`.
RESPONSE_TOO_LARGE = 207
# The server sent a redirect; the library never follows redirects.
REDIRECT = 208
# HTTP 400: the API refused the request.
BAD_REQUEST = 400
# HTTP 401: the API key is missing, wrong or inactive.
UNAUTHORIZED = 401
# HTTP 403: the account may not do this.
FORBIDDEN = 403
# HTTP 404: the session, game or other object does not exist.
NOT_FOUND = 404
# HTTP 409: the state of the object does not allow this.
CONFLICT = 409
# HTTP 422: the API refused a field; `body` has the API's list.
UNPROCESSABLE = 422
# HTTP 429: too many requests; `retry_after_ms` is the time to wait, if the API names one.
RATE_LIMITED = 429
# Any other refusal by the API: another 4xx, or `success: false` in a 2xx.
API = 499
# HTTP 5xx other than 503: the server, or a proxy in front of it, failed.
SERVER = 500
# HTTP 503: the service, or every provider for this game, country and currency, is
# unavailable.
UNAVAILABLE = 503
# A defect in this library; report it with the message.
INTERNAL = 900

NAMES = {
    OK: "IPG_OK",
    PENDING: "IPG_PENDING",
    INVALID_ARGUMENT: "IPG_ERR_INVALID_ARGUMENT",
    INVALID_HANDLE: "IPG_ERR_INVALID_HANDLE",
    UNKNOWN_OPERATION: "IPG_ERR_UNKNOWN_OPERATION",
    BUSY: "IPG_ERR_BUSY",
    SHUT_DOWN: "IPG_ERR_SHUT_DOWN",
    UNSUPPORTED: "IPG_ERR_UNSUPPORTED",
    NO_SUCH_FIELD: "IPG_ERR_NO_SUCH_FIELD",
    RESOURCES: "IPG_ERR_RESOURCES",
    JOURNAL: "IPG_ERR_JOURNAL",
    FILE: "IPG_ERR_FILE",
    RESOLVE: "IPG_ERR_RESOLVE",
    CONNECT: "IPG_ERR_CONNECT",
    TLS: "IPG_ERR_TLS",
    TIMEOUT: "IPG_ERR_TIMEOUT",
    CANCELED: "IPG_ERR_CANCELED",
    CONNECTION_LOST: "IPG_ERR_CONNECTION_LOST",
    BAD_RESPONSE: "IPG_ERR_BAD_RESPONSE",
    RESPONSE_TOO_LARGE: "IPG_ERR_RESPONSE_TOO_LARGE",
    REDIRECT: "IPG_ERR_REDIRECT",
    BAD_REQUEST: "IPG_ERR_BAD_REQUEST",
    UNAUTHORIZED: "IPG_ERR_UNAUTHORIZED",
    FORBIDDEN: "IPG_ERR_FORBIDDEN",
    NOT_FOUND: "IPG_ERR_NOT_FOUND",
    CONFLICT: "IPG_ERR_CONFLICT",
    UNPROCESSABLE: "IPG_ERR_UNPROCESSABLE",
    RATE_LIMITED: "IPG_ERR_RATE_LIMITED",
    API: "IPG_ERR_API",
    SERVER: "IPG_ERR_SERVER",
    UNAVAILABLE: "IPG_ERR_UNAVAILABLE",
    INTERNAL: "IPG_ERR_INTERNAL",
}
# End of the generated codes.
