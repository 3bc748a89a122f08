//! Faults of HTTP/2.

use super::super::fault::{Behavior, Claim, Exchange, Fault, Protocol};
use super::super::frames::*;
use super::super::http2::{block, encode};
use super::{Step, script, send};

pub fn faults() -> Vec<Fault> {
    let mut faults = resets();
    faults.extend(goaways());
    faults.extend(openings());
    faults.extend(header_blocks());
    faults.extend(bodies());
    faults.into_iter().map(|fault| fault.over(Protocol::TWO)).collect()
}

/// Does this after a whole request: what is said of the stream.
fn frames(
    name: &str,
    text: &'static str,
    bytes: impl Fn(&Exchange) -> Vec<u8> + Send + Sync + 'static,
) -> Fault {
    Fault::new(name, text, script(move |exchange| vec![Step::Send(bytes(exchange))]))
}

fn head_of(exchange: &Exchange) -> Vec<u8> {
    headers(exchange.stream, 0, &block(&exchange.good))
}

fn half_of(exchange: &Exchange) -> Vec<u8> {
    let body = &exchange.good.body;
    [head_of(exchange), data(exchange.stream, 0, &body[..body.len() / 2])].concat()
}

fn early_hints(exchange: &Exchange) -> Vec<u8> {
    let link = ("link".to_owned(), "</style.css>".to_owned());
    headers(exchange.stream, 0, &super::super::frames::block(103, &[link]))
}

fn resets() -> Vec<Fault> {
    let after = |name: &str, text, before: fn(&Exchange) -> Vec<u8>, code: u32| {
        frames(name, text, move |exchange| [before(exchange), reset(exchange.stream, code)].concat())
            .never_a_response()
    };
    let nothing: fn(&Exchange) -> Vec<u8> = |_| Vec::new();
    vec![
        after("h2-refused-stream", "Refuses the stream (REFUSED_STREAM).", nothing, REFUSED_STREAM)
            .disclaiming()
            .must_be(&[Claim::NotSent]),
        after("h2-refused-after-103", "Acts, sends 103, then REFUSED_STREAM.", early_hints, REFUSED_STREAM),
        after(
            "h2-refused-after-headers",
            "Acts, sends HEADERS, then REFUSED_STREAM.",
            head_of,
            REFUSED_STREAM,
        ),
        after("h2-refused-after-data", "Acts, sends a part, then REFUSED_STREAM.", half_of, REFUSED_STREAM),
        after("h2-no-error", "Acts, then RST_STREAM with NO_ERROR.", nothing, NO_ERROR),
        after("h2-no-error-after-headers", "RST_STREAM with NO_ERROR after HEADERS.", head_of, NO_ERROR),
        after("h2-no-error-in-body", "RST_STREAM with NO_ERROR in the body.", half_of, NO_ERROR),
        after("h2-cancel", "Acts, then RST_STREAM with CANCEL.", nothing, CANCEL),
        after("h2-cancel-in-body", "RST_STREAM with CANCEL in the body.", half_of, CANCEL),
        after("h2-internal-error", "Acts, then RST_STREAM with INTERNAL_ERROR.", nothing, INTERNAL_ERROR),
        after("h2-protocol-error", "Acts, then RST_STREAM with PROTOCOL_ERROR.", nothing, PROTOCOL_ERROR),
        after("h2-calm-stream", "Acts, then RST_STREAM with ENHANCE_YOUR_CALM.", nothing, ENHANCE_YOUR_CALM),
        after("h2-http-1-1-required", "Acts, then asks for HTTP/1.1.", nothing, HTTP_1_1_REQUIRED),
        after("h2-code-unknown", "Acts, then RST_STREAM with an unknown code.", nothing, 0xdead),
        frames(
            "h2-no-error-after-response",
            "RST_STREAM with NO_ERROR after a whole response.",
            |exchange| [encode(exchange.stream, &exchange.good), reset(exchange.stream, NO_ERROR)].concat(),
        )
        .must_be(&[Claim::Success]),
    ]
}

fn goaways() -> Vec<Fault> {
    let then_close = |name: &str, text, bytes: fn(&Exchange) -> Vec<u8>| {
        Fault::new(name, text, script(move |exchange| vec![Step::Send(bytes(exchange)), Step::Close]))
            .never_a_response()
    };
    vec![
        Fault::new(
            "h2-goaway-at-open",
            "Sends GOAWAY before any request.",
            Behavior::AtOpen(vec![send([settings(&[]), goaway(0, NO_ERROR)].concat()), Step::Close]),
        )
        .disclaiming()
        .never_a_response(),
        then_close("h2-goaway-lower", "Sends GOAWAY that excludes the stream; does nothing.", |exchange| {
            goaway(exchange.stream.saturating_sub(2), NO_ERROR)
        })
        .disclaiming(),
        then_close(
            "h2-goaway-lower-acted",
            "Acts, sends HEADERS, then GOAWAY that excludes the stream.",
            |e| [head_of(e), goaway(e.stream.saturating_sub(2), NO_ERROR)].concat(),
        ),
        then_close(
            "h2-goaway-included",
            "Acts, then GOAWAY that includes the stream, and FIN.",
            |exchange| goaway(exchange.stream, NO_ERROR),
        ),
        then_close("h2-goaway-in-body", "GOAWAY with NO_ERROR in the body, and FIN.", |exchange| {
            [half_of(exchange), goaway(exchange.stream, NO_ERROR)].concat()
        }),
        then_close("h2-goaway-calm", "Acts, then GOAWAY with ENHANCE_YOUR_CALM, and FIN.", |exchange| {
            goaway(exchange.stream, ENHANCE_YOUR_CALM)
        }),
        frames("h2-goaway-then-response", "Sends GOAWAY, then the response.", |exchange| {
            [goaway(exchange.stream, NO_ERROR), encode(exchange.stream, &exchange.good)].concat()
        })
        .must_be(&[Claim::Success]),
    ]
}

/// Connections that begin badly.
fn openings() -> Vec<Fault> {
    let open = |name: &str, text, steps| Fault::new(name, text, Behavior::AtOpen(steps));
    vec![
        open("h2-black-hole", "Accepts the connection, never sends a frame.", vec![Step::Silence])
            .never_a_response()
            .stalling(),
        open(
            "h2-silent-after-settings",
            "Sends SETTINGS, then nothing, not even acknowledgements.",
            vec![Step::Send(settings(&[])), Step::Silence],
        )
        .never_a_response()
        .stalling(),
        open(
            "h2-requests-unanswered",
            "Acknowledges PINGs and answers no request.",
            vec![Step::Send(settings(&[])), Step::Hold],
        )
        .never_a_response()
        .stalling(),
        open("h2-settings-missing", "Sends no SETTINGS.", vec![]),
        open("h2-settings-late", "Sends SETTINGS late.", vec![Step::Wait(50), Step::Send(settings(&[]))])
            .must_be(&[Claim::Success]),
        open(
            "h2-streams-0-then-100",
            "Allows no stream at first, then 100.",
            vec![
                Step::Send(settings(&[(MAX_CONCURRENT_STREAMS, 0)])),
                Step::Wait(50),
                Step::Send(settings(&[(MAX_CONCURRENT_STREAMS, 100)])),
            ],
        )
        .must_be(&[Claim::Success]),
        open(
            "h2-streams-0",
            "Never allows a stream.",
            vec![Step::Send(settings(&[(MAX_CONCURRENT_STREAMS, 0)]))],
        )
        .stalling(),
        open(
            "h2-streams-1",
            "Allows one stream.",
            vec![Step::Send(settings(&[(MAX_CONCURRENT_STREAMS, 1)]))],
        )
        .must_be(&[Claim::Success]),
        open(
            "h2-window-0",
            "Allows no byte of a body, ever.",
            vec![Step::Send(settings(&[(INITIAL_WINDOW_SIZE, 0)]))],
        )
        .stalling(),
        open(
            "h2-http-1-instead",
            "Answers as HTTP/1.1.",
            vec![send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), Step::Close],
        )
        .never_a_response(),
        open("h2-garbage", "Sends garbage.", vec![Step::Send(vec![0xff; 64]), Step::Close])
            .never_a_response(),
    ]
}

fn header_blocks() -> Vec<Fault> {
    let with_headers = |name: &str, text, size: usize| {
        frames(name, text, move |exchange| {
            let mut good = exchange.good.clone();
            for number in 0..size / 1000 {
                good = good.header(&format!("x-filler-{number}"), &"f".repeat(1000));
            }
            encode(exchange.stream, &good)
        })
    };
    vec![
        with_headers("h2-head-17k", "Sends a header block of 17 kB.", 17_000).must_be(&[Claim::Success]),
        with_headers("h2-head-40k", "Sends a header block of 40 kB.", 40_000).must_be(&[Claim::Success]),
        with_headers("h2-head-100k", "Sends a header block of 100 kB.", 100_000).never_a_response(),
        frames("h2-continuation", "Splits the header block into many frames.", |exchange| {
            let block = block(&exchange.good);
            let mut bytes = frame(HEADERS, 0, exchange.stream, &block[..1]);
            for byte in &block[1..block.len() - 1] {
                bytes.extend(frame(CONTINUATION, 0, exchange.stream, &[*byte]));
            }
            bytes.extend(frame(CONTINUATION, END_HEADERS, exchange.stream, &block[block.len() - 1..]));
            bytes.extend(data(exchange.stream, END_STREAM, &exchange.good.body));
            bytes
        }),
        frames("h2-continuation-flood", "Sends CONTINUATION frames without end.", |exchange| {
            let mut bytes = frame(HEADERS, 0, exchange.stream, &block(&exchange.good));
            for _ in 0..20_000 {
                bytes.extend(frame(CONTINUATION, 0, exchange.stream, &[]));
            }
            bytes
        })
        .never_a_response()
        .stalling(),
        frames("h2-header-block-broken", "Sends a header block that cannot be decoded.", |exchange| {
            headers(exchange.stream, 0, &[0xff; 20])
        })
        .never_a_response(),
        frames("h2-status-missing", "Sends a response without a status.", |exchange| {
            let block = [0, 1, b'x', 1, b'y'];
            [headers(exchange.stream, 0, &block), data(exchange.stream, END_STREAM, b"{}")].concat()
        })
        .never_a_response(),
        frames("h2-informational-103", "Sends 103 before the response.", |exchange| {
            [early_hints(exchange), encode(exchange.stream, &exchange.good)].concat()
        })
        .must_be(&[Claim::Success]),
        frames("h2-informational-flood", "Sends 103 without end.", |exchange| {
            early_hints(exchange).repeat(20_000)
        })
        .never_a_response()
        .stalling(),
    ]
}

fn bodies() -> Vec<Fault> {
    vec![
        frames("h2-body-too-short", "Ends the stream before the body is as long as was said.", |exchange| {
            [half_of(exchange), data(exchange.stream, END_STREAM, &[])].concat()
        })
        .never_a_response(),
        frames("h2-body-missing", "Says a length and ends the stream with the head.", |exchange| {
            headers(exchange.stream, END_STREAM, &block(&exchange.good))
        })
        .never_a_response(),
        frames("h2-body-too-long", "Sends more body than was said.", |exchange| {
            let more = [&exchange.good.body[..], b"     "].concat();
            [head_of(exchange), data(exchange.stream, END_STREAM, &more)].concat()
        })
        .never_a_response(),
        frames("h2-data-before-headers", "Sends a body without a head.", |exchange| {
            data(exchange.stream, END_STREAM, &exchange.good.body)
        })
        .never_a_response(),
        frames("h2-data-on-stream-0", "Sends a body on the stream of the connection.", |exchange| {
            [head_of(exchange), data(0, END_STREAM, &exchange.good.body)].concat()
        })
        .never_a_response(),
        frames("h2-frame-too-large", "Sends a frame that is larger than allowed.", |exchange| {
            [head_of(exchange), data(exchange.stream, END_STREAM, &vec![b' '; 20_000])].concat()
        })
        .never_a_response(),
        frames("h2-push", "Pushes a response nobody asked for.", |exchange| {
            let promised = [&2_u32.to_be_bytes()[..], &block(&exchange.good)].concat();
            frame(PUSH_PROMISE, END_HEADERS, exchange.stream, &promised)
        })
        .never_a_response(),
        frames("h2-window-overflow", "Opens the window of the stream beyond its limit.", |exchange| {
            frame(WINDOW_UPDATE, 0, exchange.stream, &0x7fff_ffff_u32.to_be_bytes()).repeat(2)
        })
        // The client has no use for the window of a request that it has sent, and waits on.
        .stalling()
        .never_a_response(),
        frames("h2-unknown-frame", "Sends a frame of an unknown type before the response.", |exchange| {
            [frame(0xbe, 0, exchange.stream, b"?"), encode(exchange.stream, &exchange.good)].concat()
        })
        .must_be(&[Claim::Success]),
        frames("h2-settings-flood", "Sends SETTINGS without end, then the response.", |exchange| {
            [settings(&[]).repeat(500), encode(exchange.stream, &exchange.good)].concat()
        }),
        Fault::new(
            "h2-cut-in-frame",
            "Sends FIN in the middle of a frame.",
            script(|exchange| {
                let bytes = encode(exchange.stream, &exchange.good);
                vec![send(&bytes[..bytes.len() - 9]), Step::Close]
            }),
        )
        .never_a_response(),
        Fault::new(
            "h2-stalled-in-body",
            "Stops in the middle of the body.",
            script(|exchange| vec![Step::Send(half_of(exchange)), Step::Hold]),
        )
        .never_a_response()
        .stalling(),
        Fault::new(
            "h2-silent-in-body",
            "Goes silent in the middle of the body.",
            script(|exchange| vec![Step::Send(half_of(exchange)), Step::Silence]),
        )
        .never_a_response()
        .stalling(),
    ]
}
