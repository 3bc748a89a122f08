//! Requests, responses and outcomes as plain data, for `api`, which describes calls, and `net`,
//! which performs them.

use std::borrow::Cow;

use bytes::Bytes;

/// The HTTP methods the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads a resource.
    Get,
    /// Creates a resource or performs an action.
    Post,
    /// Changes a resource.
    Put,
    /// Deletes a resource.
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
    /// The operation only reads data. It is sent again after every transient failure.
    Safe,
    /// A repetition has no further effect. The operation is sent again like a safe one. A 404 after
    /// a lost response means that the operation was performed.
    Idempotent,
    /// A repetition has a second effect. The operation is sent again only if the server has
    /// provably not processed it.
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
    /// The content coding of the body. The client accepts none.
    pub(crate) content_encoding: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The meaning of an error response for its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// The API refused the request, in its own envelope.
    Refused,
    /// The status says that the request was not processed, no matter whether the API or a proxy
    /// responded.
    NotProcessed,
    /// The request may have been processed.
    Unclear,
    /// The response contradicts itself, so it is not trusted.
    Contradictory,
}

/// The possible effect of a failed call at the server.
///
/// `docs/outcomes.md` lists which response leads to which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The request was not sent. This is proven.
    NotSent,
    /// The request was refused by the API, or the status says that it was not processed.
    Rejected,
    /// The server may have processed the call. After a start, a session may exist. For an operation
    /// that only reads, the outcome means that no usable response was received; the server state is
    /// unchanged.
    Unknown,
}

impl Outcome {
    /// Returns the value in the error document: `not_sent`, `rejected` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::NotSent => "not_sent",
            Outcome::Rejected => "rejected",
            Outcome::Unknown => "unknown",
        }
    }
}
