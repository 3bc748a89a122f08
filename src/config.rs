//! The configuration of a client: its keys, their defaults and checks, and the environment
//! variables. An unknown key, and a value of the wrong type or out of range, is an error that names
//! the key.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::json::{ObjectReader, ZeroizingMap, escape_token};
use crate::redact::Redactor;

/// The base URL of the API.
pub const DEFAULT_BASE_URL: &str = "https://api.iplaygames.ai";
/// The environment variable for the API key if the configuration has no `api_key`.
pub const API_KEY_ENV: &str = "IPLAYGAMES_API_KEY";
/// The environment variable for the base URL if the configuration has no `base_url`.
pub const BASE_URL_ENV: &str = "IPLAYGAMES_BASE_URL";

/// The environment variables for the proxies of the system. Their passwords are secret too.
const PROXY_ENVS: &[&str] =
    &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// All configuration keys.
const KEYS: &[&str] = &[
    "api_key",
    "base_url",
    "headers",
    "timeout_ms",
    "attempt_timeout_ms",
    "connect_timeout_ms",
    "max_retries",
    "max_connections",
    "max_in_flight",
    "background",
    "max_response_bytes",
    "proxy",
    "ca_file",
    "ca_pem",
    "only_these_cas",
    "user_agent",
    "allow_insecure_http",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The configuration of a client. Its `Debug` shows no secret.
///
/// ```
/// use iplaygames::Config;
/// let config = Config::from_json(
///     r#"{"api_key": "secret", "timeout_ms": 5000, "headers": {"X-Player-Token": "hush"}}"#,
/// )?;
/// assert_eq!(config.base_url(), "https://api.iplaygames.ai");
/// assert!(!format!("{config:?}").contains("secret"));
/// let error = Config::from_json(r#"{"api_key": "secret", "timeout": 5}"#).unwrap_err();
/// assert_eq!(error.field(), Some("/timeout"));
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) base_url: String,
    pub(crate) loopback: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) max_connections: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) background: bool,
    pub(crate) max_response_bytes: usize,
    pub(crate) proxy: ProxyChoice,
    pub(crate) cas: Vec<CertificateDer<'static>>,
    pub(crate) only_these_cas: bool,
    pub(crate) secrets: Arc<Redactor>,
}

/// The proxy that requests go through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// The proxy of the environment, except for a server on this machine.
    System,
    /// No proxy, even if the environment has one.
    None,
    /// The proxy with this URL.
    Url(Url),
}

impl Config {
    /// Parses a configuration: a JSON object with the keys listed in `iplaygames.h` and in the
    /// README. Empty text is an empty object. If `api_key` or `base_url` is absent, its environment
    /// variable is used.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) with [`field`](Error::field)
    /// pointing at the key.
    pub fn from_json(text: &str) -> Result<Config, Error> {
        Config::parse(text, &|name| std::env::var_os(name))
    }

    /// Returns the base URL of the server, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    fn parse(text: &str, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Config, Error> {
        let mut reader = ObjectReader::parse(text, "The configuration")?;
        reader.check_keys(KEYS)?;

        let base_url = reader.take_string("base_url")?;
        let from_environment =
            if base_url.is_none() { read_environment(environment, BASE_URL_ENV)? } else { None };
        let base_url = base_url
            .or(from_environment.filter(|value| !value.is_empty()).map(|value| value.to_string()))
            .unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let (base_url, loopback) =
            check_base_url(&base_url, reader.take_bool("allow_insecure_http")?.unwrap_or(false))?;

        let mut secrets = Redactor::default();
        let api_key = match reader.take_secret_string("api_key")? {
            Some(key) if key.is_empty() => {
                return Err(Error::invalid(
                    "/api_key",
                    "`api_key` is empty. Give the key, or remove the entry.",
                ));
            }
            Some(key) => Some(key),
            None => read_environment(environment, API_KEY_ENV)?
                .filter(|key| !key.is_empty())
                .map(|key| match trim_outside_key(&key) {
                    "" => Err(Error::invalid(
                        "/api_key",
                        format!(
                            "{API_KEY_ENV} contains only white space. Set it to the API key, or unset it."
                        ),
                    )),
                    trimmed => Ok(Zeroizing::new(trimmed.to_owned())),
                })
                .transpose()?,
        };
        if api_key.is_none() && base_url == DEFAULT_BASE_URL {
            return Err(Error::invalid(
                "/api_key",
                format!(
                    "{DEFAULT_BASE_URL} needs an API key: give `api_key` or set {API_KEY_ENV}. \
                     (A game should not contain the key: set `base_url` to your own relay instead.)"
                ),
            ));
        }
        let authorization = api_key.as_ref().map(|key| bearer_header(key, &mut secrets)).transpose()?;

        let max_response_bytes = reader.take_integer("max_response_bytes", 1..=1 << 30)?.unwrap_or(8 << 20);
        let max_connections = reader.take_integer("max_connections", 1..=4096)?.unwrap_or(32);
        let config = Config {
            headers: take_headers(&mut reader, authorization.is_some(), &mut secrets)?,
            authorization,
            base_url,
            loopback,
            timeout: take_timeout(&mut reader)?.unwrap_or(Duration::from_secs(30)),
            attempt_timeout: take_milliseconds(&mut reader, "attempt_timeout_ms", 10_000)?,
            connect_timeout: take_milliseconds(&mut reader, "connect_timeout_ms", 5_000)?,
            max_retries: take_max_retries(&mut reader)?.unwrap_or(2),
            max_connections: max_connections as usize,
            max_in_flight: reader.take_integer("max_in_flight", 1..=1 << 20)?.unwrap_or(1024) as usize,
            background: reader.take_bool("background")?.unwrap_or(false),
            max_response_bytes: max_response_bytes as usize,
            proxy: take_proxy(&mut reader, environment, &mut secrets)?,
            cas: take_certificates(&mut reader)?,
            only_these_cas: reader.take_bool("only_these_cas")?.unwrap_or(false),
            secrets: Arc::new(secrets),
        };
        let config = config.with_user_agent(reader.take_string("user_agent")?)?;
        debug_assert!(reader.finish().is_ok(), "every key of KEYS is taken");
        if config.only_these_cas && config.cas.is_empty() {
            return Err(Error::invalid(
                "/only_these_cas",
                "`only_these_cas` needs certificates: give `ca_file` or `ca_pem`.",
            ));
        }
        Ok(config)
    }

    fn with_user_agent(mut self, prefix: Option<String>) -> Result<Config, Error> {
        let library = concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"));
        if prefix
            .as_deref()
            .is_some_and(|prefix| prefix.starts_with([' ', '\t']) || prefix.ends_with([' ', '\t']))
        {
            return Err(Error::invalid(
                "/user_agent",
                "`user_agent` begins or ends with a space or a tab. Remove it.",
            ));
        }
        let text = match prefix {
            Some(prefix) if !prefix.is_empty() => format!("{prefix} {library}"),
            _ => library.to_owned(),
        };
        let value = HeaderValue::from_str(&text).map_err(|_| {
            Error::invalid("/user_agent", "`user_agent` has a character that a header cannot contain.")
        })?;
        self.headers.insert(header::USER_AGENT, value);
        Ok(self)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config {
            authorization,
            base_url,
            loopback: _,
            headers,
            timeout,
            attempt_timeout,
            connect_timeout,
            max_retries,
            max_connections,
            max_in_flight,
            background,
            max_response_bytes,
            proxy,
            cas,
            only_these_cas,
            secrets: _,
        } = self;
        f.debug_struct("Config")
            .field("api_key", &authorization.as_ref().map(|_| "[hidden]"))
            .field("base_url", base_url)
            .field("headers", &headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("timeout", timeout)
            .field("attempt_timeout", attempt_timeout)
            .field("connect_timeout", connect_timeout)
            .field("max_retries", max_retries)
            .field("max_connections", max_connections)
            .field("max_in_flight", max_in_flight)
            .field("background", background)
            .field("max_response_bytes", max_response_bytes)
            .field(
                "proxy",
                &match proxy {
                    ProxyChoice::System => "system",
                    ProxyChoice::None => "none",
                    ProxyChoice::Url(_) => "given",
                },
            )
            .field("cas", &cas.len())
            .field("only_these_cas", only_these_cas)
            .finish()
    }
}

/// Reads an environment variable. A value that is not UTF-8 is an error, because ignoring it would
/// select another server or another key than the host intended.
fn read_environment(
    environment: &dyn Fn(&str) -> Option<OsString>,
    name: &str,
) -> Result<Option<Zeroizing<String>>, Error> {
    let field = if name == API_KEY_ENV { "/api_key" } else { "/base_url" };
    environment(name)
        .map(|value| value.into_string().map(Zeroizing::new))
        .transpose()
        .map_err(|_| Error::invalid(field, format!("The environment variable {name} is not UTF-8.")))
}

/// Removes the characters that editors and shells add around a key in a file or a variable: one
/// byte order mark, and ASCII white space at both ends.
pub(crate) fn trim_outside_key(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}')
        .unwrap_or(text)
        .trim_matches(|character: char| character.is_ascii_whitespace())
}

/// Returns why a text cannot be the value of a header, or None if it can.
fn header_value_problem(text: &str) -> Option<&'static str> {
    if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
        Some("begins or ends with a space or a tab")
    } else if text.contains(|character: char| character.is_ascii_control() && character != '\t') {
        Some("contains a control character (perhaps a line break from a file)")
    } else if !text.is_ascii() {
        Some("contains a character that is not ASCII (perhaps a byte order mark or a zero-width space)")
    } else {
        None
    }
}

fn bearer_header(key: &str, secrets: &mut Redactor) -> Result<HeaderValue, Error> {
    let invalid = |problem: &str| Error::invalid("/api_key", format!("The API key {problem}."));
    if let Some(problem) = header_value_problem(key) {
        return Err(invalid(problem));
    }
    if key.contains('\t') {
        return Err(invalid("contains a tab"));
    }
    let value = secret_header(&["Bearer ", key])
        .ok_or_else(|| invalid("contains a character that a header cannot contain"))?;
    secrets.add(key);
    Ok(value)
}

/// Creates a header value whose bytes are overwritten when its last clone is dropped.
fn secret_header(parts: &[&str]) -> Option<HeaderValue> {
    // The buffer is allocated once: a vector that grows leaves a copy of the secret in its old
    // memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the base URL without its trailing slash, and whether it is on this machine.
fn check_base_url(text: &str, allow_insecure_http: bool) -> Result<(String, bool), Error> {
    let invalid = |message: &str| Error::invalid("/base_url", message.to_owned());
    let url = Url::parse(text).map_err(|error| invalid(&format!("`base_url` is not a URL: {error}.")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("`base_url` must not contain a user name or a password."));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("`base_url` must have no query and no fragment."));
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if loopback || allow_insecure_http => {}
        "http" => {
            return Err(invalid(
                "`base_url` must use https: http would send the API key unencrypted. \
                 (http to this machine is allowed; `allow_insecure_http` allows it for other hosts.)",
            ));
        }
        _ => return Err(invalid("`base_url` must begin with https:// or http://.")),
    }
    if !url.has_host() {
        return Err(invalid("`base_url` has no host."));
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Takes the time limit of a whole call.
pub(crate) fn take_timeout(reader: &mut ObjectReader) -> Result<Option<Duration>, Error> {
    Ok(reader.take_integer("timeout_ms", 1..=DAY_MS)?.map(Duration::from_millis))
}

/// Takes the number of retries of a call.
pub(crate) fn take_max_retries(reader: &mut ObjectReader) -> Result<Option<u32>, Error> {
    Ok(reader.take_integer("max_retries", 0..=20)?.map(|retries| retries as u32))
}

fn take_milliseconds(reader: &mut ObjectReader, key: &str, default: u64) -> Result<Duration, Error> {
    Ok(Duration::from_millis(reader.take_integer(key, 1..=DAY_MS)?.unwrap_or(default)))
}

fn take_headers(
    reader: &mut ObjectReader,
    has_key: bool,
    secrets: &mut Redactor,
) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let members = match reader.take_value("headers") {
        None => return Ok(headers),
        Some(Value::Object(members)) => ZeroizingMap(members),
        Some(_) => return Err(Error::invalid("/headers", "`headers` must be an object of strings.")),
    };
    for (name, value) in &members.0 {
        let at = format!("/headers{}", escape_token(name));
        let Value::String(value) = value else {
            return Err(Error::invalid(at, format!("The header {name:?} must be a string.")));
        };
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::invalid(at.clone(), format!("{name:?} is not a valid header name.")))?;
        if let Some(reason) = reserved_header(&parsed, has_key) {
            return Err(Error::invalid(at, format!("The header {name:?} cannot be set: {reason}.")));
        }
        if let Some(problem) = header_value_problem(value) {
            return Err(Error::invalid(at, format!("The value of the header {name:?} {problem}.")));
        }
        let header = secret_header(&[value]).ok_or_else(|| {
            Error::invalid(
                at.clone(),
                format!("The header {name:?} has a value that a header cannot contain."),
            )
        })?;
        secrets.add_header(parsed.as_str(), value);
        if headers.insert(parsed, header).is_some() {
            return Err(Error::invalid(at, format!("The header {name:?} is given twice.")));
        }
    }
    Ok(headers)
}

fn take_proxy(
    reader: &mut ObjectReader,
    environment: &dyn Fn(&str) -> Option<OsString>,
    secrets: &mut Redactor,
) -> Result<ProxyChoice, Error> {
    let Some(text) = reader.take_secret_string("proxy")? else {
        for name in PROXY_ENVS {
            if let Some(Ok(text)) = environment(name).map(OsString::into_string) {
                add_proxy_credentials(&Zeroizing::new(text), secrets);
            }
        }
        return Ok(ProxyChoice::System);
    };
    if *text == "none" {
        return Ok(ProxyChoice::None);
    }
    // The text may contain a password, so the message shows neither the text nor the parser's
    // error.
    let invalid = || Error::invalid("/proxy", "`proxy` must be an http or https URL, or \"none\".");
    let url = Url::parse(&text).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid());
    }
    add_proxy_credentials(url.as_str(), secrets);
    Ok(ProxyChoice::Url(url))
}

fn take_certificates(reader: &mut ObjectReader) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut certificates = Vec::new();
    if let Some(path) = reader.take_string("ca_file")? {
        let pem = std::fs::read(&path).map_err(|error| {
            Error::invalid("/ca_file", format!("The file {path:?} cannot be read: {error}."))
        })?;
        read_pem("ca_file", &pem, &mut certificates)?;
    }
    if let Some(pem) = reader.take_string("ca_pem")? {
        read_pem("ca_pem", pem.as_bytes(), &mut certificates)?;
    }
    Ok(certificates)
}

/// Adds the user name and the password of a proxy URL to the redactor. The URL may have no scheme.
fn add_proxy_credentials(address: &str, secrets: &mut Redactor) {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((credentials, _)) = authority.rsplit_once('@') else { return };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let decode = |text: &str| {
        Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
    };
    secrets.add(if password.is_empty() { user } else { password });
    secrets.add_credentials(&decode(user), &decode(password));
}

fn read_pem(key: &str, pem: &[u8], certificates: &mut Vec<CertificateDer<'static>>) -> Result<(), Error> {
    let count_before = certificates.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            Error::invalid(
                escape_token(key),
                format!("`{key}` has a certificate that cannot be parsed: {error}."),
            )
        })?;
        // A trust anchor that webpki cannot use would otherwise fail later, with a less clear
        // error.
        rustls::RootCertStore::empty().add(certificate.clone()).map_err(|error| {
            Error::invalid(
                escape_token(key),
                format!("`{key}` has a certificate that cannot be trusted: {error}."),
            )
        })?;
        certificates.push(certificate);
    }
    if certificates.len() == count_before {
        return Err(Error::invalid(escape_token(key), format!("`{key}` has no certificate in PEM format.")));
    }
    Ok(())
}

/// Returns why a header is reserved for the client, or None if the host may set it.
fn reserved_header(name: &HeaderName, has_key: bool) -> Option<&'static str> {
    match name.as_str() {
        "authorization" if has_key => Some("`api_key` sets it"),
        "host" | "accept" | "accept-encoding" => Some("the client sets it"),
        "user-agent" => Some("use `user_agent`"),
        "x-request-id" => Some("it contains the id of the call; use the option `call_id`"),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "transfer-encoding"
        | "upgrade" | "expect" => Some("it is specific to the connection"),
        "proxy-authorization" => Some("put the user and password into `proxy`"),
        name if name.starts_with("content-") => Some("it depends on the body"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        Config::parse(text, &|_| None)
    }

    fn field(text: &str) -> String {
        read(text).unwrap_err().field().unwrap().to_owned()
    }

    #[test]
    fn the_defaults_equal_the_documented_ones() {
        let config = read(r#"{"api_key": "k3y-secret"}"#).unwrap();
        assert_eq!(config.base_url, DEFAULT_BASE_URL);
        assert_eq!(config.timeout, Duration::from_secs(30));
        assert_eq!(config.attempt_timeout, Duration::from_secs(10));
        assert_eq!(config.connect_timeout, Duration::from_secs(5));
        assert_eq!((config.max_retries, config.max_connections), (2, 32));
        assert_eq!(config.max_response_bytes, 8_388_608);
        assert!(matches!(config.proxy, ProxyChoice::System));
        let agent = concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"));
        assert_eq!(config.headers[header::USER_AGENT], agent);
    }

    #[test]
    fn an_invalid_value_is_an_error_that_names_its_key() {
        for (text, at) in [
            (r#"{"api_kye": "k"}"#, "/api_kye"),
            (r#"{"a/b~c": 1, "api_key": "k"}"#, "/a~1b~0c"),
            (r#"{"api_key": ""}"#, "/api_key"),
            (r#"{"api_key": 5}"#, "/api_key"),
            (r#"{"api_key": "a\nb"}"#, "/api_key"),
            (r#"{}"#, "/api_key"),
            (r#"{"api_key": "k", "timeout_ms": 0}"#, "/timeout_ms"),
            (r#"{"api_key": "k", "timeout_ms": -1}"#, "/timeout_ms"),
            (r#"{"api_key": "k", "timeout_ms": 1.5}"#, "/timeout_ms"),
            (r#"{"api_key": "k", "timeout_ms": "1"}"#, "/timeout_ms"),
            (r#"{"api_key": "k", "max_retries": 21}"#, "/max_retries"),
            (r#"{"api_key": "k", "max_connections": 0}"#, "/max_connections"),
            (r#"{"api_key": "k", "base_url": "http://example.com"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "http://127.0.0.1.example.com"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "https://u:p@example.com"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "https://example.com/?a=1"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "https://example.com/#a"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "ftp://example.com"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": "example.com"}"#, "/base_url"),
            (r#"{"api_key": "k", "base_url": ""}"#, "/base_url"),
            (r#"{"api_key": "k", "headers": []}"#, "/headers"),
            (r#"{"api_key": "k", "headers": {"X": 1}}"#, "/headers/X"),
            (r#"{"api_key": "k", "headers": {"X": "a\r\nY: b"}}"#, "/headers/X"),
            (r#"{"api_key": "k", "headers": {"x y": "1"}}"#, "/headers/x y"),
            (r#"{"api_key": "k", "headers": {"Authorization": "x"}}"#, "/headers/Authorization"),
            (r#"{"api_key": "k", "headers": {"HOST": "x"}}"#, "/headers/HOST"),
            (r#"{"api_key": "k", "headers": {"Content-Type": "x"}}"#, "/headers/Content-Type"),
            (r#"{"api_key": "k", "headers": {"accept": "x"}}"#, "/headers/accept"),
            (r#"{"api_key": "k", "proxy": "socks5://x"}"#, "/proxy"),
            (r#"{"api_key": "k", "ca_file": "no such file"}"#, "/ca_file"),
            (r#"{"api_key": "k", "ca_pem": "nothing"}"#, "/ca_pem"),
            (r#"{"api_key": "k", "only_these_cas": true}"#, "/only_these_cas"),
            (r#"{"api_key": "k", "user_agent": "a\nb"}"#, "/user_agent"),
            (r#"{"api_key": "k", "api_key": "l"}"#, "/api_key"),
            (r#"[]"#, ""),
            (r#"{"#, ""),
        ] {
            assert_eq!(field(text), at, "{text}");
        }
    }

    #[test]
    fn only_the_default_base_url_needs_an_api_key() {
        assert!(read(r#"{"base_url": "https://relay.example.com"}"#).unwrap().authorization.is_none());
        let own = r#"{"base_url": "https://relay.example.com", "headers": {"Authorization": "Player x"}}"#;
        assert!(read(own).is_ok());
        assert_eq!(field(r#"{"base_url": "https://api.iplaygames.ai/"}"#), "/api_key");
    }

    #[test]
    fn the_environment_provides_absent_values() {
        let environment = |name: &str| match name {
            API_KEY_ENV => Some("from-env".into()),
            BASE_URL_ENV => Some("http://127.0.0.1:9/v/".into()),
            _ => None,
        };
        let config = Config::parse("", &environment).unwrap();
        assert_eq!((config.base_url.as_str(), config.loopback), ("http://127.0.0.1:9/v", true));
        assert_eq!(config.authorization.unwrap(), "Bearer from-env");
        let given = r#"{"api_key": "given", "base_url": "https://x.example"}"#;
        let config = Config::parse(given, &environment).unwrap();
        assert_eq!((config.base_url.as_str(), config.loopback), ("https://x.example", false));
        assert_eq!(config.authorization.unwrap(), "Bearer given");
    }

    #[test]
    fn only_localhost_and_loopback_addresses_are_loopback() {
        for (url, loopback) in [
            ("http://localhost", true),
            ("http://LOCALHOST:8", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("https://127.0.0.1.nip.example", false),
            ("https://localhost.example", false),
            ("https://[::2]", false),
        ] {
            assert_eq!(check_base_url(url, false).unwrap().1, loopback, "{url}");
        }
        assert!(check_base_url("http://10.0.0.1", true).is_ok());
    }

    #[test]
    fn neither_debug_output_nor_errors_show_a_secret() {
        let text = r#"{"api_key": "sk-\"quoted\"/x", "headers": {"X-Token": "player-token"},
                       "proxy": "http://user:proxy-pass@127.0.0.1:1"}"#;
        let config = read(text).unwrap();
        let shown = format!("{config:?}");
        for secret in ["sk-", "player-token", "proxy-pass"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let mut echo =
            r#"{"message":"sk-\"quoted\"/x or sk-\"quoted\"\/x, player-token, proxy-pass"}"#.to_owned();
        config.secrets.redact(&mut echo);
        for secret in ["quoted", "player-token", "proxy-pass"] {
            assert!(!echo.contains(secret), "{echo}");
        }
        let bad = read(r#"{"api_key": "k", "proxy": "http://user:proxy-pass@"}"#).unwrap_err();
        assert!(!bad.to_json().contains("proxy-pass"));
    }

    #[test]
    fn spaces_around_a_key_or_header_and_non_ascii_characters_are_refused_with_their_field() {
        for bad in
            ["k3y ", " k3y", "k3y\\t", "   ", "\\ufeffk3y", "k3y\\u200b", "k3\u{FC}", "k\\u0000", "\u{A0}k3y"]
        {
            assert_eq!(field(&format!(r#"{{"api_key": "{bad}"}}"#)), "/api_key", "{bad:?}");
            let header = format!(r#"{{"api_key": "k", "headers": {{"X": "{bad}"}}}}"#);
            assert_eq!(field(&header), "/headers/X", "{bad:?}");
        }
        assert_eq!(field(r#"{"api_key": "a\tb"}"#), "/api_key");
        assert_eq!(field(r#"{"api_key": "\ud83c"}"#), "/api_key");
        assert_eq!(field(r#"{"api_key": "k", "user_agent": " game"}"#), "/user_agent");
        assert!(read(r#"{"api_key": "k", "headers": {"X": "a \t b", "Y": ""}}"#).is_ok());
    }

    #[test]
    fn a_key_from_the_environment_is_trimmed_and_then_checked() {
        let key = |value: &str| {
            let value = OsString::from(value);
            let environment = move |name: &str| (name == API_KEY_ENV).then(|| value.clone());
            Config::parse("", &environment).map(|config| config.authorization.unwrap())
        };
        for good in ["k3y", "k3y\r\n", "\u{FEFF}k3y\n", " \tk3y ", "\u{FEFF} k3y"] {
            assert_eq!(key(good).unwrap(), "Bearer k3y", "{good:?}");
        }
        for bad in [" \n", "\u{FEFF}", "k3y\u{200B}", "\u{FEFF}\u{FEFF}k3y", "a\nb", "k3\u{FC}"] {
            assert_eq!(key(bad).unwrap_err().field(), Some("/api_key"), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_environment_value_that_is_not_utf8_is_an_error_that_names_the_variable() {
        use std::os::unix::ffi::OsStringExt as _;
        for name in [API_KEY_ENV, BASE_URL_ENV] {
            let environment = |asked: &str| (asked == name).then(|| OsString::from_vec(b"a\xFF".to_vec()));
            let error = Config::parse("", &environment).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn a_proxy_password_is_redacted_from_every_source() {
        for (config, variable) in [
            (r#"{"api_key": "k", "proxy": "http://user:p%40ss-word@127.0.0.1:1"}"#, ""),
            (r#"{"api_key": "k"}"#, "http://user:p%40ss-word@127.0.0.1:1/"),
            (r#"{"api_key": "k"}"#, "user:p%40ss-word@127.0.0.1:1"),
        ] {
            let environment = |name: &str| {
                (name == "HTTPS_PROXY" && !variable.is_empty()).then(|| OsString::from(variable))
            };
            let config = Config::parse(config, &environment).unwrap();
            let mut text = "p%40ss-word p@ss-word dXNlcjpwQHNzLXdvcmQ=".to_owned();
            config.secrets.redact(&mut text);
            assert_eq!(text, "[hidden] [hidden] [hidden]", "{variable}");
        }
    }
}
