//! A connection of the fault server: plain or TLS, and the ways to end it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// One step of what the server does instead of answering well.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Send(Vec<u8>),
    /// Sends bytes beneath TLS.
    SendRaw(Vec<u8>),
    /// Sends one byte at a time, with so many milliseconds between.
    Trickle(Vec<u8>, u64),
    /// Does nothing for so many milliseconds, reading neither.
    Wait(u64),
    /// Tells the test that a response is held.
    SignalHeld,
    /// Ends the server's half of the connection in order (with close_notify over TLS), and reads
    /// on.
    Close,
    /// The same without close_notify.
    CloseAbruptly,
    /// Ends the connection with RST.
    Reset,
    /// Sends a fatal TLS alert and ends the server's half of the connection.
    Alert,
    /// Answers no request any more, and reads on.
    Hold,
    /// Sends nothing any more, not even acknowledgements of HTTP/2, and reads on.
    Silence,
}

/// What follows after the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    GoOn,
    Hold,
    Silence,
    Ended,
}

impl Wire {
    pub fn plain(stream: TcpStream) -> Wire {
        Wire::Plain(stream)
    }

    pub fn tls(config: &Arc<ServerConfig>, stream: TcpStream) -> io::Result<Wire> {
        let mut connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut stream = stream;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Wire::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    fn tcp(&mut self) -> &mut TcpStream {
        match self {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => &mut stream.sock,
        }
    }

    /// Does one step. An error means that the client ended the connection.
    pub fn run(&mut self, step: &Step) -> io::Result<After> {
        match step {
            Step::Send(bytes) => {
                self.write_all(bytes)?;
                self.flush()?;
            }
            Step::SendRaw(bytes) => self.tcp().write_all(bytes)?,
            Step::Trickle(bytes, pause) => {
                for byte in bytes {
                    self.write_all(&[*byte])?;
                    self.flush()?;
                    std::thread::sleep(Duration::from_millis(*pause));
                }
            }
            Step::Wait(milliseconds) => std::thread::sleep(Duration::from_millis(*milliseconds)),
            Step::SignalHeld => {}
            Step::Close => {
                if let Wire::Tls(stream) = self {
                    stream.conn.send_close_notify();
                    stream.flush()?;
                }
                return self.end();
            }
            Step::CloseAbruptly => return self.end(),
            Step::Reset => {
                socket2::SockRef::from(&*self.tcp()).set_linger(Some(Duration::ZERO))?;
                return Ok(After::Ended);
            }
            Step::Alert => {
                if let Wire::Tls(stream) = self {
                    // The connection is told of a record that cannot be: it answers with a fatal
                    // alert.
                    stream.conn.read_tls(&mut &[0xff; 64][..])?;
                    let refused = stream.conn.process_new_packets();
                    assert!(refused.is_err(), "rustls accepts a malformed record");
                    while stream.conn.wants_write() {
                        stream.conn.write_tls(&mut stream.sock)?;
                    }
                }
                return self.end();
            }
            Step::Hold => return Ok(After::Hold),
            Step::Silence => return Ok(After::Silence),
        }
        Ok(After::GoOn)
    }

    /// Sends FIN. The server reads on and acts on what still comes, as a server may.
    fn end(&mut self) -> io::Result<After> {
        self.tcp().shutdown(Shutdown::Write)?;
        Ok(After::Silence)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.read(buffer),
            Wire::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.write(bytes),
            Wire::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Plain(stream) => stream.flush(),
            Wire::Tls(stream) => stream.flush(),
        }
    }
}
