//! Frames of HTTP/2 as bytes. Header blocks are written without compression, which every decoder
//! reads.

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const PRIORITY: u8 = 0x20;

pub const NO_ERROR: u32 = 0;
pub const PROTOCOL_ERROR: u32 = 1;
pub const INTERNAL_ERROR: u32 = 2;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;
pub const ENHANCE_YOUR_CALM: u32 = 11;
pub const HTTP_1_1_REQUIRED: u32 = 13;

pub const MAX_CONCURRENT_STREAMS: u16 = 3;
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// The largest frame that may be sent without a setting.
const MAX_FRAME: usize = 16_384;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = values
        .iter()
        .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(SETTINGS, 0, 0, &payload)
}

pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub fn goaway(last_stream: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), code.to_be_bytes()].concat())
}

pub fn data(stream: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, payload)
}

/// Returns the HEADERS frame of a header block, and the CONTINUATION frames that it needs.
pub fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    let mut chunks = block.chunks(MAX_FRAME).peekable();
    let mut bytes = Vec::new();
    let mut kind = HEADERS;
    loop {
        let chunk = chunks.next().unwrap_or_default();
        let last = if chunks.peek().is_none() { END_HEADERS } else { 0 };
        let own = if kind == HEADERS { flags } else { 0 };
        bytes.extend(frame(kind, own | last, stream, chunk));
        kind = CONTINUATION;
        if last != 0 {
            return bytes;
        }
    }
}

/// Returns a header block: the status and these headers.
pub fn block(status: u16, more: &[(String, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    literal(&mut bytes, ":status", &status.to_string());
    for (name, value) in more {
        literal(&mut bytes, name, value);
    }
    bytes
}

/// A literal that goes into no table (RFC 7541, section 6.2.2).
pub fn literal(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.push(0);
    for text in [name, value] {
        integer(bytes, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(bytes: &mut Vec<u8>, value: usize) {
    if value < 127 {
        bytes.push(value as u8);
        return;
    }
    bytes.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}
