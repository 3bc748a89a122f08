//! A response is read in the same way on a new connection and after others on one connection,
//! however its bytes are divided.
//!
//! The input: a byte that says whether the server closes at the end, a byte with the number of
//! piece lengths, these lengths, and responses with a zero byte between them. Each byte 1 stands
//! for 5,000 letters, so that short inputs make heads and bodies that are larger than the buffers.
#![no_main]

use iplaygames::internals::read_http1_sequence;
use libfuzzer_sys::fuzz_target;

const MAX_BODY: usize = 20_000;
const MAX_RESPONSES: usize = 8;
const MAX_EXPANDED: usize = 30;

fuzz_target!(|input: &[u8]| {
    let [closes, count, rest @ ..] = input else { return };
    let closes = closes % 2 == 1;
    let (piece_lengths, rest) = rest.split_at(usize::from(*count).min(rest.len()));
    let mut expanded = 0;
    let responses: Vec<Vec<u8>> = rest
        .split(|byte| *byte == 0)
        .take(MAX_RESPONSES)
        .map(|response| {
            let mut bytes = Vec::new();
            for byte in response {
                if *byte == 1 && expanded < MAX_EXPANDED {
                    expanded += 1;
                    bytes.resize(bytes.len() + 5_000, b'x');
                } else {
                    bytes.push(*byte);
                }
            }
            bytes
        })
        .collect();
    let responses: Vec<&[u8]> = responses.iter().map(Vec::as_slice).collect();
    let sequence = read_http1_sequence(&responses, piece_lengths, closes, MAX_BODY);
    assert!(!sequence.is_empty() && sequence.len() <= responses.len());
    for (index, read) in sequence.iter().enumerate() {
        let is_last = index + 1 == responses.len();
        let alone = read_http1_sequence(&responses[index..=index], &[], closes && is_last, MAX_BODY);
        // Why a response is invalid can be found earlier or later.
        assert_eq!(alone[0].as_ref().ok(), read.as_ref().ok(), "response {index}");
        // Only a connection that can be used again gets the next request.
        let is_reusable = matches!(read, Ok((_, _, true)));
        assert_eq!(is_reusable && !is_last, index + 1 < sequence.len());
    }
});
