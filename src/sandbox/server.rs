//! The sandbox's HTTP server: accepts connections, reads requests, lets `handler.rs` decide and
//! sends the responses, with the transport faults that were decided.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};

use super::clock;
use super::fault::Disconnect;
use super::fault_body::FaultBody;
use super::faulty_stream::{ConnControl, FaultyStream, shutdown};
use super::handler::{self, PlannedResponse};
use super::response::framework_error;
use super::state::Shared;

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

/// A listener that is shut down when it is dropped, even if a forked child holds a copy of the
/// socket.
struct ListenerGuard(TcpListener);

impl Drop for ListenerGuard {
    fn drop(&mut self) {
        shutdown(&(&self.0).into());
    }
}

/// Counts a connection as open until it is dropped.
struct ConnectionGuard(Arc<Shared>);

impl ConnectionGuard {
    fn new(shared: &Arc<Shared>) -> ConnectionGuard {
        shared.state.lock().connections.add();
        ConnectionGuard(Arc::clone(shared))
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.state.lock().connections.remove();
    }
}

async fn serve_connection(stream: TcpStream, guard: ConnectionGuard) {
    // If this fails, responses are only slower.
    let _ = stream.set_nodelay(true);
    let control = Arc::new(ConnControl::default());
    let stream = FaultyStream::new(stream, Arc::clone(&control));
    let service = service_fn(|request| respond(&guard.0, &control, request));
    // An error means that the client closed the connection or that a fault ended it. Both are
    // expected.
    let _ = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(stream, service)
        .await;
}

async fn respond(
    shared: &Arc<Shared>,
    control: &Arc<ConnControl>,
    request: Request<Incoming>,
) -> Result<Response<FaultBody>, NoResponse> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(problem) if problem.is::<LengthLimitError>() => None,
        Err(_) => return Err(NoResponse),
    };
    // A panic in the handler fails this request, not the server.
    let planned = catch_unwind(AssertUnwindSafe(|| handler::handle(shared, &head, body.as_ref())))
        .unwrap_or_else(|_| {
            framework_error(500, "The sandbox has a defect: it panicked while it handled this request.")
                .into()
        });
    if !planned.delay.is_zero() {
        tokio::time::sleep(planned.delay).await;
    }
    match planned.transport.disconnect {
        None => Ok(build_response(shared, planned, control)),
        Some(Disconnect::Close) => Err(NoResponse),
        Some(Disconnect::Reset) => {
            control.reset_on_close();
            Err(NoResponse)
        }
    }
}

/// Adds the headers `Date` and `X-Request-Id` unless the planned response has them, and makes the
/// body follow the transport fault.
fn build_response(
    shared: &Shared,
    planned: PlannedResponse,
    control: &Arc<ConnControl>,
) -> Response<FaultBody> {
    let (now, request_id) = {
        let mut state = shared.state.lock();
        (state.clock.now(), state.next_request_id())
    };
    let (mut head, mut body) = planned.response.into_parts();
    if head.status == StatusCode::NO_CONTENT || head.status == StatusCode::NOT_MODIFIED {
        body = Bytes::new();
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (DATE, clock::format_http_date(now)),
        (HeaderName::from_static("x-request-id"), format!("sandbox-{request_id}")),
    ] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    headers.extend(std::mem::take(&mut head.headers));
    head.headers = headers;
    Response::from_parts(head, FaultBody::new(body, &planned.transport, control))
}
