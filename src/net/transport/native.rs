//! The transport of this crate: HTTP/1.1 and HTTP/2 on the connections of `pool.rs`.

mod connect;
mod dial;
pub(in crate::net) mod http1;
pub(in crate::net) mod http2;
mod http2_connection;
mod http2_streams;
pub(in crate::net) mod pool;
mod socks;
mod stream;
mod tunnel;

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use zeroize::Zeroizing;

use self::dial::Dialer;
use self::http1::EncodedRequest;
use self::http2::KeepsHeaders;
use self::pool::{Connection, Pool};
use super::Transport;
use super::encoded_body::{self, EncodedBody, JSON};
use super::permits::Permit;
use super::request_headers::{X_REQUEST_ID, request_headers, set_call_headers};
use crate::config::Config;
use crate::error::Error;
use crate::http_types::{Request, Response};
use crate::net::attempt_status::AttemptStatus;
use crate::net::idle_time::DriveClock;
use crate::net::roots_state::RootsState;
use crate::net::tls::LazyVerifier;
use crate::net::transport_error::{self, TransportError, TransportErrorKind};

/// The connections and the prepared headers of one client in one process.
pub(crate) struct NativeTransport {
    pool: Pool,
    /// The scheme and the authority of the server.
    scheme: Scheme,
    authority: Authority,
    /// The path of the base URL, without a slash at its end. It precedes every target.
    prefix: String,
    /// The parts of a head that are the same in every request over HTTP/1.1.
    http1_template: Http1Template,
    /// The headers that are the same in every request over HTTP/2.
    headers: Http2Headers,
    max_response_bytes: usize,
    roots: Arc<LazyVerifier>,
}

/// The parts of a request head over HTTP/1.1.
struct Http1Template {
    /// Between method and target: scheme and authority for a proxy, and the prefix.
    before_target: String,
    /// After the target, up to the value of X-Request-Id.
    after_target: Zeroizing<Vec<u8>>,
    host: Authority,
    headers: HeaderMap,
}

impl Http1Template {
    fn new(before_target: String, host: &Authority, headers: &HeaderMap) -> Http1Template {
        let after_target = Http1Template::after_target(host, headers);
        Http1Template { before_target, after_target, host: host.clone(), headers: headers.clone() }
    }

    fn after_target(host: &Authority, headers: &HeaderMap) -> Zeroizing<Vec<u8>> {
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
        after_target
    }

    fn request(&self, parts: &Request, call_id: &HeaderValue) -> Result<EncodedRequest, TransportError> {
        let (content_type, body) = match EncodedBody::of(parts)? {
            EncodedBody::None => (None, None),
            EncodedBody::Empty => (None, Some(Bytes::new())),
            EncodedBody::Json(json) => (Some(Cow::Borrowed(JSON)), Some(json)),
            EncodedBody::Form { content_type, body } => (Some(Cow::Owned(content_type)), Some(body)),
        };
        let own;
        let after_target: &[u8] = if parts.headers.is_empty() {
            &self.after_target
        } else {
            let mut headers = self.headers.clone();
            set_call_headers(&mut headers, &parts.headers);
            own = Http1Template::after_target(&self.host, &headers);
            &own
        };
        let mut head =
            EncodedRequest::head(self.before_target.len() + after_target.len() + parts.target.len());
        for piece in [
            parts.method.as_str().as_bytes(),
            b" ",
            self.before_target.as_bytes(),
            &parts.target,
            after_target,
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
        let request = EncodedRequest::new(head, body.unwrap_or_default());
        Ok(request.keeping_headers(parts.keeps_headers).with_sink(parts.sink.clone()))
    }
}

/// The headers by the kind of body. They contain a placeholder for the call id already, because
/// adding a header to a copy costs more than copying.
struct Http2Headers {
    /// No body, or one whose headers are added later.
    bare: HeaderMap,
    /// An empty body.
    empty: HeaderMap,
    json: HeaderMap,
}

impl Http2Headers {
    fn new(mut bare: HeaderMap) -> Http2Headers {
        bare.insert(X_REQUEST_ID, HeaderValue::from_static(""));
        let (mut empty, mut json) = (bare.clone(), bare.clone());
        empty.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        json.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Http2Headers { bare, empty, json }
    }
}

impl NativeTransport {
    pub(crate) fn new(config: &Config, clock: &Arc<DriveClock>) -> Result<NativeTransport, Error> {
        let roots = Arc::new(LazyVerifier::new(config));
        let unusable = |error: &dyn std::fmt::Display| {
            Error::invalid("/base_url", format!("`base_url` cannot be used: {error}."))
        };
        let address: Uri = config.base_url.parse().map_err(|error| unusable(&error))?;
        let uri::Parts { scheme: Some(scheme), authority: Some(authority), path_and_query, .. } =
            address.clone().into_parts()
        else {
            return Err(unusable(&"it has no host"));
        };
        let dialer = Dialer::new(config, &address, &roots, clock)?;
        let headers = request_headers(config);
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
        Ok(NativeTransport {
            pool: Pool::new(dialer, config.connect_timeout, Arc::clone(clock)),
            http1_template: Http1Template::new(before_target, &authority, &for_lines),
            scheme,
            authority,
            prefix,
            headers: Http2Headers::new(headers),
            max_response_bytes: config.max_response_bytes,
            roots,
        })
    }

    fn http2_request(
        &self,
        parts: &Request,
        call_id: &HeaderValue,
    ) -> Result<(http::Request<()>, Bytes), TransportError> {
        let uri = self.uri(&parts.target)?;
        let (mut headers, content) = match EncodedBody::of(parts)? {
            EncodedBody::None => (self.headers.bare.clone(), Bytes::new()),
            EncodedBody::Empty => (self.headers.empty.clone(), Bytes::new()),
            EncodedBody::Json(json) => (self.headers.json.clone(), json),
            EncodedBody::Form { content_type, body } => {
                let content_type =
                    HeaderValue::try_from(content_type).map_err(|error| transport_error::internal(&error))?;
                let mut headers = self.headers.bare.clone();
                headers.insert(header::CONTENT_TYPE, content_type);
                (headers, body)
            }
        };
        if !content.is_empty() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.len()));
        }
        set_call_headers(&mut headers, &parts.headers);
        headers.insert(X_REQUEST_ID, call_id.clone());
        let mut request = http::Request::new(());
        *request.version_mut() = http::Version::HTTP_2;
        *request.method_mut() = encoded_body::method(parts.method);
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        if parts.keeps_headers {
            request.extensions_mut().insert(KeepsHeaders);
        }
        if let Some(sink) = &parts.sink {
            request.extensions_mut().insert(sink.clone());
        }
        Ok((request, content))
    }

    /// Returns the URI of a target, with the path of the base URL.
    fn uri(&self, target: &Bytes) -> Result<Uri, TransportError> {
        let whole = if self.prefix.is_empty() {
            target.clone()
        } else {
            Bytes::from([self.prefix.as_bytes(), target].concat())
        };
        let path =
            PathAndQuery::from_maybe_shared(whole).map_err(|error| transport_error::internal(&error))?;
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|error| transport_error::internal(&error))
    }
}

impl Transport for NativeTransport {
    async fn attempt(
        &self,
        request: &Request,
        call_id: &HeaderValue,
        attempt: &AttemptStatus,
        permit: &mut Permit<'_>,
    ) -> Result<Response, TransportError> {
        attempt.use_connection(0);
        match self.pool.connection().await? {
            Connection::Http1(mut connection) => {
                let request = self.http1_template.request(request, call_id)?;
                let response =
                    connection.http1.round_trip(&request, self.max_response_bytes, attempt).await?;
                self.pool.give_back(connection);
                Ok(response)
            }
            Connection::Http2(http2) => {
                // The connection is shared, so another call may take the permit.
                permit.release();
                attempt.use_connection(http2.id());
                let (request, content) = self.http2_request(request, call_id)?;
                let limit = self.pool.connect_timeout;
                let result =
                    http2.round_trip(request, content, self.max_response_bytes, limit, attempt).await;
                if result.as_ref().is_err_and(|failure| failure.kind == TransportErrorKind::Connect) {
                    self.pool.retire(http2.id());
                }
                result
            }
        }
    }

    async fn connect(&self) -> Result<(), TransportError> {
        if let Connection::Http1(connection) = self.pool.connection().await? {
            self.pool.give_back(connection);
        }
        Ok(())
    }

    fn is_shared(&self) -> bool {
        self.pool.is_shared()
    }

    fn retire_connection(&self, attempt: &AttemptStatus) {
        if let Some(id) = attempt.shared_connection() {
            self.pool.retire(id);
        }
    }

    fn sweep(&self) {
        self.pool.sweep();
    }

    fn roots(&self) -> RootsState {
        self.roots.loaded()
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_accept_every_media_type_and_no_content_coding_on_both_protocols() {
        let config = Config::from_json(r#"{"api_key": "k3y", "base_url": "http://127.0.0.1:1"}"#).unwrap();
        let transport = NativeTransport::new(&config, &Arc::new(DriveClock::new())).unwrap();
        let head = String::from_utf8(transport.http1_template.after_target.to_vec()).unwrap();
        assert!(head.contains("\r\naccept: application/json, */*;q=0.1\r\n"), "{head}");
        assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
        for headers in [&transport.headers.bare, &transport.headers.empty, &transport.headers.json] {
            assert_eq!(headers[header::ACCEPT], "application/json, */*;q=0.1");
            assert_eq!(headers[header::ACCEPT_ENCODING], "identity");
        }
    }
}
