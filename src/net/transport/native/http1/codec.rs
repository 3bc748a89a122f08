//! Decodes HTTP/1.1 responses (RFC 9112): it takes received bytes and returns the head and the
//! body. Does no I/O and does not know calls; `connection.rs` uses it.
//!
//! Every response has new decoders. Their result depends only on the bytes of the response, not on
//! how the bytes were divided when they were received.

use std::fmt;

use httparse::Status;

use super::head::{self, BodyFraming, Head, ParseError, ParsedHead};
use super::input::{InputBuffer, READ_CHUNK};
use crate::net::transport::limits::MAX_HEAD;

/// The maximum length of all chunk extensions of a body, and the maximum length of its trailers.
pub(super) const MAX_CHUNK_OVERHEAD: usize = 8 * 1024;

/// An incomplete head up to this length is parsed again whenever bytes are added. A longer head is
/// parsed only when its end may have been received, so that a long head in small pieces takes
/// linear time.
const SMALL_HEAD: usize = 4 * 1024;

/// The memory for the part of a body that is not discarded yet.
const STREAM_BUFFER: usize = 64 * 1024;

/// The longest line with a chunk's size and no extension: 16 digits and CR LF.
const CHUNK_SIZE_LINE: usize = 18;

const CRLF: &[u8] = b"\r\n";

/// Why a response cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    Head(ParseError),
    HeadTooLong,
    ChunkSize,
    ChunkEnd,
    ChunkOverhead,
    Trailers(ParseError),
    /// The body is larger than the limit of the decoder.
    BodyTooLarge,
    /// The memory for a body of this length cannot be allocated.
    OutOfMemory(u64),
}

impl fmt::Display for DecodeError {
    #[cold]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Head(error) => f.write_str(error),
            DecodeError::HeadTooLong => write!(f, "its head is longer than {MAX_HEAD} bytes"),
            DecodeError::ChunkSize => f.write_str("the size of a chunk is not a hexadecimal number"),
            DecodeError::ChunkEnd => f.write_str("a chunk is longer than its size"),
            DecodeError::ChunkOverhead => {
                write!(f, "its chunk extensions or trailers are longer than {MAX_CHUNK_OVERHEAD} bytes")
            }
            DecodeError::Trailers(error) => write!(f, "its trailers are invalid: {error}"),
            DecodeError::BodyTooLarge => f.write_str("its body is too large"),
            DecodeError::OutOfMemory(length) => write!(f, "there is no memory for {length} bytes"),
        }
    }
}

/// Decodes the head of one response, and skips the informational heads before it.
#[derive(Debug, Default)]
pub(super) struct HeadDecoder {
    /// The length of the informational heads.
    informational: usize,
    /// The number of unread bytes that do not contain the end of the head.
    searched: usize,
    /// Whether an informational head was ambiguous.
    ambiguous: bool,
    /// Whether the response keeps its headers.
    keeps_headers: bool,
}

impl HeadDecoder {
    pub(super) fn new(keeps_headers: bool) -> HeadDecoder {
        HeadDecoder { keeps_headers, ..HeadDecoder::default() }
    }

    /// Returns the final head when it has been received completely. Consumes only the heads.
    pub(super) fn decode(&mut self, input: &mut InputBuffer) -> Result<Option<Head>, DecodeError> {
        loop {
            let unread = input.unread();
            let parsed = if unread.len() <= SMALL_HEAD || self.may_contain_end(unread) {
                head::parse(unread).map_err(DecodeError::Head)?
            } else {
                ParsedHead::Partial
            };
            match parsed {
                ParsedHead::Partial => {
                    self.searched = unread.len();
                    return self.check_length(unread.len()).map(|()| None);
                }
                ParsedHead::Informational { length, ambiguous } => {
                    self.check_length(length)?;
                    self.informational += length;
                    self.searched = 0;
                    self.ambiguous |= ambiguous;
                    input.consume(length);
                }
                ParsedHead::Final { length, mut head } => {
                    self.check_length(length)?;
                    head.ambiguous |= self.ambiguous;
                    if self.keeps_headers {
                        head.response.headers = Some(header_lines(&unread[..length]));
                    }
                    input.consume(length);
                    return Ok(Some(head));
                }
            }
        }
    }

    fn check_length(&self, length: usize) -> Result<(), DecodeError> {
        if self.informational + length > MAX_HEAD { Err(DecodeError::HeadTooLong) } else { Ok(()) }
    }

    fn may_contain_end(&self, unread: &[u8]) -> bool {
        let new = &unread[self.searched.saturating_sub(2).min(unread.len())..];
        new.windows(2).any(|two| two == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n")
    }
}

/// Returns the lines of a head after the status line. Bytes that are not UTF-8 are replaced.
#[cold]
fn header_lines(head: &[u8]) -> String {
    let start = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1);
    String::from_utf8_lossy(&head[start..]).into_owned()
}

/// The input that a [`BodyDecoder`] needs to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: the body is complete.
    Nothing,
    /// More bytes in the input buffer.
    Input,
    /// More bytes of the body. The caller may append up to this number of bytes directly to the
    /// body, which has spare capacity, instead of to the input buffer.
    Body(usize),
}

#[derive(Clone, Copy, Debug)]
enum BodyState {
    /// The body has this length, and no byte of it is decoded.
    Length(u64),
    /// The body ends when the vector has this length.
    LengthData(u64),
    ChunkSize,
    /// The chunk ends when the vector has this length.
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    CloseDelimited,
    Complete,
}

/// Decodes the body of one response.
#[derive(Debug)]
pub(super) struct BodyDecoder {
    state: BodyState,
    /// `None`: the body has no limit, and the caller discards each part of it.
    max_body: Option<usize>,
    /// The length of the chunk extensions so far.
    extensions: usize,
    ambiguous: bool,
}

impl BodyDecoder {
    /// Returns a decoder for a body of at most `max_body` bytes. Without a limit, the caller
    /// discards the decoded part after each call of [`decode`](BodyDecoder::decode), so that little
    /// memory is needed.
    pub(super) fn new(framing: BodyFraming, max_body: Option<usize>) -> BodyDecoder {
        let state = match framing {
            BodyFraming::Length(length) => BodyState::Length(length),
            BodyFraming::Chunked => BodyState::ChunkSize,
            BodyFraming::CloseDelimited => BodyState::CloseDelimited,
        };
        BodyDecoder { state, max_body, extensions: 0, ambiguous: false }
    }

    /// Returns whether other implementations may find another end of the body.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Appends the received bytes of the body to `body`. When the body is complete, the unread
    /// bytes of `input` are those after the response.
    pub(super) fn decode(
        &mut self,
        input: &mut InputBuffer,
        body: &mut Vec<u8>,
    ) -> Result<Need, DecodeError> {
        loop {
            self.state = match self.state {
                BodyState::Length(length) => {
                    let end = self.end_after(length, body)?;
                    // One byte more: text that is returned through the C interface ends with a NUL,
                    // and a longer read shows whether the server sends more than the response.
                    let spare = self.spare(end.saturating_add(1), body)?;
                    body.try_reserve_exact(spare).map_err(|_| DecodeError::OutOfMemory(end))?;
                    BodyState::LengthData(end)
                }
                BodyState::LengthData(end) => {
                    let missing = move_up_to(end, input, body);
                    if missing > 0 {
                        return Ok(Need::Body(clamp(missing.saturating_add(1))));
                    }
                    let end = clamp(end);
                    if body.len() > end {
                        input.spare().extend_from_slice(&body[end..]);
                        body.truncate(end);
                    }
                    BodyState::Complete
                }
                BodyState::ChunkSize => match self.chunk_size(input)? {
                    None => return Ok(Need::Input),
                    Some(0) => BodyState::Trailers,
                    Some(size) => {
                        let end = self.end_after(size, body)?;
                        let spare = self.spare(size.saturating_add(1), body)?;
                        body.try_reserve(spare).map_err(|_| DecodeError::OutOfMemory(end))?;
                        BodyState::ChunkData(end)
                    }
                },
                BodyState::ChunkData(end) => {
                    let missing = move_up_to(end, input, body);
                    if missing > 0 {
                        return Ok(Need::Body(clamp(missing)));
                    }
                    BodyState::ChunkEnd
                }
                BodyState::ChunkEnd => {
                    if !input.unread().starts_with(CRLF) {
                        let partial = CRLF.starts_with(input.unread());
                        return if partial { Ok(Need::Input) } else { Err(DecodeError::ChunkEnd) };
                    }
                    input.consume(CRLF.len());
                    BodyState::ChunkSize
                }
                BodyState::Trailers => match self.trailers(input)? {
                    false => return Ok(Need::Input),
                    true => BodyState::Complete,
                },
                BodyState::CloseDelimited => {
                    let limit = self.max_body.map_or(u64::MAX, |max| (max as u64).saturating_add(1));
                    let missing = clamp(move_up_to(limit, input, body));
                    if missing == 0 {
                        return Err(DecodeError::BodyTooLarge);
                    }
                    let spare = self.spare(READ_CHUNK.min(missing) as u64, body)?;
                    let length = body.len() + spare;
                    body.try_reserve(spare).map_err(|_| DecodeError::OutOfMemory(length as u64))?;
                    return Ok(Need::Body(missing));
                }
                BodyState::Complete => return Ok(Need::Nothing),
            }
        }
    }

    /// Returns whether the body is complete if the connection ends here.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self.state, BodyState::CloseDelimited | BodyState::Complete)
    }

    /// Removes the decoded part of a body without a limit, which the caller has used. Its memory is
    /// used again.
    pub(super) fn discard(&mut self, body: &mut Vec<u8>) {
        if let BodyState::LengthData(end) | BodyState::ChunkData(end) = &mut self.state {
            *end -= body.len() as u64;
        }
        body.clear();
    }

    /// Returns the length of the vector after `more` bytes.
    fn end_after(&self, more: u64, body: &[u8]) -> Result<u64, DecodeError> {
        let max = self.max_body.map_or(u64::MAX, |max| max as u64);
        let end = more.checked_add(body.len() as u64);
        end.filter(|end| *end <= max).ok_or(DecodeError::BodyTooLarge)
    }

    /// Returns how much memory to reserve for `more` bytes.
    fn spare(&self, more: u64, body: &[u8]) -> Result<usize, DecodeError> {
        match self.max_body {
            Some(_) => usize::try_from(more).map_err(|_| DecodeError::BodyTooLarge),
            // The caller discards the body before it reads more.
            None => Ok(STREAM_BUFFER.saturating_sub(body.len())),
        }
    }

    fn chunk_size(&mut self, input: &mut InputBuffer) -> Result<Option<u64>, DecodeError> {
        let unread = input.unread();
        match httparse::parse_chunk_size(unread) {
            Ok(Status::Complete((length, size))) => {
                // httparse takes no digits for zero, and accepts an extension with a line feed,
                // after which other readers would see a line of its own.
                let line = &unread[..length - 1];
                if !line[0].is_ascii_hexdigit() || line.contains(&b'\n') {
                    return Err(DecodeError::ChunkSize);
                }
                self.extensions = self.checked_extensions(length)?;
                input.consume(length);
                Ok(Some(size))
            }
            Ok(Status::Partial) => self.checked_extensions(unread.len()).map(|_| None),
            Err(_) => Err(DecodeError::ChunkSize),
        }
    }

    /// Returns the total length of the extensions including another line, or an error if it exceeds
    /// the limit.
    fn checked_extensions(&self, line: usize) -> Result<usize, DecodeError> {
        let extensions = self.extensions + line.saturating_sub(CHUNK_SIZE_LINE);
        if extensions > MAX_CHUNK_OVERHEAD { Err(DecodeError::ChunkOverhead) } else { Ok(extensions) }
    }

    /// Consumes the trailers, whose content is ignored. Returns false while they are incomplete.
    fn trailers(&mut self, input: &mut InputBuffer) -> Result<bool, DecodeError> {
        let unread = input.unread();
        let parsed = head::parse_trailers(unread).map_err(DecodeError::Trailers)?;
        if parsed.map_or(unread.len(), |trailers| trailers.length) > MAX_CHUNK_OVERHEAD {
            return Err(DecodeError::ChunkOverhead);
        }
        let Some(trailers) = parsed else { return Ok(false) };
        self.ambiguous |= trailers.ambiguous;
        input.consume(trailers.length);
        Ok(true)
    }
}

/// Moves received bytes to a body until it has the length `end`. Returns how many bytes are then
/// missing.
fn move_up_to(end: u64, input: &mut InputBuffer, body: &mut Vec<u8>) -> u64 {
    let unread = input.unread();
    let count = unread.len().min(clamp(end.saturating_sub(body.len() as u64)));
    body.extend_from_slice(&unread[..count]);
    input.consume(count);
    end.saturating_sub(body.len() as u64)
}

/// Returns a number of bytes, or the largest that memory can have.
fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
