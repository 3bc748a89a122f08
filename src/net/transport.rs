//! One attempt: a request goes out, an answer or a failure comes back.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::attempt_status::AttemptStatus;
use super::dial::Dialer;
use super::failure::{self, Failure, FailureKind};
use super::http1::Request;
use super::idle_time::DriveClock;
use super::multipart;
use super::pool::{Connection, Pool};
use super::tls::{self, Roots};
use crate::codes::Code;
use crate::config::Config;
use crate::error::Error;
use crate::message::{Answer, Body, Method, Parts};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The way to the server of one client in one process.
pub(crate) struct Transport {
    pool: Pool,
    /// Where the server is: scheme and authority, behind which a target makes a whole address.
    scheme: Scheme,
    authority: Authority,
    /// What stands before every target: the base's own path, without a slash at its end.
    prefix: String,
    /// The same in every call over HTTP/1.1.
    lines: Lines,
    /// And over HTTP/2.
    headers: Headers,
    max_response_bytes: usize,
    /// A turn for each HTTP/1.1 connection there may be.
    turns: Semaphore,
    pub(crate) roots: Arc<Roots>,
    /// Performs the attempts instead, in the simulation.
    #[cfg(test)]
    pub(crate) simulated: Option<Box<dyn Simulate>>,
}

/// A transport without sockets, for the simulation.
#[cfg(test)]
pub(crate) trait Simulate: Send + Sync {
    fn attempt<'a>(
        &'a self,
        parts: &'a Parts,
        call_id: &'a HeaderValue,
        attempt: &'a AttemptStatus,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;
}

/// What a head for HTTP/1.1 is put together from.
struct Lines {
    /// Between method and target: where the server is, as a proxy wants to be told, and the prefix.
    before_target: String,
    /// Behind the target, up to the value of X-Request-Id.
    after_target: Zeroizing<Vec<u8>>,
}

impl Lines {
    fn new(before_target: String, host: &Authority, headers: &HeaderMap) -> Lines {
        // One allocation of the right size: a buffer that grows leaves copies of the key behind.
        let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut after_target = Zeroizing::new(Vec::with_capacity(size + host.as_str().len() + 64));
        after_target.extend_from_slice(format!(" HTTP/1.1\r\nhost: {host}\r\n").as_bytes());
        for (name, value) in headers {
            for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                after_target.extend_from_slice(piece);
            }
        }
        after_target.extend_from_slice(b"x-request-id: ");
        Lines { before_target, after_target }
    }

    fn request(&self, parts: &Parts, call_id: &HeaderValue) -> Result<Request, Failure> {
        let (content_type, body) = match Content::of(parts)? {
            Content::None => (None, None),
            Content::Empty => (None, Some(Bytes::new())),
            Content::Json(json) => (Some(Cow::Borrowed(JSON)), Some(json)),
            Content::Form { content_type, body } => (Some(Cow::Owned(content_type)), Some(body)),
        };
        let mut head = Request::head(self.before_target.len() + self.after_target.len() + parts.target.len());
        for piece in [
            parts.method.as_str().as_bytes(),
            b" ",
            self.before_target.as_bytes(),
            &parts.target,
            &self.after_target,
            call_id.as_bytes(),
        ] {
            head.extend_from_slice(piece);
        }
        if let Some(content_type) = content_type {
            head.extend_from_slice(b"\r\ncontent-type: ");
            head.extend_from_slice(content_type.as_bytes());
        }
        if let Some(body) = &body {
            // Writing to memory does not fail.
            let _ = write!(head, "\r\ncontent-length: {}", body.len());
        }
        head.extend_from_slice(b"\r\n\r\n");
        Ok(Request::new(head, body.unwrap_or_default()))
    }
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
        json.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Headers { bare, empty, json }
    }
}

const JSON: &str = "application/json";

/// The right to use a connection, until it is dropped. Nothing is held while the server speaks HTTP/2.
pub(crate) struct Turn<'a>(Option<SemaphorePermit<'a>>);

impl Transport {
    pub(crate) fn new(config: &Config, clock: &Arc<DriveClock>) -> Result<Transport, Error> {
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
        let dialer = Dialer::new(config, &address, tls, &roots, clock)?;
        let mut headers = config.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
        if let Some(authorization) = &config.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let mut for_lines = headers.clone();
        if let Some(authorization) = dialer.proxy_authorization() {
            for_lines.insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        let prefix =
            path_and_query.map_or(String::new(), |path| path.path().trim_end_matches('/').to_owned());
        let before_target = match dialer.asks_a_proxy() {
            true => format!("{scheme}://{authority}{prefix}"),
            false => prefix.clone(),
        };
        Ok(Transport {
            pool: Pool::new(dialer, config.connect_timeout, Arc::clone(clock)),
            lines: Lines::new(before_target, &authority, &for_lines),
            scheme,
            authority,
            prefix,
            headers: Headers::new(headers),
            max_response_bytes: config.max_response_bytes,
            turns: Semaphore::new(config.max_connections),
            roots,
            #[cfg(test)]
            simulated: None,
        })
    }

    /// A turn to use a connection, if it can be had without waiting.
    pub(crate) fn try_permit(&self) -> Option<Turn<'_>> {
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
        attempt: &AttemptStatus,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, Failure> {
        #[cfg(test)]
        if let Some(simulated) = &self.simulated {
            return simulated.attempt(parts, call_id, attempt).await;
        }
        attempt.use_connection(0);
        match self.pool.connection().await? {
            Connection::Single(mut single) => {
                let request = self.lines.request(parts, call_id)?;
                let answer = single.http1.round_trip(&request, self.max_response_bytes, attempt).await?;
                self.pool.give_back(single);
                Ok(answer)
            }
            Connection::Shared(http2) => {
                // A call that waits for a connection of its own need not: this one is for all.
                turn.0 = None;
                attempt.use_connection(http2.id());
                let (request, content) = self.http2_request(parts, call_id)?;
                let limit = self.pool.connect_timeout;
                let result =
                    http2.round_trip(request, content, self.max_response_bytes, limit, attempt).await;
                if result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Connect) {
                    self.pool.retire(http2.id());
                }
                result
            }
        }
    }

    /// Sends no more requests on the connection that an attempt used, which ran out of time there.
    pub(crate) fn retire_connection(&self, attempt: &AttemptStatus) {
        if let Some(id) = attempt.shared_connection() {
            self.pool.retire(id);
        }
    }

    /// Opens a connection, for the calls to come.
    pub(crate) async fn connect(&self) -> Result<(), Failure> {
        if let Connection::Single(single) = self.pool.connection().await? {
            self.pool.give_back(single);
        }
        Ok(())
    }

    fn http2_request(
        &self,
        parts: &Parts,
        call_id: &HeaderValue,
    ) -> Result<(http::Request<()>, Bytes), Failure> {
        let uri = self.uri(&parts.target)?;
        let (mut headers, content) = match Content::of(parts)? {
            Content::None => (self.headers.bare.clone(), Bytes::new()),
            Content::Empty => (self.headers.empty.clone(), Bytes::new()),
            Content::Json(json) => (self.headers.json.clone(), json),
            Content::Form { content_type, body } => {
                let content_type =
                    HeaderValue::try_from(content_type).map_err(|error| failure::internal(&error))?;
                let mut headers = self.headers.bare.clone();
                headers.insert(header::CONTENT_TYPE, content_type);
                (headers, body)
            }
        };
        if !content.is_empty() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.len()));
        }
        headers.insert(X_REQUEST_ID, call_id.clone());
        let mut request = http::Request::new(());
        *request.version_mut() = http::Version::HTTP_2;
        *request.method_mut() = match parts.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
        };
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok((request, content))
    }

    /// The whole address of a target, behind the path that the base has.
    fn uri(&self, target: &Bytes) -> Result<Uri, Failure> {
        let whole = if self.prefix.is_empty() {
            target.clone()
        } else {
            Bytes::from([self.prefix.as_bytes(), target].concat())
        };
        let path = PathAndQuery::from_maybe_shared(whole).map_err(|error| failure::internal(&error))?;
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|error| failure::internal(&error))
    }
}

/// What a request carries.
enum Content {
    None,
    /// A body without content, where one is expected.
    Empty,
    Json(Bytes),
    Form {
        content_type: String,
        body: Bytes,
    },
}

impl Content {
    fn of(parts: &Parts) -> Result<Content, Failure> {
        Ok(match &parts.body {
            Body::None if matches!(parts.method, Method::Post | Method::Put) => Content::Empty,
            Body::None => Content::None,
            Body::Json(json) => Content::Json(json.clone()),
            Body::File { field, file_name, content_type, content } => {
                let (content_type, body) =
                    multipart::encode(&boundary()?, field, file_name, content_type, content);
                Content::Form { content_type, body }
            }
        })
    }
}

/// 32 hexadecimal digits from the system's random numbers.
fn boundary() -> Result<String, Failure> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| failure::internal(&error))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bits)))
}
