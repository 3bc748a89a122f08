//! The head of a response: which headers are kept, and what an HTTP/1.1 head says of the body after it
//! (RFC 9112, section 6) and of the connection. Heads are parsed by httparse. Does no I/O.

use std::borrow::Cow;
use std::fmt::Display;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use crate::http_types::Response;

/// How many headers a response may have.
pub(super) const MAX_HEADERS: usize = 100;

/// The head of an HTTP/1.1 response.
#[derive(Debug)]
pub(super) struct Head {
    /// Status and headers; the body is still empty.
    pub(super) answer: Response,
    pub(super) framing: BodyFraming,
    /// Whether the server keeps the connection open for another request.
    pub(super) keep_alive: bool,
    /// Whether other readers may understand this head otherwise: a smuggling risk, so that the connection must not
    /// be used again.
    pub(super) ambiguous: bool,
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFraming {
    Length(u64),
    Chunked,
    /// The body ends when the connection does.
    CloseDelimited,
}

/// What bytes begin with.
#[derive(Debug)]
pub(super) enum ParsedHead {
    /// A head that is incomplete.
    Partial,
    /// The head of an informational response (1xx).
    Informational { length: usize, ambiguous: bool },
    /// The head of the final response.
    Final { length: usize, head: Head },
}

/// Why bytes are not the head of a response.
pub(super) type ParseError = String;

/// Parses the head that bytes begin with.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedHead, ParseError> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(length)) => {
            interpret(length, response.code, response.version, response.headers, false)
        }
        Ok(Status::Partial) => Ok(ParsedHead::Partial),
        // The name ends with a blank, or begins with one because the line continues the one before.
        Err(httparse::Error::HeaderName) => parse_obsolete(bytes),
        Err(error) => Err(invalid(&error)),
    }
}

/// Parses a head that may have folded lines or blanks before a colon, as servers once wrote them (RFC 9112,
/// sections 5.1 and 5.2).
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

/// Replaces each line folding, with the blanks around it, by one space.
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
        // 101 is for clients that asked for another protocol.
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
            return Err(invalid(&"its Transfer-Encoding is more than \"chunked\""));
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
    let mut answer = Response { status, ..Response::default() };
    keep(&mut answer, headers.iter().map(|header| (header.name, header.value)));
    Ok(ParsedHead::Final { length, head: Head { answer, framing, keep_alive, ambiguous } })
}

/// The trailers after a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailers {
    /// With the empty line at their end.
    pub(super) length: usize,
    /// Whether other readers may understand them otherwise.
    pub(super) ambiguous: bool,
}

/// Parses the trailers that bytes begin with; their content is ignored. Returns `None` while they are incomplete.
pub(super) fn parse_trailers(bytes: &[u8]) -> Result<Option<Trailers>, ParseError> {
    // Most bodies have none. This also keeps the room for headers out of the future of a call.
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

/// httparse accepts the obsolete syntax only in the head of a response, so the trailers are made one.
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

/// Returns whether a line ends with LF alone, which some readers accept and others do not.
fn has_bare_line_feed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\n") || bytes.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r')
}

#[cold]
fn invalid(why: &dyn Display) -> ParseError {
    why.to_string()
}

/// Stores the headers that calls need in a response. If one is there twice, the first counts.
pub(in crate::net) fn keep<'a>(answer: &mut Response, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
    let mut date = None;
    for (name, value) in headers {
        // Compared by length first: nearly all headers are none of these.
        let place = match name.len() {
            4 if is(name, "date") => {
                date.get_or_insert(value);
                continue;
            }
            11 if is(name, "retry-after") => &mut answer.retry_after,
            12 if is(name, "content-type") => {
                answer.content_type.get_or_insert_with(|| content_type(value));
                continue;
            }
            12 if is(name, "x-request-id") => &mut answer.request_id,
            19 if is(name, "content-disposition") => &mut answer.content_disposition,
            _ => continue,
        };
        place.get_or_insert_with(|| text(value));
    }
    if answer.retry_after.is_some() {
        answer.date = date.map(text);
    }
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// Returns the text of a header. Bytes that are not UTF-8 are replaced.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn content_type(value: &[u8]) -> Cow<'static, str> {
    // Nearly all responses have this type.
    const JSON: &str = "application/json";
    if value == JSON.as_bytes() { Cow::Borrowed(JSON) } else { Cow::Owned(text(value)) }
}

/// What the headers of an HTTP/1.1 response say of its framing.
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
    /// A coding that no request asked for.
    Other,
}

impl FramingFields {
    fn new(headers: &[Header<'_>]) -> FramingFields {
        let mut fields = FramingFields { length: None, coding: None, close: false, keep_alive: false };
        for Header { name, value } in headers {
            match name.len() {
                10 if is(name, "connection") => {
                    for element in elements(value) {
                        fields.close |= element.eq_ignore_ascii_case(b"close");
                        fields.keep_alive |= element.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if is(name, "content-length") => {
                    for element in elements(value) {
                        let length = number(element).map_or(Length::Invalid, Length::Known);
                        // It may be given more than once if all values are the same.
                        let agrees = fields.length.is_none_or(|before| before == length);
                        fields.length = Some(if agrees { length } else { Length::Invalid });
                    }
                }
                17 if is(name, "transfer-encoding") => {
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

/// Returns the elements of a header that is a list.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Parses digits and nothing else: `str::parse` would accept a sign.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
