//! Permits for connections: the limit `max_connections` of a client, for every transport.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A permit for each connection that may exist at the same time.
pub(crate) struct Permits(Semaphore);

/// The permit to use a connection, until it is dropped. It is empty while all calls share one
/// connection.
pub(crate) struct Permit<'a>(Option<SemaphorePermit<'a>>);

impl Permits {
    pub(crate) fn new(max_connections: usize) -> Permits {
        Permits(Semaphore::new(max_connections))
    }

    /// Returns a permit if there is one without waiting. While all calls share one connection, an
    /// empty permit is always there.
    pub(crate) fn try_acquire(&self, is_shared: bool) -> Option<Permit<'_>> {
        if is_shared {
            return Some(Permit(None));
        }
        self.0.try_acquire().ok().map(|permit| Permit(Some(permit)))
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self) -> Permit<'_> {
        // The semaphore is never closed.
        Permit(self.0.acquire().await.ok())
    }
}

impl Permit<'_> {
    /// Gives the permit to another call: this call shares its connection.
    pub(crate) fn release(&mut self) {
        self.0 = None;
    }
}
