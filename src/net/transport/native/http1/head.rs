//! Interprets the head of a response: the headers that calls need, the framing of an HTTP/1.1 body
//! (RFC 9112, section 6), and whether the connection stays open. The parser is httparse. Does no
//! I/O.

use std::borrow::Cow;
use std::fmt::Display;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use crate::http_types::Response;
use crate::net::response_headers::store_headers;
use crate::net::transport::limits::MAX_HEADERS;

/// The head of an HTTP/1.1 response.
#[derive(Debug)]
pub(super) struct Head {
    /// Status and headers; the body is still empty.
    pub(super) response: Response,
    pub(super) framing: BodyFraming,
    /// Whether the server keeps the connection open for another request.
    pub(super) keep_alive: bool,
    /// Whether other implementations may interpret this head differently. That is a smuggling risk,
    /// so the connection is not reused.
    pub(super) ambiguous: bool,
}

/// The framing of a body: how its end is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFraming {
    Length(u64),
    Chunked,
    /// The body ends when the connection does.
    CloseDelimited,
}

/// The result of parsing the head at the beginning of the received bytes.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would cost an allocation for every response")]
pub(super) enum ParsedHead {
    /// A head that is incomplete.
    Partial,
    /// The head of an informational response (1xx).
    Informational { length: usize, ambiguous: bool },
    /// The head of the final response.
    Final { length: usize, head: Head },
}

/// The reason why bytes are not the head of a response.
pub(super) type ParseError = String;

/// Parses the head at the beginning of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedHead, ParseError> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(length)) => {
            interpret(length, response.code, response.version, response.headers, false)
        }
        Ok(Status::Partial) => Ok(ParsedHead::Partial),
        // The name has white space before the colon, or the line begins with white space because it
        // continues the previous line.
        Err(httparse::Error::HeaderName) => parse_obsolete(bytes),
        Err(error) => Err(invalid(&error)),
    }
}

/// Parses a head that may have folded lines or white space before a colon, which old servers send
/// (RFC 9112, sections 5.1 and 5.2).
#[cold]
fn parse_obsolete(bytes: &[u8]) -> Result<ParsedHead, ParseError> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = obsolete_syntax().parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(ParsedHead::Partial),
        Err(error) => return Err(invalid(&error)),
    };
    let values: Vec<Cow<'_, [u8]>> = response.headers.iter().map(|header| unfold(header.value)).collect();
    let pairs = response.headers.iter().zip(&values);
    let headers: Vec<Header<'_>> = pairs.map(|(header, value)| Header { name: header.name, value }).collect();
    interpret(length, response.code, response.version, &headers, true)
}

fn obsolete_syntax() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true);
    config
}

/// Replaces each line folding, with the white space around it, by one space.
fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    Cow::Owned(lines.join(&b' '))
}

#[inline]
fn interpret(
    length: usize,
    code: Option<u16>,
    version: Option<u8>,
    headers: &[Header<'_>],
    obsolete: bool,
) -> Result<ParsedHead, ParseError> {
    let status = match code.unwrap_or(0) {
        // 101 responds only to a request for another protocol, which this client does not send.
        code @ (0..100 | 101) => return Err(invalid(&format_args!("its status is {code}"))),
        100..200 => return Ok(ParsedHead::Informational { length, ambiguous: obsolete }),
        code => code,
    };
    let is_http11 = version == Some(1);
    let fields = FramingFields::new(headers);
    let framing = match fields {
        _ if matches!(status, 204 | 304) => BodyFraming::Length(0),
        FramingFields { coding: Some(TransferCoding::Chunked), .. } if is_http11 => BodyFraming::Chunked,
        FramingFields { coding: Some(TransferCoding::Chunked), .. } => {
            return Err(invalid(&"it is chunked, and HTTP/1.0"));
        }
        FramingFields { coding: Some(TransferCoding::Other), .. } => {
            return Err(invalid(&"its Transfer-Encoding is not only \"chunked\""));
        }
        FramingFields { length: Some(Length::Known(length)), .. } => BodyFraming::Length(length),
        FramingFields { length: Some(Length::Invalid), .. } => {
            return Err(invalid(&"its Content-Length is not one number"));
        }
        FramingFields { coding: None, length: None, .. } => BodyFraming::CloseDelimited,
    };
    // Content-Length together with Transfer-Encoding, or a body that a 204 cannot have.
    let ambiguous = obsolete
        || (fields.length.is_some() && fields.coding.is_some())
        || (status == 204
            && (fields.coding.is_some() || fields.length.is_some_and(|length| length != Length::Known(0))));
    let keep_alive =
        !fields.close && (is_http11 || fields.keep_alive) && framing != BodyFraming::CloseDelimited;
    let mut response = Response { status, ..Response::default() };
    store_headers(&mut response, headers.iter().map(|header| (header.name, header.value)));
    Ok(ParsedHead::Final { length, head: Head { response, framing, keep_alive, ambiguous } })
}

/// The trailers after a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailers {
    /// The length, including the empty line at the end.
    pub(super) length: usize,
    /// Whether other implementations may interpret the trailers differently.
    pub(super) ambiguous: bool,
}

/// Parses the trailers at the beginning of `bytes`. Their content is ignored. Returns `None` while
/// they are incomplete.
pub(super) fn parse_trailers(bytes: &[u8]) -> Result<Option<Trailers>, ParseError> {
    // Most bodies have no trailers. The early return also keeps the header array out of the common
    // path.
    if bytes.starts_with(b"\r\n") {
        return Ok(Some(Trailers { length: 2, ambiguous: false }));
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let trailers = match httparse::parse_headers(bytes, &mut headers) {
        Ok(Status::Complete((length, _))) => Trailers { length, ambiguous: false },
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::HeaderName) => match parse_obsolete_trailers(bytes)? {
            Some(length) => Trailers { length, ambiguous: true },
            None => return Ok(None),
        },
        Err(error) => return Err(invalid(&error)),
    };
    if has_bare_line_feed(&bytes[..trailers.length]) {
        return Err(invalid(&"a line ends without CR"));
    }
    Ok(Some(trailers))
}

/// Parses trailers in the obsolete syntax. httparse accepts it only in the head of a response, so
/// this function adds a status line.
#[cold]
fn parse_obsolete_trailers(bytes: &[u8]) -> Result<Option<usize>, ParseError> {
    const STATUS_LINE: &[u8] = b"HTTP/1.1 200 OK\r\n";
    let head = [STATUS_LINE, bytes].concat();
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match obsolete_syntax().parse_response(&mut response, &head) {
        Ok(Status::Complete(length)) => Ok(Some(length - STATUS_LINE.len())),
        Ok(Status::Partial) => Ok(None),
        Err(error) => Err(invalid(&error)),
    }
}

/// Returns whether a line ends with LF alone, which only some implementations accept.
fn has_bare_line_feed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\n") || bytes.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r')
}

#[cold]
fn invalid(reason: &dyn Display) -> ParseError {
    reason.to_string()
}

/// The headers of an HTTP/1.1 response that determine its framing.
struct FramingFields {
    length: Option<Length>,
    coding: Option<TransferCoding>,
    close: bool,
    keep_alive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(u64),
    Invalid,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TransferCoding {
    Chunked,
    /// A transfer coding that the client does not accept.
    Other,
}

impl FramingFields {
    fn new(headers: &[Header<'_>]) -> FramingFields {
        let mut fields = FramingFields { length: None, coding: None, close: false, keep_alive: false };
        for Header { name, value } in headers {
            match name.len() {
                10 if name.eq_ignore_ascii_case("connection") => {
                    for element in elements(value) {
                        fields.close |= element.eq_ignore_ascii_case(b"close");
                        fields.keep_alive |= element.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if name.eq_ignore_ascii_case("content-length") => {
                    for element in elements(value) {
                        let length = parse_number(element).map_or(Length::Invalid, Length::Known);
                        // A repeated header is valid if all its values are equal.
                        let is_consistent = fields.length.is_none_or(|previous| previous == length);
                        fields.length = Some(if is_consistent { length } else { Length::Invalid });
                    }
                }
                17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                    for element in elements(value) {
                        let chunked = fields.coding.is_none() && element.eq_ignore_ascii_case(b"chunked");
                        let coding = if chunked { TransferCoding::Chunked } else { TransferCoding::Other };
                        fields.coding = Some(coding);
                    }
                }
                _ => {}
            }
        }
        fields
    }
}

/// Returns the elements of a comma-separated header.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Parses a number of digits only. `str::parse` would accept a sign.
fn parse_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
