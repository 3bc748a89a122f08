//! Faults of HTTP/1.1: how a response is framed.

use std::sync::Arc;

use super::super::fault::{Behavior, Claim, Exchange, Fault, Protocol, Response, status};
use super::super::ledger::Operation;
use super::{Step, encode, head, script, send};

pub fn faults() -> Vec<Fault> {
    let mut faults = cuts();
    faults.extend(heads());
    faults.extend(lengths());
    faults.extend(chunks());
    faults.extend(order());
    faults.into_iter().map(|fault| fault.over(Protocol::ONE)).collect()
}

/// Responses that end, or stop, before they are whole.
fn cuts() -> Vec<Fault> {
    // Where the response is cut: its head's length and its body's length to the place.
    type Place = fn(usize, usize) -> usize;
    let places: [(&str, Place); 7] = [
        ("status-line", |_, _| 7),
        ("header-name", |_, _| 25),
        ("blank-line", |head, _| head - 2),
        ("body-start", |head, _| head),
        ("body-middle", |head, body| head + body / 2),
        ("body-end", |head, body| head + body - 1),
        ("head-end", |head, _| head - 1),
    ];
    let ends = [
        ("cut", "Sends FIN in the middle of the response.", Step::Close),
        ("reset", "Sends RST in the middle of the response.", Step::Reset),
        ("stalled", "Stops in the middle of the response, for ever.", Step::Silence),
    ];
    let mut faults = Vec::new();
    for (verb, text, end) in ends {
        for (where_, place) in places {
            // Time-outs take time: three places of a kind are enough.
            let stalls = end == Step::Silence;
            if stalls && !matches!(where_, "status-line" | "blank-line" | "body-middle") {
                continue;
            }
            let end = end.clone();
            let behavior = script(move |exchange| {
                let bytes = encode(&exchange.good);
                let head = head(&exchange.good).len();
                vec![send(&bytes[..place(head, bytes.len() - head)]), end.clone()]
            });
            let fault = Fault::new(format!("{verb}-at-{where_}"), text, behavior).never_a_response();
            faults.push(if stalls { fault.stalling() } else { fault });
        }
    }
    faults.push(
        Fault::new(
            "trickle",
            "Sends the response one byte at a time, too slowly.",
            script(|exchange| vec![Step::Trickle(encode(&exchange.good), 8)]),
        )
        .never_a_response()
        .stalling(),
    );
    faults.push(
        Fault::new(
            "trickle-in-time",
            "Sends the response one byte at a time.",
            script(|exchange| vec![Step::Trickle(encode(&exchange.good), 0)]),
        )
        .must_be(&[Claim::Success]),
    );
    faults
}

fn heads() -> Vec<Fault> {
    let instead = |name: &str, text, bytes: Vec<u8>| {
        Fault::new(name, text, script(move |_| vec![Step::Send(bytes.clone()), Step::Close]))
            .never_a_response()
    };
    let with = |name: &str, text, header: String| {
        Fault::new(
            name,
            text,
            script(move |exchange| {
                let mut bytes = format!("HTTP/1.1 {} Said\r\n{header}", exchange.good.status).into_bytes();
                bytes.extend_from_slice(&encode(&exchange.good)[b"HTTP/1.1 200 Said\r\n".len()..]);
                vec![Step::Send(bytes)]
            }),
        )
    };
    let before = |name: &str, text, prefix: Vec<u8>| {
        Fault::new(
            name,
            text,
            script(move |exchange| vec![send(&prefix), Step::Send(encode(&exchange.good))]),
        )
    };
    let cookie = |size: usize| format!("set-cookie: {}\r\n", "c".repeat(size));
    vec![
        instead("garbage", "Answers with garbage.", b"\x15\x03garbage\r\n\r\n".to_vec()),
        instead("banner", "Answers with another protocol's banner.", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        instead("bare-body", "Answers with a body and no head.", b"{\"success\":true}".to_vec()),
        instead(
            "version-unknown",
            "Answers with a version that does not exist.",
            b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        ),
        instead(
            "status-of-two-digits",
            "Answers with a status code of two digits.",
            b"HTTP/1.1 20 OK\r\n\r\n".to_vec(),
        ),
        before(
            "informational-100",
            "Sends 100 before the response.",
            b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        )
        .must_be(&[Claim::Success]),
        before(
            "informational-103",
            "Sends 103 with headers before the response.",
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\ncontent-length: 7\r\n\r\n".to_vec(),
        )
        .must_be(&[Claim::Success]),
        before("blank-lines-before", "Sends blank lines before the response.", b"\r\n\r\n".to_vec()),
        instead(
            "informational-flood",
            "Sends 100 without end.",
            b"HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000),
        ),
        instead(
            "informational-101",
            "Switches to a protocol nobody asked for.",
            b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n".to_vec(),
        ),
        with("head-20k", "Sends a head of 20 kB.", cookie(1000).repeat(20)).must_be(&[Claim::Success]),
        with("head-60k", "Sends a head of 60 kB.", cookie(1000).repeat(59)).must_be(&[Claim::Success]),
        with("head-100k", "Sends a head of 100 kB.", cookie(1000).repeat(100)).never_a_response(),
        with("head-1000-headers", "Sends 1,000 headers.", "x: y\r\n".repeat(1000)),
        with("header-folded", "Folds a header over two lines.", "x-folded: one\r\n two\r\n".to_owned()),
        with("header-blank-before-colon", "Sends a blank before a colon.", "x-blank : one\r\n".to_owned()),
        with("header-without-colon", "Sends a header without a colon.", "nonsense\r\n".to_owned()),
        with("header-with-nul", "Sends a header with a NUL.", "x: a\0b\r\n".to_owned()),
    ]
}

fn lengths() -> Vec<Fault> {
    let framed = |name: &str, text, headers: &'static str, close: bool| {
        Fault::new(
            name,
            text,
            script(move |exchange| {
                let mut response = exchange.good.clone();
                response.with_length = false;
                let length = response.body.len();
                let headers = headers
                    .replace("{length}", &length.to_string())
                    .replace("{longer}", &(length + 20).to_string())
                    .replace("{shorter}", &(length - 5).to_string());
                let mut bytes = head(&response);
                bytes.truncate(bytes.len() - 2);
                bytes.extend_from_slice(headers.as_bytes());
                bytes.extend_from_slice(b"\r\n");
                bytes.extend_from_slice(&response.body);
                let mut steps = vec![Step::Send(bytes)];
                steps.extend(close.then_some(Step::Close));
                steps
            }),
        )
    };
    vec![
        framed("length-absent", "Says no length and ends the body with FIN.", "", true)
            .must_be(&[Claim::Success]),
        framed(
            "length-too-long",
            "Says a longer length, then sends FIN.",
            "content-length: {longer}\r\n",
            true,
        )
        .never_a_response(),
        framed("length-too-short", "Says a shorter length.", "content-length: {shorter}\r\n", false)
            .never_a_response(),
        framed(
            "length-twice",
            "Says two lengths.",
            "content-length: {length}\r\ncontent-length: {longer}\r\n",
            true,
        )
        .never_a_response(),
        framed("length-not-a-number", "Says a length that is no number.", "content-length: many\r\n", true)
            .never_a_response(),
        framed("length-negative", "Says a negative length.", "content-length: -1\r\n", true)
            .never_a_response(),
        framed(
            "length-huge",
            "Says a length beyond 64 bits.",
            "content-length: 99999999999999999999\r\n",
            true,
        )
        .never_a_response(),
        framed(
            "coding-unknown",
            "Uses a transfer coding nobody asked for.",
            "transfer-encoding: gzip\r\n",
            true,
        )
        .never_a_response(),
    ]
}

fn chunks() -> Vec<Fault> {
    let chunked = |name: &str, text, close: bool, frame: fn(&[u8]) -> Vec<u8>| {
        Fault::new(
            name,
            text,
            script(move |exchange| {
                let mut response = exchange.good.clone().header("transfer-encoding", "chunked");
                response.with_length = false;
                let mut bytes = head(&response);
                bytes.extend(frame(&response.body));
                let mut steps = vec![Step::Send(bytes)];
                steps.extend(close.then_some(Step::Close));
                steps
            }),
        )
    };
    fn chunk(body: &[u8]) -> Vec<u8> {
        [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat()
    }
    vec![
        chunked("chunks", "Sends the body in chunks.", false, |body| {
            [chunk(&body[..10]), chunk(&body[10..]), b"0\r\n\r\n".to_vec()].concat()
        })
        .must_be(&[Claim::Success]),
        chunked("chunks-with-trailers", "Sends trailers after the chunks.", false, |body| {
            [chunk(body), b"0\r\nx-trailer: one\r\n\r\n".to_vec()].concat()
        })
        .must_be(&[Claim::Success]),
        chunked("chunk-cut", "Sends FIN in a chunk.", true, |body| chunk(body)[..20].to_vec())
            .never_a_response(),
        chunked("chunk-missing-last", "Sends FIN instead of the last chunk.", true, chunk).never_a_response(),
        chunked("chunk-cut-in-trailers", "Sends FIN in the trailers.", true, |body| {
            [chunk(body), b"0\r\nx-trai".to_vec()].concat()
        })
        .never_a_response(),
        chunked("chunk-size-not-hex", "Says a chunk size that is no number.", true, |body| {
            [b"zz\r\n", body, b"\r\n0\r\n\r\n"].concat()
        })
        .never_a_response(),
        chunked("chunk-size-empty", "Says no chunk size.", true, |body| {
            [b"\r\n", body, b"\r\n0\r\n\r\n"].concat()
        })
        .never_a_response(),
        chunked("chunk-size-wrong", "Says a chunk size that is too small.", true, |body| {
            [b"5\r\n", body, b"\r\n0\r\n\r\n"].concat()
        })
        .never_a_response(),
        chunked("chunks-and-length", "Says a length and sends chunks.", true, |body| {
            [chunk(body), b"0\r\n\r\n".to_vec()].concat()
        }),
    ]
}

/// Responses at the wrong time.
fn order() -> Vec<Fault> {
    let other = || encode(&Response::json(200, status("another-session")));
    let early = Arc::new(|_: &Exchange| {
        let refusal =
            Response::json(403, r#"{"success":false,"message":"No"}"#).header("connection", "close");
        vec![Step::Send(encode(&refusal)), Step::Close]
    });
    vec![
        Fault::new(
            "response-twice",
            "Sends a second response, of another session, behind the first.",
            script(move |exchange| vec![Step::Send([encode(&exchange.good), other()].concat())]),
        )
        .must_be(&[Claim::Success]),
        Fault::new(
            "response-twice-later",
            "Sends a second response, of another session, a moment after the first.",
            script(move |exchange| {
                vec![Step::Send(encode(&exchange.good)), Step::Wait(30), Step::Send(other())]
            }),
        )
        .must_be(&[Claim::Success]),
        Fault::new(
            "refused-early",
            "Refuses before the request's body has come.",
            Behavior::AfterHead(early),
        )
        .refusing(&Operation::ALL)
        .must_be(&[Claim::Rejected, Claim::Unknown]),
        Fault::new(
            "connection-close",
            "Says that the connection ends with the response, and ends it.",
            script(|exchange| {
                let good = exchange.good.clone().header("connection", "close");
                vec![Step::Send(encode(&good)), Step::Close]
            }),
        )
        .must_be(&[Claim::Success]),
        Fault::new(
            "http-1-0",
            "Answers as HTTP/1.0.",
            script(|exchange| {
                let mut bytes = encode(&exchange.good);
                bytes[7] = b'0';
                vec![Step::Send(bytes), Step::Close]
            }),
        )
        .must_be(&[Claim::Success]),
    ]
}
