//! The head of a response: what is kept of it, and what an HTTP/1.1 head says of the body behind it
//! (RFC 9112, section 6). Heads are parsed by httparse.

use std::borrow::Cow;
use std::fmt::Display;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use crate::message::Answer;

/// How many headers an answer may have.
pub(super) const MAX_HEADERS: usize = 100;

/// The head of an HTTP/1.1 answer.
#[derive(Debug)]
pub(super) struct Head {
    /// Still without its body.
    pub(super) answer: Answer,
    pub(super) body: BodyFraming,
    /// Whether the server keep_alive the connection for another request.
    pub(super) keep_alive: bool,
}

/// How far a body reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFraming {
    Length(u64),
    Chunked,
    /// As far as the connection does.
    CloseDelimited,
}

/// What was found at the beginning of some bytes, and how many of them it takes.
#[derive(Debug)]
pub(super) enum ParsedHead {
    /// It goes on behind them.
    Partial,
    /// An answer before the answer (1xx).
    Informational(usize),
    Final(usize, Head),
}

/// Why bytes are no head of an answer.
pub(super) type ParseError = String;

/// Parses a head. A header that goes on in the next line, and blanks before a colon, are accepted as RFC 9112
/// (section 5) tells a user agent; but other readers may see another response, so the connection is not reused then.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedHead, ParseError> {
    parse_with(&ParserConfig::default(), bytes, true).or_else(|_| {
        let mut lenient = ParserConfig::default();
        lenient.allow_obsolete_multiline_headers_in_responses(true);
        lenient.allow_spaces_after_header_name_in_responses(true);
        parse_with(&lenient, bytes, false)
    })
}

fn parse_with(config: &ParserConfig, bytes: &[u8], unambiguous: bool) -> Result<ParsedHead, ParseError> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = Response::new(&mut []);
    let used = match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(used)) => used,
        Ok(Status::Partial) => return Ok(ParsedHead::Partial),
        Err(error) => return Err(wrong(&error)),
    };
    let status = match response.code.unwrap_or(0) {
        // Nobody asked for another protocol.
        code @ (0..100 | 101) => return Err(wrong(&format_args!("its status is {code}"))),
        100..200 => return Ok(ParsedHead::Informational(used)),
        code => code,
    };
    let modern = response.version == Some(1);
    let framing = Framing::of(response.headers);
    let body = match framing {
        _ if matches!(status, 204 | 304) => BodyFraming::Length(0),
        Framing { coding: Some(TransferCoding::Chunked), .. } if modern => BodyFraming::Chunked,
        Framing { coding: Some(TransferCoding::Chunked), .. } => {
            return Err(wrong(&"it is chunked, and HTTP/1.0"));
        }
        Framing { coding: Some(TransferCoding::Other), .. } => {
            return Err(wrong(&"its Transfer-Encoding is more than \"chunked\""));
        }
        Framing { length: Some(Length::Known(length)), .. } => BodyFraming::Length(length),
        Framing { length: Some(Length::Unclear), .. } => {
            return Err(wrong(&"its Content-Length is not one number"));
        }
        Framing { coding: None, length: None, .. } => BodyFraming::CloseDelimited,
    };
    // Content-Length together with Transfer-Encoding is a smuggling risk.
    let ambiguous = !unambiguous || framing.length.is_some() && framing.coding.is_some();
    let keep_alive =
        !framing.close && (modern || framing.keep_alive) && body != BodyFraming::CloseDelimited && !ambiguous;
    let mut answer = Answer { status, ..Answer::default() };
    keep(&mut answer, response.headers.iter().map(|header| (header.name, header.value)));
    Ok(ParsedHead::Final(used, Head { answer, body, keep_alive }))
}

#[cold]
fn wrong(why: &dyn Display) -> ParseError {
    why.to_string()
}

/// Takes from an answer's headers what calls want to know. Of one that is there twice, the first counts.
pub(in crate::net) fn keep<'a>(answer: &mut Answer, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
    let mut date = None;
    for (name, value) in headers {
        // By length first: nearly all headers are none of these.
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

/// Returns a header's text. Bytes that are not UTF-8 are replaced, and a line break with its blanks is one blank.
fn text(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.contains('\n') {
        true => text
            .split(['\r', '\n'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        false => text.into_owned(),
    }
}

fn content_type(value: &[u8]) -> Cow<'static, str> {
    // Nearly always.
    const JSON: &str = "application/json";
    if value == JSON.as_bytes() { Cow::Borrowed(JSON) } else { Cow::Owned(text(value)) }
}

/// What headers say of a body and of what comes behind it.
struct Framing {
    length: Option<Length>,
    coding: Option<TransferCoding>,
    close: bool,
    keep_alive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(u64),
    Unclear,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TransferCoding {
    Chunked,
    /// Nobody asked for it.
    Other,
}

impl Framing {
    fn of(headers: &[Header<'_>]) -> Framing {
        let mut seen = Framing { length: None, coding: None, close: false, keep_alive: false };
        for Header { name, value } in headers {
            match name.len() {
                10 if is(name, "connection") => {
                    for word in words(value) {
                        seen.close |= word.eq_ignore_ascii_case(b"close");
                        seen.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if is(name, "content-length") => {
                    for word in words(value) {
                        let length = number(word).map_or(Length::Unclear, Length::Known);
                        // It may be said more than once, if it is the same.
                        let agrees = seen.length.is_none_or(|before| before == length);
                        seen.length = Some(if agrees { length } else { Length::Unclear });
                    }
                }
                17 if is(name, "transfer-encoding") => {
                    for word in words(value) {
                        let first = seen.coding.is_none() && word.eq_ignore_ascii_case(b"chunked");
                        seen.coding =
                            Some(if first { TransferCoding::Chunked } else { TransferCoding::Other });
                    }
                }
                _ => {}
            }
        }
        seen
    }
}

/// The words of a header that is a list.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Digits and nothing else, which `str::parse` does not insist on.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Result<Head, ParseError> {
        let bytes = format!("HTTP/1.1 {}\r\n\r\n", lines.replace('\n', "\r\n"));
        match parse(bytes.as_bytes())? {
            ParsedHead::Final(used, head) => {
                assert_eq!(used, bytes.len());
                Ok(head)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_reaches_as_far_as_the_head_says() {
        for (lines, body, keep_alive) in [
            ("200 OK\nContent-Length: 12", BodyFraming::Length(12), true),
            ("200\ncontent-length:12", BodyFraming::Length(12), true),
            ("200 OK\nContent-Length: 5, 5\nContent-Length: 5", BodyFraming::Length(5), true),
            ("200 OK\nTransfer-Encoding: chunked", BodyFraming::Chunked, true),
            ("200 OK\nTRANSFER-ENCODING: Chunked\nContent-Length: 3", BodyFraming::Chunked, false),
            ("200 OK", BodyFraming::CloseDelimited, false),
            ("204 No Content", BodyFraming::Length(0), true),
            ("304 Not Modified\nContent-Length: 9", BodyFraming::Length(0), true),
            ("200 OK\nContent-Length: 1\nConnection: Close", BodyFraming::Length(1), false),
            ("200 OK\nContent-Length: 1\nConnection: x, close", BodyFraming::Length(1), false),
            ("200 OK\nContent-Length: 1\nConnection: keep-alive", BodyFraming::Length(1), true),
        ] {
            let head = head(lines).unwrap();
            assert_eq!((head.body, head.keep_alive), (body, keep_alive), "{lines}");
        }
    }

    #[test]
    fn a_folded_line_and_blanks_before_a_colon_are_read_but_the_connection_is_not_reused() {
        let plain = head("200 OK\nContent-Length: 5").unwrap();
        assert!(plain.keep_alive);
        let lines = "200 OK\nContent-Length : 5\nX-Request-Id: a\n \tb\nRetry-After: 7\n ";
        let folded = head(lines).unwrap();
        assert_eq!((folded.body, folded.keep_alive), (BodyFraming::Length(5), false));
        assert_eq!(folded.answer.request_id.as_deref(), Some("a b"));
        assert_eq!(folded.answer.retry_after.as_deref(), Some("7"));
        // A fold does not make one length of two.
        assert!(head("200 OK\nContent-Length: 5\n 6").is_err());
        assert!(head("200 OK\nTransfer-Encoding: gzip,\n chunked").is_err());
    }

    #[test]
    fn an_old_server_keeps_a_connection_only_if_it_says_so() {
        for (more, keep_alive) in [("", false), ("Connection: keep-alive\r\n", true)] {
            let bytes = format!("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n{more}\r\n");
            let ParsedHead::Final(_, head) = parse(bytes.as_bytes()).unwrap() else { panic!("not final") };
            assert_eq!((head.body, head.keep_alive), (BodyFraming::Length(1), keep_alive));
        }
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        for lines in [
            "200 OK\nContent-Length: 5\nContent-Length: 6",
            "200 OK\nContent-Length: 5, 6",
            "200 OK\nContent-Length: +5",
            "200 OK\nContent-Length: -5",
            "200 OK\nContent-Length: 0x5",
            "200 OK\nContent-Length: 5,",
            "200 OK\nContent-Length:",
            "200 OK\nContent-Length: 18446744073709551616",
            "200 OK\nTransfer-Encoding: gzip, chunked",
            "200 OK\nTransfer-Encoding: chunked, chunked",
            "200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked",
            "200 OK\nTransfer-Encoding: xchunked",
            "200 OK\n Content-Length: 5",
            "101 Switching Protocols",
            "099 Early",
        ] {
            assert!(head(lines).is_err(), "{lines}");
        }
        assert!(parse(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(parse(b"HTTP/2.0 200 OK\r\n\r\n").is_err());
        let many = format!("200 OK{}", "\nx: y".repeat(MAX_HEADERS + 1));
        assert!(head(&many).is_err());
    }

    #[test]
    fn what_calls_want_to_know_is_kept_and_the_first_of_two_counts() {
        let lines = "429 Too Many Requests\nRetry-After: 7\nDATE: Sun, 01 Jan 2023 00:00:00 GMT\n\
                     content-type: text/html\nContent-Type: application/json\nX-Request-ID: srv-9\n\
                     Content-Disposition: attachment; filename=gr\u{fc}n\nContent-Length: 0";
        let answer = head(lines).unwrap().answer;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.retry_after.as_deref(), Some("7"));
        assert_eq!(answer.date.as_deref(), Some("Sun, 01 Jan 2023 00:00:00 GMT"));
        assert_eq!(answer.content_type.as_deref(), Some("text/html"));
        assert_eq!(answer.request_id.as_deref(), Some("srv-9"));
        assert_eq!(answer.content_disposition.as_deref(), Some("attachment; filename=gr\u{fc}n"));
        // Without a wait nobody asks what time it is there.
        assert_eq!(head("200 OK\nDate: x\nContent-Length: 0").unwrap().answer.date, None);
    }

    #[test]
    fn a_head_that_is_not_whole_is_part_of_one_at_every_place() {
        let bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        for end in 0..bytes.len() - 2 {
            assert!(matches!(parse(&bytes[..end]), Ok(ParsedHead::Partial)), "{end}");
        }
        assert!(matches!(parse(bytes), Ok(ParsedHead::Final(used, _)) if used == bytes.len() - 2));
        let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1";
        assert!(matches!(parse(interim), Ok(ParsedHead::Informational(used)) if used == interim.len() - 8));
    }
}
