//! Faults of TLS.

use super::super::fault::{Behavior, Claim, Exchange, Fault, Protocol};
use super::super::{frames, http2};
use super::{Step, encode, head, script, send};

/// The first half of a good response, in the bytes of either protocol.
fn half(exchange: &Exchange) -> Vec<u8> {
    let good = &exchange.good;
    if exchange.stream == 0 {
        let mut bytes = head(good);
        bytes.extend_from_slice(&good.body[..good.body.len() / 2]);
        return bytes;
    }
    let mut bytes = frames::headers(exchange.stream, 0, &http2::block(good));
    bytes.extend(frames::data(exchange.stream, 0, &good.body[..good.body.len() / 2]));
    bytes
}

pub fn faults() -> Vec<Fault> {
    // A record of application data that cannot be decrypted.
    let malformed = [&[0x17, 3, 3, 0, 32][..], &[0x5a; 32]].concat();
    let in_handshake = vec![Step::SendRaw(vec![0x15, 3, 3, 0, 2, 2, 40]), Step::Close];
    vec![
        Fault::new("tls-alert-in-handshake", "Refuses the handshake.", Behavior::AtAccept(in_handshake))
            .over(Protocol::TLS)
            .must_be(&[Claim::NotSent]),
        Fault::new(
            "tls-alert-before-response",
            "Acts, then sends a fatal alert instead of a response.",
            script(|_| vec![Step::Alert]),
        )
        .over(Protocol::TLS)
        .never_a_response(),
        Fault::new(
            "tls-alert-in-response",
            "Sends a fatal alert in the middle of the response.",
            script(|exchange| vec![Step::Send(half(exchange)), Step::Alert]),
        )
        .over(Protocol::TLS)
        .never_a_response(),
        Fault::new(
            "tls-garbage-in-response",
            "Sends a record that cannot be decrypted in the middle of the response.",
            script(move |exchange| {
                vec![Step::Send(half(exchange)), Step::SendRaw(malformed.clone()), Step::Close]
            }),
        )
        .over(Protocol::TLS)
        .never_a_response(),
        Fault::new(
            "tls-cut-in-response",
            "Ends TCP, without close_notify, in the middle of the response.",
            script(|exchange| vec![Step::Send(half(exchange)), Step::CloseAbruptly]),
        )
        .over(Protocol::TLS)
        .never_a_response(),
        Fault::new(
            "tls-cut-after-response",
            "Ends TCP, without close_notify, after a whole response.",
            script(|exchange| {
                let bytes = match exchange.stream {
                    0 => encode(&exchange.good),
                    stream => http2::encode(stream, &exchange.good),
                };
                vec![send(bytes), Step::CloseAbruptly]
            }),
        )
        .over(Protocol::TLS)
        .must_be(&[Claim::Success]),
        Fault::new(
            "tls-cut-without-length",
            "Ends TCP, without close_notify, where only close_notify would say that the body is whole.",
            script(|exchange| {
                let mut good = exchange.good.clone();
                good.with_length = false;
                vec![send(encode(&good)), Step::CloseAbruptly]
            }),
        )
        .over(Protocol::ONE_TLS)
        .never_a_response(),
    ]
}
