//! Tests of the decoders without a connection.

use super::super::codec::{BodyDecoder, DecodeError, HeadDecoder, Need};
use super::super::input::InputBuffer;
use super::*;

/// Decodes one response from pieces. With `direct`, bytes are appended directly to the body if the
/// decoder allows it. With `streamed`, the decoded part is discarded after each step.
fn decode(pieces: &[&[u8]], direct: bool, streamed: bool) -> Result<(u16, Vec<u8>, Vec<u8>), DecodeError> {
    let mut input = InputBuffer::default();
    let mut pieces = pieces.iter().flat_map(|piece| piece.iter().copied().map(Some).chain([None]));
    // Returns the bytes up to the end of a piece, and at most `limit`.
    let mut receive =
        |limit: usize| -> Vec<u8> { pieces.by_ref().map_while(|byte| byte).take(limit).collect() };
    let mut heads = HeadDecoder::default();
    let mut head = loop {
        input.spare().extend(receive(usize::MAX));
        if let Some(head) = heads.decode(&mut input)? {
            break head;
        }
    };
    let mut decoder = BodyDecoder::new(head.framing, (!streamed).then_some(MAX_BODY));
    let mut discarded = Vec::new();
    loop {
        let need = decoder.decode(&mut input, &mut head.response.body)?;
        if streamed {
            discarded.extend_from_slice(&head.response.body);
            decoder.discard(&mut head.response.body);
        }
        match need {
            Need::Nothing => break,
            Need::Body(limit) if direct => head.response.body.extend(receive(limit)),
            Need::Body(_) | Need::Input => input.spare().extend(receive(usize::MAX)),
        }
    }
    let body = if streamed { discarded } else { head.response.body };
    Ok((head.response.status, body, input.unread().to_vec()))
}

#[test]
fn a_body_is_the_same_with_and_without_the_input_buffer_and_in_parts() {
    for (text, body, _) in WHOLE.iter().filter(|(_, _, reusable)| *reusable) {
        let followed = format!("{text}next");
        for cut in 1..text.len() {
            let (before, after) = followed.as_bytes().split_at(cut);
            for (direct, streamed) in [(false, false), (true, false), (false, true), (true, true)] {
                let (_, decoded, rest) = decode(&[before, after], direct, streamed).unwrap();
                assert_eq!(decoded, body.as_bytes(), "{text:?} at {cut}");
                // A limited read leaves the rest in the stream.
                assert!("next".as_bytes().starts_with(&rest), "{text:?} at {cut}: {rest:?}");
                assert!(direct || rest == b"next", "{text:?} at {cut}: {rest:?}");
            }
        }
    }
}

#[test]
fn only_a_close_delimited_body_ends_with_the_connection() {
    use super::super::head::BodyFraming;
    for (framing, received, ends) in [
        (BodyFraming::CloseDelimited, "hello", true),
        (BodyFraming::Length(6), "hello", false),
        (BodyFraming::Length(5), "hello", true),
        (BodyFraming::Chunked, "5\r\nhello\r\n", false),
        (BodyFraming::Chunked, "5\r\nhello\r\n0\r\n", false),
        (BodyFraming::Chunked, "5\r\nhello\r\n0\r\n\r\n", true),
    ] {
        let mut decoder = BodyDecoder::new(framing, Some(MAX_BODY));
        let (mut input, mut body) = (InputBuffer::default(), Vec::new());
        input.spare().extend_from_slice(received.as_bytes());
        decoder.decode(&mut input, &mut body).unwrap();
        assert_eq!(
            (body.as_slice(), decoder.ends_with_connection()),
            (b"hello".as_slice(), ends),
            "{received:?}"
        );
    }
}

#[test]
fn a_body_whose_memory_cannot_be_allocated_is_an_error() {
    let length = u64::try_from(isize::MAX).unwrap() - 1;
    let mut decoder = BodyDecoder::new(super::super::head::BodyFraming::Length(length), Some(usize::MAX));
    let error = decoder.decode(&mut InputBuffer::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(error, DecodeError::OutOfMemory(isize::MAX as u64 - 1));
}

#[test]
fn a_body_without_a_limit_needs_little_memory() {
    use super::super::head::BodyFraming;
    const PIECE: usize = 1 << 16;
    for (framing, head) in [
        (BodyFraming::Length(u64::MAX), ""),
        (BodyFraming::Chunked, "7fffffffffffffff\r\n"),
        (BodyFraming::CloseDelimited, ""),
    ] {
        let mut decoder = BodyDecoder::new(framing, None);
        let (mut input, mut body) = (InputBuffer::default(), Vec::new());
        input.spare().extend_from_slice(head.as_bytes());
        for _ in 0..100 {
            let need = decoder.decode(&mut input, &mut body).unwrap();
            assert!(matches!(need, Need::Body(limit) if limit > PIECE), "{framing:?}: {need:?}");
            decoder.discard(&mut body);
            assert!((PIECE..=2 * PIECE).contains(&body.capacity()), "{framing:?}: {}", body.capacity());
            body.extend_from_slice(&[b'x'; PIECE]);
        }
    }
}
