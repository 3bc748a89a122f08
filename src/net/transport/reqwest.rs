//! The transport over reqwest, for networks and certificates that the native transport does not
//! know, and for Rust hosts with a client of their own. docs/transports.md lists the differences.
//!
//! reqwest is driven on the calling thread like everything else: its tasks run in the runtime of
//! the client. It cannot say whether a byte of a request was written. So only a request without a
//! connection counts as not sent; after any other failure the outcome is unknown.

mod client;
mod proxy_settings;

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Url};
use tokio::runtime::Handle;

use self::client::{ClientSettings, NameResolver, client_settings};
use self::proxy_settings::connection_error;
use super::Transport;
use super::body_receiver::BodyReceiver;
use super::encoded_body::{self, EncodedBody, JSON};
use super::permits::Permit;
use super::request_headers::{X_REQUEST_ID, request_headers, request_url, set_call_headers};
use crate::codes::Code;
use crate::config::{Config, TransportChoice};
use crate::error::Error;
use crate::fork;
use crate::http_types::{Request, Response, SharedBodySink};
use crate::net::attempt_status::AttemptStatus;
use crate::net::idle_time::DriveClock;
use crate::net::resources;
use crate::net::response_headers::{check_size, content_length, store_headers_and_lines};
use crate::net::roots_state::RootsState;
use crate::net::tls::LazyVerifier;
use crate::net::transport_error::{self, TransportError, TransportErrorKind};

/// The first yield asks the system for events of the connections, the second one runs their tasks.
const YIELDS: usize = 2;

/// Sends requests with a reqwest client.
pub(crate) struct ReqwestTransport {
    // It belongs to the driver of one process, so it need not be fork-safe.
    client: Mutex<CurrentClient>,
    /// None for a client of the host, which the library cannot build again.
    settings: Option<ClientSettings>,
    clock: Arc<DriveClock>,
    base_url: String,
    headers: HeaderMap,
    max_response_bytes: usize,
    connect_timeout: Duration,
    resolver: NameResolver,
    /// None for a client of the host, which verifies certificates itself.
    roots: Option<Arc<LazyVerifier>>,
    /// Whether the last response came over HTTP/2 or HTTP/3, which a client of the host may speak:
    /// then all requests share a connection.
    is_shared: AtomicBool,
    /// Whether an attempt was dropped before its end. A task of hyper closes its connection.
    has_unclosed: AtomicBool,
}

/// The client that sends new requests.
struct CurrentClient {
    client: Client,
    /// How often the host had resumed the client of this library when this one was built.
    resumes: u64,
}

impl ReqwestTransport {
    /// Creates a transport for a configuration: with the host's client if it has one.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] for a proxy that cannot be used; [`Code::UNSUPPORTED`] for a
    /// client of the host in a forked child; [`Code::INTERNAL`] if reqwest cannot be set up.
    pub(crate) fn new(config: &Config, clock: &Arc<DriveClock>) -> Result<ReqwestTransport, Error> {
        let mut resolver = NameResolver::new(config);
        let (client, settings, roots) = match &config.transport {
            TransportChoice::ReqwestClient(given) if given.generation != fork::generation() => {
                return Err(Error::new(
                    Code::UNSUPPORTED,
                    "A reqwest client cannot be used in a forked child, because its connections belong to the \
                     parent. Create a new client in the child.",
                ));
            }
            TransportChoice::ReqwestClient(given) => (given.client.clone(), None, None),
            _ => {
                let roots = Arc::new(LazyVerifier::new(config));
                let settings = client_settings(config, &roots, &mut resolver)?;
                (settings.build()?, Some(settings), Some(roots))
            }
        };
        Ok(ReqwestTransport {
            client: Mutex::new(CurrentClient { client, resumes: clock.resumes() }),
            settings,
            clock: Arc::clone(clock),
            base_url: config.base_url.clone(),
            headers: request_headers(config),
            max_response_bytes: config.max_response_bytes,
            connect_timeout: config.connect_timeout,
            resolver,
            roots: roots.filter(|_| config.base_url.starts_with("https:")),
            is_shared: AtomicBool::new(false),
            has_unclosed: AtomicBool::new(false),
        })
    }

    /// Returns the client for a new request. After the host has resumed the client of this library
    /// that is a new one: a connection that was idle meanwhile must not carry a request. Requests
    /// that are in flight keep the client before it.
    fn client(&self) -> Result<Client, TransportError> {
        let mut current = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let resumes = self.clock.resumes();
        if let Some(settings) = &self.settings
            && current.resumes != resumes
        {
            let client = settings.build().map_err(|error| transport_error::internal(&error.message()))?;
            *current = CurrentClient { client, resumes };
        }
        Ok(current.client.clone())
    }

    async fn exchange(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
    ) -> Result<Response, TransportError> {
        let (keeps_headers, sink) = (request.keeps_headers, request.sink.as_ref());
        let request = self.request(request, call_id)?;
        let url = request.url().clone();
        self.load_roots().await?;
        // Lets the tasks of idle connections notice that the server has closed them. Nothing polled
        // them since the last call.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        let client = self.client()?;
        if !attempt.try_send() {
            return Err(transport_error::called_off());
        }
        let mut received = match client.execute(request).await {
            Ok(received) => received,
            Err(error) => return Err(self.error(&error, attempt)),
        };
        attempt.record_progress();
        self.is_shared.store(received.version() >= http::Version::HTTP_2, Ordering::Release);
        if *received.url() != url {
            return Err(transport_error::invalid_http(
                &"the client followed a redirect; a client of the host must not follow redirects",
            ));
        }
        // hyper reads a body with another coding as it is, up to the end of the connection.
        let codings = received.headers().get_all(header::TRANSFER_ENCODING);
        if codings.iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(transport_error::invalid_http(&"its Transfer-Encoding is not only \"chunked\""));
        }
        let headers = || received.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        check_size(headers())?;
        let mut response = Response { status: received.status().as_u16(), ..Response::default() };
        store_headers_and_lines(&mut response, headers, keeps_headers);
        self.read_body(&mut received, &mut response, sink, attempt).await?;
        Ok(response)
    }

    fn request(&self, request: &Request, call_id: &HeaderValue) -> Result<reqwest::Request, TransportError> {
        let text = request_url(&self.base_url, request)?;
        let url = Url::parse(&text).map_err(|error| transport_error::internal(&error))?;
        // The crate `url` removes dot segments, which would name another resource.
        if !url.as_str().as_bytes().ends_with(&request.target) {
            return Err(transport_error::internal(&"its path would be changed by reqwest"));
        }
        let mut made = reqwest::Request::new(encoded_body::method(request.method), url);
        let headers = made.headers_mut();
        headers.clone_from(&self.headers);
        set_call_headers(headers, &request.headers);
        headers.insert(X_REQUEST_ID, call_id.clone());
        match EncodedBody::of(request)? {
            EncodedBody::None => {}
            EncodedBody::Empty => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            EncodedBody::Json(json) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
                *made.body_mut() = Some(json.into());
            }
            EncodedBody::Form { content_type, body } => {
                let content_type =
                    HeaderValue::try_from(content_type).map_err(|error| transport_error::internal(&error))?;
                headers.insert(header::CONTENT_TYPE, content_type);
                *made.body_mut() = Some(body.into());
            }
        }
        Ok(made)
    }

    async fn load_roots(&self) -> Result<(), TransportError> {
        match &self.roots {
            // Otherwise the handshake would load them on this thread.
            Some(roots) => roots.load_elsewhere().await.map_err(|error| transport_error::unconnected(&error)),
            None => Ok(()),
        }
    }

    async fn read_body(
        &self,
        received: &mut reqwest::Response,
        response: &mut Response,
        sink: Option<&SharedBodySink>,
        attempt: &AttemptStatus,
    ) -> Result<(), TransportError> {
        let content_length = content_length(received.headers());
        let receiver = BodyReceiver::begin(response, sink, content_length, self.max_response_bytes)?;
        while let Some(chunk) = received.chunk().await.map_err(|error| self.error(&error, attempt))? {
            if !chunk.is_empty() {
                attempt.record_progress();
            }
            receiver.add(response, &chunk)?;
        }
        // hyper takes an HTTP/2 body that was cut by RST_STREAM(NO_ERROR) as complete.
        let is_multiplexed = received.version() >= http::Version::HTTP_2;
        let is_cut = match content_length {
            Some(length) => length != receiver.received(response),
            None => is_multiplexed && receiver.received(response) == 0,
        };
        if is_cut && !matches!(response.status, 204 | 304) {
            return Err(transport_error::lost("the body is shorter than it should be", attempt));
        }
        Ok(())
    }

    /// Converts an error of reqwest. Only an error of the connection itself proves that nothing was
    /// sent.
    #[cold]
    fn error(&self, error: &reqwest::Error, attempt: &AttemptStatus) -> TransportError {
        if error.is_builder() || error.is_connect() {
            attempt.mark_not_sent();
        }
        if error.is_builder() {
            return transport_error::internal(&transport_error::root_cause(error));
        }
        if error.is_connect() {
            if error.is_timeout() {
                return transport_error::connected_too_slowly(self.connect_timeout);
            }
            // hyper-util has no public type for a proxy that asks for credentials.
            if transport_error::root_cause(error).contains("proxy authorization required") {
                let refused = transport_error::ProxyRefused { status: 407 };
                return TransportError::new(TransportErrorKind::ProxyRefused, refused.to_string());
            }
            return transport_error::unconnected(connection_error(error));
        }
        if is_invalid_http(error) {
            return transport_error::invalid_http(&transport_error::root_cause(error));
        }
        transport_error::on_connection(error, attempt)
    }
}

/// Returns whether hyper or h2 refused what it received.
fn is_invalid_http(error: &(dyn StdError + 'static)) -> bool {
    transport_error::chain(error).any(|error| {
        error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
            || error
                .downcast_ref::<h2::Error>()
                .is_some_and(|error| error.is_library() && !error.is_io() && error.is_reset())
    })
}

impl Transport for ReqwestTransport {
    async fn attempt(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
        _permit: &mut Permit<'_>,
    ) -> Result<Response, TransportError> {
        let exchange = Box::pin(self.exchange(request, call_id, attempt));
        let unclosed = &self.has_unclosed;
        DropInRuntime { future: Some(exchange), runtime: Handle::current(), unclosed }.await
    }

    /// Loads the root certificates, resolves the host name of the server or its proxy, and checks
    /// that a socket can be opened. reqwest cannot open a connection without a request.
    async fn connect(&self) -> Result<(), TransportError> {
        if let Some(error) = resources::probe() {
            return Err(transport_error::unconnected(&error));
        }
        self.load_roots().await?;
        if let Some(host) = self.settings.as_ref().and_then(|settings| settings.first_host.as_ref()) {
            let found = self.resolver.resolver.resolve(host).await;
            found.map_err(|error| transport_error::unconnected(&error))?;
        }
        Ok(())
    }

    fn take_unclosed(&self) -> bool {
        self.has_unclosed.load(Ordering::Acquire) && self.has_unclosed.swap(false, Ordering::AcqRel)
    }

    fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Acquire)
    }

    fn roots(&self) -> RootsState {
        self.roots.as_ref().map_or(RootsState::None, |roots| roots.loaded())
    }
}

/// A future that is dropped inside the context of its runtime: hyper starts a task when a request
/// is dropped, and a blocking call drops its request after it has left the runtime. Boxed, because
/// the future is larger than that of the native transport.
struct DropInRuntime<'a, F> {
    /// None after the end.
    future: Option<Pin<Box<F>>>,
    runtime: Handle,
    /// Becomes true if the future is dropped before its end.
    unclosed: &'a AtomicBool,
}

impl<F: Future> Future for DropInRuntime<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<F> Drop for DropInRuntime<'_, F> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            let _context = self.runtime.enter();
            drop(future);
            self.unclosed.store(true, Ordering::Release);
        }
    }
}
