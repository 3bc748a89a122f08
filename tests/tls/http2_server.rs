//! A server that speaks only HTTP/2, over TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::support::http2_server::{self, Stream, read_body, send_json};
use crate::support::tls::Identity;
use crate::support::{ACTIVE, STARTED, TEST_TIMEOUT};

/// A server that speaks HTTP/2 alone.
pub struct Http2 {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    pub leave: tokio::sync::watch::Sender<Leave>,
    pub left: Receiver<()>,
}

/// How a server takes its leave of the connections it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leave {
    Stay,
    /// A GOAWAY, and the connection is closed.
    Close,
    /// A GOAWAY that announces the end, and the connection stays open until the client has
    /// understood.
    Announce,
}

/// What a connection of [`Http2`] shares with the others.
#[derive(Clone)]
pub struct Shared {
    /// Requests for the session `together` are answered when there are as many as it takes.
    together: Arc<tokio::sync::Barrier>,
    /// Whether the request that is to be refused has been.
    refused: Arc<AtomicBool>,
    leave: tokio::sync::watch::Receiver<Leave>,
    left: Sender<()>,
}

impl Http2 {
    pub fn new(identity: &Identity, together: usize) -> Http2 {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let (leave, leaves) = tokio::sync::watch::channel(Leave::Stay);
        let (has_left, left) = channel();
        let shared = Shared {
            together: Arc::new(tokio::sync::Barrier::new(together)),
            refused: Arc::new(AtomicBool::new(false)),
            leave: leaves,
            left: has_left,
        };
        let accept = move || counter.fetch_add(1, Ordering::SeqCst);
        let serve = move |stream| connection(stream, shared.clone());
        let port = http2_server::serve_tls(identity.config(&["h2"]), accept, serve);
        Http2 { port, connections, leave, left }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Takes leave of the one connection there is, and waits until that is on the wire.
    pub fn leave(&self, how: Leave) {
        self.leave.send_replace(how);
        self.left.recv_timeout(TEST_TIMEOUT).unwrap();
    }
}

pub async fn connection(stream: Stream, mut shared: Shared) {
    shared.leave.mark_unchanged();
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let (mut staying, mut told) = (true, false);
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    tokio::spawn(respond_to(request, respond, shared.clone()));
                }
                _ => break,
            },
            Ok(()) = shared.leave.changed(), if staying => {
                staying = false;
                let how = *shared.leave.borrow();
                match how {
                    Leave::Stay => unreachable!(),
                    Leave::Close => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                    Leave::Announce => {
                        connection.graceful_shutdown();
                        // A turn, so that it is written before the test goes on.
                        std::future::poll_fn(|context| {
                            assert!(connection.poll_accept(context).is_pending());
                            std::task::Poll::Ready(())
                        })
                        .await;
                        told = true;
                        let _ = shared.left.send(());
                    }
                }
            }
        }
    }
    drop(connection);
    if !staying && !told {
        let _ = shared.left.send(());
    }
}

pub async fn respond_to(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
    shared: Shared,
) {
    let path = request.uri().path().to_owned();
    read_body(request.into_body()).await;
    if path.contains("/together/") {
        shared.together.wait().await;
    }
    if path.contains("/refused/") && !shared.refused.swap(true, Ordering::SeqCst) {
        return respond.send_reset(h2::Reason::REFUSED_STREAM);
    }
    send_json(respond, 200, if path.ends_with("/start") { STARTED } else { ACTIVE });
}
