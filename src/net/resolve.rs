//! Resolves host names with the resolver of the system, on a temporary thread of the runtime. Calls
//! that need the same name at the same time share one look-up.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The maximum number of look-ups of one client at the same time. Each uses a thread while it runs.
pub(super) const MAX_LOOKUPS: usize = 8;

/// The error of a name that could not be resolved. It has its own type, so that it can be
/// distinguished from other connection errors.
#[derive(Clone, Debug)]
pub(super) struct DnsError(Arc<str>);

impl std::fmt::Display for DnsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DnsError {}

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
        drop(tokio::task::spawn_blocking(move || {
            let found = (end.host.as_str(), 0)
                .to_socket_addrs()
                .map(Vec::from_iter)
                .map_err(|error| DnsError(error.to_string().into()));
            let found = match found {
                Ok(addresses) if addresses.is_empty() => Err(DnsError("the name has no address".into())),
                found => found,
            };
            // Only this task sets the result, so `set` cannot fail.
            let _ = end.lookup.result.set(found);
        }));
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
        let _ = self.lookup.result.set(Err(DnsError("the look-up was not run".into())));
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if lookups.get(&self.host).is_some_and(|current| Arc::ptr_eq(current, &self.lookup)) {
            lookups.remove(&self.host);
        }
        drop(lookups);
        self.lookup.done.notify_waiters();
    }
}
