//! A server for HTTP/2 over TLS that is made with the crate `h2`: for tests that answer whole
//! requests. It does not break rules of the protocol; `http2` does.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use rustls::ServerConfig;

/// A connection whose TLS handshake is complete.
pub type Stream = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;

/// Starts a TLS server on a free port, with a Tokio runtime on a thread of its own. Calls `accept`
/// for each connection, and `serve` after its handshake. The value of `accept` is dropped when the
/// connection has ended. Returns the port.
pub fn serve_tls<Accepted: Send + 'static, Served: Future<Output = ()> + Send + 'static>(
    config: Arc<ServerConfig>,
    accept: impl Fn() -> Accepted + Send + 'static,
    serve: impl Fn(Stream) -> Served + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                // Without it, small frames wait for the client's delayed acknowledgements.
                let _ = stream.set_nodelay(true);
                let (accepted, acceptor, serve) = (accept(), acceptor.clone(), Arc::clone(&serve));
                tokio::spawn(async move {
                    let _accepted = accepted;
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream).await;
                    }
                });
            }
        });
    });
    port
}

/// Starts a server that calls `respond` for each request, in a task of its own. See [`serve_tls`].
pub fn serve_http2<Accepted: Send + 'static, Responded: Future<Output = ()> + Send + 'static>(
    config: Arc<ServerConfig>,
    accept: impl Fn() -> Accepted + Send + 'static,
    respond: impl Fn(http::Request<RecvStream>, SendResponse<Bytes>) -> Responded + Send + Sync + 'static,
) -> u16 {
    let respond = Arc::new(respond);
    serve_tls(config, accept, move |stream| {
        let respond = Arc::clone(&respond);
        async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, response))) = connection.accept().await {
                tokio::spawn(respond(request, response));
            }
        }
    })
}

/// Reads the body of a request to its end. Returns false if the client reset the stream before.
pub async fn read_body(mut body: RecvStream) -> bool {
    while let Some(chunk) = body.data().await {
        let Ok(chunk) = chunk else { return false };
        let _ = body.flow_control().release_capacity(chunk.len());
    }
    true
}

/// Sends a response with a JSON body. A stream that the client has reset is no failure of the test.
pub fn send_json(mut response: SendResponse<Bytes>, status: u16, body: &'static str) {
    let head = http::Response::builder().status(status).header("content-type", "application/json");
    if let Ok(mut stream) = response.send_response(head.body(()).unwrap(), false) {
        let _ = stream.send_data(body.into(), true);
    }
}
