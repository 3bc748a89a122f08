//! The network layer: connections, attempts, retries, and the driver of the I/O. It sends requests
//! and returns responses, and it does not know the operations of the API.

pub(crate) mod attempt_status;
pub(crate) mod call_cell;
pub(crate) mod call_record;
mod call_report;
mod calling_thread;
mod deadline;
pub(crate) mod driver;
pub(crate) mod host_waker;
pub(crate) mod idle_time;
pub(crate) mod in_flight;
#[cfg(feature = "internals")]
pub(crate) mod internals;
mod multipart;
#[cfg(test)]
mod panic_tests;
mod random;
mod resolve;
mod resources;
mod response_headers;
pub(crate) mod retry;
pub(crate) mod retry_loop;
pub(crate) mod roots_state;
#[cfg(feature = "tls")]
mod socks_error;
pub(crate) mod stdio_guard;
#[cfg(feature = "tls")]
mod system_roots;
#[cfg(feature = "tls")]
mod tls;
pub(crate) mod transport;
pub(crate) mod transport_error;
pub(crate) mod unwind;

/// An HTTP/1.1 connection on a given stream, for `internals.rs`.
#[cfg(feature = "internals")]
pub(crate) struct BareConnection<S>(transport::native::http1::Http1<S>);

#[cfg(feature = "internals")]
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> BareConnection<S> {
    pub(crate) fn new(stream: S, is_buffered: bool) -> BareConnection<S> {
        BareConnection(transport::native::http1::Http1::new(stream, is_buffered))
    }

    pub(crate) async fn round_trip(
        &mut self,
        head: Vec<u8>,
        max_body: usize,
    ) -> Result<crate::http_types::Response, transport_error::TransportError> {
        let request = transport::native::http1::EncodedRequest::new(head, bytes::Bytes::new());
        self.0.round_trip(&request, max_body, &attempt_status::AttemptStatus::default()).await
    }

    pub(crate) fn poll_unsolicited(&mut self) {
        self.0.poll_unsolicited();
    }

    pub(crate) fn is_reusable(&self) -> bool {
        self.0.is_reusable()
    }
}
