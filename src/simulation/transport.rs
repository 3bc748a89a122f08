//! The transport of the simulation: one attempt, with faults and an await wherever a real one has
//! them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::world::{Operation, Wire, World};
use crate::http_types::{Method, Request, Response};
use crate::net::attempt_status::AttemptStatus;
use crate::net::transport::Simulate;
use crate::net::transport_error::{TransportError, TransportErrorKind};

pub(super) struct SimulatedTransport {
    world: Arc<World>,
}

impl SimulatedTransport {
    pub(super) fn new(world: Arc<World>) -> SimulatedTransport {
        SimulatedTransport { world }
    }

    /// An await: other tasks run, time passes, and another thread may act before and after.
    async fn pause(&self) {
        self.world.at_an_await();
        match self.world.below(10) {
            0..5 => {}
            5..8 => tokio::task::yield_now().await,
            8 => tokio::time::sleep(Duration::from_millis(self.world.below(50).into())).await,
            _ => tokio::time::sleep(Duration::from_millis(self.world.below(2000).into())).await,
        }
        self.world.at_an_await();
    }

    async fn perform(
        &self,
        parts: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
    ) -> Result<Response, TransportError> {
        self.pause().await;
        match self.world.below(20) {
            0 => return Err(TransportError::new(TransportErrorKind::Connect, "no connection")),
            1 => return Err(TransportError::new(TransportErrorKind::Resolve, "no such host")),
            _ => {}
        }
        self.pause().await;
        if !attempt.try_send() {
            self.world.count_called_off();
            return Err(TransportError::new(TransportErrorKind::Canceled, "called off"));
        }
        match self.world.below(20) {
            0 => {
                // The system took no byte.
                attempt.mark_not_sent();
                return Err(TransportError::new(
                    TransportErrorKind::ConnectionClosed,
                    "not a byte was taken",
                ));
            }
            1 => {
                // A part left, and no server acts on a part.
                self.pause().await;
                return Err(TransportError::new(
                    TransportErrorKind::ConnectionClosed,
                    "the connection broke in the request",
                ));
            }
            _ => {}
        }
        let wire =
            Wire { call_id: call_id.to_str().unwrap_or_default().to_owned(), request: operation_of(parts) };
        let number = self.world.send(wire);
        self.pause().await;
        match self.world.below(30) {
            0 => {
                self.world.lose(number);
                attempt.mark_not_sent();
                Err(TransportError::new(TransportErrorKind::ConnectionClosed, "REFUSED_STREAM"))
            }
            1 => {
                self.world.lose(number);
                Err(TransportError::new(TransportErrorKind::ConnectionClosed, "lost on the way"))
            }
            // It arrives later, or now, and nothing is heard of it.
            2 => Err(TransportError::new(TransportErrorKind::ConnectionClosed, "the connection broke")),
            3 => {
                self.world.act_on(number);
                self.pause().await;
                Err(TransportError::new(
                    TransportErrorKind::ConnectionClosed,
                    "the connection broke in the response",
                ))
            }
            4 => std::future::pending().await,
            5 => {
                self.world.refuse(number);
                self.respond(attempt, 503, r#"{"success":false,"message":"No available providers"}"#).await
            }
            6 => {
                self.world.refuse(number);
                self.respond(attempt, 429, r#"{"message":"Too Many Attempts."}"#).await
            }
            7 => {
                self.world.refuse(number);
                self.respond(attempt, 422, r#"{"success":false,"message":"no"}"#).await
            }
            8 => {
                self.world.act_on(number);
                self.respond(attempt, 500, r#"{"success":false,"message":"Server Error"}"#).await
            }
            9 => {
                self.world.act_on(number);
                self.respond(attempt, 502, "<html>Bad Gateway</html>").await
            }
            10 => {
                self.world.act_on(number);
                self.respond(attempt, 200, "<html>").await
            }
            11 => {
                self.world.act_on(number);
                Err(TransportError::new(TransportErrorKind::InvalidHttp, "not HTTP"))
            }
            _ => match self.world.act_on(number) {
                Some(body) => self.respond(attempt, 200, &body).await,
                None => Err(TransportError::new(TransportErrorKind::ConnectionClosed, "lost")),
            },
        }
    }

    async fn respond(
        &self,
        attempt: &AttemptStatus,
        status: u16,
        body: &str,
    ) -> Result<Response, TransportError> {
        self.pause().await;
        attempt.record_progress();
        self.pause().await;
        attempt.record_progress();
        Ok(Response { status, body: body.as_bytes().to_vec(), ..Response::default() })
    }
}

impl Simulate for SimulatedTransport {
    fn attempt<'a>(
        &'a self,
        parts: &'a Request,
        call_id: &'a HeaderValue,
        attempt: &'a AttemptStatus,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        Box::pin(self.perform(parts, call_id, attempt))
    }
}

fn operation_of(parts: &Request) -> Operation {
    let target = String::from_utf8_lossy(&parts.target).into_owned();
    let id = target
        .split('/')
        .find(|piece| piece.starts_with("session-"))
        .map(|id| id.split('?').next().unwrap_or_default().to_owned());
    match (parts.method, id) {
        (Method::Get, Some(id)) => Operation::Status(id),
        (_, Some(id)) => Operation::End(id),
        (_, None) => Operation::Start,
    }
}
