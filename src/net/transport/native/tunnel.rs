//! Opens a tunnel to the server through a proxy (CONNECT), on a given stream. Contains no settings
//! of proxies; `dial.rs` selects the proxy.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;

use super::stream::Stream;
use crate::net::transport_error::ProxyRefused;

pub(in crate::net) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens a tunnel to `server` through the proxy that `stream` is connected to.
pub(in crate::net) async fn open_tunnel(
    stream: Stream,
    proxy: &Uri,
    authorization: Option<&HeaderValue>,
    server: &Uri,
) -> Result<Stream, BoxError> {
    let status = Arc::new(AtomicU16::new(0));
    let probe = StatusProbe { stream, head: Vec::new(), status: Arc::clone(&status) };
    let mut tunnel = Tunnel::new(proxy.clone(), Preconnected::new(probe));
    if let Some(authorization) = authorization {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    match tunnel.call(server.clone()).await {
        Ok(tunnel) => Ok(tunnel.into_inner().stream),
        // The error of hyper-util does not contain the status.
        Err(error) => match status.load(Ordering::Relaxed) {
            status @ 400..=499 => Err(ProxyRefused { status }.into()),
            _ => Err(error.into()),
        },
    }
}

/// A connector whose connection exists already.
pub(super) struct Preconnected<S>(Option<S>);

impl<S> Preconnected<S> {
    pub(super) fn new(stream: S) -> Preconnected<S> {
        Preconnected(Some(stream))
    }
}

/// Forwards everything and stores the status of the first response that is read.
struct StatusProbe {
    stream: Stream,
    head: Vec<u8>,
    status: Arc<AtomicU16>,
}

impl StatusProbe {
    /// The length of `HTTP/1.1 200`.
    const STATUS_END: usize = 12;

    fn observe(&mut self, bytes: &[u8]) {
        let missing = Self::STATUS_END.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        if missing > 0
            && let Some(digits) = self.head.get(9..Self::STATUS_END)
            && let Ok(status) = std::str::from_utf8(digits).unwrap_or_default().parse()
        {
            self.status.store(status, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for StatusProbe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        if let Some(bytes) = buffer.filled().get(before..) {
            this.observe(bytes);
        }
        result
    }
}

impl AsyncWrite for StatusProbe {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl<S> Service<Uri> for Preconnected<S> {
    type Response = TokioIo<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<S>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
