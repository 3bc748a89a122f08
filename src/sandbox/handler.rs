//! Decides how the sandbox responds to a request: rejects the requests of foreign web pages, runs
//! commands, and handles API requests, to which faults may apply. Does no I/O; `server.rs` sends
//! the result.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use serde_json::json;

use crate::api::operation::Operation;

use super::auth::AuthResult;
use super::command;
use super::fault::{Fault, TransportFault};
use super::origin;
use super::request_log;
use super::response::{self, Response};
use super::route::{PathParams, Route, find_operation};
use super::state::Shared;
use super::store::RequestContext;
use super::validate::{Arguments, RawRequest, validate};

/// The path that accepts commands.
const CONTROL_PATH: &str = "/_sandbox";

/// A response, and how the server sends it.
pub(super) struct PlannedResponse {
    pub(super) delay: Duration,
    pub(super) transport: TransportFault,
    pub(super) response: Response,
}

impl From<Response> for PlannedResponse {
    fn from(response: Response) -> PlannedResponse {
        PlannedResponse { delay: Duration::ZERO, transport: TransportFault::default(), response }
    }
}

/// Handles a request. `body` is none if the body was too large to be read.
pub(super) fn handle(shared: &Shared, head: &Parts, body: Option<&Bytes>) -> PlannedResponse {
    // A rejected request is not logged and takes no fault, because it is not part of the game's
    // traffic.
    match (origin::rejection(head, shared.port), body) {
        (Some(rejection), _) => rejection.into(),
        (None, Some(body)) => dispatch(shared, head, body),
        (None, None) => {
            response::framework_error(413, "The request body is too large. The sandbox reads at most 16 MiB.")
                .into()
        }
    }
}

/// Handles a request by its path: a command, the page of a game, or an API request.
fn dispatch(shared: &Shared, head: &Parts, body: &Bytes) -> PlannedResponse {
    match head.uri.path() {
        CONTROL_PATH => handle_command(shared, head, body).into(),
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

fn handle_command(shared: &Shared, head: &Parts, body: &Bytes) -> Response {
    if head.method != http::Method::POST {
        return method_not_allowed(&["POST"]);
    }
    if !origin::has_json_content_type(&head.headers) {
        return response::framework_error(415, "A command needs the header Content-Type: application/json.");
    }
    match command::run(shared, &String::from_utf8_lossy(body)) {
        Ok(result) => response::json(200, &result),
        Err(error) => response::new(400, response::JSON, error.to_json()),
    }
}

/// Handles a request to the API: logs the request, takes a fault if one matches, and runs the
/// operation unless the fault forbids that.
fn handle_call(shared: &Shared, head: &Parts, body: &Bytes) -> PlannedResponse {
    let auth = AuthResult::check(&head.headers, &shared.config.api_key);
    let route = find_operation(head.method.as_str(), head.uri.path());
    let id = match &route {
        Route::Found(operation, _) => Some(operation.id),
        _ => None,
    };
    let entry = request_log::entry(id, head, auth, body);
    let resolved = resolve(route, head, auth, body);

    let mut state = shared.state.lock();
    state.requests.add(id, entry);
    let fault = state.faults.take_matching(id);
    let now = state.clock.now();
    let response = fault.as_ref().is_none_or(|fault| fault.process).then(|| match resolved {
        Ok((operation, arguments)) => {
            let context = RequestContext { config: &shared.config, base_url: &shared.base_url, now };
            state.store.handle(operation, arguments, &context)
        }
        Err(rejection) => *rejection,
    });
    drop(state);
    apply_fault(fault.as_deref(), response, now)
}

/// Returns the operation and its arguments, or the response to a request that cannot be run.
fn resolve(
    route: Route,
    head: &Parts,
    auth: AuthResult,
    body: &Bytes,
) -> Result<(&'static Operation, Arguments), Box<Response>> {
    let rejection = match route {
        Route::Found(operation, path) if auth == AuthResult::Ok => {
            return Ok((operation, validate_request(operation, &path, head, body)?));
        }
        Route::Found(operation, _) => unauthorized(operation),
        Route::MethodNotAllowed(methods) => method_not_allowed(&methods),
        Route::NotFound => response::framework_error(404, "The API has no operation at this path."),
        Route::InvalidPath => response::framework_error(400, "The path is not percent-encoded UTF-8."),
    };
    Err(Box::new(rejection))
}

fn validate_request(
    operation: &'static Operation,
    path: &PathParams,
    head: &Parts,
    body: &Bytes,
) -> Result<Arguments, Box<Response>> {
    let content_type = head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let request = RawRequest {
        path,
        query: head.uri.query().unwrap_or_default(),
        content_type: content_type.unwrap_or_default(),
        body,
    };
    validate(operation, &request)
}

/// Returns the 401 of an operation. The API has two formats for it.
fn unauthorized(operation: &Operation) -> Response {
    if operation.tag == "Endpoints" || operation.id == "get_api_v1_games_id" {
        let message = "Invalid or inactive API key";
        return response::json(401, &json!({"error": "Unauthorized", "message": message, "code": 401}));
    }
    response::api_error(401, "Unauthorized")
}

fn method_not_allowed(allowed: &[&str]) -> Response {
    let mut response = response::framework_error(
        405,
        "This path does not accept the request's method. The header Allow lists the methods.",
    );
    response::set_header(&mut response, http::header::ALLOW, &allowed.join(", "));
    response
}

/// Applies a fault, if there is one, to the operation's response, which is none if the operation
/// did not run.
fn apply_fault(fault: Option<&Fault>, response: Option<Response>, now: u64) -> PlannedResponse {
    match (fault, response) {
        (Some(fault), response) => PlannedResponse {
            delay: fault.delay,
            transport: fault.transport.clone(),
            response: fault.apply_to(response, now),
        },
        (None, Some(response)) => response.into(),
        // Unreachable: without a fault the operation always runs.
        (None, None) => response::framework_error(500, "The operation has no response.").into(),
    }
}
