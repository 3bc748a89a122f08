//! Builds a client from typed options, for Rust hosts. Every option becomes a key of the
//! configuration, so that each check and default has one place, `config`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::Client;
use crate::config::{Config, TransportChoice};
use crate::error::Error;
use crate::host_transport::HostTransport;
use crate::json;

type Member = (String, Zeroizing<String>);

/// Creates a [`Client`] from typed options. An option that is not set has the default of the
/// configuration key with the same name; see [`Config::from_json`].
///
/// ```
/// use std::time::Duration;
/// use iplaygames::Client;
/// let client = Client::builder()
///     .api_key("secret")
///     .base_url("https://relay.example")
///     .timeout(Duration::from_secs(5))
///     .header("X-Player-Token", "hush")
///     .build()?;
/// assert_eq!(client.base_url(), "https://relay.example");
/// let error = Client::builder().api_key("secret").timeout(Duration::ZERO).build().unwrap_err();
/// assert_eq!(error.field(), Some("/timeout_ms"));
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Default)]
pub struct ClientBuilder {
    /// The members of the configuration: keys and JSON values.
    members: Vec<Member>,
    headers: Vec<Member>,
    transport: Option<TransportChoice>,
    /// The error of the first option that a configuration cannot contain.
    invalid: Option<Error>,
}

impl Client {
    /// Returns a builder with typed options.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl ClientBuilder {
    /// Sets the API key.
    pub fn api_key(self, key: &str) -> ClientBuilder {
        self.string("api_key", key)
    }

    /// Sets the address of the server.
    pub fn base_url(self, url: &str) -> ClientBuilder {
        self.string("base_url", url)
    }

    /// Adds a header to every request.
    pub fn header(mut self, name: &str, value: &str) -> ClientBuilder {
        self.headers.push((name.to_owned(), quoted(value)));
        self
    }

    /// Sets the time limit of a call, with all its attempts.
    pub fn timeout(self, limit: Duration) -> ClientBuilder {
        self.milliseconds("timeout_ms", limit)
    }

    /// Sets the time limit of an attempt that may be repeated.
    pub fn attempt_timeout(self, limit: Duration) -> ClientBuilder {
        self.milliseconds("attempt_timeout_ms", limit)
    }

    /// Sets the time limit for opening a connection.
    pub fn connect_timeout(self, limit: Duration) -> ClientBuilder {
        self.milliseconds("connect_timeout_ms", limit)
    }

    /// Sets how often a call may be repeated.
    pub fn max_retries(self, count: u32) -> ClientBuilder {
        self.value("max_retries", &count)
    }

    /// Sets the maximum number of connections.
    pub fn max_connections(self, count: u32) -> ClientBuilder {
        self.value("max_connections", &count)
    }

    /// Sets the maximum number of calls in flight.
    pub fn max_in_flight(self, count: u32) -> ClientBuilder {
        self.value("max_in_flight", &count)
    }

    /// Sets the maximum size of a response, in bytes.
    pub fn max_response_bytes(self, bytes: u32) -> ClientBuilder {
        self.value("max_response_bytes", &bytes)
    }

    /// Starts a thread that drives the client, so that the host need not tick.
    pub fn io_thread(self, is_on: bool) -> ClientBuilder {
        self.value("io_thread", &is_on)
    }

    /// Sets the proxy: an http, https, socks4, socks4a, socks5 or socks5h URL, or `none`.
    pub fn proxy(self, proxy: &str) -> ClientBuilder {
        self.string("proxy", proxy)
    }

    /// Adds root certificates in PEM format.
    pub fn ca_pem(self, pem: &str) -> ClientBuilder {
        self.string("ca_pem", pem)
    }

    /// Adds the root certificates of a file in PEM format. A path that is not UTF-8 is refused by
    /// [`build`](ClientBuilder::build).
    pub fn ca_file(self, path: impl AsRef<Path>) -> ClientBuilder {
        self.path("ca_file", path.as_ref())
    }

    /// Trusts only the given root certificates, and not those of the system.
    pub fn ca_only(self, is_on: bool) -> ClientBuilder {
        self.value("ca_only", &is_on)
    }

    /// Sets the certificate, in PEM format, that the client presents to servers that ask for one.
    /// Certificates of issuers may follow it. The text may also contain the private key.
    pub fn client_cert_pem(self, pem: &str) -> ClientBuilder {
        self.string("client_cert_pem", pem)
    }

    /// Sets the file of the client's certificate; see
    /// [`client_cert_pem`](ClientBuilder::client_cert_pem). A path that is not UTF-8 is refused by
    /// [`build`](ClientBuilder::build).
    pub fn client_cert_file(self, path: impl AsRef<Path>) -> ClientBuilder {
        self.path("client_cert_file", path.as_ref())
    }

    /// Sets the private key of the client's certificate: not encrypted, in PEM format (PKCS#8,
    /// PKCS#1 or SEC1).
    pub fn client_key_pem(self, pem: &str) -> ClientBuilder {
        self.string("client_key_pem", pem)
    }

    /// Sets the file of the private key; see [`client_key_pem`](ClientBuilder::client_key_pem). A
    /// path that is not UTF-8 is refused by [`build`](ClientBuilder::build).
    pub fn client_key_file(self, path: impl AsRef<Path>) -> ClientBuilder {
        self.path("client_key_file", path.as_ref())
    }

    /// Sets the User-Agent.
    pub fn user_agent(self, value: &str) -> ClientBuilder {
        self.string("user_agent", value)
    }

    /// Allows `http` to servers other than this machine. Requests, with the API key, are then not
    /// encrypted.
    pub fn allow_insecure_http(self, is_on: bool) -> ClientBuilder {
        self.value("allow_insecure_http", &is_on)
    }

    /// Records the sessions that the client starts in this file; see
    /// [`SessionJournal`](crate::SessionJournal). A path that is not UTF-8 is refused by
    /// [`build`](ClientBuilder::build).
    #[cfg(feature = "journal")]
    pub fn journal(self, path: impl AsRef<Path>) -> ClientBuilder {
        self.path("journal", path.as_ref())
    }

    /// Sets the transport by its name: `native` or `reqwest`.
    pub fn transport(self, name: &str) -> ClientBuilder {
        self.string("transport", name)
    }

    /// Sends the requests with a reqwest client of the host: with its client certificates, proxies,
    /// middleware or HTTP/3. The options for connections and TLS of this builder then have no
    /// effect.
    ///
    /// The client must not follow redirects (`redirect(Policy::none())`) and must not retry
    /// (`retry(reqwest::retry::never())`). Its connections are driven by this library, so do not
    /// use it for anything else. docs/transports.md says what reqwest cannot prove.
    #[cfg(feature = "reqwest")]
    pub fn reqwest(mut self, client: reqwest::Client) -> ClientBuilder {
        let generation = crate::fork::generation();
        let given = crate::config::GivenReqwestClient { client, generation };
        self.transport = Some(TransportChoice::ReqwestClient(given));
        self
    }

    /// Sends the requests with functions of the host. The options for connections, TLS and proxies
    /// then have no effect.
    pub fn host_transport(mut self, transport: Arc<dyn HostTransport>) -> ClientBuilder {
        self.transport = Some(TransportChoice::Host(transport));
        self
    }

    /// Creates the client.
    ///
    /// # Errors
    ///
    /// The errors of [`Config::from_json`] and of [`Client::new`].
    pub fn build(mut self) -> Result<Client, Error> {
        if !self.headers.is_empty() {
            self.members.push(("headers".to_owned(), object(&self.headers)));
        }
        if let Some(error) = self.invalid {
            return Err(error);
        }
        let mut config = Config::from_json(&object(&self.members))?;
        if let Some(transport) = self.transport {
            config.set_transport(transport)?;
        }
        Client::new(config)
    }

    fn string(mut self, key: &str, value: &str) -> ClientBuilder {
        self.members.push((key.to_owned(), quoted(value)));
        self
    }

    fn path(mut self, key: &str, path: &Path) -> ClientBuilder {
        match path.to_str() {
            Some(path) => self.string(key, path),
            None => {
                let message = format!(
                    "The path {path:?} is not Unicode, so a configuration cannot contain it. Rename the file."
                );
                self.invalid.get_or_insert(Error::invalid(format!("/{key}"), message));
                self
            }
        }
    }

    fn value(mut self, key: &str, value: &dyn std::fmt::Display) -> ClientBuilder {
        self.members.push((key.to_owned(), Zeroizing::new(value.to_string())));
        self
    }

    fn milliseconds(self, key: &str, limit: Duration) -> ClientBuilder {
        self.value(key, &limit.as_millis())
    }
}

/// Does not show the options, because some of them are secret.
impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// Returns a JSON string. The buffer has the maximum size, because one that grows leaves copies of
/// a secret behind.
fn quoted(value: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(value.len() * 6 + 2));
    json::write_string(&mut text, value);
    text
}

/// Returns a JSON object. A member that is given twice is refused when the object is read.
fn object(members: &[Member]) -> Zeroizing<String> {
    let size: usize = members.iter().map(|(key, value)| key.len() * 6 + value.len() + 4).sum();
    let mut text = Zeroizing::new(String::with_capacity(size + 2));
    text.push('{');
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        json::write_string(&mut text, key);
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_unicode_is_an_error_that_names_its_key() {
        for (key, with_path) in [
            ("/ca_file", Client::builder().ca_file(crate::sys::not_unicode())),
            ("/client_cert_file", Client::builder().client_cert_file(crate::sys::not_unicode())),
            ("/client_key_file", Client::builder().client_key_file(crate::sys::not_unicode())),
        ] {
            let error = with_path.api_key("k").build().unwrap_err();
            assert_eq!(error.field(), Some(key));
            assert!(error.message().contains("is not Unicode"), "{error}");
        }
    }
}
