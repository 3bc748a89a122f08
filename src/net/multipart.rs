//! Encodes a file as the body of a request.

use bytes::Bytes;

/// Encodes a file as `multipart/form-data` (RFC 7578). Returns the value of Content-Type, and the
/// body. The names and types are constants of the API that need no escaping. The boundary has 128
/// random bits, so it does not occur in the content.
pub(super) fn encode(
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
