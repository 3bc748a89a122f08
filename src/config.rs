//! What a client is told when it is made: keys, defaults, environment, checks. A key that is not
//! known, a value of the wrong type or out of range is an error that names the key.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use url::Url;

use crate::error::Error;
use crate::json::{self, pointer_step};

/// The API's own address.
pub const DEFAULT_BASE_URL: &str = "https://api.iplaygames.ai";
/// Where the key comes from when the configuration has none.
pub const API_KEY_ENV: &str = "IPLAYGAMES_API_KEY";
/// Where the address comes from when the configuration has none.
pub const BASE_URL_ENV: &str = "IPLAYGAMES_BASE_URL";

/// Every key there is.
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

/// A client's configuration. Its `Debug` shows no secret.
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
    pub(crate) secrets: Arc<Secrets>,
}

/// Which proxy requests go through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// What the environment says, except for a server on this machine.
    System,
    /// None, whatever the environment says.
    None,
    /// This one.
    Url(Url),
}

impl Config {
    /// Reads a configuration: a JSON object with the keys listed in `iplaygames.h` and in the README.
    /// Empty text is an empty object. The environment fills in `api_key` and `base_url`.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) with [`field`](Error::field) pointing at
    /// the key.
    pub fn from_json(text: &str) -> Result<Config, Error> {
        Config::read(text, &|name| std::env::var(name).ok())
    }

    /// The server's address, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    fn read(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, Error> {
        let mut keys = Keys::read(text, "The configuration", KEYS)?;

        let base_url = keys.text("base_url")?;
        let from_environment = if base_url.is_none() { environment(BASE_URL_ENV) } else { None };
        let base_url = base_url
            .or(from_environment.filter(|value| !value.is_empty()))
            .unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let (base_url, loopback) = check_base_url(&base_url, keys.flag("allow_insecure_http")?)?;

        let mut secrets = Secrets::default();
        let api_key = match keys.text("api_key")? {
            Some(key) if key.is_empty() => return Err(Error::invalid("/api_key", "The API key is empty.")),
            Some(key) => Some(key),
            None => environment(API_KEY_ENV).filter(|key| !key.is_empty()),
        };
        if api_key.is_none() && base_url == DEFAULT_BASE_URL {
            return Err(Error::invalid(
                "/api_key",
                format!(
                    "An API key is needed for {DEFAULT_BASE_URL}: give `api_key` or set {API_KEY_ENV}. \
                     (A game should not carry one: point `base_url` at a relay of your own instead.)"
                ),
            ));
        }
        let authorization = api_key.as_deref().map(|key| bearer(key, &mut secrets)).transpose()?;

        let max_response_bytes = keys.number("max_response_bytes", 8 << 20, 1, 1 << 30)?;
        let max_connections = keys.number("max_connections", 32, 1, 4096)?;
        let config = Config {
            headers: keys.headers(authorization.is_some(), &mut secrets)?,
            authorization,
            base_url,
            loopback,
            timeout: keys.timeout()?.unwrap_or(Duration::from_secs(30)),
            attempt_timeout: keys.milliseconds("attempt_timeout_ms", 10_000)?,
            connect_timeout: keys.milliseconds("connect_timeout_ms", 5_000)?,
            max_retries: keys.retries()?.unwrap_or(2),
            max_connections: max_connections as usize,
            max_in_flight: keys.number("max_in_flight", 1024, 1, 1 << 20)? as usize,
            background: keys.flag("background")?,
            max_response_bytes: max_response_bytes as usize,
            proxy: keys.proxy(&mut secrets)?,
            cas: keys.certificates()?,
            only_these_cas: keys.flag("only_these_cas")?,
            secrets: Arc::new(secrets),
        };
        let config = config.with_user_agent(keys.text("user_agent")?)?;
        debug_assert!(keys.given.is_empty(), "a key of KEYS is never read");
        if config.only_these_cas && config.cas.is_empty() {
            return Err(Error::invalid(
                "/only_these_cas",
                "`only_these_cas` needs certificates: give `ca_file` or `ca_pem`.",
            ));
        }
        Ok(config)
    }

    fn with_user_agent(mut self, given: Option<String>) -> Result<Config, Error> {
        let ours = concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"));
        let text = match given {
            Some(given) if !given.is_empty() => format!("{given} {ours}"),
            _ => ours.to_owned(),
        };
        let value = HeaderValue::from_str(&text).map_err(|_| {
            Error::invalid("/user_agent", "The user agent has a character no header can hold.")
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

/// The texts that must never be shown: the key, header values, a proxy's password.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        // A very short value is no secret, and hiding it would garble ordinary words.
        if secret.len() >= 4 && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            // The longest first: one secret may be part of another.
            self.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Replaces every secret in `text`, as it is or as it looks inside a JSON string.
    pub(crate) fn hide(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "[hidden]");
            }
            let mut quoted = String::new();
            crate::error::push_quoted(&mut quoted, secret);
            let quoted = quoted.trim_matches('"');
            // Servers also write a slash as `\/`.
            for form in [quoted.to_owned(), quoted.replace('/', "\\/")] {
                if form != *secret && text.contains(&form) {
                    *text = text.replace(&form, "[hidden]");
                }
            }
        }
    }
}

fn bearer(key: &str, secrets: &mut Secrets) -> Result<HeaderValue, Error> {
    if key.chars().any(char::is_control) {
        return Err(Error::invalid(
            "/api_key",
            "The API key has a control character in it (a line break from a file, perhaps).",
        ));
    }
    let mut value = HeaderValue::from_bytes(format!("Bearer {key}").as_bytes())
        .map_err(|_| Error::invalid("/api_key", "The API key has a character no header can hold."))?;
    value.set_sensitive(true);
    secrets.add(key);
    Ok(value)
}

/// Answers the address without its trailing slash, and whether it is on this machine.
fn check_base_url(text: &str, allow_insecure_http: bool) -> Result<(String, bool), Error> {
    let bad = |why: &str| Error::invalid("/base_url", why.to_owned());
    let url = Url::parse(text).map_err(|error| bad(&format!("`base_url` is not a URL: {error}.")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("`base_url` must not hold a user name or a password."));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("`base_url` must have no query and no fragment."));
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if loopback || allow_insecure_http => {}
        "http" => {
            return Err(bad("`base_url` must use https: http would show the API key to the network. \
                 (http to this machine is fine; `allow_insecure_http` allows it elsewhere.)"));
        }
        _ => return Err(bad("`base_url` must begin with https:// or http://.")),
    }
    if !url.has_host() {
        return Err(bad("`base_url` has no host."));
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), loopback))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The keys given, each taken out as it is read.
pub(crate) struct Keys {
    given: serde_json::Map<String, Value>,
}

impl Keys {
    /// Reads a JSON object that may have these keys and no others; empty text is an empty object. `what`
    /// begins the messages.
    pub(crate) fn read(text: &str, what: &str, known: &[&str]) -> Result<Keys, Error> {
        if matches!(text.trim(), "" | "{}") {
            return Ok(Keys { given: serde_json::Map::new() });
        }
        json::entries(text, what)?;
        let given: serde_json::Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| Error::invalid("", format!("{what} cannot be read: {error}")))?;
        match given.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                Err(Error::invalid(pointer_step(key), format!("{what} cannot have the key {key:?}.")))
            }
            None => Ok(Keys { given }),
        }
    }

    /// Takes a key's value; null is as good as absent.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.given.remove(key).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(pointer_step(key), format!("`{key}` must be a string."))),
        }
    }

    fn flag(&mut self, key: &str) -> Result<bool, Error> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Error::invalid(pointer_step(key), format!("`{key}` must be true or false."))),
        }
    }

    fn given_number(&mut self, key: &str, least: u64, most: u64) -> Result<Option<u64>, Error> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.as_u64().filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Error::invalid(
                pointer_step(key),
                format!("`{key}` must be a whole number from {least} to {most}."),
            )),
        }
    }

    fn number(&mut self, key: &str, default: u64, least: u64, most: u64) -> Result<u64, Error> {
        Ok(self.given_number(key, least, most)?.unwrap_or(default))
    }

    /// The time of a whole call.
    pub(crate) fn timeout(&mut self) -> Result<Option<Duration>, Error> {
        Ok(self.given_number("timeout_ms", 1, DAY_MS)?.map(Duration::from_millis))
    }

    /// How often a call is tried again.
    pub(crate) fn retries(&mut self) -> Result<Option<u32>, Error> {
        Ok(self.given_number("max_retries", 0, 20)?.map(|retries| retries as u32))
    }

    fn milliseconds(&mut self, key: &str, default: u64) -> Result<Duration, Error> {
        self.number(key, default, 1, DAY_MS).map(Duration::from_millis)
    }

    fn headers(&mut self, has_key: bool, secrets: &mut Secrets) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        let given = match self.take("headers") {
            None => return Ok(headers),
            Some(Value::Object(given)) => given,
            Some(_) => return Err(Error::invalid("/headers", "`headers` must be an object of strings.")),
        };
        for (name, value) in given {
            let at = format!("/headers{}", pointer_step(&name));
            let Value::String(value) = value else {
                return Err(Error::invalid(at, format!("The header {name:?} must be a string.")));
            };
            let parsed = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Error::invalid(at.clone(), format!("{name:?} is no header name.")))?;
            if let Some(why) = not_yours(&parsed, has_key) {
                return Err(Error::invalid(at, format!("The header {name:?} cannot be set: {why}.")));
            }
            let mut header = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                Error::invalid(at.clone(), format!("The header {name:?} has a value no header can hold."))
            })?;
            header.set_sensitive(true);
            secrets.add(&value);
            if headers.insert(parsed, header).is_some() {
                return Err(Error::invalid(at, format!("The header {name:?} is given twice.")));
            }
        }
        Ok(headers)
    }

    fn proxy(&mut self, secrets: &mut Secrets) -> Result<ProxyChoice, Error> {
        let Some(text) = self.text("proxy")? else { return Ok(ProxyChoice::System) };
        if text == "none" {
            return Ok(ProxyChoice::None);
        }
        // The text may hold a password: it is not shown, and neither is the parser's opinion of it.
        let bad = || Error::invalid("/proxy", "`proxy` must be an http or https URL, or \"none\".");
        let url = Url::parse(&text).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(bad());
        }
        if let Some(password) = url.password() {
            secrets.add(password);
        }
        Ok(ProxyChoice::Url(url))
    }

    fn certificates(&mut self) -> Result<Vec<CertificateDer<'static>>, Error> {
        let mut found = Vec::new();
        if let Some(path) = self.text("ca_file")? {
            let pem = std::fs::read(&path).map_err(|error| {
                Error::invalid("/ca_file", format!("The file {path:?} cannot be read: {error}."))
            })?;
            read_pem("ca_file", &pem, &mut found)?;
        }
        if let Some(pem) = self.text("ca_pem")? {
            read_pem("ca_pem", pem.as_bytes(), &mut found)?;
        }
        Ok(found)
    }
}

fn read_pem(key: &str, pem: &[u8], found: &mut Vec<CertificateDer<'static>>) -> Result<(), Error> {
    let before = found.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            Error::invalid(
                pointer_step(key),
                format!("`{key}` has a certificate that cannot be read: {error}."),
            )
        })?;
        // A trust anchor that webpki cannot use would only fail later, and less clearly.
        rustls::RootCertStore::empty().add(certificate.clone()).map_err(|error| {
            Error::invalid(
                pointer_step(key),
                format!("`{key}` has a certificate that cannot be trusted: {error}."),
            )
        })?;
        found.push(certificate);
    }
    if found.len() == before {
        return Err(Error::invalid(pointer_step(key), format!("`{key}` has no certificate in PEM form.")));
    }
    Ok(())
}

/// Why a header belongs to the client, if it does.
fn not_yours(name: &HeaderName, has_key: bool) -> Option<&'static str> {
    match name.as_str() {
        "authorization" if has_key => Some("`api_key` sets it"),
        "host" | "accept" | "accept-encoding" => Some("the client sets it"),
        "user-agent" => Some("use `user_agent`"),
        "x-request-id" => Some("it carries the call's id; use the option `call_id`"),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "transfer-encoding"
        | "upgrade" | "expect" => Some("it belongs to the connection"),
        "proxy-authorization" => Some("put the user and password into `proxy`"),
        name if name.starts_with("content-") => Some("the body sets it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        Config::read(text, &|_| None)
    }

    fn field(text: &str) -> String {
        read(text).unwrap_err().field().unwrap().to_owned()
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
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
    fn a_bad_value_names_its_key() {
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
    fn a_key_is_needed_for_the_real_api_only() {
        assert!(read(r#"{"base_url": "https://relay.example.com"}"#).unwrap().authorization.is_none());
        let own = r#"{"base_url": "https://relay.example.com", "headers": {"Authorization": "Player x"}}"#;
        assert!(read(own).is_ok());
        assert_eq!(field(r#"{"base_url": "https://api.iplaygames.ai/"}"#), "/api_key");
    }

    #[test]
    fn the_environment_fills_in_what_was_not_given() {
        let environment = |name: &str| match name {
            API_KEY_ENV => Some("from-env".to_owned()),
            BASE_URL_ENV => Some("http://127.0.0.1:9/v/".to_owned()),
            _ => None,
        };
        let config = Config::read("", &environment).unwrap();
        assert_eq!((config.base_url.as_str(), config.loopback), ("http://127.0.0.1:9/v", true));
        assert_eq!(config.authorization.unwrap(), "Bearer from-env");
        let given = r#"{"api_key": "given", "base_url": "https://x.example"}"#;
        let config = Config::read(given, &environment).unwrap();
        assert_eq!((config.base_url.as_str(), config.loopback), ("https://x.example", false));
        assert_eq!(config.authorization.unwrap(), "Bearer given");
    }

    #[test]
    fn loopback_is_known_by_its_address_not_by_its_look() {
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
    fn no_secret_is_ever_shown() {
        let text = r#"{"api_key": "sk-\"quoted\"/x", "headers": {"X-Token": "player-token"},
                       "proxy": "http://user:proxy-pass@127.0.0.1:1"}"#;
        let config = read(text).unwrap();
        let shown = format!("{config:?}");
        for secret in ["sk-", "player-token", "proxy-pass"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let mut echo =
            r#"{"message":"sk-\"quoted\"/x or sk-\"quoted\"\/x, player-token, proxy-pass"}"#.to_owned();
        config.secrets.hide(&mut echo);
        for secret in ["quoted", "player-token", "proxy-pass"] {
            assert!(!echo.contains(secret), "{echo}");
        }
        let bad = read(r#"{"api_key": "k", "proxy": "http://user:proxy-pass@"}"#).unwrap_err();
        assert!(!bad.to_json().contains("proxy-pass"));
    }
}
