use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

const PING_AFTER: Duration = Duration::from_millis(50);

/// The time limit of a test.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

fn request() -> Request<()> {
    Request::builder().uri("https://server.test/").body(()).unwrap()
}

/// Sends one request to a server that runs `serve` with its connection and the handle for its
/// response.
fn round_trip<F: Future<Output = ()> + Send + 'static>(
    serve: impl FnOnce(
        h2::server::Connection<tokio::io::DuplexStream, Bytes>,
        h2::server::SendResponse<Bytes>,
    ) -> F
    + Send
    + 'static,
) -> (Result<Response, TransportError>, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = async {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(theirs).await.unwrap();
            let (_, respond) = connection.accept().await.unwrap().unwrap();
            serve(connection, respond).await;
        });
        let clock = Arc::new(DriveClock::new());
        let _driving = clock.drive();
        let http2 = Http2::handshake_with(ours, &clock, PING_AFTER).await.unwrap();
        let attempt = AttemptStatus::default();
        let result = http2.round_trip(request(), Bytes::new(), 1000, TEST_TIMEOUT, &attempt).await;
        (result, http2.is_open())
    };
    runtime.block_on(async { tokio::time::timeout(TEST_TIMEOUT, test).await.unwrap() })
}

#[test]
fn a_connection_without_a_response_to_a_ping_ends_while_a_call_waits() {
    // The server does not poll its connection, so it reads and writes nothing.
    let (result, is_open) = round_trip(async |_connection, _respond| std::future::pending().await);
    assert_eq!(result.unwrap_err().kind, TransportErrorKind::ConnectionClosed);
    assert!(!is_open);
}

#[test]
fn a_connection_with_responses_to_pings_stays_open_while_a_call_waits() {
    let (result, is_open) = round_trip(async |mut connection, mut respond| {
        tokio::spawn(async move {
            tokio::time::sleep(8 * PING_AFTER).await;
            respond.send_response(http::Response::new(()), true).unwrap();
        });
        while connection.accept().await.is_some() {}
    });
    assert_eq!(result.unwrap().status, 200);
    assert!(is_open);
}

const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// `:status: 200`, END_HEADERS and END_STREAM, on stream 1.
const RESPONSE: &[u8] = b"\0\0\x01\x01\x05\0\0\0\x01\x88";
/// More bytes than the initial flow-control window of a server.
const LARGE: usize = 100_000;

async fn call_server(stream: DuplexStream) -> Result<Response, TransportError> {
    let clock = Arc::new(DriveClock::new());
    let _drive = clock.drive();
    let http2 = Http2::handshake(stream, &clock).await.unwrap();
    let request = Request::post("https://api.example/").body(()).unwrap();
    let content = Bytes::from(vec![b'x'; LARGE]);
    http2.round_trip(request, content, 100, Duration::from_secs(5), &AttemptStatus::default()).await
}

/// Receives until the client closes the connection. Returns whether it sent a RST_STREAM for
/// stream 1.
async fn receives_reset(mut server: DuplexStream) -> bool {
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    received.windows(9).any(|head| head == b"\0\0\x04\x03\0\0\0\0\x01")
}

#[tokio::test(start_paused = true)]
async fn a_response_before_the_server_accepts_all_content_ends_the_stream() {
    let (client, mut server) = tokio::io::duplex(1 << 20);
    server.write_all(SETTINGS).await.unwrap();
    let call = tokio::spawn(call_server(client));
    // The client sends the content until the flow-control window is full.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.write_all(RESPONSE).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap().status, 200);
    let reset = tokio::time::timeout(Duration::from_secs(3600), receives_reset(server)).await;
    assert!(reset.expect("the connection closes"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_after_a_malformed_head_may_be_sent() {
    let (client, mut server) = tokio::io::duplex(1 << 20);
    server.write_all(SETTINGS).await.unwrap();
    let clock = Arc::new(DriveClock::new());
    let http2 = Http2::handshake(client, &clock).await.unwrap();
    let attempt = AttemptStatus::default();
    let request = Request::get("https://api.example/").body(()).unwrap();
    let call = http2.round_trip(request, Bytes::new(), 100, Duration::from_secs(5), &attempt);
    let respond = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // A head with a pseudo-header after another header, and REFUSED_STREAM.
        let frames = b"\0\0\x03\x01\x04\0\0\0\x01\x89\x93\x85\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07";
        server.write_all(frames).await.unwrap();
    };
    let (response, ()) = tokio::join!(call, respond);
    assert!(response.is_err() && attempt.may_be_sent(), "{response:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_the_server_accepts_all_content_ends_the_stream() {
    let (client, mut server) = tokio::io::duplex(1 << 20);
    server.write_all(SETTINGS).await.unwrap();
    let clock = Arc::new(DriveClock::new());
    let http2 = Http2::handshake(client, &clock).await.unwrap();
    let request = Request::post("https://api.example/").body(()).unwrap();
    let content = Bytes::from(vec![b'x'; LARGE]);
    let attempt = AttemptStatus::default();
    let call = http2.round_trip(request, content, 100, Duration::from_secs(5), &attempt);
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    drop(http2);
    let reset = tokio::time::timeout(Duration::from_secs(3600), receives_reset(server)).await;
    assert!(reset.expect("the connection closes"));
}
