//! The interface for a transport of the host: an engine, a console or a browser that performs HTTP
//! with its own library. `net/transport/host.rs` calls it; `ffi/transport.rs` makes one of the
//! functions of a C host.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};

/// A transport of the host: it sends the HTTP requests of a client.
///
/// The library keeps what it does above a transport: arguments, retries, time limits, outcomes.
/// TLS, root certificates, proxies, redirects and connections are then the host's. The host must
/// not follow redirects, must not send a request again by itself, and must not decompress bodies
/// without removing the `Content-Encoding` header.
///
/// ```
/// # #[cfg(feature = "sandbox")] {
/// use std::sync::Arc;
/// use iplaygames::{Client, Exchange, HostRequest, HostTransport};
///
/// /// Answers every request without a network.
/// struct Offline;
///
/// impl HostTransport for Offline {
///     fn send(&self, exchange: Exchange, request: &HostRequest<'_>) {
///         assert_eq!(request.method, "GET");
///         let body = br#"{"success": true, "data": []}"#.to_vec();
///         // False: the call has ended in the meantime.
///         let _ = exchange.respond(200, &[("content-type", "application/json")], body);
///     }
/// }
///
/// let client = Client::builder().api_key("key").host_transport(Arc::new(Offline)).build()?;
/// let reply = client.call("list_games", "", &Default::default())?;
/// assert_eq!(reply.http_status(), Some(200));
/// # }
/// # Ok::<(), iplaygames::Error>(())
/// ```
pub trait HostTransport: Send + Sync {
    /// Starts to send a request. Returns at once; the exchange is answered later, on any thread, or
    /// before this function returns.
    ///
    /// Runs on the thread that drives the call, inside a blocking call, a wait or a tick, with no
    /// lock held. Calls of the library that would drive are refused inside of it with
    /// [`Code::UNSUPPORTED`].
    fn send(&self, exchange: Exchange, request: &HostRequest<'_>);

    /// Stops an exchange whose call has ended: by a cancellation, a time limit, or the end of the
    /// client. An answer that comes later is ignored. Runs like [`send`](HostTransport::send), at
    /// the next drive at the latest, or while the client is freed.
    fn cancel(&self, _exchange: ExchangeId) {}
}

/// The number of an exchange, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeId(u64);

/// A request for a transport of the host.
pub struct HostRequest<'a> {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'a str,
    /// The whole address, percent-encoded.
    pub url: &'a str,
    /// The headers, with the API key. `Host` and `Content-Length` are the transport's.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub body: &'a [u8],
}

impl fmt::Debug for HostRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("HostRequest")
            .field("method", &self.method)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why an exchange has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeFailure {
    /// The host name could not be resolved.
    Resolve,
    /// No connection could be opened.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The time limit of the host's library passed.
    Timeout,
    /// The connection was lost, or the host cannot say more.
    ConnectionLost,
    /// The response is not valid HTTP.
    BadResponse,
}

/// The response of an exchange.
pub(crate) struct HostResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The failure of an exchange.
pub(crate) struct HostFailure {
    pub(crate) failure: ExchangeFailure,
    /// Whether a part of the request may have been sent.
    pub(crate) is_sent: bool,
    pub(crate) message: String,
}

/// A request that the host sends, to be answered once: with [`respond`](Exchange::respond) or
/// [`fail`](Exchange::fail). Clones refer to the same exchange. If the last clone is dropped
/// without an answer, the attempt fails as a lost connection.
#[derive(Clone)]
pub struct Exchange {
    guard: Arc<AnswerGuard>,
}

/// Answers when the host drops an exchange without an answer.
struct AnswerGuard(Arc<ExchangeState>);

/// The part of an exchange that the library waits for.
pub(crate) struct ExchangeState {
    id: ExchangeId,
    /// The process whose driver waits for the answer.
    generation: u64,
    state: ForkSafeMutex<State>,
}

enum State {
    Waiting(Option<Waker>),
    Answered(Result<HostResponse, HostFailure>),
    /// The answer was taken, or the call has ended.
    Ended,
}

impl ExchangeState {
    /// Creates an exchange: the library's part and the host's part.
    pub(crate) fn new() -> (Arc<ExchangeState>, Exchange) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = ExchangeId(NEXT.fetch_add(1, Ordering::Relaxed));
        let state = Arc::new(ExchangeState {
            id,
            generation: fork::generation(),
            state: ForkSafeMutex::new(State::Waiting(None)),
        });
        let exchange = Exchange { guard: Arc::new(AnswerGuard(Arc::clone(&state))) };
        (state, exchange)
    }

    pub(crate) fn id(&self) -> ExchangeId {
        self.id
    }

    /// Waits for the answer.
    pub(crate) fn poll_answer(&self, context: &mut Context<'_>) -> Poll<Result<HostResponse, HostFailure>> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Ended) {
            State::Answered(answer) => Poll::Ready(answer),
            State::Waiting(_) => {
                *state = State::Waiting(Some(context.waker().clone()));
                Poll::Pending
            }
            State::Ended => Poll::Pending,
        }
    }

    /// Accepts no more answers. Returns whether the host still owes one.
    pub(crate) fn end(&self) -> bool {
        // The waker is dropped after the lock.
        let previous = std::mem::replace(&mut *self.state.lock(), State::Ended);
        matches!(previous, State::Waiting(_))
    }

    fn answer(&self, answer: Result<HostResponse, HostFailure>) -> Result<(), Error> {
        if self.generation != fork::generation() {
            // The waker would write to a descriptor of the parent.
            return Err(Error::new(
                Code::INVALID_HANDLE,
                "The exchange belongs to the process that this one was forked from.",
            ));
        }
        let mut state = self.state.lock();
        if !matches!(*state, State::Waiting(_)) {
            return Err(Error::new(
                Code::INVALID_HANDLE,
                "The exchange was answered before, or its call has ended.",
            ));
        }
        let previous = std::mem::replace(&mut *state, State::Answered(answer));
        drop(state);
        if let State::Waiting(Some(waker)) = previous {
            waker.wake();
        }
        Ok(())
    }
}

impl Exchange {
    /// Returns the number of the exchange, which [`HostTransport::cancel`] gets.
    pub fn id(&self) -> ExchangeId {
        self.guard.0.id
    }

    /// Answers with a complete response. Of a repeated header, the first value counts. Headers of
    /// more than 64 KiB, or with a control character, are not valid HTTP: the call fails with
    /// [`Code::BAD_RESPONSE`].
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] for a status outside of 200 to 599: the exchange stays open.
    /// [`Code::INVALID_HANDLE`] if the exchange was answered before or its call has ended, and in a
    /// forked child for an exchange of its parent.
    pub fn respond(&self, status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(), Error> {
        if !(200..=599).contains(&status) {
            return Err(Error::invalid(
                "/status",
                format!("The status of a response is {status}; it must be 200 to 599."),
            ));
        }
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.guard.0.answer(Ok(HostResponse { status, headers: headers.collect(), body }))
    }

    /// Answers that there is no response. `is_sent` is false only if it is certain that no byte of
    /// the request was sent; the call is then `not_sent` and may be sent again.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_HANDLE`] if the exchange was answered before or its call has ended, and in a
    /// forked child for an exchange of its parent.
    pub fn fail(&self, failure: ExchangeFailure, is_sent: bool, message: &str) -> Result<(), Error> {
        self.guard.0.answer(Err(HostFailure { failure, is_sent, message: message.to_owned() }))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.id()).finish()
    }
}

impl Drop for AnswerGuard {
    fn drop(&mut self) {
        let failure = HostFailure {
            failure: ExchangeFailure::ConnectionLost,
            is_sent: true,
            message: "the transport of the host gave no answer".to_owned(),
        };
        // An error means that the exchange has an answer.
        let _ = self.0.answer(Err(failure));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(state: &ExchangeState) -> Poll<Result<HostResponse, HostFailure>> {
        state.poll_answer(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_exchange_takes_one_answer() {
        let (state, exchange) = ExchangeState::new();
        assert!(poll(&state).is_pending());
        exchange.respond(204, &[], Vec::new()).unwrap();
        let error = exchange.fail(ExchangeFailure::Tls, false, "late").unwrap_err();
        assert_eq!(error.code(), Code::INVALID_HANDLE);
        let Poll::Ready(Ok(response)) = poll(&state) else { panic!("no response") };
        assert_eq!(response.status, 204);
        assert!(!state.end());
    }

    #[test]
    fn an_exchange_with_an_invalid_status_stays_open() {
        let (state, exchange) = ExchangeState::new();
        for status in [0, 100, 199, 600, u16::MAX] {
            let error = exchange.respond(status, &[], Vec::new()).unwrap_err();
            assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/status")));
        }
        assert!(state.end());
    }

    #[test]
    fn an_exchange_that_is_dropped_without_an_answer_fails_as_possibly_sent() {
        let (state, exchange) = ExchangeState::new();
        let clone = exchange.clone();
        drop(exchange);
        assert!(poll(&state).is_pending());
        drop(clone);
        let Poll::Ready(Err(failure)) = poll(&state) else { panic!("no failure") };
        assert!(failure.is_sent && failure.failure == ExchangeFailure::ConnectionLost);
    }

    #[test]
    fn an_answer_after_the_end_of_the_call_is_refused() {
        let (state, exchange) = ExchangeState::new();
        assert!(state.end());
        assert!(exchange.respond(200, &[], Vec::new()).is_err());
        assert!(!state.end());
    }
}
