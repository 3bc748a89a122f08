//! One server over HTTP/1.1, HTTP/1.1 with TLS, and HTTP/2, for tests whose promise does not depend
//! on the protocol.

use std::io::{Read, Write};
use std::sync::Arc;

use iplaygames::{Client, Config};
use serde_json::{Value, json};

use super::http2_server::{read_body, send_json, serve_http2};
use super::tls::{Authority, secure};
use super::{read_request, serve};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Protocol {
    Http,
    Https,
    Http2,
}

/// A server that has received only whole requests: what it answers is what was sent to it.
pub struct Server {
    protocol: Protocol,
    pub port: u16,
    ca_pem: String,
}

impl Server {
    /// Starts a server. `accept` is called for each connection, and its value is dropped when the
    /// connection has ended. `respond` is given the method and the id of each whole request, and
    /// returns the status and the body of the response.
    pub fn start<Accepted: Send + 'static>(
        protocol: Protocol,
        accept: impl Fn() -> Accepted + Send + Sync + 'static,
        respond: impl Fn(&str, &str) -> (u16, &'static str) + Send + Sync + 'static,
    ) -> Server {
        let authority = Authority::new("Test CA");
        let identity = authority.certify("127.0.0.1");
        let port = match protocol {
            Protocol::Http => serve(move |mut stream| {
                let _accepted = accept();
                respond_over_http1(&mut stream, &respond);
            }),
            Protocol::Https => {
                let config = identity.config(&["http/1.1"]);
                serve(move |stream| {
                    let _accepted = accept();
                    respond_over_http1(&mut secure(&config, stream), &respond);
                })
            }
            Protocol::Http2 => {
                let respond = Arc::new(respond);
                serve_http2(identity.config(&["h2"]), accept, move |request, response| {
                    let respond = Arc::clone(&respond);
                    async move {
                        let (head, body) = request.into_parts();
                        if read_body(body).await {
                            let id = head.headers["x-request-id"].to_str().unwrap();
                            let (status, json) = respond(head.method.as_str(), id);
                            send_json(response, status, json);
                        }
                    }
                })
            }
        };
        Server { protocol, port, ca_pem: authority.pem() }
    }

    /// Returns a client of this server. `more` is added to its configuration.
    pub fn client(&self, more: &Value) -> Client {
        let scheme = if self.protocol == Protocol::Http { "http" } else { "https" };
        let mut config = json!({
            "api_key": "test-key-123",
            "base_url": format!("{scheme}://127.0.0.1:{}", self.port),
            "ca_pem": self.ca_pem,
            "ca_only": true,
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
    }
}

fn respond_over_http1(
    stream: &mut (impl Read + Write),
    respond: &impl Fn(&str, &str) -> (u16, &'static str),
) {
    while let Some(request) = read_request(stream) {
        let method = request.line.split(' ').next().unwrap();
        let (status, body) = respond(method, request.header("x-request-id").unwrap());
        if stream.write_all(&super::json(&format!("{status} Status"), body)).is_err() {
            return;
        }
    }
}
