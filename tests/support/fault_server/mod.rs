//! A server of the game sessions that misbehaves as it is told, and keeps an account of what it
//! received and did. It acts on a request as soon as the request is whole, before it answers or
//! misbehaves, unless the fault says that it refuses. `ledger.rs` is the account, `wire.rs` the
//! connection, `http1.rs` and `http2.rs` the protocols, `faults/` the list.
#![allow(dead_code)]

pub mod fault;
pub mod faults;
#[path = "../frames.rs"]
pub mod frames;
mod http1;
mod http2;
pub mod ledger;
#[path = "../tls.rs"]
mod tls;
mod wire;

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use fault::{Behavior, Fault, Protocol};
use ledger::{Action, Ledger, Operation};
use wire::{After, Step, Wire};

/// A guard against hanging: far longer than anything here takes.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls with this prefix are never disturbed.
pub const UNDISTURBED: &str = "undisturbed-";

/// What the threads of the server share.
pub struct Shared {
    pub ledger: Mutex<Ledger>,
    choose: Choose,
    tls: Option<Arc<ServerConfig>>,
    http2: bool,
    progress: Mutex<Progress>,
    changed: Condvar,
    stop: AtomicBool,
}

#[derive(Default)]
struct Progress {
    /// How often the fault was applied.
    applied: u64,
    /// How often the server began to hold a response.
    held: u64,
}

/// Which fault a connection or a request meets.
enum Choose {
    /// This one, so many times more.
    Fixed(Box<Fault>, AtomicI64),
    /// Chosen by the call id, for long runs; with the calls that have met a fault of the first
    /// attempt alone.
    ByCall(Box<ChooseByCall>, Mutex<HashSet<String>>),
}

/// Returns the fault that a call meets, and whether at every attempt.
type ChooseByCall = dyn Fn(&str) -> Option<(Arc<Fault>, bool)> + Send + Sync;

/// Where a behavior applies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Accept,
    Open,
    Bytes,
    Head,
    Whole,
}

fn place(behavior: &Behavior) -> Option<Place> {
    match behavior {
        Behavior::Good | Behavior::Refuse => None,
        Behavior::AtAccept(_) => Some(Place::Accept),
        Behavior::AtOpen(_) => Some(Place::Open),
        Behavior::AfterBytes(..) => Some(Place::Bytes),
        Behavior::AfterHead(_) => Some(Place::Head),
        Behavior::Respond(_) | Behavior::Script(_) => Some(Place::Whole),
    }
}

impl Shared {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// Returns the fault that applies here, and counts it.
    fn fault(&self, here: Place, call_id: Option<&str>) -> Option<Arc<Fault>> {
        if call_id.is_some_and(|id| id.starts_with(UNDISTURBED)) {
            return None;
        }
        let fault = match &self.choose {
            Choose::Fixed(fault, left) => {
                if place(&fault.behavior) != Some(here) || left.load(Ordering::SeqCst) <= 0 {
                    return None;
                }
                left.fetch_sub(1, Ordering::SeqCst);
                Arc::new((**fault).clone())
            }
            Choose::ByCall(choose, met) => {
                let call_id = call_id?;
                let (fault, persistent) =
                    choose(call_id).filter(|(fault, _)| place(&fault.behavior) == Some(here))?;
                if !persistent && !met.lock().unwrap().insert(call_id.to_owned()) {
                    return None;
                }
                fault
            }
        };
        self.progress.lock().unwrap().applied += 1;
        self.changed.notify_all();
        Some(fault)
    }

    fn action(fault: Option<&Fault>, operation: Operation) -> Action {
        fault.map_or(Action::Act, |fault| fault.action(operation))
    }

    /// Does the steps until one ends the exchange.
    fn run(&self, wire: &mut Wire, steps: &[Step]) -> std::io::Result<After> {
        for step in steps {
            if matches!(step, Step::Hold | Step::Silence | Step::SignalHeld) {
                self.progress.lock().unwrap().held += 1;
                self.changed.notify_all();
            }
            let after = wire.run(step)?;
            if after != After::GoOn {
                return Ok(after);
            }
        }
        Ok(After::GoOn)
    }
}

pub struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Bound and not listening: connections are refused.
    refusing: Mutex<Option<socket2::Socket>>,
    accepting: Mutex<Option<JoinHandle<Vec<JoinHandle<()>>>>>,
}

/// A certificate that tests trust, made once.
pub struct Certificate {
    pub pem: String,
    pub http1: Arc<ServerConfig>,
    pub http2: Arc<ServerConfig>,
}

impl Certificate {
    pub fn new() -> Certificate {
        let authority = tls::Authority::new("Fault server");
        let identity = authority.certify("127.0.0.1");
        Certificate {
            pem: authority.pem(),
            http1: identity.config(&["http/1.1"]),
            http2: identity.config(&["h2"]),
        }
    }
}

impl FaultServer {
    /// Starts a server that does `fault` so many times, then answers well.
    pub fn start(fault: &Fault, times: i64, protocol: Protocol, certificate: &Certificate) -> FaultServer {
        let choose = Choose::Fixed(Box::new(fault.clone()), AtomicI64::new(times));
        FaultServer::begin(choose, matches!(fault.behavior, Behavior::Refuse), protocol, certificate)
    }

    /// Starts a server whose faults are chosen by the call id.
    pub fn start_choosing(
        choose: impl Fn(&str) -> Option<(Arc<Fault>, bool)> + Send + Sync + 'static,
        protocol: Protocol,
        certificate: &Certificate,
    ) -> FaultServer {
        FaultServer::begin(Choose::ByCall(Box::new(choose), Mutex::default()), false, protocol, certificate)
    }

    fn begin(choose: Choose, refuses: bool, protocol: Protocol, certificate: &Certificate) -> FaultServer {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let tls = match protocol {
            Protocol::Http1 => None,
            Protocol::Http1Tls => Some(Arc::clone(&certificate.http1)),
            Protocol::Http2 => Some(Arc::clone(&certificate.http2)),
        };
        let shared = Arc::new(Shared {
            ledger: Mutex::new(Ledger::default()),
            choose,
            tls,
            http2: protocol == Protocol::Http2,
            progress: Mutex::new(Progress::default()),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let server =
            FaultServer { address, shared, refusing: Mutex::new(Some(socket)), accepting: Mutex::new(None) };
        if !refuses {
            server.listen();
        }
        server
    }

    fn listen(&self) {
        let Some(socket) = self.refusing.lock().unwrap().take() else { return };
        socket.listen(128).unwrap();
        let listener = TcpListener::from(socket);
        let shared = Arc::clone(&self.shared);
        *self.accepting.lock().unwrap() = Some(std::thread::spawn(move || accept(&listener, &shared)));
    }

    pub fn base_url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// From now on the server answers well.
    pub fn disarm(&self) {
        if let Choose::Fixed(_, left) = &self.shared.choose {
            left.store(0, Ordering::SeqCst);
        }
        self.listen();
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger()
    }

    pub fn times_applied(&self) -> u64 {
        self.shared.progress.lock().unwrap().applied
    }

    /// Waits until the server holds a response.
    pub fn wait_until_held(&self) -> bool {
        let progress = self.shared.progress.lock().unwrap();
        let (progress, timeout) = self
            .shared
            .changed
            .wait_timeout_while(progress, TEST_TIMEOUT, |progress| progress.held == 0)
            .unwrap();
        drop(progress);
        !timeout.timed_out()
    }

    /// Waits until every connection has ended, so that the account is complete. The client must be
    /// gone. Returns false if a thread of the server failed, or when a connection is still open
    /// after the guard's time.
    pub fn finish(&self) -> bool {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.refusing.lock().unwrap().take();
        let Some(accepting) = self.accepting.lock().unwrap().take() else { return true };
        // Wakes the thread that accepts. Connections that wait to be accepted are served before.
        drop(TcpStream::connect(self.address));
        let guard = Instant::now() + 2 * TEST_TIMEOUT;
        let connections = accepting.join().unwrap();
        connections.into_iter().all(|connection| {
            while !connection.is_finished() && Instant::now() < guard {
                std::thread::sleep(Duration::from_millis(1));
            }
            connection.is_finished() && connection.join().is_ok()
        })
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.finish();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    // After the end, the connections that are there already are still served: their requests have
    // come.
    while let Ok((stream, _)) = listener.accept() {
        if shared.stop.load(Ordering::SeqCst) {
            listener.set_nonblocking(true).unwrap();
        }
        connections.retain(|connection| !connection.is_finished());
        let shared = Arc::clone(shared);
        connections.push(std::thread::spawn(move || {
            // An error is the client's end of the connection: what came before stands in the
            // ledger.
            let _ended = serve(stream, &shared);
        }));
    }
    connections
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(TEST_TIMEOUT))?;
    stream.set_write_timeout(Some(TEST_TIMEOUT))?;
    stream.set_nodelay(true)?;
    shared.ledger().connections += 1;
    let mut after = After::GoOn;
    let mut plain = Wire::plain(stream.try_clone()?);
    if let Some(fault) = shared.fault(Place::Accept, None)
        && let Behavior::AtAccept(steps) = &fault.behavior
    {
        after = shared.run(&mut plain, steps)?;
        if after == After::Ended {
            return Ok(());
        }
    }
    let mut wire = match &shared.tls {
        None => plain,
        Some(_) if after != After::GoOn => return drain(&mut plain),
        Some(config) => Wire::tls(config, stream)?,
    };
    if shared.http2 { http2::serve(&mut wire, shared, after) } else { http1::serve(&mut wire, shared, after) }
}

/// Reads what the client sends, until it ends the connection.
fn drain(wire: &mut Wire) -> std::io::Result<()> {
    let mut rest = [0; 4096];
    while std::io::Read::read(wire, &mut rest)? > 0 {}
    Ok(())
}
