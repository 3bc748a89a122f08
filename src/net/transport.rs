//! One attempt: a request goes out, an answer or a failure comes back.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use http_body::Body as HttpBody;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::dial::Dialer;
use super::payload::{self, Payload};
use super::pool::{Connection, NoConnection, Pool};
use super::resolve::Unresolved;
use super::tls::{self, Roots};
use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::message::{Answer, Body, Method, Parts};

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
    #[cold]
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

    /// The request is handed over.
    pub(super) fn dispatch(&self) {
        self.dispatched.store(true, Ordering::Release);
    }

    fn move_on(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// The way to the server of one client in one process.
pub(crate) struct Transport {
    pool: Pool,
    /// Where the server is: scheme and authority, behind which a target makes a whole address.
    scheme: Scheme,
    authority: Authority,
    /// What stands before every target: the base's own path, without a slash at its end.
    prefix: String,
    /// The same in every call. HTTP/1.1 wants the host among them.
    headers: Headers,
    headers_with_host: Headers,
    max_response_bytes: usize,
    /// A turn for each HTTP/1.1 connection there may be.
    turns: Semaphore,
    pub(crate) roots: Arc<Roots>,
}

/// Headers by what a request carries. The call's id has its place in them already: a copy that grows costs
/// more than the copying.
struct Headers {
    /// Nothing, or what is described when it is known.
    bare: HeaderMap,
    /// A body without content.
    empty: HeaderMap,
    json: HeaderMap,
}

impl Headers {
    fn new(mut bare: HeaderMap) -> Headers {
        bare.insert(X_REQUEST_ID, HeaderValue::from_static(""));
        let (mut empty, mut json) = (bare.clone(), bare.clone());
        empty.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        json.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Headers { bare, empty, json }
    }
}

/// The right to use a connection, until it is dropped. Nothing is held while the server speaks HTTP/2.
pub(crate) struct Turn<'a>(Option<SemaphorePermit<'a>>);

/// Whom a request is written for, which is how it names its target.
#[derive(Clone, Copy)]
enum Reader {
    /// The server, over HTTP/1.1: path and query, and a Host header.
    Server,
    /// A proxy, over HTTP/1.1: the whole address, and a Host header.
    Proxy,
    /// The server, over HTTP/2: the whole address.
    Http2,
}

impl Transport {
    pub(crate) fn new(config: &Config) -> Result<Transport, Error> {
        let roots = Arc::new(Roots::new(config));
        let tls = tls::client_config(&roots)
            .map_err(|error| Error::new(Code::INTERNAL, format!("TLS cannot be set up: {error}")))?;
        let unusable = |error: &dyn std::fmt::Display| {
            Error::invalid("/base_url", format!("`base_url` cannot be used: {error}."))
        };
        let address: Uri = config.base_url.parse().map_err(|error| unusable(&error))?;
        let uri::Parts { scheme: Some(scheme), authority: Some(authority), path_and_query, .. } =
            address.clone().into_parts()
        else {
            return Err(unusable(&"it has no host"));
        };
        let dialer = Dialer::new(config, &address, tls)?;
        let mut headers = config.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &config.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| unusable(&error))?;
        let mut headers_with_host = HeaderMap::with_capacity(headers.len() + 4);
        headers_with_host.insert(header::HOST, host);
        headers_with_host.extend(headers.clone());
        if let Some(authorization) = dialer.proxy_authorization() {
            headers_with_host.insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(Transport {
            pool: Pool::new(dialer, config.connect_timeout),
            scheme,
            authority,
            prefix: path_and_query.map_or(String::new(), |path| path.path().trim_end_matches('/').to_owned()),
            headers: Headers::new(headers),
            headers_with_host: Headers::new(headers_with_host),
            max_response_bytes: config.max_response_bytes,
            turns: Semaphore::new(config.max_connections),
            roots,
        })
    }

    /// A turn to use a connection, if it can be had without waiting.
    pub(crate) fn turn_at_once(&self) -> Option<Turn<'_>> {
        if self.pool.is_shared() {
            Some(Turn(None))
        } else {
            self.turns.try_acquire().ok().map(|permit| Turn(Some(permit)))
        }
    }

    /// Waits for a turn to use a connection.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        // The semaphore is never closed; were it, calls would go ahead without a turn.
        Turn(self.turns.acquire().await.ok())
    }

    /// Closes the connections that have been idle for too long.
    pub(crate) fn sweep(&self) {
        self.pool.sweep();
    }

    /// Sends the request once and reads the whole answer.
    pub(crate) async fn attempt(
        &self,
        parts: &Parts,
        call_id: &HeaderValue,
        watch: &Arc<Watch>,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, Failure> {
        let failed = |error: hyper::Error| failure(&error, watch);
        match self.pool.connection().await.map_err(no_connection)? {
            Connection::Single(mut single) => {
                let reader = if self.pool.dialer.asks_a_proxy() { Reader::Proxy } else { Reader::Server };
                let request = self.request(parts, call_id, watch, reader)?;
                let (sender, carrier) = single.parts();
                let sent = sender.send_request(request);
                let answered = pin!(async { self.read(sent.await.map_err(failed)?, watch).await });
                let answer = carrier.carry(answered).await?;
                self.pool.give_back(single);
                Ok(answer)
            }
            Connection::Shared(mut sender) => {
                // Who waits for a connection of his own need not: this one is for all.
                turn.0 = None;
                let request = self.request(parts, call_id, watch, Reader::Http2)?;
                self.read(sender.send_request(request).await.map_err(failed)?, watch).await
            }
        }
    }

    /// Opens a connection, for the calls to come.
    pub(crate) async fn connect(&self) -> Result<(), Failure> {
        let connection = self.pool.connection().await.map_err(no_connection)?;
        if let Connection::Single(single) = connection {
            self.pool.give_back(single);
        }
        Ok(())
    }

    fn request(
        &self,
        parts: &Parts,
        call_id: &HeaderValue,
        watch: &Arc<Watch>,
        reader: Reader,
    ) -> Result<http::Request<Payload>, Failure> {
        let place = || Some((self.scheme.clone(), self.authority.clone()));
        let (place, headers) = match reader {
            Reader::Server => (None, &self.headers_with_host),
            Reader::Proxy => (place(), &self.headers_with_host),
            Reader::Http2 => (place(), &self.headers),
        };
        let uri = self.uri(&parts.target, place)?;
        let (mut headers, content) = match &parts.body {
            Body::None if matches!(parts.method, Method::Post | Method::Put) => {
                (headers.empty.clone(), Bytes::new())
            }
            Body::None => (headers.bare.clone(), Bytes::new()),
            Body::Json(json) => (headers.json.clone(), json.clone()),
            Body::File { field, file_name, content_type, content } => {
                let boundary = boundary()?;
                let (kind, body) = payload::multipart(&boundary, field, file_name, content_type, content);
                let kind = HeaderValue::try_from(kind).map_err(|error| internal(&error))?;
                let mut headers = headers.bare.clone();
                headers.insert(header::CONTENT_TYPE, kind);
                (headers, body)
            }
        };
        headers.insert(X_REQUEST_ID, call_id.clone());
        let mut request = http::Request::new(Payload::new(content, watch));
        *request.method_mut() = match parts.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
        };
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The address of a target, behind the path that the base has.
    fn uri(&self, target: &Bytes, place: Option<(Scheme, Authority)>) -> Result<Uri, Failure> {
        let whole = if self.prefix.is_empty() {
            target.clone()
        } else {
            Bytes::from([self.prefix.as_bytes(), target].concat())
        };
        let path = PathAndQuery::from_maybe_shared(whole).map_err(|error| internal(&error))?;
        let mut parts = uri::Parts::default();
        parts.path_and_query = Some(path);
        if let Some((scheme, authority)) = place {
            (parts.scheme, parts.authority) = (Some(scheme), Some(authority));
        }
        Uri::from_parts(parts).map_err(|error| internal(&error))
    }

    async fn read<B>(&self, response: http::Response<B>, watch: &Watch) -> Result<Answer, Failure>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: StdError + 'static,
    {
        watch.move_on();
        let (head, body) = response.into_parts();
        let mut answer = Answer { status: head.status.as_u16(), ..Answer::default() };
        // One pass over the few there are is quicker than asking for each.
        for (name, value) in &head.headers {
            let place = match name {
                name if *name == header::CONTENT_TYPE => {
                    answer.content_type.get_or_insert_with(|| content_type(value));
                    continue;
                }
                name if *name == header::CONTENT_DISPOSITION => &mut answer.content_disposition,
                name if *name == header::RETRY_AFTER => &mut answer.retry_after,
                name if *name == X_REQUEST_ID => &mut answer.request_id,
                _ => continue,
            };
            // Of a header that is there twice, the first one counts.
            place.get_or_insert_with(|| text(value));
        }
        if answer.retry_after.is_some() {
            answer.date = head.headers.get(header::DATE).map(text);
        }
        let announced = body.size_hint().exact().unwrap_or(0);
        if announced > self.max_response_bytes as u64 {
            return Err(self.too_large(answer.status));
        }
        // One byte more than announced: the text that leaves through the C interface ends with a NUL.
        answer.body.reserve_exact(usize::try_from(announced).unwrap_or(0) + 1);
        let mut body = pin!(body);
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            let frame = frame.map_err(|error| failure(&error, watch))?;
            watch.move_on();
            // Trailers say nothing to us.
            let Ok(chunk) = frame.into_data() else { continue };
            if answer.body.len() + chunk.len() > self.max_response_bytes {
                return Err(self.too_large(answer.status));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    #[cold]
    fn too_large(&self, status: u16) -> Failure {
        let limit = self.max_response_bytes;
        Failure::new(
            FailureKind::TooLarge,
            format!("The answer (HTTP {status}) is larger than `max_response_bytes` ({limit})."),
        )
    }
}

/// A header's text; what is not text in it is replaced.
fn text(value: &HeaderValue) -> String {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()).into_owned(), str::to_owned)
}

fn content_type(value: &HeaderValue) -> Cow<'static, str> {
    // Nearly always.
    const JSON: &str = "application/json";
    if value == JSON { Cow::Borrowed(JSON) } else { Cow::Owned(text(value)) }
}

/// 32 hexadecimal digits from the system's random numbers.
fn boundary() -> Result<String, Failure> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| internal(&error))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bits)))
}

#[cold]
fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Internal, format!("The request cannot be made: {error}"))
}

#[cold]
fn no_connection(why: NoConnection) -> Failure {
    match why {
        NoConnection::TimedOut(limit) => {
            Failure::new(FailureKind::Connect, format!("No connection within {} ms.", limit.as_millis()))
        }
        NoConnection::Failed(error) => unconnected(&*error),
    }
}

/// Why there is no connection.
fn unconnected(error: &(dyn StdError + 'static)) -> Failure {
    let cause = root_cause(error);
    if chain(error).any(|error| error.is::<Unresolved>()) {
        return Failure::new(FailureKind::Resolve, format!("The host name could not be resolved: {cause}"));
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return refused_by_tls(tls);
    }
    Failure::new(FailureKind::Connect, format!("No connection could be made: {cause}"))
}

/// Says what a failure on a connection is, and corrects what was seen from outside where the server itself
/// says that it did nothing.
#[cold]
fn failure(error: &(dyn StdError + 'static), watch: &Watch) -> Failure {
    let cause = root_cause(error);
    if let Some(tls) = chain(error).find_map(tls_error) {
        return refused_by_tls(tls);
    }
    let hyper = chain(error).find_map(|error| error.downcast_ref::<hyper::Error>());
    if hyper.is_some_and(hyper::Error::is_parse) {
        return Failure::new(FailureKind::NotHttp, format!("The answer is not HTTP: {cause}"));
    }
    if turned_away(error) {
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

fn refused_by_tls(error: &rustls::Error) -> Failure {
    Failure::new(FailureKind::Tls, format!("The secure connection was refused: {error}"))
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
