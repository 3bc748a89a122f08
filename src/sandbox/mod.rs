//! A server of the API inside this process, with state: for offline work and tests.
//!
//! This file contains [`Sandbox`], which starts and stops the server thread. The others, from top
//! to bottom:
//!
//! - `server.rs` accepts connections, reads requests and sends responses; `handler.rs` decides the
//!   response.
//! - `origin.rs` rejects requests of foreign web pages; `command.rs` runs the commands of tests.
//! - `route.rs` finds the operation, `auth.rs` checks the key, `validate.rs` the arguments
//!   (`multipart.rs` parses uploads).
//! - `store.rs` runs operations on sessions (`index_map.rs`, `lifetime.rs`, `games.rs`);
//!   `documented.rs` has the responses of all other operations.
//! - `fault_queue.rs` chooses a request's fault; `fault.rs` and `body_override.rs` change the
//!   response, `fault_body.rs` and `faulty_stream.rs` the way it is sent.
//! - `state.rs` has the state that requests and commands share, with `clock.rs`, `request_log.rs`
//!   and `connection_counts.rs`.

mod auth;
mod body_override;
mod clock;
mod command;
mod config;
mod connection_counts;
mod documented;
mod fault;
mod fault_body;
mod fault_queue;
mod faulty_stream;
mod games;
mod handler;
mod index_map;
mod lifetime;
mod multipart;
mod origin;
mod random;
mod request_log;
mod response;
mod route;
mod server;
mod state;
mod store;
mod validate;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};
use crate::net::stdio_guard::StdioGuard;
use crate::sys;

use config::Config;
use state::{Shared, State};

/// A server of the API on a loopback port of this process, with games, sessions, a clock that can
/// be moved and faults that can be scripted.
///
/// The server speaks HTTP/1.1 and runs on one thread. Dropping the sandbox stops the server.
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
    /// The fork generation of the process that started the thread.
    generation: u64,
    /// None after the stop.
    thread: Mutex<Option<ServerThread>>,
}

/// The server's thread, and the sender that stops it.
struct ServerThread {
    stop: oneshot::Sender<()>,
    handle: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox. The server listens when this returns. `config_json` is a JSON object;
    /// empty text is an empty object.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] with [`field`](Error::field) pointing at the key, also for a port
    /// that is in use. [`Code::INTERNAL`] if the system provides no thread, port or random numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use iplaygames::sandbox::Sandbox;
    /// let error = Sandbox::start(r#"{"prot": 8080}"#).err().unwrap();
    /// assert_eq!(error.field(), Some("/prot"));
    /// ```
    pub fn start(config_json: &str) -> Result<Sandbox, Error> {
        let config = Config::from_json(config_json)?;
        sys::keep_loaded();
        let generation = fork::generation();
        let (stop, stopped) = oneshot::channel();
        // The thread creates and drops the runtime. Dropping a runtime in an async task of the host
        // panics.
        let (ready, started) = mpsc::channel();
        let handle = std::thread::Builder::new()
            .name("iplaygames-sandbox".to_owned())
            .spawn(move || run_server(config, &ready, stopped))
            .map_err(|error| internal_error("The sandbox cannot start its thread", &error))?;
        let shared = started.recv().unwrap_or_else(|_| {
            Err(Error::new(Code::INTERNAL, "The sandbox's thread ended before it listened."))
        })?;
        Ok(Sandbox { shared, generation, thread: Mutex::new(Some(ServerThread { stop, handle })) })
    }

    /// Returns the server's address, `http://127.0.0.1:` and the port.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// assert!(Sandbox::start("")?.base_url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Returns the only API key that the server accepts: the configured key, or a random one.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// assert_eq!(Sandbox::start(r#"{"api_key": "k"}"#)?.api_key(), "k");
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn api_key(&self) -> &str {
        &self.shared.config.api_key
    }

    /// Returns a client configuration with the server's address and key.
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

    /// Runs a command, such as `{"command": "advance_clock", "seconds": 60}`, and returns its
    /// result as JSON. Works on a stopped sandbox too.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] with [`field`](Error::field) pointing at the key.
    /// [`Code::INVALID_HANDLE`] in a forked child, because the sandbox belongs to the parent.
    ///
    /// # Examples
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

    /// Stops the server. When this returns, the port and every connection are closed and the thread
    /// has ended. A second call does nothing, and so does a call in a forked child.
    ///
    /// ```
    /// # use iplaygames::sandbox::Sandbox;
    /// let sandbox = Sandbox::start("")?;
    /// sandbox.stop();
    /// sandbox.stop();
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    pub fn stop(&self) {
        // A forked child has no thread to stop, and a thread of the parent may have held the lock
        // at the fork.
        if self.is_inherited() {
            return;
        }
        // The lock is held during the join, so that concurrent calls return after the end of the
        // thread too.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ServerThread { stop, handle }) = thread.take() {
            // Fails if the thread has already ended.
            let _ = stop.send(());
            let _ = handle.join();
        }
    }

    fn is_inherited(&self) -> bool {
        fork::generation() != self.generation
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.is_inherited() {
            // The thread belongs to the parent. A forked child must not join it or close its
            // wake-up socket.
            let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(thread.take());
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

/// Runs on the server's thread: reports whether the server listens, then serves until `stopped`
/// resolves.
fn run_server(
    config: Config,
    ready: &mpsc::Sender<Result<Arc<Shared>, Error>>,
    stopped: oneshot::Receiver<()>,
) {
    sys::block_sigpipe();
    // Held until the end of the server: connections are accepted at any time.
    let _stdio = StdioGuard::new();
    match bind(config) {
        Ok((runtime, listener, shared)) => {
            runtime.spawn(server::accept_connections(listener, Arc::clone(&shared)));
            // If the starting thread no longer waits, `stopped` resolves at once.
            let _ = ready.send(Ok(shared));
            let _ = runtime.block_on(stopped);
            // Dropping the runtime closes the listener and every connection.
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

fn bind(config: Config) -> Result<(Runtime, TcpListener, Arc<Shared>), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| internal_error("The sandbox cannot create its runtime", &error))?;
    let (listener, address) = {
        let _entered = runtime.enter();
        listen(config.port).map_err(|error| match config.port {
            0 => internal_error("The sandbox cannot listen on 127.0.0.1", &error),
            port => Error::invalid("/port", format!("The sandbox cannot listen on port {port}: {error}.")),
        })?
    };
    let base_url = format!("http://{address}");
    Ok((
        runtime,
        listener,
        Arc::new(Shared {
            config,
            base_url,
            port: address.port(),
            state: ForkSafeMutex::new(State::default()),
        }),
    ))
}

fn listen(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // Allows the port of a sandbox that has just stopped.
    sys::reuse_address(&socket)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let listener = socket.listen(1024)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn internal_error(message: &str, error: &std::io::Error) -> Error {
    Error::new(Code::INTERNAL, format!("{message}: {error}."))
}
