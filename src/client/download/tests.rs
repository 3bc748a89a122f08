//! The time limits of downloads, in virtual time, and a device that is full.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};

use http::HeaderValue;

use super::*;
use crate::codes::Code;
use crate::config::Config;
use crate::http_types::{Request, Response};
use crate::net::attempt_status::AttemptStatus;
use crate::net::transport::any::Simulate;

/// A server that sends parts of a file at intervals. The first attempt may stall after them.
struct Slow {
    parts: u32,
    interval: Duration,
    stalls: bool,
    attempts: Arc<AtomicU32>,
}

impl Slow {
    async fn respond(&self, request: &Request, attempt: &AttemptStatus) -> Response {
        let is_first = self.attempts.fetch_add(1, Ordering::Relaxed) == 0;
        assert!(attempt.try_send());
        let sink = SharedBodySink::of_status(request.sink.as_ref(), 200).unwrap();
        sink.begin(None).unwrap();
        for _ in 0..self.parts {
            tokio::time::sleep(self.interval).await;
            sink.write(b"part").unwrap();
            attempt.record_progress();
        }
        if self.stalls && is_first {
            std::future::pending::<()>().await;
        }
        Response { status: 200, ..Response::default() }
    }
}

impl Simulate for Slow {
    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _: &'a HeaderValue,
        attempt: &'a AttemptStatus,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        Box::pin(async { Ok(self.respond(request, attempt).await) })
    }
}

/// Downloads from a slow server, with a time limit of 10 s for an attempt. Returns the result, the
/// number of attempts and the virtual time.
fn download(
    parts: u32,
    interval: u64,
    stalls: bool,
    timeout: u64,
) -> (Result<Download, Error>, u32, Duration) {
    let attempts = Arc::new(AtomicU32::new(0));
    let interval = Duration::from_secs(interval);
    let slow = Slow { parts, interval, stalls, attempts: Arc::clone(&attempts) };
    let config = r#"{"base_url": "http://127.0.0.1:9", "api_key": "k", "proxy": "none", "max_retries": 2,
                     "attempt_timeout_ms": 10000}"#;
    let client = Client::simulated(Config::from_json(config).unwrap(), Box::new(slow), 1).unwrap();
    let driver = client.inner().driver_in_use().unwrap();
    let _virtual_time = driver.enter();
    let folder = tempfile::tempdir().unwrap();
    let options = CallOptions { timeout: Some(Duration::from_secs(timeout)), ..CallOptions::default() };
    let operation = "get_api_v1_transaction_exports_export_id_download";
    let path = folder.path().join("export.csv");
    let started = tokio::time::Instant::now();
    let result = client.download_to_file(operation, r#"{"export_id": 1}"#, &path, &options);
    assert_eq!(result.is_ok(), path.exists());
    (result, attempts.load(Ordering::Relaxed), started.elapsed())
}

#[test]
fn a_download_may_take_longer_than_an_attempt_while_parts_of_it_arrive() {
    let (result, attempts, elapsed) = download(20, 9, false, 600);
    assert_eq!((result.unwrap().bytes(), attempts), (80, 1));
    assert!(elapsed >= Duration::from_secs(180), "{elapsed:?}");
}

#[test]
fn a_download_that_stalls_is_repeated_after_the_time_limit_of_an_attempt() {
    let (result, attempts, elapsed) = download(3, 4, true, 600);
    assert_eq!((result.unwrap().bytes(), attempts), (12, 2));
    assert!((Duration::from_secs(32)..Duration::from_secs(60)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn the_time_limit_of_the_call_ends_a_download_of_which_parts_arrive() {
    let (result, attempts, elapsed) = download(1000, 9, false, 100);
    assert_eq!((result.unwrap_err().code(), attempts), (Code::TIMEOUT, 1));
    assert!((Duration::from_secs(99)..Duration::from_secs(110)).contains(&elapsed), "{elapsed:?}");
}
