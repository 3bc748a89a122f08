//! Requests, responses and outcomes as plain data, for `api`, which describes calls, and `net`, which performs them.

use std::borrow::Cow;

use bytes::Bytes;

/// The HTTP methods the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or acts.
    Post,
    /// Changes.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// Returns the name of the method, as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// Whether an operation may be sent again after a failure (RFC 9110, section 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// It only reads data: it is sent again after every failure that may pass.
    Safe,
    /// Doing it twice has the effect of doing it once: it is sent again as if it were safe. A 404 after a lost response
    /// means that it was done.
    Idempotent,
    /// Doing it twice has two effects: it is sent again only if the server has provably not acted on it.
    NonIdempotent,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    /// No body and no `Content-Type`.
    None,
    /// A JSON object, compact.
    Json(Bytes),
    /// One uploaded file, sent as `multipart/form-data`.
    File { field: &'static str, file_name: &'static str, content_type: &'static str, content: Bytes },
}

/// A request without the address of the server: `api` makes it, and `net` sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, percent-encoded, beginning with `/`.
    pub(crate) target: Bytes,
    pub(crate) body: RequestBody,
}

/// A complete HTTP response: `net` receives it, and `api` interprets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What an error response says about its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// The API refused the request, in its own envelope.
    Refused,
    /// The status says that the request was not processed, whoever responded.
    NotProcessed,
    /// The request may have been processed.
    Unclear,
    /// The response contradicts itself, so nothing in it can be relied on.
    Contradictory,
}

/// What a failed call may have done at the server.
///
/// `docs/outcomes.md` lists which response leads to which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The request was not sent. This is proven.
    NotSent,
    /// The request was refused: by the API, or with a status that says that it was not processed.
    Rejected,
    /// The call may have been done. After a start, a session may exist. For an operation that only reads,
    /// the outcome says that no usable response came; nothing can have changed at the server.
    Unknown,
}

impl Outcome {
    /// The word in the error document: `not_sent`, `rejected` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::NotSent => "not_sent",
            Outcome::Rejected => "rejected",
            Outcome::Unknown => "unknown",
        }
    }
}
