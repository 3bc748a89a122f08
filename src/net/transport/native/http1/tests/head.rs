//! Tests of heads and trailers.

use super::super::head::{BodyFraming, Head, ParseError, ParsedHead, Trailers, parse, parse_trailers};
use super::*;

fn head(lines: &str) -> Result<Head, ParseError> {
    let bytes = format!("HTTP/1.1 {}\r\n\r\n", lines.replace('\n', "\r\n"));
    match parse(bytes.as_bytes())? {
        ParsedHead::Final { length, head } => {
            assert_eq!(length, bytes.len());
            Ok(head)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_head_determines_the_framing_and_whether_the_connection_stays_open() {
    for (lines, body, keeps) in [
        ("200 OK\nContent-Length: 12", BodyFraming::Length(12), true),
        ("200\ncontent-length:12", BodyFraming::Length(12), true),
        ("200 OK\nContent-Length: 5, 5\nContent-Length: 5", BodyFraming::Length(5), true),
        ("200 OK\nTransfer-Encoding: chunked", BodyFraming::Chunked, true),
        ("200 OK\nTRANSFER-ENCODING: Chunked\nContent-Length: 3", BodyFraming::Chunked, false),
        ("200 OK", BodyFraming::CloseDelimited, false),
        ("204 No Content", BodyFraming::Length(0), true),
        ("204 No Content\nContent-Length: 0", BodyFraming::Length(0), true),
        ("204 No Content\nContent-Length: 5", BodyFraming::Length(0), false),
        ("204 No Content\nTransfer-Encoding: chunked", BodyFraming::Length(0), false),
        ("304 Not Modified\nContent-Length: 9", BodyFraming::Length(0), true),
        ("200 OK\nContent-Length: 1\nConnection: Close", BodyFraming::Length(1), false),
        ("200 OK\nContent-Length: 1\nConnection: x, close", BodyFraming::Length(1), false),
        ("200 OK\nContent-Length: 1\nConnection: keep-alive", BodyFraming::Length(1), true),
    ] {
        let head = head(lines).unwrap();
        assert_eq!((head.framing, head.keep_alive && !head.ambiguous), (body, keeps), "{lines}");
    }
}

#[test]
fn an_http_1_0_connection_stays_open_only_with_keep_alive() {
    for (more, keeps) in [("", false), ("Connection: keep-alive\r\n", true)] {
        let bytes = format!("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n{more}\r\n");
        let ParsedHead::Final { head, .. } = parse(bytes.as_bytes()).unwrap() else { panic!("not final") };
        assert_eq!((head.framing, head.keep_alive && !head.ambiguous), (BodyFraming::Length(1), keeps));
    }
}

#[test]
fn a_head_with_contradicting_or_invalid_framing_is_refused() {
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
        "200 OK\n : 5",
        "200 OK\nContent Length: 5",
        "200 OK\nContent-Length : 5\nContent-Length: 6",
        "200 OK\nContent-Length: 5,\n 6",
        "200 OK\nContent-Length: 5\n 5",
        "200 OK\nTransfer-Encoding: chunked,\n chunked",
        "200 OK\nTransfer-Encoding: chun\n ked",
        "200 OK\nTransfer-Encoding : gzip",
        "200 OK\nX: y\n z\0",
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
fn the_first_of_each_header_that_calls_need_is_stored() {
    let lines = "429 Too Many Requests\nRetry-After: 7\nDATE: Sun, 01 Jan 2023 00:00:00 GMT\n\
                 content-type: text/html\nContent-Type: application/json\nX-Request-ID: srv-9\n\
                 Content-Disposition: attachment; filename=gr\u{fc}n\nContent-Length: 0";
    let response = head(lines).unwrap().response;
    assert_eq!(response.status, 429);
    assert_eq!(response.retry_after.as_deref(), Some("7"));
    assert_eq!(response.date.as_deref(), Some("Sun, 01 Jan 2023 00:00:00 GMT"));
    assert_eq!(response.content_type.as_deref(), Some("text/html"));
    assert_eq!(response.request_id.as_deref(), Some("srv-9"));
    assert_eq!(response.content_disposition.as_deref(), Some("attachment; filename=gr\u{fc}n"));
    // The date is only needed together with Retry-After.
    assert_eq!(head("200 OK\nDate: x\nContent-Length: 0").unwrap().response.date, None);
}

#[test]
fn an_incomplete_head_is_partial_wherever_it_ends() {
    let bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    for end in 0..bytes.len() - 2 {
        assert!(matches!(parse(&bytes[..end]), Ok(ParsedHead::Partial)), "{end}");
    }
    assert!(matches!(parse(bytes), Ok(ParsedHead::Final { length, .. }) if length == bytes.len() - 2));
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1";
    assert!(
        matches!(parse(interim), Ok(ParsedHead::Informational { length, ambiguous: false }) if length == interim.len() - 8)
    );
}

#[test]
fn folded_lines_and_spaces_before_a_colon_are_accepted_and_the_connection_is_not_reused() {
    for (lines, framing) in [
        ("200 OK\nContent-Length : 5", BodyFraming::Length(5)),
        ("200 OK\nContent-Length \t :5", BodyFraming::Length(5)),
        ("200 OK\nContent-Length:\n 5", BodyFraming::Length(5)),
        ("200 OK\nContent-Length:\n\t \n 5", BodyFraming::Length(5)),
        ("200 OK\nContent-Length: 5,\n\t5", BodyFraming::Length(5)),
        ("200 OK\nTransfer-Encoding : chunked", BodyFraming::Chunked),
        ("200 OK\nTransfer-Encoding:\n chunked", BodyFraming::Chunked),
        ("200 OK\nX: y\n z\nContent-Length: 5", BodyFraming::Length(5)),
        ("200 OK\nX: y\n \nContent-Length: 5", BodyFraming::Length(5)),
        ("204 No Content\nX: y\n\tz", BodyFraming::Length(0)),
    ] {
        let head = head(lines).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
        assert_eq!((head.framing, head.ambiguous, head.keep_alive), (framing, true, true), "{lines:?}");
    }
    let closes = head("200 OK\nContent-Length: 0\nConnection: x,\n close").unwrap();
    assert!(!closes.keep_alive);
}

#[test]
fn a_line_folding_becomes_one_space() {
    for (lines, value) in [
        ("Content-Type: text/html;\n charset=utf-8", "text/html; charset=utf-8"),
        ("Content-Type: text/html; \t\n \t charset=utf-8", "text/html; charset=utf-8"),
        ("Content-Type:\n text/html", "text/html"),
        ("Content-Type: a\n b\n\tc", "a b c"),
        ("Content-Type \t: a", "a"),
    ] {
        let response = head(&format!("200 OK\nContent-Length: 0\n{lines}")).unwrap().response;
        let stored = response.content_type.as_deref().map(|text| text.trim_start());
        assert_eq!(stored, Some(value), "{lines:?}");
    }
}

#[test]
fn an_incomplete_obsolete_head_is_partial_wherever_it_ends() {
    for bytes in
        ["HTTP/1.1 200 OK\r\nX : y\r\n z\r\nContent-Length:\r\n 2\r\n\r\n", "HTTP/1.1 103 x\r\nX : y\r\n\r\n"]
    {
        for end in 0..bytes.len() {
            assert!(matches!(parse(&bytes.as_bytes()[..end]), Ok(ParsedHead::Partial)), "{bytes:?} at {end}");
        }
    }
    let informational = parse(b"HTTP/1.1 103 x\r\nX : y\r\n\r\n");
    assert!(matches!(informational, Ok(ParsedHead::Informational { ambiguous: true, .. })));
}

#[test]
fn trailers_in_obsolete_syntax_are_skipped() {
    for (bytes, ambiguous) in [
        ("\r\n", false),
        ("X: y\r\n\r\n", false),
        ("X : y\r\n\r\n", true),
        ("X: y\r\n z\r\nY: z\r\n\r\n", true),
    ] {
        for end in 0..bytes.len() {
            assert_eq!(parse_trailers(&bytes.as_bytes()[..end]), Ok(None), "{bytes:?} at {end}");
        }
        let followed = format!("{bytes}HTTP/1.1 200 OK\r\n");
        let trailers = Trailers { length: bytes.len(), ambiguous };
        assert_eq!(parse_trailers(followed.as_bytes()), Ok(Some(trailers)), "{bytes:?}");
    }
    for bytes in
        ["\n", "X: y\n\r\n", "X: y\r\n\n", "X: y\n z\r\n\r\n", " X: y\r\n\r\n", "X y\r\n\r\n", "\rX\r\n"]
    {
        assert!(parse_trailers(bytes.as_bytes()).is_err(), "{bytes:?}");
    }
    let many = "x: y\r\n".repeat(MAX_HEADERS + 1);
    assert!(parse_trailers(format!("{many}\r\n").as_bytes()).is_err());
}
