//! What a fault is: a name, where it applies, what the server does, and what the library may
//! report.

use std::sync::Arc;

use super::ledger::{Action, Operation};
use super::wire::Step;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http1Tls,
    Http2,
}

impl Protocol {
    pub const ALL: &'static [Protocol] = &[Protocol::Http1, Protocol::Http1Tls, Protocol::Http2];
    pub const ONE: &'static [Protocol] = &[Protocol::Http1, Protocol::Http1Tls];
    pub const TLS: &'static [Protocol] = &[Protocol::Http1Tls, Protocol::Http2];
    pub const ONE_TLS: &'static [Protocol] = &[Protocol::Http1Tls];
    pub const TWO: &'static [Protocol] = &[Protocol::Http2];

    pub fn name(self) -> &'static str {
        match self {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Http1Tls => "HTTP/1.1 over TLS",
            Protocol::Http2 => "HTTP/2",
        }
    }

    pub fn is_tls(self) -> bool {
        self != Protocol::Http1
    }
}

/// A response, in the terms that both versions of HTTP share.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Over HTTP/1.1: the body's length is said, so the connection may be used again.
    pub with_length: bool,
}

impl Response {
    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Response {
        Response::typed(status, "application/json", body)
    }

    pub fn typed(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Response {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Response { status, headers, body: body.as_ref().to_vec(), with_length: true }
    }

    pub fn empty(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            with_length: status != 204 && status != 304,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// One request that the server is about to response.
pub struct Exchange {
    pub operation: Operation,
    /// The session that the start made, or that the request names.
    pub session_id: String,
    /// Of HTTP/2.
    pub stream: u32,
    /// What a healthy server answers.
    pub good: Response,
}

impl Exchange {
    pub fn new(operation: Operation, session_id: Option<String>, stream: u32) -> Exchange {
        let known = session_id.is_some();
        let id = session_id.unwrap_or_default();
        let good = match operation {
            _ if !known => Response::json(404, r#"{"success":false,"message":"Session not found"}"#),
            Operation::Start => Response::json(201, started(&id)),
            Operation::Status => Response::json(200, status(&id)),
            Operation::End => {
                Response::json(200, r#"{"success":true,"message":"Session ended successfully"}"#)
            }
        };
        Exchange { operation, session_id: id, stream, good }
    }
}

pub fn started(id: &str) -> String {
    format!(
        r#"{{"success":true,"data":{{"session_id":"{id}","session_token":"token","game_url":"https://games.example/{id}","expires_at":"2030-01-01T12:00:00Z"}}}}"#
    )
}

pub fn status(id: &str) -> String {
    format!(
        r#"{{"success":true,"data":{{"session_id":"{id}","status":"active","player_id":"player_456","game":{{"id":123,"title":"Book"}}}}}}"#
    )
}

pub type Respond = Arc<dyn Fn(&Exchange) -> Response + Send + Sync>;
pub type Script = Arc<dyn Fn(&Exchange) -> Vec<Step> + Send + Sync>;

/// What the server does.
#[derive(Clone)]
pub enum Behavior {
    /// It answers well.
    Good,
    /// It refuses connections.
    Refuse,
    /// It does this right after accepting, before TLS.
    AtAccept(Vec<Step>),
    /// It does this when the connection is ready, before it has read a byte; over HTTP/2 instead of
    /// its SETTINGS.
    AtOpen(Vec<Step>),
    /// It does this after so many bytes of a request have come.
    AfterBytes(usize, Vec<Step>),
    /// It does this after a request's head has come, and before it reads the body.
    AfterHead(Script),
    /// It answers a whole request with this.
    Respond(Respond),
    /// It does this after a whole request.
    Script(Script),
}

/// What happens on the client's side while a call is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The call is canceled before it is driven.
    CancelAtOnce,
    /// The call is canceled while the server holds the response.
    Cancel,
    /// The client is freed while the server holds the response.
    Free,
    /// The client is shut down without patience while the server holds the response.
    Shutdown,
    /// The call is canceled at any moment, many times.
    CancelAnyTime,
    /// The client is freed at any moment, many times.
    FreeAnyTime,
}

/// What a call reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    Success,
    NotSent,
    Rejected,
    Unknown,
    /// The host was told no outcome (a canceled task of Python).
    None,
}

impl Claim {
    pub fn name(self) -> &'static str {
        match self {
            Claim::Success => "success",
            Claim::NotSent => "not_sent",
            Claim::Rejected => "rejected",
            Claim::Unknown => "unknown",
            Claim::None => "no outcome",
        }
    }
}

#[derive(Clone)]
pub struct Fault {
    pub name: String,
    /// What the server does, for the documentation.
    pub text: &'static str,
    pub protocols: &'static [Protocol],
    pub operations: Vec<Operation>,
    pub behavior: Behavior,
    /// The operations that the server refuses instead of acting.
    pub refuses: Vec<Operation>,
    pub disclaims: bool,
    /// What a persistent fault may be reported as, beside that the report must be true: for start,
    /// status and end.
    pub allowed: [Vec<Claim>; 3],
    /// Whether the fault makes the client wait, so that it gets short timeouts.
    pub stalls: bool,
    /// Whether a call comes before on the same connection.
    pub primed: bool,
    pub event: Option<Event>,
}

impl Fault {
    pub fn new(name: impl Into<String>, text: &'static str, behavior: Behavior) -> Fault {
        let any = || vec![Claim::Success, Claim::NotSent, Claim::Rejected, Claim::Unknown, Claim::None];
        Fault {
            name: name.into(),
            text,
            protocols: Protocol::ALL,
            operations: Operation::ALL.to_vec(),
            behavior,
            refuses: Vec::new(),
            disclaims: false,
            allowed: [any(), any(), any()],
            stalls: false,
            primed: false,
            event: None,
        }
    }

    pub fn over(mut self, protocols: &'static [Protocol]) -> Fault {
        self.protocols = protocols;
        self
    }

    pub fn of(mut self, operations: &[Operation]) -> Fault {
        self.operations = operations.to_vec();
        self
    }

    pub fn refusing(mut self, operations: &[Operation]) -> Fault {
        self.refuses = operations.to_vec();
        self
    }

    pub fn disclaiming(mut self) -> Fault {
        self.disclaims = true;
        self
    }

    /// Every operation must be reported as one of these. Where a start or an end is in doubt, the
    /// status of a session may be reported as any failure: it changes nothing.
    pub fn must_be(mut self, claims: &[Claim]) -> Fault {
        self.allowed = [claims.to_vec(), claims.to_vec(), claims.to_vec()];
        if claims.contains(&Claim::Unknown) {
            self.allowed[1].extend([Claim::NotSent, Claim::Rejected]);
            self.allowed[1].sort_unstable();
            self.allowed[1].dedup();
        }
        self
    }

    /// One operation must be reported as one of these.
    pub fn must_be_for(mut self, operation: Operation, claims: &[Claim]) -> Fault {
        self.allowed[operation as usize] = claims.to_vec();
        self
    }

    /// The response is not whole or not the API's: no success, and no refusal either.
    pub fn never_a_response(self) -> Fault {
        self.must_be(&[Claim::NotSent, Claim::Unknown, Claim::None])
    }

    pub fn stalling(mut self) -> Fault {
        self.stalls = true;
        self
    }

    pub fn primed(mut self) -> Fault {
        self.primed = true;
        self
    }

    pub fn event(mut self, event: Event) -> Fault {
        self.event = Some(event);
        self
    }

    pub fn action(&self, operation: Operation) -> Action {
        match () {
            () if self.disclaims => Action::Disclaim,
            () if self.refuses.contains(&operation) => Action::Refuse,
            () => Action::Act,
        }
    }
}
