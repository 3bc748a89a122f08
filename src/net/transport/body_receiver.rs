//! Receives the body of a response part by part, from a library that has decoded it: into memory up
//! to a limit, or into the sink of the request. The HTTP/1 connection does the same in its decoder.

use crate::http_types::{BodySink, Response, SharedBodySink};
use crate::net::transport_error::{self, TransportError};

/// The destination of the body of one response.
pub(super) struct BodyReceiver<'a> {
    sink: Option<&'a dyn BodySink>,
    /// The maximum length of a body in memory.
    max: usize,
}

impl<'a> BodyReceiver<'a> {
    /// Begins the body of a response whose status is known.
    pub(super) fn begin(
        response: &mut Response,
        sink: Option<&'a SharedBodySink>,
        content_length: Option<u64>,
        max: usize,
    ) -> Result<BodyReceiver<'a>, TransportError> {
        let sink = SharedBodySink::of_status(sink, response.status);
        if let Some(sink) = sink {
            sink.begin(content_length).map_err(transport_error::unwritten)?;
        } else if content_length.is_some_and(|length| length > max as u64) {
            return Err(transport_error::too_large(response.status, max));
        } else {
            // One byte more than Content-Length: a string of the C interface ends with a NUL.
            let length = content_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            response.body.reserve_exact(length + 1);
        }
        Ok(BodyReceiver { sink, max })
    }

    /// Adds the next part of the body.
    pub(super) fn add(&self, response: &mut Response, part: &[u8]) -> Result<(), TransportError> {
        if let Some(sink) = self.sink {
            return sink.write(part).map_err(transport_error::unwritten);
        }
        if response.body.len() + part.len() > self.max {
            return Err(transport_error::too_large(response.status, self.max));
        }
        response.body.extend_from_slice(part);
        Ok(())
    }

    /// Returns the number of bytes of the body.
    pub(super) fn received(&self, response: &Response) -> u64 {
        self.sink.map_or(response.body.len() as u64, BodySink::written)
    }
}
