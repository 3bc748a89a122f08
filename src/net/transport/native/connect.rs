//! A TCP connection to a name: its addresses are tried one soon after the other, and the first that
//! answers is taken (RFC 8305), so that one dead address costs a quarter of a second and not the
//! connect timeout.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use crate::net::resolve::Resolver;
use crate::net::transport::limits::KEEPALIVE;
use crate::net::unwind::injection_point;
use crate::sys;

/// How long an address has before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to a host: a name, or an address without brackets. All addresses are tried within
/// `limit`, which the caller enforces.
pub(in crate::net) async fn connect(
    resolver: &Resolver,
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<TcpStream, Box<dyn std::error::Error + Send + Sync>> {
    let mut addresses = match host.parse() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => alternate_families(resolver.resolve(host).await?),
    };
    for address in &mut addresses {
        address.set_port(port);
    }
    let stream = connect_to_any(addresses, limit).await?;
    injection_point();
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    Ok(stream)
}

/// Connects a socket whose descriptor is above 2. A host that has closed its standard streams would
/// otherwise write to the server.
async fn connect_socket(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    sys::move_above_stdio(socket)?.connect(address).await
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

async fn connect_to_any(addresses: Vec<SocketAddr>, limit: Duration) -> io::Result<TcpStream> {
    // The last address, too, gets a share of the limit.
    let stagger = STAGGER.min(limit / (addresses.len() as u32 + 1));
    let mut waiting = addresses.into_iter();
    let mut connecting: Vec<Connecting> = Vec::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            connecting.push(Box::pin(connect_socket(address)));
        }
        let mut pause = pin!(tokio::time::sleep(stagger));
        let step = poll_fn(|context| {
            let mut index = 0;
            while index < connecting.len() {
                match connecting[index].as_mut().poll(context) {
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Some(stream)),
                    Poll::Ready(Err(error)) => {
                        failed = error;
                        // A failure makes room for the next address at once.
                        drop(connecting.swap_remove(index));
                        if waiting.len() > 0 {
                            return Poll::Ready(None);
                        }
                    }
                    Poll::Pending => index += 1,
                }
            }
            match connecting.is_empty() {
                true => Poll::Ready(None),
                false if waiting.len() > 0 => pause.as_mut().poll(context).map(|()| None),
                false => Poll::Pending,
            }
        })
        .await;
        match step {
            Some(stream) => return Ok(stream),
            None if connecting.is_empty() && waiting.len() == 0 => return Err(failed),
            None => {}
        }
    }
}

/// Orders addresses so that families alternate, beginning with the family that the resolver
/// prefers.
fn alternate_families(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut ordered = Vec::new();
    loop {
        match (preferred.next(), other.next()) {
            (None, None) => return ordered,
            (first, second) => ordered.extend(first.into_iter().chain(second)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// An address that never answers a connection: its queue is full.
    fn silent() -> (std::net::TcpListener, Vec<std::net::TcpStream>, SocketAddr) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let listener = std::net::TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let mut fillers = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            fillers.push(stream);
        }
        (listener, fillers, address)
    }

    #[test]
    fn one_dead_address_does_not_use_up_the_connect_timeout() {
        let (_listener, _fillers, dead) = silent();
        let live = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = live.local_addr().unwrap();
        let stream = runtime().block_on(async {
            let limit = Duration::from_secs(30);
            tokio::time::timeout(limit, connect_to_any(vec![dead, good], limit)).await.unwrap().unwrap()
        });
        assert_eq!(stream.peer_addr().unwrap(), good);
    }

    #[test]
    fn an_address_that_refuses_makes_room_for_the_next_at_once() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let live = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = live.local_addr().unwrap();
        let limit = Duration::from_secs(30);
        let stream = runtime().block_on(connect_to_any(vec![closed, closed, good], limit)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        let error = runtime().block_on(connect_to_any(vec![closed, closed], limit)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(runtime().block_on(connect_to_any(Vec::new(), limit)).is_err());
    }

    #[test]
    fn families_alternate_beginning_with_the_preferred_one() {
        let v4 = |last| SocketAddr::from(([192, 0, 2, last], 0));
        let v6 = |last| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 0));
        let ordered = alternate_families(vec![v6(1), v6(2), v4(1)]);
        assert_eq!(ordered, [v6(1), v4(1), v6(2)]);
    }
}
