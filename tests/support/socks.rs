//! A SOCKS proxy (versions 4, 4a and 5) that keeps what it was asked for.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use super::serve;

/// What a client asked a SOCKS proxy for.
#[derive(Debug, PartialEq)]
pub struct SocksRequest {
    pub version: u8,
    /// The user name and the password; None if the client did not offer them.
    pub credentials: Option<(String, String)>,
    pub destination: Destination,
    pub port: u16,
}

#[derive(Debug, PartialEq)]
pub enum Destination {
    Name(String),
    Address(IpAddr),
}

impl Destination {
    pub fn name(name: &str) -> Destination {
        Destination::Name(name.to_owned())
    }
}

/// How a proxy answers.
#[derive(Clone, Copy, Debug)]
pub enum SocksAnswer {
    /// Connects to this port of this machine, whatever the client asks for.
    Connect(u16),
    /// Answers the request with this code.
    Refuse(u8),
    /// Accepts no way to log in.
    RefuseMethods,
    /// Refuses the user name and the password.
    RefuseCredentials,
}

/// Starts a proxy. Returns its port, and what it is asked for.
pub fn socks_proxy(answer: SocksAnswer) -> (u16, Receiver<SocksRequest>) {
    let (asked, asks) = channel();
    let port = serve(move |mut client| {
        let Some(request) = handshake(&mut client, answer) else {
            // The client closes first, so that it reads the whole answer.
            let _ = client.read_to_end(&mut Vec::new());
            return;
        };
        let version = request.version;
        let _ = asked.send(request);
        let code = match (answer, version) {
            (SocksAnswer::Refuse(code), _) => code,
            (_, 4) => 0x5A,
            _ => 0,
        };
        let reply: &[u8] = match version {
            4 => &[0, code, 0, 0, 0, 0, 0, 0],
            _ => &[5, code, 0, 1, 0, 0, 0, 0, 0, 0],
        };
        let SocksAnswer::Connect(upstream) = answer else {
            client.write_all(reply).unwrap();
            let _ = client.read_to_end(&mut Vec::new());
            return;
        };
        let mut server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
        client.write_all(reply).unwrap();
        let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Both);
    });
    (port, asks)
}

/// Reads a request; None if the client is refused before it, or closes the connection.
fn handshake(client: &mut TcpStream, answer: SocksAnswer) -> Option<SocksRequest> {
    if byte(client)? == 4 {
        assert_eq!(byte(client)?, 1, "CONNECT");
        let port = u16::from_be_bytes(bytes(client)?);
        let address: [u8; 4] = bytes(client)?;
        assert_eq!(text(client)?, "", "the user id");
        // 0.0.0.x with x other than 0 announces a name (SOCKS4a).
        let destination = match address {
            [0, 0, 0, last] if last != 0 => Destination::Name(text(client)?),
            address => Destination::Address(Ipv4Addr::from(address).into()),
        };
        return Some(SocksRequest { version: 4, credentials: None, destination, port });
    }
    let count = byte(client)?;
    let methods: Vec<u8> = (0..count).map(|_| byte(client)).collect::<Option<_>>()?;
    let credentials = if matches!(answer, SocksAnswer::RefuseMethods) {
        client.write_all(&[5, 0xFF]).unwrap();
        return None;
    } else if methods.contains(&2) {
        client.write_all(&[5, 2]).unwrap();
        assert_eq!(byte(client)?, 1, "the version of the log-in");
        let credentials = (counted(client)?, counted(client)?);
        let refused = matches!(answer, SocksAnswer::RefuseCredentials);
        client.write_all(&[1, u8::from(refused)]).unwrap();
        if refused {
            return None;
        }
        Some(credentials)
    } else {
        assert_eq!(methods, [0]);
        client.write_all(&[5, 0]).unwrap();
        None
    };
    assert_eq!(bytes(client)?, [5, 1, 0], "CONNECT");
    let destination = match byte(client)? {
        1 => Destination::Address(Ipv4Addr::from(bytes::<4>(client)?).into()),
        3 => Destination::Name(counted(client)?),
        4 => Destination::Address(Ipv6Addr::from(bytes::<16>(client)?).into()),
        other => panic!("an address of type {other}"),
    };
    let port = u16::from_be_bytes(bytes(client)?);
    Some(SocksRequest { version: 5, credentials, destination, port })
}

fn bytes<const N: usize>(client: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn byte(client: &mut TcpStream) -> Option<u8> {
    bytes(client).map(|[byte]| byte)
}

/// A text after its length.
fn counted(client: &mut TcpStream) -> Option<String> {
    let length = byte(client)?;
    let text: Vec<u8> = (0..length).map(|_| byte(client)).collect::<Option<_>>()?;
    Some(String::from_utf8(text).unwrap())
}

/// A text that ends with a NUL.
fn text(client: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    loop {
        match byte(client)? {
            0 => return Some(String::from_utf8(text).unwrap()),
            byte => text.push(byte),
        }
    }
}
