//! The fault server's HTTP/2, frame by frame: a library that is always correct could not misbehave.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use httlib_hpack::Decoder;

use super::fault::{Behavior, Exchange, Response};
use super::frames::{self, ACK, END_HEADERS, END_STREAM, PADDED, PRIORITY};
use super::ledger::{Action, Operation};
use super::wire::{After, Wire};
use super::{Place, Shared};

const PREFACE: usize = 24;

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// A request whose body may still come.
struct Request {
    operation: Operation,
    session: Option<String>,
    call_id: String,
}

pub fn serve(wire: &mut Wire, shared: &Shared, after: After) -> io::Result<()> {
    let mut connection = Connection {
        wire,
        shared,
        decoder: Decoder::with_dynamic_size(4096),
        after,
        disclaims: false,
        block: Vec::new(),
        open: HashMap::new(),
    };
    let served = connection.serve();
    for request in connection.open.values() {
        shared.ledger().receive_part(&request.call_id);
    }
    served
}

struct Connection<'a> {
    wire: &'a mut Wire,
    shared: &'a Shared,
    decoder: Decoder<'a>,
    after: After,
    /// Whether the connection has said that it processes nothing.
    disclaims: bool,
    /// A header block that is not whole yet.
    block: Vec<u8>,
    open: HashMap<u32, Request>,
}

impl Connection<'_> {
    fn serve(&mut self) -> io::Result<()> {
        let opening = self.shared.fault(Place::Open, None);
        self.disclaims = opening.as_deref().is_some_and(|fault| fault.disclaims);
        if let Some(Behavior::AtOpen(steps)) = opening.as_deref().map(|fault| &fault.behavior) {
            self.after = self.shared.run(self.wire, steps)?;
        } else {
            self.send(&frames::settings(&[(frames::MAX_CONCURRENT_STREAMS, 100)]))?;
        }
        if let Some(fault) = self.shared.fault(Place::Bytes, None)
            && let Behavior::AfterBytes(count, steps) = &fault.behavior
        {
            // The bytes behind the preface are a SETTINGS frame at least.
            let mut bytes = vec![0; PREFACE];
            self.wire.read_exact(&mut bytes)?;
            let mut seen = 0;
            // Requests that come meanwhile are received and not answered.
            self.after = After::Hold;
            while seen < *count {
                let frame = self.read_frame()?;
                seen += 9 + frame.payload.len();
                self.receive(frame)?;
            }
            self.after = self.shared.run(self.wire, steps)?;
        } else {
            self.wire.read_exact(&mut [0; PREFACE])?;
        }
        while self.after != After::Ended {
            let frame = self.read_frame()?;
            self.receive(frame)?;
        }
        Ok(())
    }

    fn read_frame(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.wire.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        let mut payload = vec![0; length];
        self.wire.read_exact(&mut payload)?;
        Ok(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.after == After::Silence {
            return Ok(());
        }
        self.wire.write_all(bytes)?;
        self.wire.flush()
    }

    fn receive(&mut self, frame: Frame) -> io::Result<()> {
        let Frame { kind, flags, stream, payload } = frame;
        match kind {
            frames::SETTINGS if flags & ACK == 0 => self.send(&frames::frame(frames::SETTINGS, ACK, 0, &[])),
            frames::PING if flags & ACK == 0 => self.send(&frames::frame(frames::PING, ACK, 0, &payload)),
            frames::HEADERS | frames::CONTINUATION => {
                let skipped = if kind == frames::HEADERS && flags & PRIORITY != 0 { 5 } else { 0 };
                self.block.extend_from_slice(payload.get(skipped..).unwrap_or_default());
                if flags & END_HEADERS == 0 {
                    return Ok(());
                }
                let request = self.decode()?;
                // The client sends bodies in DATA frames: a CONTINUATION never ends the stream
                // here.
                self.head(stream, request, flags & END_STREAM != 0)
            }
            frames::DATA => {
                assert!(flags & PADDED == 0, "the client pads its data");
                let whole = flags & END_STREAM != 0;
                if !payload.is_empty() {
                    let count = u32::try_from(payload.len()).unwrap().to_be_bytes();
                    self.send(&frames::frame(frames::WINDOW_UPDATE, 0, 0, &count))?;
                }
                match self.open.remove(&stream) {
                    Some(request) if whole => self.whole(stream, &request),
                    Some(request) => {
                        self.open.insert(stream, request);
                        Ok(())
                    }
                    None => Ok(()),
                }
            }
            frames::RST_STREAM => {
                if let Some(request) = self.open.remove(&stream) {
                    self.shared.ledger().receive_part(&request.call_id);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn decode(&mut self) -> io::Result<Request> {
        let mut block = std::mem::take(&mut self.block);
        let mut found = Vec::new();
        while !block.is_empty() {
            self.decoder
                .decode(&mut block, &mut found)
                .map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
        let value = |wanted: &str| {
            let header = found.iter().find(|(name, _, _)| name == wanted.as_bytes());
            header.map(|(_, value, _)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
        };
        let (operation, session) = Operation::parse(&value(":method"), &value(":path"))
            .ok_or_else(|| io::Error::other("a malformed request"))?;
        Ok(Request { operation, session, call_id: value("x-request-id") })
    }

    fn head(&mut self, stream: u32, request: Request, whole: bool) -> io::Result<()> {
        if self.after == After::GoOn
            && let Some(fault) = self.shared.fault(Place::Head, Some(&request.call_id))
            && let Behavior::AfterHead(script) = &fault.behavior
        {
            if fault.action(request.operation) == Action::Act {
                self.take(stream, request, whole, Action::Act);
            } else if whole {
                let action = fault.action(request.operation);
                self.shared.ledger().receive(
                    request.operation,
                    &request.call_id,
                    request.session.as_deref(),
                    action,
                );
            } else {
                self.shared.ledger().receive_part(&request.call_id);
            }
            let steps = script(&Exchange::new(Operation::Status, None, stream));
            self.after = self.shared.run(self.wire, &steps)?;
            return Ok(());
        }
        if whole {
            return self.whole(stream, &request);
        }
        self.open.insert(stream, request);
        Ok(())
    }

    /// Keeps a request for its body, or acts on it.
    fn take(&mut self, stream: u32, request: Request, whole: bool, action: Action) {
        if whole {
            let session = request.session.as_deref();
            self.shared.ledger().receive(request.operation, &request.call_id, session, action);
        } else {
            self.open.insert(stream, request);
        }
    }

    fn whole(&mut self, stream: u32, request: &Request) -> io::Result<()> {
        let quiet = self.after != After::GoOn;
        let fault = if quiet { None } else { self.shared.fault(Place::Whole, Some(&request.call_id)) };
        let action = match self.disclaims {
            true => Action::Disclaim,
            false => Shared::action(fault.as_deref(), request.operation),
        };
        let session = request.session.as_deref();
        let session = self.shared.ledger().receive(request.operation, &request.call_id, session, action);
        if quiet {
            return Ok(());
        }
        let exchange = Exchange::new(request.operation, session, stream);
        match fault.as_deref().map(|fault| &fault.behavior) {
            Some(Behavior::Script(script)) => self.after = self.shared.run(self.wire, &script(&exchange))?,
            Some(Behavior::Respond(respond)) => self.send(&encode(stream, &respond(&exchange)))?,
            _ => self.send(&encode(stream, &exchange.good))?,
        }
        Ok(())
    }
}

/// Returns the frames of a response.
pub fn encode(stream: u32, response: &Response) -> Vec<u8> {
    let block = block(response);
    if response.body.is_empty() {
        return frames::headers(stream, END_STREAM, &block);
    }
    let mut bytes = frames::headers(stream, 0, &block);
    bytes.extend(frames::data(stream, END_STREAM, &response.body));
    bytes
}

/// Returns the header block of a response.
pub fn block(response: &Response) -> Vec<u8> {
    let mut headers = response.headers.clone();
    if response.with_length {
        headers.push(("content-length".to_owned(), response.body.len().to_string()));
    }
    frames::block(response.status, &headers)
}
