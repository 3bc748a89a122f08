//! A server sends any frames over HTTP/2. The request ends, its body stays within the limit, and it
//! counts as not sent only if the server never saw it, or refused it before any part of a response.
//!
//! The input: a byte of flags, and a program for the server: an instruction in a byte, its operands
//! behind it. Time is virtual.
#![no_main]

use std::time::Duration;

use iplaygames::internals::{Http2Outcome, request_http2};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const MAX_BODY: usize = 20_000;
/// So large that neither side waits for the other.
const PIPE: usize = 1 << 20;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fuzz_target!(|input: &[u8]| {
    let [flags, program @ ..] = input else { return };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (client, server) = tokio::io::duplex(PIPE);
        let server = tokio::spawn(Server::new(server).run(*flags, program.to_vec()));
        // Larger than the window that a server allows at first.
        let content = vec![b'x'; if flags & 8 == 0 { 100 } else { 100_000 }];
        // The pauses of the longest program take some hours.
        let day = Duration::from_secs(24 * 3600);
        let outcome = tokio::time::timeout(day, request_http2(client, content, MAX_BODY));
        let outcome = outcome.await.expect("the request ends");
        let server = tokio::time::timeout(day, server).await;
        let server = server.expect("the connection is closed").expect("the server does not panic");
        check(&outcome, &server);
    });
});

/// Compares what the client reports with what the server received and sent.
fn check(outcome: &Http2Outcome, server: &Server) {
    if let Ok((status, body)) = &outcome.response {
        assert!(body.len() <= MAX_BODY);
        assert!((200..1000).contains(status), "{outcome:?}");
        assert!(outcome.may_be_sent && outcome.progress > 0, "{outcome:?}");
        assert!(server.has_request, "{outcome:?}");
    }
    if outcome.may_be_sent || !server.has_request {
        return;
    }
    assert_eq!(outcome.progress, 0, "{outcome:?}");
    assert!(server.refuses_before_response(), "{outcome:?}: {:?}", server.frames());
}

#[derive(Debug)]
struct Frame {
    at: usize,
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

struct Server {
    stream: DuplexStream,
    received: Vec<u8>,
    sent: Vec<u8>,
    /// Whether the head of a request was received.
    has_request: bool,
    /// How much was sent before that.
    sent_before: usize,
}

impl Server {
    fn new(stream: DuplexStream) -> Server {
        Server { stream, received: Vec::new(), sent: Vec::new(), has_request: false, sent_before: 0 }
    }

    async fn run(mut self, flags: u8, program: Vec<u8>) -> Server {
        if flags & 1 == 0 {
            self.send_frame(SETTINGS, 0, 0, &[]).await;
        }
        if flags & 2 == 0 {
            self.receive_request().await;
        }
        let mut program = program.as_slice();
        while let Some(instruction) = take(&mut program, 1).first().copied() {
            self.execute(instruction, &mut program).await;
        }
        // h2 does not reset a stream before the rest of the content if its response came before its
        // request.
        if flags & 6 != 4 {
            // What was sent before the server closes is still received.
            self.receive_request().await;
            self.stream.shutdown().await.ok();
        }
        while self.receive().await {}
        self
    }

    async fn execute(&mut self, instruction: u8, program: &mut &[u8]) {
        match instruction % 16 {
            // A frame with these flags, on one of the first four streams.
            kind @ 0..=9 => {
                let head = take(program, 3);
                let [flags, stream, length] = [0, 1, 2].map(|at| head.get(at).copied().unwrap_or(0));
                let payload = take(program, usize::from(length));
                self.send_frame(kind, flags, u32::from(stream % 4), payload).await;
            }
            // The head of a response, with an index of the static table for its status: 200, 204,
            // 206, 304, ...
            10 => {
                let operand = byte(program);
                let flags = END_HEADERS | if operand & 0x80 != 0 { END_STREAM } else { 0 };
                self.send_frame(HEADERS, flags, 1, &[0x88 + operand % 7]).await;
            }
            // An informational response: ":status: 103".
            11 => self.send_frame(HEADERS, END_HEADERS, 1, b"\x08\x03103").await,
            // Content in a frame of any size that is allowed.
            12 => {
                let operand = byte(program);
                let flags = operand & END_STREAM;
                self.send_frame(DATA, flags, 1, &vec![b'x'; usize::from(operand) * 64]).await;
            }
            // A reset of the request, or an end of the connection, with any reason.
            13 => {
                let reason = u32::from(byte(program) % 16);
                self.send_frame(RST_STREAM, 0, 1, &reason.to_be_bytes()).await;
            }
            14 => {
                let operand = byte(program);
                let mut payload = u32::from(operand % 4).to_be_bytes().to_vec();
                payload.extend(u32::from(operand / 16).to_be_bytes());
                self.send_frame(GOAWAY, 0, 0, &payload).await;
            }
            // Any bytes, or a pause.
            _ => {
                let operand = byte(program);
                if operand & 1 == 0 {
                    tokio::time::sleep(Duration::from_millis(u64::from(operand) * 100)).await;
                } else {
                    let bytes = take(program, usize::from(operand / 2));
                    self.send(bytes).await;
                }
            }
        }
    }

    async fn send_frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.send(&frame).await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        // The client may have closed.
        if self.stream.write_all(bytes).await.is_ok() {
            self.sent.extend_from_slice(bytes);
        }
    }

    /// Receives until the head of the request is there, or the client closes.
    async fn receive_request(&mut self) {
        while !self.has_request && self.receive().await {}
    }

    async fn receive(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.received).await;
        if !self.has_request {
            let frames = self.received.strip_prefix(PREFACE).map(frames_of).unwrap_or_default();
            self.has_request = frames.iter().any(|frame| frame.kind == HEADERS);
            self.sent_before = self.sent.len();
        }
        matches!(read, Ok(1..))
    }

    fn frames(&self) -> Vec<Frame> {
        frames_of(&self.sent)
    }

    /// Returns whether a refusal of the request was sent (RFC 9113, section 8.7), and before it no
    /// part of a response.
    fn refuses_before_response(&self) -> bool {
        for frame in self.frames() {
            let code = |from: usize| frame.payload.get(from..from + 4) == Some(&[0, 0, 0, 7]);
            let is_part = matches!(frame.kind, DATA | HEADERS | CONTINUATION);
            match frame.kind {
                _ if is_part && frame.stream == 1 && frame.at >= self.sent_before => return false,
                RST_STREAM if frame.stream == 1 && code(0) => return true,
                GOAWAY if frame.payload.get(..8) == Some(&[0; 8]) => return true,
                _ => {}
            }
        }
        false
    }
}

/// Returns the frames of a connection that are whole.
fn frames_of(bytes: &[u8]) -> Vec<Frame> {
    let (mut frames, mut at) = (Vec::new(), 0);
    while let Some([a, b, c, kind, _, stream @ ..]) = bytes.get(at..at + 9) {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some(payload) = bytes.get(at + 9..at + 9 + length) else { break };
        let stream = stream.iter().fold(0u32, |id, byte| id << 8 | u32::from(*byte)) & 0x7FFF_FFFF;
        frames.push(Frame { at, kind: *kind, stream, payload: payload.to_vec() });
        at += 9 + length;
    }
    frames
}

/// Takes so many bytes of the input, or what is left.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    taken
}

fn byte(input: &mut &[u8]) -> u8 {
    take(input, 1).first().copied().unwrap_or(0)
}
