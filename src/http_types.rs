//! Requests, responses and outcomes as plain data, for `api`, which describes calls, and `net`,
//! which performs them.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

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
    /// The headers of this call. They replace headers of the client that have the same name.
    pub(crate) headers: HeaderMap,
    /// Whether the caller wants the headers of the response.
    pub(crate) keeps_headers: bool,
    /// Where the body of a response with a 2xx status goes. `None`: the body stays in memory.
    pub(crate) sink: Option<SharedBodySink>,
}

/// Takes the body of a response with a 2xx status part by part, so that the whole body is never in
/// memory. The body of another response stays in memory.
///
/// The thread that drives calls the methods while it receives the response.
pub(crate) trait BodySink: Send + Sync {
    /// Begins the body of an attempt, and discards the body of an earlier attempt. `length` is the
    /// length of the body if the head of the response contains it.
    fn begin(&self, length: Option<u64>) -> Result<(), WriteError>;

    /// Writes the next part of the body.
    fn write(&self, bytes: &[u8]) -> Result<(), WriteError>;

    /// Returns the number of bytes since [`begin`](BodySink::begin).
    fn written(&self) -> u64;
}

/// The error of a sink that cannot write. Another attempt would fail too.
#[derive(Debug)]
pub(crate) struct WriteError {
    /// The message for the caller: a sentence.
    pub(crate) message: String,
    pub(crate) source: io::Error,
}

/// The sink of a request, shared by its attempts.
#[derive(Clone)]
pub(crate) struct SharedBodySink(pub(crate) Arc<dyn BodySink>);

impl fmt::Debug for SharedBodySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBodySink").field("written", &self.0.written()).finish()
    }
}

impl PartialEq for SharedBodySink {
    fn eq(&self, other: &SharedBodySink) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedBodySink {}

impl SharedBodySink {
    /// Returns the sink if the body of a response with this status goes to it.
    pub(crate) fn of_status(sink: Option<&SharedBodySink>, status: u16) -> Option<&dyn BodySink> {
        sink.filter(|_| (200..300).contains(&status)).map(|sink| &*sink.0)
    }
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
    /// The headers as lines, if the request asks for them.
    pub(crate) headers: Option<String>,
    /// Empty if the body went to the sink of the request.
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
