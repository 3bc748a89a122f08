//! One attempt: a request goes out, an answer or a failure comes back. The reqwest client with
//! everything switched off that would act on its own: redirects, retries, cookies, decompression.

use std::error::Error as StdError;
use std::net::ToSocketAddrs;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::tls::{self, Roots};
use crate::codes::Code;
use crate::config::{Config, ProxyChoice};
use crate::error::Error;
use crate::message::{Answer, Body, Method, Parts};

/// How long an idle connection is kept.
const POOL_IDLE: Duration = Duration::from_secs(20);

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why an attempt brought no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// The kinds of failure, each with its own code and its own rule for trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Resolve,
    Connect,
    Tls,
    Lost,
    NotHttp,
    TooLarge,
    AttemptTimeout,
    Timeout,
    Canceled,
    Internal,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into() }
    }
}

/// What can be seen of a request from outside while it travels.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Set as the request is handed to a connection: from then on it may arrive.
    dispatched: AtomicBool,
    /// Grows with every part of an answer.
    progress: AtomicU64,
}

impl Watch {
    pub(crate) fn dispatched(&self) -> bool {
        self.dispatched.load(Ordering::Acquire)
    }

    /// Forgets the last attempt, whose request is known not to have been done.
    pub(crate) fn reset(&self) {
        self.dispatched.store(false, Ordering::Release);
    }

    pub(crate) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    fn move_on(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// The connections of one client in one process.
pub(crate) struct Transport {
    client: reqwest::Client,
    base_url: String,
    headers: HeaderMap,
    max_response_bytes: usize,
    connect_timeout: Duration,
    /// A turn for each HTTP/1.1 connection there may be.
    turns: Semaphore,
    /// Set once the server speaks HTTP/2: one connection then carries many calls.
    multiplexed: AtomicBool,
    pub(crate) roots: Arc<Roots>,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Transport, Error> {
        let roots = Arc::new(Roots::new(config));
        let tls = tls::client_config(&roots)
            .map_err(|error| Error::new(Code::INTERNAL, format!("TLS cannot be set up: {error}")))?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(config.max_connections);
        builder = match &config.proxy {
            ProxyChoice::Url(url) => {
                let proxy = reqwest::Proxy::all(url.clone())
                    .map_err(|_| Error::invalid("/proxy", "The proxy's URL cannot be used."))?;
                builder.proxy(proxy)
            }
            ProxyChoice::None => builder.no_proxy(),
            // A proxy of the environment has no business with this machine's own servers.
            ProxyChoice::System if config.loopback => builder.no_proxy(),
            ProxyChoice::System => builder,
        };
        let client = builder.build().map_err(|error| {
            Error::new(Code::INTERNAL, format!("The HTTP client cannot be made: {}", root_cause(&error)))
        })?;
        let mut headers = config.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &config.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        Ok(Transport {
            client,
            base_url: config.base_url.clone(),
            headers,
            max_response_bytes: config.max_response_bytes,
            connect_timeout: config.connect_timeout,
            turns: Semaphore::new(config.max_connections),
            multiplexed: AtomicBool::new(false),
            roots,
        })
    }

    /// Waits for a turn to use a connection. Nothing is held while the server speaks HTTP/2.
    pub(crate) async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        if self.multiplexed.load(Ordering::Relaxed) {
            return None;
        }
        // The semaphore is never closed; were it, calls would go ahead without a turn.
        self.turns.acquire().await.ok()
    }

    /// Sends the request once and reads the whole answer.
    pub(crate) async fn attempt(
        &self,
        parts: &Parts,
        call_id: &HeaderValue,
        watch: &Arc<Watch>,
    ) -> Result<Answer, Failure> {
        let mut request = self.request(parts)?;
        let mut headers = self.headers.clone();
        headers.insert(X_REQUEST_ID, call_id.clone());
        // What the multipart builder set (type and length) stays.
        headers.extend(std::mem::take(request.headers_mut()));
        match &parts.body {
            Body::None if matches!(parts.method, Method::Post | Method::Put) => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Body::None | Body::File { .. } => {}
            Body::Json(_) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        *request.headers_mut() = headers;
        let body = request.body_mut().take().unwrap_or_default();
        *request.body_mut() = Some(reqwest::Body::wrap(Watched { body, watch: Arc::clone(watch) }));
        let response = self.client.execute(request).await.map_err(|error| self.failure(error, watch))?;
        watch.move_on();
        self.read(response, watch).await
    }

    /// Opens a connection by asking for nothing in particular, without the key.
    pub(crate) async fn connect(&self) -> Result<(), Failure> {
        let watch = Arc::new(Watch::default());
        let url = self.url("/")?;
        let response = self.client.head(url).send().await.map_err(|error| self.failure(error, &watch))?;
        self.note_version(&response);
        Ok(())
    }

    fn request(&self, parts: &Parts) -> Result<reqwest::Request, Failure> {
        let method = match parts.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let url = self.url(&parts.target)?;
        match &parts.body {
            Body::None => Ok(reqwest::Request::new(method, url)),
            Body::Json(json) => {
                let mut request = reqwest::Request::new(method, url);
                *request.body_mut() = Some(json.clone().into());
                Ok(request)
            }
            Body::File { field, file_name, content_type, content } => {
                let internal = |error: reqwest::Error| {
                    Failure::new(
                        FailureKind::Internal,
                        format!("The upload cannot be made: {}", root_cause(&error)),
                    )
                };
                let length = content.len() as u64;
                let part = reqwest::multipart::Part::stream_with_length(content.clone(), length)
                    .file_name(*file_name)
                    .mime_str(content_type)
                    .map_err(internal)?;
                let form = reqwest::multipart::Form::new().part(*field, part);
                self.client.request(method, url).multipart(form).build().map_err(internal)
            }
        }
    }

    fn url(&self, target: &str) -> Result<Url, Failure> {
        Url::parse(&format!("{}{target}", self.base_url)).map_err(|error| {
            Failure::new(FailureKind::Internal, format!("The address cannot be made: {error}"))
        })
    }

    async fn read(&self, mut response: reqwest::Response, watch: &Arc<Watch>) -> Result<Answer, Failure> {
        self.note_version(&response);
        let text = |name: HeaderName| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: text(header::CONTENT_TYPE),
            content_disposition: text(header::CONTENT_DISPOSITION),
            request_id: text(X_REQUEST_ID),
            retry_after: text(header::RETRY_AFTER),
            date: text(header::DATE),
            body: Vec::new(),
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > self.max_response_bytes as u64 {
            return Err(self.too_large(answer.status));
        }
        // One byte more than announced: the text that leaves through the C interface ends with a NUL.
        answer.body.reserve_exact(usize::try_from(announced).unwrap_or(0) + 1);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(error, watch))? {
            watch.move_on();
            if answer.body.len() + chunk.len() > self.max_response_bytes {
                return Err(self.too_large(answer.status));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    fn too_large(&self, status: u16) -> Failure {
        let limit = self.max_response_bytes;
        Failure::new(
            FailureKind::TooLarge,
            format!("The answer (HTTP {status}) is larger than `max_response_bytes` ({limit})."),
        )
    }

    fn note_version(&self, response: &reqwest::Response) {
        let multiplexed = response.version() >= reqwest::Version::HTTP_2;
        self.multiplexed.store(multiplexed, Ordering::Relaxed);
    }

    /// Says what a failure of reqwest is, and corrects what was seen from outside where the server itself
    /// says that it did nothing. Never its own text, which has the address in it.
    fn failure(&self, error: reqwest::Error, watch: &Arc<Watch>) -> Failure {
        let error = error.without_url();
        let cause = root_cause(&error);
        if error.is_dns() {
            return Failure::new(
                FailureKind::Resolve,
                format!("The host name could not be resolved: {cause}"),
            );
        }
        if let Some(tls) = chain(&error).find_map(tls_error) {
            return Failure::new(FailureKind::Tls, format!("The secure connection was refused: {tls}"));
        }
        if error.is_connect() {
            let message = if error.is_timeout() {
                format!("No connection within {} ms.", self.connect_timeout.as_millis())
            } else {
                format!("No connection could be made: {cause}")
            };
            return Failure::new(FailureKind::Connect, message);
        }
        let hyper = chain(&error).find_map(|error| error.downcast_ref::<hyper::Error>());
        if hyper.is_some_and(hyper::Error::is_parse) {
            return Failure::new(FailureKind::NotHttp, format!("The answer is not HTTP: {cause}"));
        }
        if turned_away(&error) {
            watch.reset();
            return Failure::new(FailureKind::Lost, format!("The server did not take the request: {cause}"));
        }
        let what = if watch.dispatched() {
            "The connection broke before the whole answer had come"
        } else {
            "The connection broke before the request was sent"
        };
        Failure::new(FailureKind::Lost, format!("{what}: {cause}"))
    }
}

/// An error and what lies behind it.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

fn root_cause(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// TLS errors hide inside I/O errors, and those inside others: an I/O error names as its source what
/// its content names, never the content itself.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        chain(inner).find_map(tls_error)
    })
}

/// Whether an HTTP/2 server said that it did nothing with the request: it refused the stream, or went away
/// and named an earlier one as its last (RFC 9113, section 8.7).
fn turned_away(error: &(dyn StdError + 'static)) -> bool {
    chain(error).filter_map(|error| error.downcast_ref::<h2::Error>()).any(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let gone = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        error.is_remote() && (refused || gone)
    })
}

/// The system's resolver, on the runtime's one helper thread, which ends when it is done.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs()).await??;
            Ok(Box::new(found) as Addrs)
        })
    }
}

/// A body that tells when the connection takes it: hyper asks `is_end_stream` as it writes the head,
/// and nobody asks before.
struct Watched {
    body: reqwest::Body,
    watch: Arc<Watch>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, reqwest::Error>>> {
        self.watch.dispatched.store(true, Ordering::Release);
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.watch.dispatched.store(true, Ordering::Release);
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
