//! From a connection to an answer: accepts, reads a request, lets a fault or the world answer it.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::api::operation::Operation;
use crate::fork::Lock;

use super::check::{self, Arguments, Given};
use super::clock::{self, Clock};
use super::command;
use super::config::Config;
use super::fault::{Delivery, Effect, Faults, Silence};
use super::journal::{self, Bearer, Connections, Journal};
use super::origin;
use super::reply::Reply;
use super::route::{self, PathFields, Route};
use super::wire::{Payload, Switch, Wire, hang_up};
use super::world::{Surroundings, World};

/// The largest body that is read: an upload of the largest file fits.
const LARGEST_BODY: usize = 16 << 20;
/// Where commands are taken.
const CONTROL: &str = "/_sandbox";

/// What the thread and the owner of a sandbox share.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) base_url: String,
    /// The port that it listens on.
    pub(super) port: u16,
    pub(super) state: Lock<State>,
}

/// What changes.
#[derive(Default)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) connections: Connections,
    /// Of the last answer.
    request_id: u64,
}

impl Shared {
    /// Everything as it was at the start, but for connections that are open and the ids of answers.
    pub(super) fn reset(&self) {
        let State { world, clock, faults, journal, connections, request_id: _ } = &mut *self.state.lock();
        *world = World::default();
        *clock = Clock::default();
        *faults = Faults::default();
        *journal = Journal::default();
        connections.reset();
    }
}

/// What was decided about a request.
struct Decision {
    delay: Duration,
    delivery: Delivery,
    reply: Reply,
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Decision {
        Decision { delay: Duration::ZERO, delivery: Delivery::default(), reply }
    }
}

/// Why a request gets no answer. Its kind does not matter to hyper: the connection ends.
#[derive(Debug)]
struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer is sent")
    }
}

impl std::error::Error for NoAnswer {}

/// Accepts connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let listener = HungUp(listener);
    loop {
        match listener.0.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Opened::new(&shared)));
            }
            // Out of file descriptors, most likely: others close in time.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A listener that stops listening when it is dropped, whatever forked children hold.
struct HungUp(TcpListener);

impl Drop for HungUp {
    fn drop(&mut self) {
        hang_up(&self.0);
    }
}

/// Counts a connection for as long as it lives.
struct Opened(Arc<Shared>);

impl Opened {
    fn new(shared: &Arc<Shared>) -> Opened {
        shared.state.lock().connections.opened();
        Opened(Arc::clone(shared))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.state.lock().connections.closed();
    }
}

async fn connection(stream: TcpStream, opened: Opened) {
    // Without it answers are only slower.
    let _ = stream.set_nodelay(true);
    let switch = Arc::new(Switch::default());
    let wire = Wire::new(stream, Arc::clone(&switch));
    let service = service_fn(|request| answer(&opened.0, &switch, request));
    // An error is a client that went away or a fault that was asked for: either way it is over.
    let _ = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(wire, service)
        .await;
}

async fn answer(
    shared: &Arc<Shared>,
    switch: &Arc<Switch>,
    request: Request<Incoming>,
) -> Result<Response<Payload>, NoAnswer> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(problem) if problem.is::<LengthLimitError>() => None,
        Err(_) => return Err(NoAnswer),
    };
    let decide = || match (origin::refusal(&head, shared.port), &body) {
        // Not noted and met by no fault: nothing of the game's.
        (Some(refusal), _) => refusal.into(),
        (None, Some(body)) => shared.decide(&head, body),
        (None, None) => Reply::bare(413, "The request body is too large").into(),
    };
    // A defect here costs one answer, not the server.
    let decision = catch_unwind(AssertUnwindSafe(decide))
        .unwrap_or_else(|_| Reply::bare(500, "The sandbox has a defect: this request made it panic").into());
    if !decision.delay.is_zero() {
        tokio::time::sleep(decision.delay).await;
    }
    match decision.delivery.silence {
        None => Ok(shared.deliver(decision, switch)),
        Some(Silence::Closed) => Err(NoAnswer),
        Some(Silence::Reset) => {
            switch.reset();
            Err(NoAnswer)
        }
    }
}

impl Shared {
    fn decide(&self, head: &Parts, body: &Bytes) -> Decision {
        match head.uri.path() {
            CONTROL => self.control(head, body).into(),
            path => match path.strip_prefix("/play/") {
                Some(token) if head.method == http::Method::GET => {
                    let mut state = self.state.lock();
                    let now = state.clock.now();
                    state.world.page(token, now).into()
                }
                _ => self.decide_call(head, body),
            },
        }
    }

    fn control(&self, head: &Parts, body: &Bytes) -> Reply {
        if head.method != http::Method::POST {
            return other_method(&["POST"]);
        }
        if !origin::is_json(&head.headers) {
            return Reply::bare(415, "A command needs the header Content-Type: application/json.");
        }
        match command::run(self, &String::from_utf8_lossy(body)) {
            Ok(answer) => Reply::json(200, &answer),
            Err(error) => Reply::new(400, super::reply::JSON, error.to_json()),
        }
    }

    /// A request to the API: noted, perhaps met by a fault, perhaps carried out.
    fn decide_call(&self, head: &Parts, body: &Bytes) -> Decision {
        let bearer = Bearer::of(&head.headers, &self.config.api_key);
        let route = route::find(head.method.as_str(), head.uri.path());
        let id = match &route {
            Route::To(operation, _) => Some(operation.id),
            _ => None,
        };
        let row = journal::row(id, head, bearer, body);
        let checked = checked(route, head, bearer, body);

        let mut state = self.state.lock();
        state.journal.note(id, row);
        let effect = state.faults.meet(id);
        let now = state.clock.now();
        let real = effect.as_ref().is_none_or(|effect| effect.process).then(|| match checked {
            Ok((operation, arguments)) => {
                let around = Surroundings { config: &self.config, base_url: &self.base_url, now };
                state.world.carry_out(operation, arguments, &around)
            }
            Err(refusal) => *refusal,
        });
        drop(state);
        met(effect.as_deref(), real, now)
    }

    fn deliver(&self, decision: Decision, switch: &Arc<Switch>) -> Response<Payload> {
        let (now, request_id) = {
            let mut state = self.state.lock();
            state.request_id += 1;
            (state.clock.now(), state.request_id)
        };
        let Reply { status, headers, mut body } = decision.reply;
        if status == http::StatusCode::NO_CONTENT || status == http::StatusCode::NOT_MODIFIED {
            body = Bytes::new();
        }
        let mut dated = Reply { status, headers: Default::default(), body: Bytes::new() };
        dated.header(http::header::DATE, &clock::http(now));
        dated.header(http::HeaderName::from_static("x-request-id"), &format!("sandbox-{request_id}"));
        // What the answer itself says wins.
        dated.headers.extend(headers);
        let mut response = Response::new(Payload::new(body, &decision.delivery, switch));
        *response.status_mut() = status;
        *response.headers_mut() = dated.headers;
        response
    }
}

/// The operation and its arguments, or why it is not carried out.
fn checked(
    route: Route,
    head: &Parts,
    bearer: Bearer,
    body: &Bytes,
) -> Result<(&'static Operation, Arguments), Box<Reply>> {
    let refusal = match route {
        Route::To(operation, path) if bearer == Bearer::Ok => return fields(operation, &path, head, body),
        Route::To(operation, _) => unauthorized(operation),
        Route::OtherMethod(methods) => other_method(&methods),
        Route::Nowhere => Reply::bare(404, "The API has nothing at this path"),
        Route::Malformed => Reply::bare(400, "The path is not percent-encoded UTF-8"),
    };
    Err(Box::new(refusal))
}

fn fields(
    operation: &'static Operation,
    path: &PathFields,
    head: &Parts,
    body: &Bytes,
) -> Result<(&'static Operation, Arguments), Box<Reply>> {
    let content_type = head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = Given {
        path,
        query: head.uri.query().unwrap_or_default(),
        content_type: content_type.unwrap_or_default(),
        body,
    };
    Ok((operation, check::arguments(operation, &given)?))
}

/// The API has two ways to say it.
fn unauthorized(operation: &Operation) -> Reply {
    if operation.tag == "Endpoints" || operation.id == "get_api_v1_games_id" {
        let message = "Invalid or inactive API key";
        return Reply::json(401, &json!({"error": "Unauthorized", "message": message, "code": 401}));
    }
    Reply::refusal(401, "Unauthorized")
}

fn other_method(allowed: &[&str]) -> Reply {
    let mut reply = Reply::bare(405, "This path does not take that method");
    reply.header(http::header::ALLOW, &allowed.join(", "));
    reply
}

/// Applies a fault's effect, if one met the request, to the real answer, if there is one.
fn met(effect: Option<&Effect>, real: Option<Reply>, now: u64) -> Decision {
    match (effect, real) {
        (Some(effect), real) => Decision {
            delay: effect.delay,
            delivery: effect.delivery.clone(),
            reply: effect.shape(real, now),
        },
        (None, Some(reply)) => reply.into(),
        // Only a fault keeps an operation from being carried out.
        (None, None) => Reply::bare(500, "Nothing was decided").into(),
    }
}
