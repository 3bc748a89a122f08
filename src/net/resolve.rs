//! Resolves host names with the resolver of the system, on a temporary thread of the runtime. Calls
//! that need the same name at the same time share one look-up.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::stdio_guard::StdioGuard;
use super::unwind;
use crate::config::is_localhost_name;

/// The maximum number of look-ups of one client at the same time. Each uses a thread while it runs.
pub(super) const MAX_LOOKUPS: usize = 8;

/// The error of a name that could not be resolved. It has its own type, so that it can be
/// distinguished from other connection errors.
#[derive(Clone, Debug)]
pub(super) struct DnsError {
    message: Arc<str>,
    /// The error of the resolver, if it gave one.
    source: Option<Arc<io::Error>>,
    /// Whether no thread could be started for the look-up.
    exhausted: bool,
}

impl DnsError {
    fn new(message: impl Into<Arc<str>>) -> DnsError {
        DnsError { message: message.into(), source: None, exhausted: false }
    }

    fn of_resolver(error: io::Error) -> DnsError {
        let message = error.to_string();
        DnsError { source: Some(Arc::new(error)), ..DnsError::new(message) }
    }

    /// Returns the error of the resolver.
    pub(super) fn resolver_error(&self) -> Option<&Arc<io::Error>> {
        self.source.as_ref()
    }

    /// Returns whether the look-up was not run because a resource of the process is exhausted.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }
}

impl std::fmt::Display for DnsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DnsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_ref()?;
        Some(&**source)
    }
}

/// A running look-up.
struct Lookup {
    started: Instant,
    result: OnceLock<Result<Vec<SocketAddr>, DnsError>>,
    done: Notify,
}

/// Resolves names for one client.
pub(super) struct Resolver {
    // The map belongs to one driver of one process, so it needs no fork safety. It contains few
    // names: the server and a proxy.
    lookups: Arc<Mutex<HashMap<String, Arc<Lookup>>>>,
    /// The time after which a look-up counts as hung, and the next call starts another look-up.
    lookup_timeout: Duration,
}

impl Resolver {
    pub(super) fn new(lookup_timeout: Duration) -> Resolver {
        Resolver { lookups: Arc::default(), lookup_timeout }
    }

    /// Returns the addresses of a name, at least one.
    pub(super) async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, DnsError> {
        // The configuration allows http to these names, so no resolver may lead them elsewhere
        // (RFC 6761). Many resolvers do not know them.
        if host != "localhost" && is_localhost_name(host) {
            return Ok(vec![
                SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ]);
        }
        let lookup = self.join_or_start(host);
        loop {
            let mut done = pin!(lookup.done.notified());
            done.as_mut().enable();
            if let Some(result) = lookup.result.get() {
                return result.clone();
            }
            done.await;
        }
    }

    fn join_or_start(&self, host: &str) -> Arc<Lookup> {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookup) = lookups.get(host)
            && lookup.started.elapsed() < self.lookup_timeout
        {
            return Arc::clone(lookup);
        }
        let lookup =
            Arc::new(Lookup { started: Instant::now(), result: OnceLock::new(), done: Notify::new() });
        lookups.insert(host.to_owned(), Arc::clone(&lookup));
        drop(lookups);
        let end = EndLookup {
            lookup: Arc::clone(&lookup),
            lookups: Arc::clone(&self.lookups),
            host: host.to_owned(),
        };
        // The task stores its result in the look-up. A runtime that shuts down drops the task.
        // Tokio panics if the system provides no thread, and keeps the task for a later thread.
        let started = unwind::run(|| {
            tokio::task::spawn_blocking(move || {
                let _stdio = StdioGuard::new();
                let found = (end.host.as_str(), 0)
                    .to_socket_addrs()
                    .map(Vec::from_iter)
                    .map_err(DnsError::of_resolver);
                let found = match found {
                    Ok(addresses) if addresses.is_empty() => Err(DnsError::new("the name has no address")),
                    found => found,
                };
                // The result is set already only if this task runs late.
                let _ = end.lookup.result.set(found);
            })
        });
        if let Err(reason) = started {
            let error = DnsError { exhausted: true, ..DnsError::new(reason) };
            let _ = lookup.result.set(Err(error));
            forget(&self.lookups, host, &lookup);
        }
        lookup
    }
}

/// Ends a look-up when it is dropped, also if the look-up panics or never runs.
struct EndLookup {
    lookup: Arc<Lookup>,
    lookups: Arc<Mutex<HashMap<String, Arc<Lookup>>>>,
    host: String,
}

impl Drop for EndLookup {
    fn drop(&mut self) {
        let _ = self.lookup.result.set(Err(DnsError::new("the look-up was not run")));
        forget(&self.lookups, &self.host, &self.lookup);
    }
}

/// Removes a look-up that has its result, and wakes the calls that wait for it.
fn forget(lookups: &Mutex<HashMap<String, Arc<Lookup>>>, host: &str, lookup: &Arc<Lookup>) {
    let mut lookups = lookups.lock().unwrap_or_else(PoisonError::into_inner);
    if lookups.get(host).is_some_and(|current| Arc::ptr_eq(current, lookup)) {
        lookups.remove(host);
    }
    drop(lookups);
    lookup.done.notify_waiters();
}
