//! A response is decoded in the same way alone and after others on one connection, wherever the bytes are divided,
//! and the decoder stops at the same byte.
//!
//! The input: a byte of flags, a byte with the number of segment sizes, these sizes, and the bytes of the connection.
//! A byte 1 in them stands for 5,000 letters, so that short inputs make heads and bodies longer than the buffers.
#![no_main]

use iplaygames::internals::{Http1Decoder, Http1Response};
use libfuzzer_sys::fuzz_target;

/// Small, so that bodies beyond the limit are found often.
const MAX_BODY: usize = 20_000;
const MAX_RESPONSES: usize = 16;
const MAX_EXPANSIONS: usize = 30;

fuzz_target!(|input: &[u8]| {
    let [flags, count, rest @ ..] = input else { return };
    let (direct, closes) = (flags & 1 != 0, flags & 2 != 0);
    let (sizes, rest) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let bytes = expand(rest);

    // Each response alone: a decoder of its own, and all bytes at once.
    let (mut alone, mut end): (Vec<Http1Response>, usize) = (Vec::new(), 0);
    while end < bytes.len() && alone.len() < MAX_RESPONSES {
        let Ok(response) = Http1Decoder::default().decode(&bytes[end..], &[], false, closes, MAX_BODY) else {
            break;
        };
        assert!((102..1000).contains(&response.status) && response.body.len() <= MAX_BODY);
        assert!(response.used > 0 && response.used + response.unread == bytes.len() - end);
        assert_eq!(response.is_drained, response.unread == 0);
        end += response.used;
        alone.push(response);
    }
    let bytes = &bytes[..end];

    // As a connection receives them: the next response comes after the next request.
    let (mut decoder, mut at) = (Http1Decoder::default(), 0);
    for (index, expected) in alone.iter().enumerate() {
        let here = &bytes[at..at + expected.used];
        at += expected.used;
        let response = decoder.decode(here, sizes, direct, closes && at == end, MAX_BODY);
        let response = response.unwrap_or_else(|error| panic!("response {index}: {error}"));
        assert_same(&response, expected, index);
        assert!(response.is_drained, "response {index}");
    }

    // Without regard to where a response ends.
    let (mut decoder, mut at) = (Http1Decoder::default(), 0);
    for (index, expected) in alone.iter().enumerate() {
        let response = decoder.decode(&bytes[at..], sizes, false, closes, MAX_BODY);
        let response = response.unwrap_or_else(|error| panic!("response {index}: {error}"));
        assert_same(&response, expected, index);
        at = alone[..=index].iter().map(|response| response.used).sum::<usize>() + response.unread;
    }
});

fn assert_same(response: &Http1Response, expected: &Http1Response, index: usize) {
    let parts = |response: &Http1Response| {
        (response.status, response.body.clone(), response.keep_alive, response.used)
    };
    assert_eq!(parts(response), parts(expected), "response {index}");
}

fn expand(bytes: &[u8]) -> Vec<u8> {
    let (mut expanded, mut expansions) = (Vec::new(), 0);
    for byte in bytes {
        if *byte == 1 && expansions < MAX_EXPANSIONS {
            expansions += 1;
            expanded.resize(expanded.len() + 5_000, b'x');
        } else {
            expanded.push(*byte);
        }
    }
    expanded
}
