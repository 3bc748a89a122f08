//! The fault server's HTTP/1.1: reads requests one after the other, and answers or misbehaves.

use std::io::{self, Read, Write};

use super::fault::{Behavior, Exchange, Fault, Response};
use super::ledger::{Action, Operation};
use super::wire::{After, Step, Wire};
use super::{Place, Shared};

/// A request's head.
struct Head {
    operation: Operation,
    session: Option<String>,
    call_id: String,
    length: usize,
}

pub fn serve(wire: &mut Wire, shared: &Shared, after: After) -> io::Result<()> {
    let mut after = after;
    if after == After::GoOn
        && let Some(fault) = shared.fault(Place::Open, None)
        && let Behavior::AtOpen(steps) = &fault.behavior
    {
        after = shared.run(wire, steps)?;
    }
    let mut received = Vec::new();
    loop {
        if after == After::Ended {
            return Ok(());
        }
        // Over a connection that holds, requests are received and acted on as over any other.
        let quiet = after != After::GoOn;
        if !quiet
            && let Some(fault) = shared.fault(Place::Bytes, None)
            && let Behavior::AfterBytes(count, steps) = &fault.behavior
        {
            while received.len() < *count {
                if !read_more(wire, &mut received)? {
                    return Ok(());
                }
            }
            after = shared.run(wire, steps)?;
            continue;
        }
        let Some(end) = read_head(wire, &mut received)? else { return Ok(()) };
        let head = parse(&received[..end])?;
        if !quiet
            && let Some(fault) = shared.fault(Place::Head, Some(&head.call_id))
            && let Behavior::AfterHead(script) = &fault.behavior
        {
            let steps = script(&Exchange::new(head.operation, head.session.clone(), 0));
            after = shared.run(wire, &steps)?;
            if after == After::Ended {
                shared.ledger().receive_part(&head.call_id);
                return Ok(());
            }
            let action = if fault.refuses.contains(&head.operation) { Action::Refuse } else { Action::Act };
            if read_body(wire, shared, &mut received, end, &head)? {
                receive(shared, &head, action);
            }
            continue;
        }
        if !read_body(wire, shared, &mut received, end, &head)? {
            return Ok(());
        }
        let fault = if quiet { None } else { shared.fault(Place::Whole, Some(&head.call_id)) };
        let exchange = receive(shared, &head, Shared::action(fault.as_deref(), head.operation));
        if quiet {
            continue;
        }
        after = send_response(wire, shared, fault.as_deref(), &exchange)?;
    }
}

fn send_response(
    wire: &mut Wire,
    shared: &Shared,
    fault: Option<&Fault>,
    exchange: &Exchange,
) -> io::Result<After> {
    match fault.map(|fault| &fault.behavior) {
        Some(Behavior::Script(script)) => shared.run(wire, &script(exchange)),
        Some(Behavior::Respond(respond)) => {
            let response = respond(exchange);
            wire.write_all(&encode(&response))?;
            wire.flush()?;
            if response.with_length || response.body.is_empty() {
                return Ok(After::GoOn);
            }
            shared.run(wire, &[Step::Close])
        }
        _ => {
            wire.write_all(&encode(&exchange.good))?;
            wire.flush()?;
            Ok(After::GoOn)
        }
    }
}

/// Returns a response's bytes.
pub fn encode(response: &Response) -> Vec<u8> {
    let mut bytes = head(response);
    bytes.extend_from_slice(&response.body);
    bytes
}

/// Returns the bytes of a response's head.
pub fn head(response: &Response) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} Said\r\n", response.status);
    if response.with_length {
        text.push_str(&format!("content-length: {}\r\n", response.body.len()));
    }
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn receive(shared: &Shared, head: &Head, action: Action) -> Exchange {
    let session = shared.ledger().receive(head.operation, &head.call_id, head.session.as_deref(), action);
    Exchange::new(head.operation, session, 0)
}

/// Returns false at the end of the connection.
fn read_more(wire: &mut Wire, received: &mut Vec<u8>) -> io::Result<bool> {
    let mut bytes = [0; 4096];
    let count = wire.read(&mut bytes)?;
    received.extend_from_slice(&bytes[..count]);
    Ok(count > 0)
}

/// Reads until a head is there. Returns its length.
fn read_head(wire: &mut Wire, received: &mut Vec<u8>) -> io::Result<Option<usize>> {
    loop {
        if let Some(at) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            return Ok(Some(at + 4));
        }
        if !read_more(wire, received)? {
            return Ok(None);
        }
    }
}

/// Takes a request's head and body out of what was received. Returns false if the connection ended
/// before.
fn read_body(
    wire: &mut Wire,
    shared: &Shared,
    received: &mut Vec<u8>,
    head_length: usize,
    head: &Head,
) -> io::Result<bool> {
    let end = head_length + head.length;
    while received.len() < end {
        if !read_more(wire, received).unwrap_or(false) {
            shared.ledger().receive_part(&head.call_id);
            return Ok(false);
        }
    }
    received.drain(..end);
    Ok(true)
}

fn parse(head: &[u8]) -> io::Result<Head> {
    let malformed = || io::Error::other("a malformed request");
    let text = std::str::from_utf8(head).map_err(|_| malformed())?;
    let mut lines = text.split("\r\n");
    let mut line = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let (operation, session) = Operation::parse(method, path).ok_or_else(malformed)?;
    let mut parsed = Head { operation, session, call_id: String::new(), length: 0 };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("x-request-id") {
            parsed.call_id = value.to_owned();
        } else if name.eq_ignore_ascii_case("content-length") {
            parsed.length = value.parse().map_err(|_| malformed())?;
        }
    }
    Ok(parsed)
}
