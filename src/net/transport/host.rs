//! The transport of the host: passes the requests of a client to functions of the host and waits
//! for their answers. It does no I/O.

use std::future::poll_fn;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};

use super::Transport;
use super::encoded_body::{EncodedBody, JSON};
use super::permits::Permit;
use super::request_headers::{X_REQUEST_ID, request_headers, request_url};
use crate::config::Config;
use crate::host_transport::{
    ExchangeFailure, ExchangeState, HostFailure, HostRequest, HostResponse, HostTransport,
};
use crate::http_types::{Request, Response, SharedBodySink};
use crate::net::attempt_status::AttemptStatus;
use crate::net::response_headers::{check_size, store_headers_and_lines};
use crate::net::transport_error::{self, TransportError, TransportErrorKind};

/// Passes attempts to the functions of the host.
pub(crate) struct HostedTransport {
    host: Arc<dyn HostTransport>,
    base_url: String,
    headers: HeaderMap,
    max_response_bytes: usize,
}

/// Tells the host that an exchange has ended, unless the host has answered it.
struct CancelGuard<'a> {
    host: &'a dyn HostTransport,
    exchange: Arc<ExchangeState>,
}

impl Drop for CancelGuard<'_> {
    fn drop(&mut self) {
        if self.exchange.end() {
            self.host.cancel(self.exchange.id());
        }
    }
}

impl HostedTransport {
    pub(crate) fn new(config: &Config, host: &Arc<dyn HostTransport>) -> HostedTransport {
        HostedTransport {
            host: Arc::clone(host),
            base_url: config.base_url.clone(),
            headers: request_headers(config),
            max_response_bytes: config.max_response_bytes,
        }
    }

    /// Passes the send gate and calls the host.
    fn send(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
    ) -> Result<CancelGuard<'_>, TransportError> {
        let url = request_url(&self.base_url, request)?;
        let (content_type, body) = match EncodedBody::of(request)? {
            EncodedBody::None | EncodedBody::Empty => (None, bytes::Bytes::new()),
            EncodedBody::Json(json) => (Some(JSON.to_owned()), json),
            EncodedBody::Form { content_type, body } => (Some(content_type), body),
        };
        let mut headers = Vec::with_capacity(self.headers.len() + 2);
        let own = self.headers.iter().filter(|(name, _)| !request.headers.contains_key(*name));
        for (name, value) in own.chain(&request.headers) {
            headers.push((name.as_str(), text(value)?));
        }
        let call_id_name = X_REQUEST_ID;
        headers.push((call_id_name.as_str(), text(call_id)?));
        headers.extend(content_type.as_deref().map(|content_type| ("content-type", content_type)));
        let request =
            HostRequest { method: request.method.as_str(), url: &url, headers: &headers, body: &body };
        let (state, exchange) = ExchangeState::new();
        if !attempt.try_send() {
            return Err(transport_error::called_off());
        }
        let guard = CancelGuard { host: &*self.host, exchange: state };
        self.host.send(exchange, &request);
        Ok(guard)
    }

    fn response(&self, received: HostResponse, request: &Request) -> Result<Response, TransportError> {
        if received.body.len() > self.max_response_bytes {
            return Err(transport_error::too_large(received.status, self.max_response_bytes));
        }
        let headers = || received.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        check_size(headers())?;
        if headers().any(|(name, value)| has_control(name.as_bytes()) || has_control(value)) {
            return Err(transport_error::invalid_http(&"a header has a control character"));
        }
        let mut response = Response { status: received.status, ..Response::default() };
        store_headers_and_lines(&mut response, headers, request.keeps_headers);
        match SharedBodySink::of_status(request.sink.as_ref(), received.status) {
            Some(sink) => {
                sink.begin(Some(received.body.len() as u64)).map_err(transport_error::unwritten)?;
                sink.write(&received.body).map_err(transport_error::unwritten)?;
            }
            None => response.body = received.body,
        }
        Ok(response)
    }
}

/// Returns whether a name or a value of a header has a character that HTTP forbids.
fn has_control(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// Returns the value of a header as text.
fn text(value: &HeaderValue) -> Result<&str, TransportError> {
    // `config` and `api` check that values are ASCII.
    value.to_str().map_err(|error| transport_error::internal(&error))
}

/// Converts a failure of the host. Marks the attempt as not sent if the host is certain of it.
fn failed(failure: HostFailure, attempt: &AttemptStatus) -> TransportError {
    let HostFailure { failure, is_sent, message } = failure;
    if !is_sent {
        attempt.mark_not_sent();
    } else if matches!(failure, ExchangeFailure::Resolve | ExchangeFailure::Connect | ExchangeFailure::Tls) {
        // The host contradicts itself: without a connection nothing is sent. In doubt it was sent.
        return transport_error::lost(&message, attempt);
    }
    let (kind, sentence) = match failure {
        ExchangeFailure::Resolve => (TransportErrorKind::Resolve, "The host name could not be resolved"),
        ExchangeFailure::Connect => (TransportErrorKind::Connect, "No connection could be established"),
        ExchangeFailure::Tls => (TransportErrorKind::Tls, "The secure connection was refused"),
        ExchangeFailure::Timeout => (TransportErrorKind::AttemptTimeout, "The host's time limit passed"),
        ExchangeFailure::BadResponse => (TransportErrorKind::InvalidHttp, "The response is not valid HTTP"),
        ExchangeFailure::ConnectionLost => return transport_error::lost(&message, attempt),
    };
    TransportError::new(kind, format!("{sentence}: {message}"))
}

impl Transport for HostedTransport {
    async fn attempt(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
        _permit: &mut Permit<'_>,
    ) -> Result<Response, TransportError> {
        let guard = self.send(request, call_id, attempt)?;
        match poll_fn(|context| guard.exchange.poll_answer(context)).await {
            Ok(received) => {
                attempt.record_progress();
                self.response(received, request)
            }
            Err(failure) => Err(failed(failure, attempt)),
        }
    }

    /// Does nothing: the host opens its connections itself.
    async fn connect(&self) -> Result<(), TransportError> {
        Ok(())
    }

    fn is_shared(&self) -> bool {
        false
    }
}
