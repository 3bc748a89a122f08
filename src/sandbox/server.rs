//! The sandbox's HTTP server: accepts connections, reads requests, lets `handler.rs` decide and sends the
//! responses, with the transport faults that were decided.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};

use super::clock;
use super::fault::Silence;
use super::handler::{self, Decision};
use super::reply::Reply;
use super::state::Shared;
use super::wire::{Payload, Switch, Wire, hang_up};

/// The largest request body that is read, in bytes. An upload of the largest file fits.
const MAX_BODY: usize = 16 << 20;

/// The error that makes hyper close a connection without a response.
#[derive(Debug)]
struct NoResponse;

impl std::fmt::Display for NoResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no response is sent")
    }
}

impl std::error::Error for NoResponse {}

/// Accepts connections until the returned future is dropped.
pub(super) async fn accept_connections(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let listener = ListenerGuard(listener);
    loop {
        match listener.0.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, ConnectionGuard::new(&shared)));
            }
            // Most likely the process has no free file descriptor; the next attempt may find one.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A listener that is shut down when it is dropped, even if a forked child holds a copy of the socket.
struct ListenerGuard(TcpListener);

impl Drop for ListenerGuard {
    fn drop(&mut self) {
        hang_up(&self.0);
    }
}

/// Counts a connection as open until it is dropped.
struct ConnectionGuard(Arc<Shared>);

impl ConnectionGuard {
    fn new(shared: &Arc<Shared>) -> ConnectionGuard {
        shared.state.lock().connections.opened();
        ConnectionGuard(Arc::clone(shared))
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.state.lock().connections.closed();
    }
}

async fn serve_connection(stream: TcpStream, guard: ConnectionGuard) {
    // If this fails, responses are only slower.
    let _ = stream.set_nodelay(true);
    let switch = Arc::new(Switch::default());
    let wire = Wire::new(stream, Arc::clone(&switch));
    let service = service_fn(|request| respond(&guard.0, &switch, request));
    // An error means that the client closed the connection or that a fault ended it. Both are expected.
    let _ = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(wire, service)
        .await;
}

async fn respond(
    shared: &Arc<Shared>,
    switch: &Arc<Switch>,
    request: Request<Incoming>,
) -> Result<Response<Payload>, NoResponse> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(problem) if problem.is::<LengthLimitError>() => None,
        Err(_) => return Err(NoResponse),
    };
    // A panic in the handler fails this request, not the server.
    let decision = catch_unwind(AssertUnwindSafe(|| handler::handle(shared, &head, body.as_ref())))
        .unwrap_or_else(|_| Reply::bare(500, "The sandbox has a defect: this request made it panic").into());
    if !decision.delay.is_zero() {
        tokio::time::sleep(decision.delay).await;
    }
    match decision.delivery.silence {
        None => Ok(build_response(shared, decision, switch)),
        Some(Silence::Closed) => Err(NoResponse),
        Some(Silence::Reset) => {
            switch.reset();
            Err(NoResponse)
        }
    }
}

fn build_response(shared: &Shared, decision: Decision, switch: &Arc<Switch>) -> Response<Payload> {
    let (now, request_id) = {
        let mut state = shared.state.lock();
        (state.clock.now(), state.next_request_id())
    };
    let Reply { status, headers, mut body } = decision.reply;
    if status == http::StatusCode::NO_CONTENT || status == http::StatusCode::NOT_MODIFIED {
        body = Bytes::new();
    }
    let mut dated = Reply { status, headers: Default::default(), body: Bytes::new() };
    dated.header(http::header::DATE, &clock::http(now));
    dated.header(http::HeaderName::from_static("x-request-id"), &format!("sandbox-{request_id}"));
    // The headers of the decided response replace these two.
    dated.headers.extend(headers);
    let mut response = Response::new(Payload::new(body, &decision.delivery, switch));
    *response.status_mut() = status;
    *response.headers_mut() = dated.headers;
    response
}
