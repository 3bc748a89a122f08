//! Decides how the sandbox responds to a request: rejects the requests of foreign web pages, runs commands,
//! and handles API requests, to which faults may apply. Does no I/O; `server.rs` sends the result.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use serde_json::json;

use crate::api::operation::Operation;

use super::check::{self, Arguments, Given};
use super::command;
use super::fault::{Delivery, Effect};
use super::journal::{self, Bearer};
use super::origin;
use super::reply::{self, Reply};
use super::route::{self, PathFields, Route};
use super::state::Shared;
use super::store::RequestContext;

/// The path that accepts commands.
const CONTROL_PATH: &str = "/_sandbox";

/// A response, and how the server sends it.
pub(super) struct Decision {
    pub(super) delay: Duration,
    pub(super) delivery: Delivery,
    pub(super) reply: Reply,
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Decision {
        Decision { delay: Duration::ZERO, delivery: Delivery::default(), reply }
    }
}

/// Handles a request. `body` is none if the body was too large to be read.
pub(super) fn handle(shared: &Shared, head: &Parts, body: Option<&Bytes>) -> Decision {
    // A rejected request is not logged and takes no fault, because it is not part of the game's traffic.
    match (origin::refusal(head, shared.port), body) {
        (Some(refusal), _) => refusal.into(),
        (None, Some(body)) => route(shared, head, body),
        (None, None) => Reply::bare(413, "The request body is too large").into(),
    }
}

fn route(shared: &Shared, head: &Parts, body: &Bytes) -> Decision {
    match head.uri.path() {
        CONTROL_PATH => control(shared, head, body).into(),
        path => match path.strip_prefix("/play/") {
            Some(token) if head.method == http::Method::GET => {
                let state = shared.state.lock();
                let now = state.clock.now();
                state.store.game_page(token, now).into()
            }
            _ => handle_call(shared, head, body),
        },
    }
}

fn control(shared: &Shared, head: &Parts, body: &Bytes) -> Reply {
    if head.method != http::Method::POST {
        return method_not_allowed(&["POST"]);
    }
    if !origin::is_json(&head.headers) {
        return Reply::bare(415, "A command needs the header Content-Type: application/json.");
    }
    match command::run(shared, &String::from_utf8_lossy(body)) {
        Ok(answer) => Reply::json(200, &answer),
        Err(error) => Reply::new(400, reply::JSON, error.to_json()),
    }
}

/// Handles a request to the API: logs the request, takes a fault if one matches, and runs the operation
/// unless the fault forbids that.
fn handle_call(shared: &Shared, head: &Parts, body: &Bytes) -> Decision {
    let bearer = Bearer::of(&head.headers, &shared.config.api_key);
    let route = route::find(head.method.as_str(), head.uri.path());
    let id = match &route {
        Route::To(operation, _) => Some(operation.id),
        _ => None,
    };
    let row = journal::row(id, head, bearer, body);
    let resolved = resolve(route, head, bearer, body);

    let mut state = shared.state.lock();
    state.journal.note(id, row);
    let effect = state.faults.meet(id);
    let now = state.clock.now();
    let real = effect.as_ref().is_none_or(|effect| effect.process).then(|| match resolved {
        Ok((operation, arguments)) => {
            let context = RequestContext { config: &shared.config, base_url: &shared.base_url, now };
            state.store.handle(operation, arguments, &context)
        }
        Err(refusal) => *refusal,
    });
    drop(state);
    apply(effect.as_deref(), real, now)
}

/// Returns the operation and its arguments, or the response to a request that cannot be run.
fn resolve(
    route: Route,
    head: &Parts,
    bearer: Bearer,
    body: &Bytes,
) -> Result<(&'static Operation, Arguments), Box<Reply>> {
    let refusal = match route {
        Route::To(operation, path) if bearer == Bearer::Ok => {
            return Ok((operation, arguments(operation, &path, head, body)?));
        }
        Route::To(operation, _) => unauthorized(operation),
        Route::OtherMethod(methods) => method_not_allowed(&methods),
        Route::Nowhere => Reply::bare(404, "The API has nothing at this path"),
        Route::Malformed => Reply::bare(400, "The path is not percent-encoded UTF-8"),
    };
    Err(Box::new(refusal))
}

fn arguments(
    operation: &'static Operation,
    path: &PathFields,
    head: &Parts,
    body: &Bytes,
) -> Result<Arguments, Box<Reply>> {
    let content_type = head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = Given {
        path,
        query: head.uri.query().unwrap_or_default(),
        content_type: content_type.unwrap_or_default(),
        body,
    };
    check::arguments(operation, &given)
}

/// Returns the 401 of an operation. The API has two formats for it.
fn unauthorized(operation: &Operation) -> Reply {
    if operation.tag == "Endpoints" || operation.id == "get_api_v1_games_id" {
        let message = "Invalid or inactive API key";
        return Reply::json(401, &json!({"error": "Unauthorized", "message": message, "code": 401}));
    }
    Reply::refusal(401, "Unauthorized")
}

fn method_not_allowed(allowed: &[&str]) -> Reply {
    let mut reply = Reply::bare(405, "This path does not take that method");
    reply.header(http::header::ALLOW, &allowed.join(", "));
    reply
}

/// Applies a fault, if there is one, to the operation's response. `real` is none if the fault forbade the
/// operation.
fn apply(effect: Option<&Effect>, real: Option<Reply>, now: u64) -> Decision {
    match (effect, real) {
        (Some(effect), real) => Decision {
            delay: effect.delay,
            delivery: effect.delivery.clone(),
            reply: effect.shape(real, now),
        },
        (None, Some(reply)) => reply.into(),
        // Unreachable: without a fault the operation always runs.
        (None, None) => Reply::bare(500, "Nothing was decided").into(),
    }
}
