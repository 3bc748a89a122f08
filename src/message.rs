//! The words that `api` and `net` share: what is sent and what comes back, as plain data.
//! Nothing here knows a game, and nothing here knows a socket.

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
    /// The method as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// How an operation may be repeated after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reading changes nothing: again after any passing failure.
    Read,
    /// Ending twice is harmless: as `Read`, and "not found" after a lost answer means done.
    End,
    /// Doing it twice would do it twice: again only when it provably was not done.
    Once,
}

/// A request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// No body and no `Content-Type`.
    None,
    /// A JSON object, compact.
    Json(Bytes),
    /// One uploaded file, sent as `multipart/form-data`.
    File { field: &'static str, file_name: &'static str, content_type: &'static str, content: Bytes },
}

/// A request without its address: what `api` makes and `net` sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    /// Path and query, percent-encoded, beginning with `/`.
    pub(crate) target: Bytes,
    pub(crate) body: Body,
}

/// A complete HTTP answer: what `net` brings and `api` reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
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
