//! How a call travels: connections, attempts, pauses, and who drives the I/O. Knows no game.

pub(crate) mod attempt_status;
mod connect;
mod deadline;
mod dial;
pub(crate) mod failure;
mod http1;
mod http2;
pub(crate) mod idle_time;
mod multipart;
mod pool;
pub(crate) mod reactor;
pub(crate) mod request;
mod resolve;
pub(crate) mod retry;
mod signal;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod unwind;

/// One request on a stream that is whoever's, and whether the stream may be used again.
#[cfg(feature = "internals")]
pub(crate) async fn ask_once<S>(
    stream: S,
    head: Vec<u8>,
    most: usize,
) -> Result<(crate::message::Answer, bool), failure::Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut http1 = http1::Http1::new(stream, false);
    let request = http1::Request::new(head, bytes::Bytes::new());
    let answer = http1.round_trip(&request, most, &attempt_status::AttemptStatus::default()).await?;
    Ok((answer, http1.is_reusable()))
}
