//! From a host's name to its addresses: the system's resolver, on the runtime's one helper thread, which
//! ends when it is done.

use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

type Addresses = std::vec::IntoIter<SocketAddr>;

/// A name that could not be resolved. A type of its own, so that it can be told from what else keeps a
/// connection from being made.
#[derive(Debug)]
pub(super) struct Unresolved(std::io::Error);

impl std::fmt::Display for Unresolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unresolved {}

#[derive(Clone)]
pub(super) struct Resolver;

impl Resolver {
    async fn find(host: String) -> Result<Addresses, Unresolved> {
        let found = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs()).await;
        // A task that did not come back was ended with its runtime.
        found.map_err(std::io::Error::from).and_then(|found| found).map_err(Unresolved)
    }
}

impl Service<Name> for Resolver {
    type Response = Addresses;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Addresses, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(Resolver::find(name.as_str().to_owned()))
    }
}
