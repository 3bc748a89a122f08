//! Tests with several responses on one connection: a response must not influence the next response.

use super::oracle::{for_each_seed, receive_by_hyper};
use super::random::Random;
use super::*;
use crate::test_support::length::rounds;

/// Returns headers with at least this total length.
fn cookies(length: usize) -> String {
    let line = format!("Set-Cookie: {}\r\n", "c".repeat(986));
    line.repeat(length.div_ceil(line.len()))
}

/// Sends a request for each response while the connection can be reused.
async fn receive_all(
    script: Script,
    is_buffered: bool,
    count: usize,
) -> Vec<Result<Response, TransportError>> {
    let mut http1 = Http1::new(script, is_buffered);
    let mut answers = Vec::new();
    while answers.len() < count && http1.is_reusable() {
        answers.push(ask(&mut http1).await);
        if is_buffered {
            // The pool does the same. It is called twice, because every second read returns
            // pending.
            http1.poll_unsolicited();
            http1.poll_unsolicited();
        }
    }
    answers
}

#[test]
fn a_response_after_a_response_with_a_large_head_is_read() {
    let small = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_vec();
    for length in [0, 4_000, 12_000, 16_300, 16_400, 17_000, 33_000, 64_000] {
        let head = format!("HTTP/1.1 200 OK\r\n{}", cookies(length));
        for (large, body) in [
            (format!("{head}Content-Length: 5\r\n\r\nfirst"), "first"),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"), "first"),
            (format!("{head}Content-Length: 0\r\n\r\n"), ""),
            (format!("HTTP/1.1 103 Early Hints\r\n{}\r\n{}", cookies(length), WHOLE[1].0), ""),
            (format!("HTTP/1.1 304 Not Modified\r\n{}\r\n", cookies(length)), ""),
        ] {
            let large = large.into_bytes();
            for (is_buffered, piece) in [(false, 100_000), (true, 100_000), (false, 1_000), (true, 1_000)] {
                let large: Vec<Vec<u8>> = large.chunks(piece).map(<[u8]>::to_vec).collect();
                let responses = [large.clone(), vec![small.clone()], large, vec![small.clone()]];
                let script = Script { stays_open: true, ..Script::sequence(responses) };
                let answers = block_on(receive_all(script, is_buffered, 4));
                let bodies: Vec<_> = answers.into_iter().map(|response| response.unwrap().body).collect();
                assert_eq!(bodies, [body.as_bytes(), b"hello", body.as_bytes(), b"hello"], "{length}");
            }
        }
    }
}

#[test]
fn a_head_may_have_64_kib_and_one_byte_more_fails_only_that_call() {
    let response = |head_length: usize, informational: bool| {
        let end = "Content-Length: 2\r\n\r\n";
        let mut head = if informational {
            format!("HTTP/1.1 103 Early Hints\r\n{}\r\nHTTP/1.1 200 OK\r\n", cookies(30_000))
        } else {
            "HTTP/1.1 200 OK\r\n".to_owned()
        };
        head.push_str(&cookies(30_000));
        let missing = head_length - head.len() - end.len();
        head.push_str(&format!("X: {}\r\n{end}", "x".repeat(missing - 5)));
        assert_eq!(head.len(), head_length);
        (head + "hi").into_bytes()
    };
    for informational in [false, true] {
        for piece in [100, 1_460, 4_096, 65_535, 65_536, 65_537, 100_000] {
            let pieces = |length| -> Vec<Vec<u8>> {
                response(length, informational).chunks(piece).map(<[u8]>::to_vec).collect()
            };
            let script =
                Script::sequence([pieces(MAX_HEAD), pieces(MAX_HEAD), pieces(MAX_HEAD + 1), pieces(100_000)]);
            let answers = block_on(receive_all(script, false, 4));
            assert_eq!(answers.len(), 3, "the connection ends with the head that is too long");
            for response in &answers[..2] {
                assert_eq!(response.as_ref().unwrap().body, b"hi", "pieces of {piece}");
            }
            let failure = answers[2].as_ref().unwrap_err();
            assert_eq!(failure.kind, TransportErrorKind::InvalidHttp, "pieces of {piece}");
            assert!(failure.message.contains("65536"), "{failure:?}");
        }
    }
}

#[test]
fn the_limit_of_chunk_extensions_and_trailers_does_not_depend_on_the_pieces() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extension =
        |length: usize| format!("{head}0000000000000001;{}\r\nx\r\n0\r\n\r\n", "e".repeat(length - 1));
    let trailers = |length: usize| format!("{head}1\r\nx\r\n0\r\nX: {}\r\n\r\n", "t".repeat(length - 7));
    for make in [&extension as &dyn Fn(usize) -> String, &trailers] {
        for piece in [1, 100, 4_096, 8_191, 8_192, 8_193, 100_000] {
            for (length, fits) in [(MAX_CHUNK_OVERHEAD, true), (MAX_CHUNK_OVERHEAD + 1, false)] {
                let (response, reusable) = receive_pieces(make(length).as_bytes().chunks(piece));
                assert_eq!(
                    (response.is_ok(), reusable),
                    (fits, fits),
                    "{length} in pieces of {piece}: {response:?}"
                );
            }
        }
    }
}

#[test]
fn a_sequence_is_read_the_same_wherever_its_responses_are_divided() {
    for (first, first_body, _) in WHOLE.iter().filter(|(_, _, reusable)| *reusable) {
        for (second, second_body, _) in &WHOLE {
            for cut in 0..first.len().max(second.len()) {
                let pieces = |text: &str| {
                    let (before, after) = text.as_bytes().split_at(cut.min(text.len()));
                    vec![before.to_vec(), after.to_vec()]
                };
                let script = Script::sequence([pieces(first), pieces(second)]);
                let answers = block_on(receive_all(script, false, 2));
                let bodies: Vec<_> =
                    answers.iter().flatten().map(|response| response.body.as_slice()).collect();
                let expected = [first_body.as_bytes(), second_body.as_bytes()];
                assert_eq!(bodies, expected, "{first:?} and {second:?}, cut at {cut}");
            }
        }
    }
}

#[test]
fn a_connection_that_is_not_reusable_sends_nothing() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
        "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n z\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let script = Script::new([response]);
        let received = Arc::clone(&script.received);
        let mut http1 = Http1::new(script, false);
        drop(block_on(ask(&mut http1)));
        let first = received.lock().unwrap().len();
        let attempt = AttemptStatus::default();
        let failure = block_on(http1.round_trip(&request(), MAX_BODY, &attempt)).unwrap_err();
        assert_eq!(
            (failure.kind, attempt.may_be_sent()),
            (TransportErrorKind::ConnectionClosed, false),
            "{response:?}"
        );
        assert_eq!(received.lock().unwrap().len(), first, "{response:?}");
    }
}

/// A response with its expected result.
struct Planned {
    bytes: Vec<u8>,
    status: u16,
    body: Vec<u8>,
    /// The total length of the heads.
    head: usize,
    /// Whether the connection ends after the response.
    closes: bool,
    /// Whether a head or the trailers have obsolete syntax.
    obsolete: bool,
}

impl Random {
    fn planned(&mut self, is_last: bool) -> Planned {
        let (mut bytes, mut obsolete, mut closes) = (String::new(), false, false);
        let informational = [0, 0, 0, 1, 2][self.below(5)];
        for _ in 0..informational {
            bytes.push_str(self.one_of(&["HTTP/1.1 103 Early Hints\r\n", "HTTP/1.1 100 Continue\r\n"]));
            bytes.push_str(&self.filler(20));
            bytes.push_str("\r\n");
        }
        let bodiless = self.below(5) == 0;
        let status = match bodiless {
            true => [204, 304][self.below(2)],
            false => [200, 201, 404, 503][self.below(4)],
        };
        bytes.push_str(&format!("HTTP/1.1 {status} Reason\r\n"));
        bytes.push_str(&self.filler(4));
        if self.below(8) == 0 {
            obsolete = true;
            bytes.push_str(self.one_of(&["X : y\r\n", "X: y\r\n z\r\n", "X:\r\n\ty\r\n", "X: y\r\n \r\n"]));
        }
        if self.below(8) == 0 {
            closes = true;
            bytes.push_str("Connection: close\r\n");
        }
        let length = if bodiless { 0 } else { [0, 1, 100, 5_000, 30_000][self.below(5)] };
        let body = (0..length).map(|_| b"\r\n0123456789abcdef"[self.below(18)]).collect::<Vec<u8>>();
        let mut framed = body.clone();
        match self.below(5) {
            _ if bodiless => {}
            0 if is_last => closes = true,
            0..=2 => bytes.push_str(&format!("Content-Length: {length}\r\n")),
            _ => {
                bytes.push_str("Transfer-Encoding: chunked\r\n");
                framed = self.chunked(&body);
            }
        }
        bytes.push_str("\r\n");
        let head = bytes.len();
        let bytes = [bytes.as_bytes(), &framed].concat();
        Planned { bytes, status, body, head, closes, obsolete }
    }

    /// Returns headers. With a probability of 1 / `rarity` they have up to 70 kB.
    fn filler(&mut self, rarity: usize) -> String {
        match self.below(rarity) {
            0 => {
                let length = [0, 16_000, 16_384, 32_000, 62_000, 65_000, 70_000][self.below(7)];
                let mut lines = String::new();
                while lines.len() < length {
                    lines.push_str(&format!("Set-Cookie: {}\r\n", "c".repeat(800 + self.below(2_000))));
                }
                lines
            }
            1 => "Content-Type: application/json\r\nX-Request-Id: 1\r\n".to_owned(),
            _ => String::new(),
        }
    }

    fn chunked(&mut self, body: &[u8]) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), body);
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(1 + self.below(rest.len()));
            let extension = self.one_of(&["", "", ";x", " ;x=\"y\""]);
            bytes.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
            rest = after;
        }
        bytes.extend_from_slice(self.one_of(&["0\r\n\r\n", "0\r\n\r\n", "0;x\r\nX: y\r\n\r\n"]).as_bytes());
        bytes
    }

    /// Divides a response at random positions, and small responses also into single bytes.
    fn segments(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        match self.below(4) {
            0 => vec![bytes.to_vec()],
            1 => {
                let length = if bytes.len() < 1_000 { 1 + self.below(20) } else { 1_000 + self.below(4_000) };
                bytes.chunks(length).map(<[u8]>::to_vec).collect()
            }
            _ => self.pieces(bytes),
        }
    }
}

/// The end of a sequence.
#[derive(Debug, PartialEq)]
enum Ended {
    AllRead,
    Closed,
    HeadTooLong,
    Obsolete,
}

async fn compare(seed: u64) -> Ended {
    let mut random = Random(seed);
    let count = 1 + random.below(5);
    let planned: Vec<Planned> = (0..count).map(|index| random.planned(index + 1 == count)).collect();
    let segments: Vec<Vec<Vec<u8>>> = planned.iter().map(|one| random.segments(&one.bytes)).collect();
    // A server that announces the end of the connection closes it; other servers wait.
    let stays_open = !planned.iter().any(|one| one.closes);
    let script = || Script { stays_open, ..Script::sequence(segments.clone()) };
    let is_buffered = random.below(2) == 0;

    let ours = receive_all(script(), is_buffered, count).await;
    let mut ended = Ended::AllRead;
    let mut expected = 0;
    for (index, one) in planned.iter().enumerate() {
        expected += 1;
        let at = || format!("SEED={seed}, response {index}, head of {} bytes", one.head);
        let response = ours.get(index).unwrap_or_else(|| panic!("{}: not received", at()));
        if one.head > MAX_HEAD {
            let failure = response.as_ref().err().map(|failure| failure.kind);
            assert_eq!(failure, Some(TransportErrorKind::InvalidHttp), "{}", at());
            ended = Ended::HeadTooLong;
            break;
        }
        let response = response.as_ref().unwrap_or_else(|failure| panic!("{}: {failure:?}", at()));
        assert_eq!((response.status, &response.body), (one.status, &one.body), "{}", at());
        if one.closes || one.obsolete {
            ended = if one.closes { Ended::Closed } else { Ended::Obsolete };
            break;
        }
    }
    assert_eq!(ours.len(), expected, "SEED={seed}");

    // Known differences: hyper reads heads of about 400 kB, and reuses a connection after obsolete
    // syntax.
    let (theirs, _) = receive_by_hyper(script(), count).await;
    let until_closed = planned.iter().position(|one| one.closes).map_or(count, |index| index + 1);
    assert_eq!(theirs.len(), until_closed, "SEED={seed}");
    for (one, (status, body)) in planned.iter().zip(&theirs) {
        assert_eq!((one.status, &one.body), (*status, body), "SEED={seed}");
    }
    ended
}

/// `ROUNDS` and `SEED` have the same meaning as for single responses.
#[test]
fn random_sequences_of_responses_are_read_the_same_as_by_hyper() {
    let seen = for_each_seed(rounds(600, 120), compare);
    for kind in [Ended::AllRead, Ended::Closed, Ended::HeadTooLong, Ended::Obsolete] {
        let count = seen.iter().filter(|one| **one == kind).count();
        assert!(seen.len() < 100 || count > seen.len() / 50, "{kind:?}: {count} of {}", seen.len());
    }
}
