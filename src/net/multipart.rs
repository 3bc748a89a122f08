//! A file as a request's body.

use bytes::Bytes;

/// Returns a file as `multipart/form-data` (RFC 7578): the value of Content-Type, and the body. Names and types
/// are the API's own and need no escaping; the boundary is 128 random bits, which no content has in it.
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
