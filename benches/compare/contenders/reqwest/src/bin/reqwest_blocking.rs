//! `reqwest::blocking`: what a program in Rust would use, one call after the other.

use contenders::{Run, START_BODY, TOKEN};
use reqwest::blocking::Client;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use std::time::{Duration, Instant};

fn call(client: &Client, run: &Run, operation: usize) {
    let at = |tail: &str| format!("{}/api/v1/game-sessions/{tail}", run.base_url);
    let request = match operation {
        0 => client.post(at("start")).header(CONTENT_TYPE, "application/json").body(START_BODY),
        1 => client.get(at(&format!("{}/status", run.session))),
        _ => client.post(at(&format!("{}/end", run.session))).header(CONTENT_LENGTH, "0"),
    };
    let answer = request.bearer_auth(TOKEN).header(ACCEPT, "application/json").send().expect("an answer");
    assert_eq!(answer.status(), if operation == 0 { 201 } else { 200 });
    assert!(!answer.text().expect("its text").is_empty());
}

fn main() {
    let mut run = Run::read();
    let mut builder = Client::builder().timeout(Duration::from_secs(30)).no_proxy();
    if let Some(ca) = run.ca.take() {
        builder = builder.tls_certs_only([ca]);
    }
    let client = builder.build().expect("a client");
    let operation = |i: usize| if run.mode == "session" { i % 3 } else { 1 };
    assert!(run.mode == "session" || run.mode == "status", "unknown mode {}", run.mode);
    for i in 0..run.warm {
        call(&client, &run, operation(i));
    }
    let which: Vec<usize> = (0..run.calls).map(operation).collect();
    run.begin();
    for operation in which {
        let started = Instant::now();
        call(&client, &run, operation);
        run.took(started.elapsed());
    }
    run.finish();
}
