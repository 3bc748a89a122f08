//! From a host's name to its addresses, by the system's resolver on a helper thread of the runtime, which ends when
//! it is done. A name is looked up once for all calls that need it at the same time.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many look-ups of one client may hang at the same time. Each has a thread while it lasts.
pub(super) const MAX_LOOKUPS: usize = 8;

/// A name that could not be resolved. A type of its own, so that it can be told from what else keeps a connection
/// from being made.
#[derive(Clone, Debug)]
pub(super) struct DnsError(Arc<str>);

impl std::fmt::Display for DnsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DnsError {}

/// A look-up that is under way.
struct Lookup {
    started: Instant,
    result: OnceLock<Result<Vec<SocketAddr>, DnsError>>,
    done: Notify,
}

/// Looks names up for one client.
pub(super) struct Resolver {
    // Belongs to one driver of one process; a fork never meets it. Names are few: the server's and a proxy's.
    lookups: Arc<Mutex<HashMap<String, Arc<Lookup>>>>,
    /// After this time a look-up counts as hung, and the next call starts another.
    patience: Duration,
}

impl Resolver {
    pub(super) fn new(patience: Duration) -> Resolver {
        Resolver { lookups: Arc::default(), patience }
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
            && lookup.started.elapsed() < self.patience
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
        // Its result is in the look-up; a runtime that shuts down drops it.
        drop(tokio::task::spawn_blocking(move || {
            let found = (end.host.as_str(), 0)
                .to_socket_addrs()
                .map(Vec::from_iter)
                .map_err(|error| DnsError(error.to_string().into()));
            let found = match found {
                Ok(addresses) if addresses.is_empty() => Err(DnsError("the name has no address".into())),
                found => found,
            };
            // A look-up has one result: there is nothing to replace.
            let _ = end.lookup.result.set(found);
        }));
        lookup
    }
}

/// Ends a look-up, also one that panics or never runs.
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
