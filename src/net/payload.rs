//! A request's body on its way to an HTTP/2 connection, and how a file becomes one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::attempt_status::AttemptStatus;

/// A body that tells when the connection takes it: hyper asks `is_end_stream` as it sends the head,
/// and nobody asks before.
pub(super) struct Payload {
    content: Bytes,
    attempt: Arc<AttemptStatus>,
}

impl Payload {
    pub(super) fn new(content: Bytes, attempt: &Arc<AttemptStatus>) -> Payload {
        Payload { content, attempt: Arc::clone(attempt) }
    }
}

impl HttpBody for Payload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let _ = self.attempt.try_send();
        let content = std::mem::take(&mut self.content);
        Poll::Ready((!content.is_empty()).then(|| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        let _ = self.attempt.try_send();
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.len() as u64)
    }
}

/// A file as `multipart/form-data` (RFC 7578): the value of Content-Type, and the body. Names and types
/// are the API's own and need no escaping; the boundary is 128 random bits, which no content has in it.
pub(super) fn multipart(
    boundary: &str,
    field: &str,
    file_name: &str,
    content_type: &str,
    content: &[u8],
) -> (String, Bytes) {
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let body = [head.as_bytes(), content, tail.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), body.into())
}
