//! The transport of the simulation: one attempt, with faults and an await wherever a real one has them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::world::{Request, Wire, World};
use crate::message::{Answer, Method, Parts};
use crate::net::attempt_status::AttemptStatus;
use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::Simulate;

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
        parts: &Parts,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
    ) -> Result<Answer, Failure> {
        self.pause().await;
        match self.world.below(20) {
            0 => return Err(Failure::new(FailureKind::Connect, "no connection")),
            1 => return Err(Failure::new(FailureKind::Resolve, "no such host")),
            _ => {}
        }
        self.pause().await;
        if !attempt.try_send() {
            self.world.count_called_off();
            return Err(Failure::new(FailureKind::Canceled, "called off"));
        }
        match self.world.below(20) {
            0 => {
                // The system took no byte.
                attempt.mark_not_sent();
                return Err(Failure::new(FailureKind::Lost, "not a byte was taken"));
            }
            1 => {
                // A part left, and no server acts on a part.
                self.pause().await;
                return Err(Failure::new(FailureKind::Lost, "the connection broke in the request"));
            }
            _ => {}
        }
        let wire =
            Wire { call_id: call_id.to_str().unwrap_or_default().to_owned(), request: request_of(parts) };
        let number = self.world.send(wire);
        self.pause().await;
        match self.world.below(30) {
            0 => {
                self.world.lose(number);
                attempt.mark_not_sent();
                Err(Failure::new(FailureKind::Lost, "REFUSED_STREAM"))
            }
            1 => {
                self.world.lose(number);
                Err(Failure::new(FailureKind::Lost, "lost on the way"))
            }
            // It arrives later, or now, and nothing is heard of it.
            2 => Err(Failure::new(FailureKind::Lost, "the connection broke")),
            3 => {
                self.world.act_on(number);
                self.pause().await;
                Err(Failure::new(FailureKind::Lost, "the connection broke in the response"))
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
                Err(Failure::new(FailureKind::NotHttp, "not HTTP"))
            }
            _ => match self.world.act_on(number) {
                Some(body) => self.respond(attempt, 200, &body).await,
                None => Err(Failure::new(FailureKind::Lost, "lost")),
            },
        }
    }

    async fn respond(&self, attempt: &AttemptStatus, status: u16, body: &str) -> Result<Answer, Failure> {
        self.pause().await;
        attempt.record_progress();
        self.pause().await;
        attempt.record_progress();
        Ok(Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() })
    }
}

impl Simulate for SimulatedTransport {
    fn attempt<'a>(
        &'a self,
        parts: &'a Parts,
        call_id: &'a HeaderValue,
        attempt: &'a AttemptStatus,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>> {
        Box::pin(self.perform(parts, call_id, attempt))
    }
}

fn request_of(parts: &Parts) -> Request {
    let target = String::from_utf8_lossy(&parts.target).into_owned();
    let id = target
        .split('/')
        .find(|piece| piece.starts_with("session-"))
        .map(|id| id.split('?').next().unwrap_or_default().to_owned());
    match (parts.method, id) {
        (Method::Get, Some(id)) => Request::Status(id),
        (_, Some(id)) => Request::End(id),
        (_, None) => Request::Start,
    }
}
