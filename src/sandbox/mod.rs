//! The API in process, with state: for offline work and tests.
//!
//! `server.rs` takes requests, `origin.rs` refuses those of foreign web pages, `route.rs` and `check.rs` read them by the table of operations, `world.rs`
//! carries them out, `fault.rs` spoils them on demand, `wire.rs` sends. `command.rs` is the back door.
//! Here is the front door: [`Sandbox`], its thread and its end.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod check;
mod clock;
mod command;
mod config;
mod documented;
mod fault;
mod games;
mod handler;
mod index_map;
mod journal;
mod lifetime;
mod multipart;
mod origin;
mod random;
mod reply;
mod route;
mod server;
mod state;
mod store;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, Lock};

use config::Config;
use state::{Shared, State};

/// The API on a loopback port of this process, with games, sessions, a clock that can be moved and
/// faults that can be scripted. One thread, real HTTP/1.1; dropping it stops it.
///
/// ```
/// use iplaygames::sandbox::Sandbox;
/// let sandbox = Sandbox::start(r#"{"session_lifetime_s": 60}"#)?;
/// // … point a client at it: sandbox.client_config() …
/// let counts = sandbox.control(r#"{"command": "counts"}"#)?;
/// assert!(counts.contains(r#""success":true"#));
/// # Ok::<(), iplaygames::Error>(())
/// ```
pub struct Sandbox {
    shared: Arc<Shared>,
    /// The process that has the thread.
    generation: u64,
    running: Mutex<Option<Running>>,
}

/// What it takes to stop.
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Sandbox {
    /// Starts one, listening when this returns. The configuration is a JSON object; empty text is none.
    ///
    /// ```
    /// use iplaygames::sandbox::Sandbox;
    /// let error = Sandbox::start(r#"{"prot": 8080}"#).err().unwrap();
    /// assert_eq!(error.field(), Some("/prot"));
    /// ```
    pub fn start(config_json: &str) -> Result<Sandbox, Error> {
        let config = Config::from_json(config_json)?;
        let generation = fork::generation();
        let (stop, stopped) = oneshot::channel();
        // The runtime never leaves the thread: dropped in a host's async task, after a failure, it panics.
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("iplaygames-sandbox".to_owned())
            .spawn(move || serve(config, &ready, stopped))
            .map_err(|problem| failed("The sandbox cannot start its thread", &problem))?;
        let shared = started.recv().unwrap_or_else(|_| {
            Err(Error::new(Code::INTERNAL, "The sandbox's thread ended before it listened."))
        })?;
        Ok(Sandbox { shared, generation, running: Mutex::new(Some(Running { stop, thread })) })
    }

    /// Where it listens: `http://127.0.0.1:` and the port.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// assert!(Sandbox::start("")?.base_url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The only key it takes: the configured one, or a random one.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// assert_eq!(Sandbox::start(r#"{"api_key": "k"}"#)?.api_key(), "k");
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn api_key(&self) -> &str {
        &self.shared.config.api_key
    }

    /// A client's configuration that leads here.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// let sandbox = Sandbox::start(r#"{"api_key": "k"}"#)?;
    /// assert_eq!(sandbox.client_config(), format!(r#"{{"api_key":"k","base_url":"{}"}}"#, sandbox.base_url()));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn client_config(&self) -> String {
        serde_json::json!({"base_url": self.base_url(), "api_key": self.api_key()}).to_string()
    }

    /// Carries out a command, such as `{"command": "advance_clock", "seconds": 60}`. Works on a stopped
    /// sandbox too; in a forked child only the parent has the sandbox.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// let sandbox = Sandbox::start("")?;
    /// sandbox.control(r#"{"command": "fault", "operation": "*", "status": 502}"#)?;
    /// let error = sandbox.control(r#"{"command": "fault", "operation": "start"}"#).unwrap_err();
    /// assert_eq!(error.field(), Some("/operation"));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn control(&self, command_json: &str) -> Result<String, Error> {
        if self.is_inherited() {
            return Err(Error::new(
                Code::INVALID_HANDLE,
                "The sandbox belongs to the process that this one was forked from.",
            ));
        }
        command::run(&self.shared, command_json).map(|answer| answer.to_string())
    }

    /// Stops it: the port and every connection are closed and the thread is gone when this returns.
    /// Stopping again does nothing.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// let sandbox = Sandbox::start("")?;
    /// sandbox.stop();
    /// sandbox.stop();
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn stop(&self) {
        // In a child there is nothing to stop, and the lock may be held by a thread that is not here.
        if self.is_inherited() {
            return;
        }
        // Held while waiting, so that whoever stops at the same time returns no earlier.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Running { stop, thread }) = running.take() {
            // Fails if the thread is over already, which is what is wanted.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }

    fn is_inherited(&self) -> bool {
        fork::generation() != self.generation
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.is_inherited() {
            // The parent's thread and its wake-up socket: not to be joined, woken or closed from here.
            let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(running.take());
            return;
        }
        self.stop();
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// The thread: says whether it listens, then serves until it is told to stop or its owner is gone.
fn serve(config: Config, ready: &mpsc::Sender<Result<Arc<Shared>, Error>>, stopped: oneshot::Receiver<()>) {
    block_sigpipe();
    match open(config) {
        Ok((runtime, listener, shared)) => {
            runtime.spawn(server::accept_connections(listener, Arc::clone(&shared)));
            // Whoever starts it is waiting; were it not, `stopped` would say so at once.
            let _ = ready.send(Ok(shared));
            let _ = runtime.block_on(stopped);
            // Dropping the runtime drops its tasks: the listener and every connection with them.
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

fn open(config: Config) -> Result<(Runtime, TcpListener, Arc<Shared>), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|problem| failed("The sandbox cannot create its runtime", &problem))?;
    let (listener, address) = {
        let _entered = runtime.enter();
        listen(config.port).map_err(|problem| match config.port {
            0 => failed("The sandbox cannot listen on 127.0.0.1", &problem),
            port => Error::invalid("/port", format!("The sandbox cannot listen on port {port}: {problem}.")),
        })?
    };
    let base_url = format!("http://{address}");
    Ok((
        runtime,
        listener,
        Arc::new(Shared { config, base_url, port: address.port(), state: Lock::new(State::default()) }),
    ))
}

fn listen(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // A port just left by another sandbox is free. (On Windows the option would share it instead.)
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let listener = socket.listen(1024)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn failed(what: &str, problem: &std::io::Error) -> Error {
    Error::new(Code::INTERNAL, format!("{what}: {problem}."))
}

/// A client that goes away must not end a program that left SIGPIPE as it was.
#[cfg(unix)]
fn block_sigpipe() {
    // SAFETY: the set is initialised before it is used, and only this thread's mask changes.
    unsafe {
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &signals, std::ptr::null_mut());
    }
}

#[cfg(not(unix))]
fn block_sigpipe() {}
