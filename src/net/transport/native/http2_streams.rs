//! The open streams of an HTTP/2 connection, and on which of them a part of a response has come.
//! That is read from the frames as they arrive: h2 does not report a malformed head if the server
//! resets the stream behind it.

use std::sync::{Mutex, MutexGuard, PoisonError};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

const FRAME_HEAD: usize = 9;

/// The streams of the calls on one connection.
#[derive(Debug, Default)]
pub(in crate::net) struct OpenStreams(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    id: u32,
    has_response: bool,
}

impl OpenStreams {
    /// Adds a stream until the returned guard is dropped.
    pub(in crate::net) fn add(&self, id: u32) -> OpenStream<'_> {
        self.entries().push(Entry { id, has_response: false });
        OpenStream { streams: self, id }
    }

    fn mark_response(&self, id: u32) {
        if let Some(entry) = self.entries().iter_mut().find(|entry| entry.id == id) {
            entry.has_response = true;
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream, which is removed when this is dropped.
#[derive(Debug)]
pub(in crate::net) struct OpenStream<'a> {
    streams: &'a OpenStreams,
    id: u32,
}

impl OpenStream<'_> {
    /// Returns whether a part of a response has come, well-formed or not.
    pub(in crate::net) fn has_response(&self) -> bool {
        self.streams.entries().iter().any(|entry| entry.id == self.id && entry.has_response)
    }
}

impl Drop for OpenStream<'_> {
    fn drop(&mut self) {
        self.streams.entries().retain(|entry| entry.id != self.id);
    }
}

/// Follows the frames in the bytes of a server.
#[derive(Debug, Default)]
pub(in crate::net) struct FrameScanner {
    /// The head of the current frame, as far as it has come.
    head: [u8; FRAME_HEAD],
    received: usize,
    /// How much of the current frame's payload is still to come.
    payload_left: usize,
}

impl FrameScanner {
    /// Notes the parts of responses in the bytes that came next.
    pub(in crate::net) fn scan(&mut self, mut bytes: &[u8], streams: &OpenStreams) {
        while !bytes.is_empty() {
            if self.payload_left > 0 {
                let count = self.payload_left.min(bytes.len());
                self.payload_left -= count;
                bytes = &bytes[count..];
                continue;
            }
            let (part, rest) = bytes.split_at((FRAME_HEAD - self.received).min(bytes.len()));
            self.head[self.received..self.received + part.len()].copy_from_slice(part);
            self.received += part.len();
            bytes = rest;
            if self.received == FRAME_HEAD {
                let [a, b, c, kind, _flags, id @ ..] = self.head;
                self.received = 0;
                self.payload_left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                if matches!(kind, DATA | HEADERS | CONTINUATION) {
                    // The first bit is reserved.
                    streams.mark_response(u32::from_be_bytes(id) & (u32::MAX >> 1));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SETTINGS, a PING, HEADERS on stream 3 with two bytes, and RST_STREAM on stream 1.
    const FRAMES: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x06\0\0\0\0\0\0\0\x01\x01\x01\0\0\x01\
        \0\0\x02\x01\x04\x80\0\0\x03ab\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07";

    #[test]
    fn a_part_of_a_response_is_found_wherever_the_bytes_are_divided() {
        for cut in 0..=FRAMES.len() {
            let streams = OpenStreams::default();
            let (first, third) = (streams.add(1), streams.add(3));
            let mut scanner = FrameScanner::default();
            scanner.scan(&FRAMES[..cut], &streams);
            scanner.scan(&FRAMES[cut..], &streams);
            assert!(third.has_response() && !first.has_response(), "{cut}");
        }
    }

    #[test]
    fn a_stream_that_has_ended_is_forgotten() {
        let streams = OpenStreams::default();
        drop(streams.add(3));
        FrameScanner::default().scan(FRAMES, &streams);
        assert!(streams.entries().is_empty());
    }
}
