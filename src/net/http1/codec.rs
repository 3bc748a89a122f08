//! Decodes HTTP/1.1 responses, one after the other, from the bytes of one connection: bytes in, events out
//! (RFC 9112). Heads and the sizes of chunks are parsed by httparse.
//!
//! There is no I/O here, and nothing is known of calls, outcomes or timeouts; see `connection.rs`. The decoder reads
//! a response to its end and not beyond.

use httparse::Status;

use super::head::{self, BodyFraming, Head, ParsedHead};

/// How long the heads of a response may be: the final one, and the informational ones (1xx) before it.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// How much of a chunked body may be something else than content: the extensions in all, one line with a size, the
/// trailers.
pub(super) const MAX_CHUNK_OVERHEAD: usize = 8 * 1024;

/// How much is read at a time where it is not known how much will come.
pub(super) const READ_CHUNK: usize = 4 * 1024;

/// Up to this length a head is parsed whenever more of it comes; beyond, only when its end may be there, so that a
/// long head in small pieces costs little.
const SMALL_HEAD: usize = 4 * 1024;

const LINE_END: &[u8] = b"\r\n";

/// What the decoder found.
#[derive(Debug)]
pub(super) enum Event {
    /// Nothing more can be decoded until more bytes come.
    Partial,
    /// The head of the response. Its body follows.
    Head(Box<Head>),
    /// The response is complete.
    End,
}

/// Why bytes are not a response that can be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// They are not HTTP/1.1; why, as a part of a sentence.
    Invalid(String),
    /// The body is longer than allowed.
    BodyTooLarge,
}

fn invalid(why: impl std::fmt::Display) -> DecodeError {
    DecodeError::Invalid(why.to_string())
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head,
    /// A body of known length, of which so much is left.
    Length(usize),
    /// A body that ends with the connection.
    CloseDelimited,
    ChunkSize,
    /// The content of a chunk, of which so much is left.
    Chunk(usize),
    ChunkEnd,
    Trailers,
    /// A body that is announced as longer than allowed. The head comes first.
    TooLarge,
    End,
}

/// Decodes the responses of one connection.
#[derive(Debug)]
pub(super) struct Decoder {
    /// What was received and is not used yet, from `at` on.
    input: Vec<u8>,
    at: usize,
    stage: Stage,
    /// How many of the last bytes of `input` are new since the last decoding.
    new: usize,
    /// How long the informational heads of this response were.
    heads: usize,
    /// How long the chunk extensions of this response were.
    overhead: usize,
    max_body: usize,
    /// The server sent more than the response.
    has_excess: bool,
}

impl Decoder {
    pub(super) fn new() -> Decoder {
        Decoder {
            input: Vec::new(),
            at: 0,
            stage: Stage::End,
            new: 0,
            heads: 0,
            overhead: 0,
            max_body: 0,
            has_excess: false,
        }
    }

    /// Begins with the next response, whose body may have `max_body` bytes.
    pub(super) fn begin(&mut self, max_body: usize) {
        self.stage = Stage::Head;
        (self.heads, self.overhead, self.max_body) = (0, 0, max_body);
        self.has_excess = false;
    }

    /// Returns whether the last response ended exactly where the received bytes end.
    pub(super) fn is_drained(&self) -> bool {
        self.stage == Stage::End && self.unused().is_empty() && !self.has_excess
    }

    /// Gives memory back that only a large response needs.
    pub(super) fn shrink(&mut self) {
        if self.unused().is_empty() {
            self.at = 0;
            match self.input.capacity() > 4 * READ_CHUNK {
                true => self.input = Vec::new(),
                false => self.input.clear(),
            }
        }
    }

    /// Returns the buffer to append received bytes to. [`Decoder::received`] follows.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.input.drain(..self.at);
        self.at = 0;
        if self.input.capacity() - self.input.len() < READ_CHUNK / 4 {
            self.input.reserve(READ_CHUNK);
        }
        &mut self.input
    }

    /// Takes note of `count` bytes that were appended to the buffer.
    pub(super) fn received(&mut self, count: usize) {
        self.new = count;
    }

    /// Returns how many bytes may be read directly to the end of the body, without the buffer. One more than belongs
    /// to the body, where that is the end of the response: it shows a server that goes on after the end.
    pub(super) fn direct_limit(&self, body: &[u8]) -> Option<usize> {
        if !self.unused().is_empty() {
            return None;
        }
        match self.stage {
            Stage::Length(left) => Some(left + 1),
            Stage::Chunk(left) => Some(left),
            Stage::CloseDelimited => Some(READ_CHUNK.min(self.max_body + 1 - body.len())),
            _ => None,
        }
        .filter(|limit| *limit > 0)
    }

    /// Takes note of `count` bytes that were read directly to the end of the body.
    ///
    /// # Errors
    ///
    /// When the body is longer than allowed.
    pub(super) fn received_directly(&mut self, count: usize, body: &mut Vec<u8>) -> Result<(), DecodeError> {
        match &mut self.stage {
            Stage::Length(left) => {
                if count > *left {
                    self.has_excess = true;
                    body.truncate(body.len() - (count - *left));
                }
                *left = left.saturating_sub(count);
            }
            Stage::Chunk(left) => *left = left.saturating_sub(count),
            _ if body.len() > self.max_body => return Err(DecodeError::BodyTooLarge),
            _ => {}
        }
        Ok(())
    }

    /// Takes note of the end of the connection. Returns whether that completes the response.
    pub(super) fn closed(&mut self) -> bool {
        let is_complete = self.stage == Stage::CloseDelimited;
        if is_complete {
            self.stage = Stage::End;
        }
        is_complete
    }

    /// Decodes what was received. Content is appended to `body`.
    ///
    /// # Errors
    ///
    /// When the bytes are not HTTP/1.1, or more than is allowed. The connection cannot be used any more then.
    pub(super) fn decode(&mut self, body: &mut Vec<u8>) -> Result<Event, DecodeError> {
        loop {
            match self.stage {
                Stage::Head => match self.decode_head()? {
                    Some(head) => {
                        self.stage = self.stage_of(head.body);
                        return Ok(Event::Head(Box::new(head)));
                    }
                    None => return Ok(Event::Partial),
                },
                Stage::Length(left) => {
                    let left = left - self.move_to(body, left);
                    self.stage = if left == 0 { Stage::End } else { Stage::Length(left) };
                    if left > 0 {
                        return Ok(Event::Partial);
                    }
                }
                Stage::Chunk(left) => {
                    let left = left - self.move_to(body, left);
                    self.stage = if left == 0 { Stage::ChunkEnd } else { Stage::Chunk(left) };
                    if left > 0 {
                        return Ok(Event::Partial);
                    }
                }
                Stage::CloseDelimited => {
                    self.move_to(body, usize::MAX);
                    if body.len() > self.max_body {
                        return Err(DecodeError::BodyTooLarge);
                    }
                    return Ok(Event::Partial);
                }
                Stage::ChunkSize => match self.decode_chunk_size()? {
                    None => return Ok(Event::Partial),
                    Some(0) => self.stage = Stage::Trailers,
                    Some(size) => {
                        let end = self.allow(body.len(), size)?;
                        body.reserve(end + 1 - body.len());
                        self.stage = Stage::Chunk(end - body.len());
                    }
                },
                Stage::ChunkEnd => {
                    if self.unused().starts_with(LINE_END) {
                        self.at += LINE_END.len();
                        self.stage = Stage::ChunkSize;
                    } else if LINE_END.starts_with(self.unused()) {
                        return Ok(Event::Partial);
                    } else {
                        return Err(invalid("a chunk does not end where it says"));
                    }
                }
                Stage::Trailers => {
                    if !self.decode_trailers()? {
                        return Ok(Event::Partial);
                    }
                    self.stage = Stage::End;
                }
                Stage::TooLarge => return Err(DecodeError::BodyTooLarge),
                Stage::End => return Ok(Event::End),
            }
        }
    }

    /// Returns how many received bytes are not used.
    #[cfg(any(test, feature = "internals"))]
    pub(super) fn unread(&self) -> usize {
        self.unused().len()
    }

    fn unused(&self) -> &[u8] {
        &self.input[self.at..]
    }

    /// Moves what is here of a body that has so much left. Returns how much that was.
    fn move_to(&mut self, body: &mut Vec<u8>, left: usize) -> usize {
        let here = self.unused();
        let count = here.len().min(left);
        body.extend_from_slice(&here[..count]);
        self.at += count;
        count
    }

    /// Returns where a body ends that has `more` bytes behind the first `length`.
    fn allow(&self, length: usize, more: u64) -> Result<usize, DecodeError> {
        let end = usize::try_from(more).ok().and_then(|more| length.checked_add(more));
        end.filter(|end| *end <= self.max_body).ok_or(DecodeError::BodyTooLarge)
    }

    fn stage_of(&self, framing: BodyFraming) -> Stage {
        match framing {
            BodyFraming::Length(length) => self.allow(0, length).map_or(Stage::TooLarge, Stage::Length),
            BodyFraming::Chunked => Stage::ChunkSize,
            BodyFraming::CloseDelimited => Stage::CloseDelimited,
        }
    }

    /// Returns the final head, if it is there; the informational ones before it are passed over.
    fn decode_head(&mut self) -> Result<Option<Head>, DecodeError> {
        let new = std::mem::take(&mut self.new);
        if !may_be_complete(self.unused(), new) {
            return self.allow_head(self.unused().len()).map(|()| None);
        }
        loop {
            match head::parse(self.unused()).map_err(invalid)? {
                ParsedHead::Final(used, head) => {
                    self.allow_head(used)?;
                    self.at += used;
                    return Ok(Some(head));
                }
                ParsedHead::Informational(used) => {
                    self.allow_head(used)?;
                    self.at += used;
                    self.heads += used;
                }
                ParsedHead::Partial => return self.allow_head(self.unused().len()).map(|()| None),
            }
        }
    }

    /// Checks that the heads may have so much more.
    fn allow_head(&self, more: usize) -> Result<(), DecodeError> {
        match self.heads + more > MAX_HEAD {
            true => Err(invalid("its head is too long")),
            false => Ok(()),
        }
    }

    fn decode_chunk_size(&mut self) -> Result<Option<u64>, DecodeError> {
        match httparse::parse_chunk_size(self.unused()) {
            Ok(Status::Complete((used, size))) => {
                // To httparse no digit is zero, and an extension may have a line feed in it, behind which another
                // reader would see more.
                let line = &self.unused()[..used - 1];
                if !line[0].is_ascii_hexdigit() || line.contains(&b'\n') {
                    return Err(invalid("a chunk has no size"));
                }
                // Sixteen digits and the line's end are a size; the rest says nothing to this client.
                self.overhead += used.saturating_sub(18);
                if self.overhead > MAX_CHUNK_OVERHEAD {
                    return Err(invalid("there is too much between its chunks"));
                }
                self.at += used;
                Ok(Some(size))
            }
            Ok(Status::Partial) => self.more_overhead().map(|()| None),
            Err(error) => Err(invalid(error)),
        }
    }

    /// Passes over the trailers, if all of them are there.
    fn decode_trailers(&mut self) -> Result<bool, DecodeError> {
        let mut headers = [httparse::EMPTY_HEADER; head::MAX_HEADERS];
        match httparse::parse_headers(self.unused(), &mut headers) {
            Ok(Status::Complete((used, _))) if !has_bare_line_feed(&self.unused()[..used]) => {
                self.at += used;
                Ok(true)
            }
            Ok(Status::Complete(_)) => Err(invalid("a trailer has no line's end")),
            Ok(Status::Partial) => self.more_overhead().map(|()| false),
            Err(error) => Err(invalid(error)),
        }
    }

    fn more_overhead(&self) -> Result<(), DecodeError> {
        match self.unused().len() > MAX_CHUNK_OVERHEAD {
            true => Err(invalid("there is too much between its chunks")),
            false => Ok(()),
        }
    }
}

/// Where some readers see the end of a line, and others do not.
fn has_bare_line_feed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\n") || bytes.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r')
}

/// Returns whether a head may end in the `new` bytes that came last.
fn may_be_complete(bytes: &[u8], new: usize) -> bool {
    let last = &bytes[bytes.len().saturating_sub(new + 2)..];
    bytes.len() <= SMALL_HEAD
        || last.windows(2).any(|two| two == b"\n\n")
        || last.windows(3).any(|three| three == b"\n\r\n")
}
