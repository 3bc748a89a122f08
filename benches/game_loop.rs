//! What a game loop pays: the cost of a tick, of submitting, freeing and shutting down, how closely
//! a call keeps to its time, whether ten thousand watches keep their pace, and how closely a tick
//! keeps to its budget. Prints figures, asserts nothing about time.
//!
//! `make bench-loop` runs it. The server is the sandbox, in a process of its own. The budgets are
//! measured against a small server over HTTP, HTTPS and HTTP/2, which is this program run again.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use iplaygames::{Call, CallOptions, Client, Config, Event};
use serde_json::Value;

const START: &str = r#"{"game_id": 123, "player_id": "p", "currency": "USD",
    "country_code": "US", "ip_address": "192.0.2.1"}"#;

/// The sandbox in a process of its own, so that its work is not ours.
struct Server {
    child: Child,
    config: String,
    control: reqwest::blocking::Client,
    base_url: String,
    /// How many control connections there are, each with a thread of reqwest's.
    controls: usize,
}

impl Server {
    fn new(controls: usize) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_iplaygames"))
            .arg("sandbox")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox starts");
        let mut config = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut config).expect("its first line");
        let document: Value = serde_json::from_str(&config).expect("JSON");
        let base_url = document["base_url"].as_str().expect("an address").to_owned();
        Server {
            child,
            config: config.trim().to_owned(),
            control: reqwest::blocking::Client::new(),
            base_url,
            controls,
        }
    }

    fn client(&self, more: &str) -> Client {
        let config = format!("{}{more}}}", self.config.trim_end_matches('}'));
        Client::new(Config::from_json(&config).expect("a configuration")).expect("a client")
    }

    fn command(&self, json: &'static str) -> Value {
        let url = format!("{}/_sandbox", self.base_url);
        let answer = self
            .control
            .post(url)
            .header("content-type", "application/json")
            .body(json)
            .send()
            .and_then(|answer| answer.text());
        serde_json::from_str(&answer.expect("the sandbox answers")).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn options() -> CallOptions {
    CallOptions::default()
}

/// How many threads this process has, without its first and those of the control connection.
fn threads(server: &Server) -> usize {
    let all = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    all - 1 - server.controls
}

/// Sorted times, and what stands at a share of them.
fn at(times: &mut [Duration], share: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn show(what: &str, times: &mut [Duration]) {
    println!(
        "{what:58} p50 {:>9.2?}  p99 {:>9.2?}  worst {:>9.2?}  ({} times)",
        at(times, 0.5),
        at(times, 0.99),
        at(times, 1.0),
        times.len()
    );
}

fn per_call(what: &str, count: u32, mut work: impl FnMut()) {
    let started = Instant::now();
    for _ in 0..count {
        work();
    }
    println!("{what:58} {:>9.1} ns", started.elapsed().as_nanos() as f64 / f64::from(count));
}

fn idle(server: &Server) {
    let client = server.client("");
    per_call("idle tick (nothing in flight)", 10_000_000, || {
        let _ = std::hint::black_box(client.tick(Duration::from_micros(500)));
    });
}

/// What asking the system for I/O costs here, to compare a tick with.
fn epoll_wait() {
    // SAFETY: plain system calls on a descriptor of our own.
    unsafe {
        let queue = libc::epoll_create1(0);
        let mut events: [libc::epoll_event; 64] = std::mem::zeroed();
        per_call("epoll_wait(0) on an empty queue, for comparison", 1_000_000, || {
            libc::epoll_wait(queue, events.as_mut_ptr(), 64, 0);
        });
        libc::close(queue);
    }
}

fn waiting(server: &Server) {
    server.command(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000, "times": 0}"#);
    let client = server.client(r#", "max_in_flight": 5000, "max_connections": 1000, "timeout_ms": 60000"#);
    let calls: Vec<Call> =
        (0..1000).map(|_| client.submit("list_games", "", &options(), None).expect("submitted")).collect();
    let started = Instant::now();
    while server.command(r#"{"command": "counts"}"#)["requests"]["by_operation"]["list_games"] != 1000 {
        let _ = client.tick(Duration::from_millis(5));
        assert!(started.elapsed() < Duration::from_secs(60), "the calls never arrived");
    }
    let mut times: Vec<Duration> = (0..20_000)
        .map(|_| {
            let started = Instant::now();
            let _ = client.tick(Duration::from_micros(500));
            started.elapsed()
        })
        .collect();
    show("tick, 1,000 calls waiting on 1,000 sockets, nothing ready", &mut times);
    let started = Instant::now();
    drop(client);
    println!("{:58} {:>9.2?}", "freeing the client with 1,000 in flight", started.elapsed());
    drop(calls);
    server.command(r#"{"command": "reset"}"#);

    server.command(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000, "times": 0}"#);
    let client = server.client(r#", "max_in_flight": 5000, "timeout_ms": 60000"#);
    let calls: Vec<Call> =
        (0..1000).map(|_| client.submit("list_games", "", &options(), None).expect("submitted")).collect();
    let started = Instant::now();
    let _ = client.shutdown(Duration::from_millis(200));
    println!("{:58} {:>9.2?}", "shutdown with a limit of 200 ms and 1,000 in flight", started.elapsed());
    drop(calls);
    server.command(r#"{"command": "reset"}"#);
}

/// A game at 60 Hz that keeps so many calls in flight; each that ends is followed by another.
fn busy(server: &Server, in_flight: u64, frames: u32) {
    let client = server.client(r#", "max_in_flight": 5000"#);
    let (done, wanted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(in_flight)));
    let mut ticks = Vec::new();
    let mut submits = Vec::new();
    let started = Instant::now();
    for frame in 1..=frames {
        for _ in 0..wanted.swap(0, Ordering::Relaxed) {
            let (done, wanted) = (Arc::clone(&done), Arc::clone(&wanted));
            let callback = Box::new(move |_: Event<'_>| {
                done.fetch_add(1, Ordering::Relaxed);
                wanted.fetch_add(1, Ordering::Relaxed);
            });
            let started = Instant::now();
            client.submit("list_games", "", &options(), Some(callback)).expect("submitted").detach();
            submits.push(started.elapsed());
        }
        let ticking = Instant::now();
        let _ = client.tick(Duration::from_millis(2));
        ticks.push(ticking.elapsed());
        let next = started + frame * Duration::from_micros(16_667);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    show(&format!("tick at 60 Hz, budget 2 ms, {in_flight} in flight"), &mut ticks);
    show("  submit", &mut submits);
    let rate = done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    println!("{:58} {rate:>9.0} calls/s, {} threads made", "  ended", threads(server));
}

fn deadlines(server: &Server) {
    server.command(r#"{"command": "fault", "operation": "list_games", "delay_ms": 60000, "times": 0}"#);
    let client = server.client("");
    let mut late = Vec::new();
    for timeout in [20, 50, 100, 200] {
        let mut options = options();
        options.timeout = Some(Duration::from_millis(timeout));
        for _ in 0..20 {
            let started = Instant::now();
            let _ = client.call("list_games", "", &options);
            late.push(started.elapsed().saturating_sub(Duration::from_millis(timeout)));
        }
    }
    show("how much longer than its time a blocking call takes", &mut late);
    server.command(r#"{"command": "reset"}"#);
}

fn watches(server: &Server, count: u64, interval: Duration, seconds: u64) {
    let client = server.client(r#", "max_in_flight": 20000, "timeout_ms": 60000"#);
    let reply = client.call("start_a_game_session", START, &options()).expect("a session");
    let document: Value = serde_json::from_str(reply.json()).expect("JSON");
    let id = document["data"]["session_id"].as_str().expect("an id").to_owned();
    let news = Arc::new(AtomicU64::new(0));
    for _ in 0..count {
        let news = Arc::clone(&news);
        let callback = Box::new(move |_: Event<'_>| {
            news.fetch_add(1, Ordering::Relaxed);
        });
        client.watch_session(&id, interval, Some(callback)).expect("a watch").detach();
    }
    // The first round is a burst; the pace is what comes after it.
    while news.load(Ordering::Relaxed) < count {
        let _ = client.tick(Duration::from_millis(5));
    }
    let reads = || {
        let counts = server.command(r#"{"command": "counts"}"#);
        let reads = counts["requests"]["by_operation"]["get_session_status"].as_u64();
        (reads.unwrap_or(0), counts["connections"]["peak"].clone())
    };
    let (before, _) = reads();
    let started = Instant::now();
    let mut ticks = Vec::new();
    while started.elapsed() < Duration::from_secs(seconds) {
        let ticking = Instant::now();
        let _ = client.tick(Duration::from_millis(2));
        ticks.push(ticking.elapsed());
        std::thread::sleep(Duration::from_millis(4));
    }
    let (after, peak) = reads();
    let wanted = count as f64 / interval.as_secs_f64();
    let rate = (after - before) as f64 / started.elapsed().as_secs_f64();
    println!(
        "{:58} {rate:>9.0} readings/s of {wanted:.0} wanted, {peak} connections at most, {} threads made",
        format!("{count} watches, one reading each {interval:?}"),
        threads(server)
    );
    show("  tick, budget 2 ms", &mut ticks);
}

/// The argument that makes the program the small server, and the names of its protocols.
const SERVE: &str = "IPLAYGAMES_BENCH_SERVE";
const PROTOCOLS: [&str; 3] = ["http", "https", "http2"];

const GAMES: &str = r#"{"success":true,"data":[]}"#;

/// Serves until its parent ends it. Its first line is a client's configuration.
fn serve(protocol: &str) {
    use std::io::Write as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    let certificate = params.self_signed(&key).expect("a certificate");
    let alpn: &[u8] = if protocol == "http2" { b"h2" } else { b"http/1.1" };
    let mut tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate with its key");
    tls.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let scheme = if protocol == "http" { "http" } else { "https" };
        let address = listener.local_addr().expect("an address");
        let config = serde_json::json!({
            "api_key": "k", "base_url": format!("{scheme}://{address}"), "ca_pem": certificate.pem(),
        });
        println!("{config}");
        std::io::stdout().flush().expect("a pipe");
        let (is_plain, is_http2) = (protocol == "http", protocol == "http2");
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if is_plain {
                    return http1(stream).await;
                }
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if is_http2 { http2(stream).await } else { http1(stream).await }
            });
        }
    });

    async fn http1(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{GAMES}", GAMES.len());
        let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            request.extend_from_slice(&chunk[..read]);
            if request.ends_with(b"\r\n\r\n") {
                request.clear();
                if stream.write_all(response.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn http2(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
        let mut builder = h2::server::Builder::new();
        let Ok(mut connection) = builder.max_concurrent_streams(2000).handshake(stream).await else { return };
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            if let Ok(mut body) = respond.send_response(http::Response::new(()), false) {
                let _ = body.send_data(bytes::Bytes::from_static(GAMES.as_bytes()), true);
            }
        }
    }
}

/// The small server in a process of its own.
struct SmallServer {
    child: Child,
    config: String,
}

impl SmallServer {
    fn new(protocol: &str) -> SmallServer {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .env(SERVE, protocol)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut config = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut config).expect("its first line");
        SmallServer { child, config: config.trim().to_owned() }
    }

    fn client(&self) -> Client {
        let config = format!(r#"{},"max_in_flight":5000}}"#, self.config.trim_end_matches('}'));
        Client::new(Config::from_json(&config).expect("a configuration")).expect("a client")
    }
}

impl Drop for SmallServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long this thread has run on a processor.
fn cpu_time() -> Duration {
    // SAFETY: the time is written to a place of our own.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time);
        time
    };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Ticks once. Returns what it cost the processor.
fn tick_cost(client: &Client, budget: Duration) -> Duration {
    let before = cpu_time();
    let _ = client.tick(budget);
    cpu_time() - before
}

fn show_budget(what: &str, budget: Duration, times: &mut [Duration]) {
    let ratio = at(times, 0.99).as_secs_f64() / budget.as_secs_f64();
    show(what, times);
    println!("{:58} {ratio:.2}", "  p99 of the processor's time against the budget");
}

/// How many frames a client has to connect.
const WARM_UP: u32 = 100;

/// How closely ticks keep to their budget, with so many calls in flight.
fn budgets(server: &SmallServer, protocol: &str, in_flight: u64, budget: Duration) {
    let client = server.client();
    let wanted = Arc::new(AtomicU64::new(in_flight));
    let done = Arc::new(AtomicU64::new(0));
    let mut costs = Vec::new();
    for frame in 0..WARM_UP + 250 {
        for _ in 0..wanted.swap(0, Ordering::Relaxed) {
            let (wanted, done) = (Arc::clone(&wanted), Arc::clone(&done));
            let callback = Box::new(move |_: Event<'_>| {
                wanted.fetch_add(1, Ordering::Relaxed);
                done.fetch_add(1, Ordering::Relaxed);
            });
            client.submit("list_games", "", &options(), Some(callback)).expect("submitted").detach();
        }
        let cost = tick_cost(&client, budget);
        // The first frames, with their handshakes, are measured by themselves.
        if frame >= WARM_UP {
            costs.push(cost);
        }
        std::thread::sleep(Duration::from_millis(8));
    }
    let done = done.load(Ordering::Relaxed);
    show_budget(
        &format!("{protocol}, {in_flight} in flight, budget {budget:?}, {done} ended"),
        budget,
        &mut costs,
    );
}

/// The first ticks of a client, which connect and send what was submitted.
fn first_ticks(server: &SmallServer, protocol: &str, submitted: usize, budget: Duration) {
    let (mut first, mut worst) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let client = server.client();
        let calls: Vec<Call> = (0..submitted)
            .map(|_| client.submit("list_games", "", &options(), None).expect("submitted"))
            .collect();
        let costs: Vec<Duration> = (0..30)
            .map(|_| {
                let cost = tick_cost(&client, budget);
                std::thread::sleep(Duration::from_millis(1));
                cost
            })
            .collect();
        first.push(costs[0]);
        worst.push(costs.iter().copied().max().unwrap_or_default());
        client.close();
        drop(calls);
    }
    let what = format!("{protocol}, {submitted} submitted, budget {budget:?}: ");
    show_budget(&format!("{what}first tick"), budget, &mut first);
    show_budget(&format!("{what}worst of 30 ticks"), budget, &mut worst);
}

fn all_budgets(protocols: &[&str]) {
    for protocol in protocols {
        let server = SmallServer::new(protocol);
        for budget in [200, 500, 1000].map(Duration::from_micros) {
            for in_flight in [1, 100, 1000] {
                budgets(&server, protocol, in_flight, budget);
            }
        }
        for submitted in [1, 1000] {
            first_ticks(&server, protocol, submitted, Duration::from_micros(500));
        }
    }
}

fn main() {
    if let Ok(protocol) = std::env::var(SERVE) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        return serve(&protocol);
    }
    // `cargo bench --bench game_loop -- budgets` runs the budgets alone, and with `http2` behind it
    // those of HTTP/2.
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "budgets") {
        let named: Vec<&str> =
            PROTOCOLS.into_iter().filter(|name| arguments.iter().any(|a| a == name)).collect();
        return all_budgets(if named.is_empty() { &PROTOCOLS } else { &named });
    }
    // For the control connection alone; the client under test brings its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::new(1);
    idle(&server);
    epoll_wait();
    waiting(&server);
    for in_flight in [1, 64, 1000] {
        busy(&server, in_flight, 300);
    }
    deadlines(&server);
    let server = Server::new(2);
    watches(&server, 10_000, Duration::from_secs(10), 20);
    all_budgets(&PROTOCOLS);
}
