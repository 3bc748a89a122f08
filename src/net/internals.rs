//! An HTTP/2 connection on a stream of the caller, for the fuzz targets. The assertions are in
//! `fuzz/fuzz_targets/`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::attempt_status::AttemptStatus;
use super::idle_time::DriveClock;
use super::transport::native::http2::Http2;
use super::transport_error;

/// The result of a request over HTTP/2.
#[derive(Debug)]
pub struct Http2Outcome {
    /// The status and the body, or the reason why there is no response.
    pub response: Result<(u16, Vec<u8>), String>,
    /// Whether a part of the request may have been sent.
    pub may_be_sent: bool,
    /// The number of received parts of a response.
    pub progress: u64,
}

/// Sends one request with a body over HTTP/2, on a new connection. The caller must be inside a
/// runtime with a timer.
pub async fn request_http2<S>(stream: S, content: Vec<u8>, max_body: usize) -> Http2Outcome
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = Arc::new(DriveClock::new());
    // Time passes only while a thread drives.
    let _drive = clock.drive();
    let attempt = AttemptStatus::default();
    let request = async {
        let http2 =
            Http2::handshake(stream, &clock).await.map_err(|error| transport_error::not_sent(&error))?;
        let request = http::Request::post("https://api.example/api/v1/game/start-session")
            .body(())
            .map_err(|error| transport_error::internal(&error))?;
        http2.round_trip(request, Bytes::from(content), max_body, Duration::from_secs(5), &attempt).await
    };
    let response =
        request.await.map(|response| (response.status, response.body)).map_err(|failure| failure.message);
    Http2Outcome { response, may_be_sent: attempt.may_be_sent(), progress: attempt.progress() }
}
