//! reqwest's async client on one thread: status calls, so many at a time.

use contenders::{Run, TOKEN};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use reqwest::header::ACCEPT;
use std::time::{Duration, Instant};

fn main() {
    let mut run = Run::read();
    assert_eq!(run.mode, "flight", "unknown mode");
    let mut builder = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
    if let Some(ca) = run.ca.take() {
        builder = builder.tls_certs_only([ca]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = builder.build().expect("a client");
        let url = format!("{}/api/v1/game-sessions/{}/status", run.base_url, run.session);
        let call = async || {
            let started = Instant::now();
            let request = client.get(&url).bearer_auth(TOKEN).header(ACCEPT, "application/json");
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
            assert!(!answer.text().await.expect("its text").is_empty());
            started.elapsed()
        };
        let mut flight: FuturesUnordered<_> = (0..run.flight).map(|_| call()).collect();
        let (mut asked, mut done, total) = (run.flight, 0, run.warm + run.calls);
        if run.warm == 0 {
            run.begin();
        }
        while let Some(time) = flight.next().await {
            done += 1;
            if done == run.warm {
                run.begin();
            } else if done > run.warm && done <= total {
                run.took(time);
            }
            if asked < total {
                asked += 1;
                flight.push(call());
            }
        }
    });
    run.finish();
}
