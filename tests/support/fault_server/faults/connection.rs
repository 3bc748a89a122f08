//! Faults of connections, whatever is spoken over them.

use std::sync::Arc;

use super::super::fault::{Behavior, Claim, Exchange, Fault, Protocol};
use super::{Step, script, send};

pub fn faults() -> Vec<Fault> {
    let before = |name: &str, text, steps| Fault::new(name, text, Behavior::AtAccept(steps));
    let mut faults = vec![
        Fault::new("connection-refused", "Nothing listens.", Behavior::Refuse).must_be(&[Claim::NotSent]),
        before("closed-at-accept", "Accepts and sends FIN.", vec![Step::Close]).never_a_response(),
        before("reset-at-accept", "Accepts and sends RST.", vec![Step::Reset]).never_a_response(),
        before("silent-at-accept", "Accepts and says nothing, for ever.", vec![Step::Silence])
            .never_a_response()
            .stalling(),
        before(
            "late-at-accept",
            "Reads only after the client has given up, then acts.",
            vec![Step::Wait(1300)],
        )
        .stalling(),
        before(
            "garbage-at-accept",
            "Sends garbage before TLS and HTTP.",
            vec![send(b"\x00\x01\x02 garbage\r\n\r\n"), Step::Close],
        )
        .never_a_response(),
    ];
    for (name, text, count, end) in [
        ("closed-after-1-byte", "Sends FIN after the first byte of a request.", 1, Step::Close),
        (
            "closed-in-head",
            "Sends FIN in the request's head (HTTP/2: after the first frames).",
            60,
            Step::Close,
        ),
        ("reset-after-1-byte", "Sends RST after the first byte of a request.", 1, Step::Reset),
        (
            "reset-in-head",
            "Sends RST in the request's head (HTTP/2: after the first frames).",
            60,
            Step::Reset,
        ),
        (
            "silent-in-head",
            "Goes silent in the request's head (HTTP/2: after the first frames).",
            60,
            Step::Silence,
        ),
    ] {
        let fault = Fault::new(name, text, Behavior::AfterBytes(count, vec![end.clone()])).never_a_response();
        faults.push(if end == Step::Silence { fault.stalling() } else { fault });
    }
    for (name, text, end) in [
        ("closed-after-head", "Sends FIN after the request's head.", Step::Close),
        ("reset-after-head", "Sends RST after the request's head.", Step::Reset),
        ("silent-after-head", "Goes silent after the request's head.", Step::Silence),
    ] {
        let stalls = end == Step::Silence;
        let behavior = Behavior::AfterHead(Arc::new(move |_: &Exchange| vec![end.clone()]));
        let fault = Fault::new(name, text, behavior).never_a_response();
        faults.push(if stalls { fault.stalling() } else { fault });
    }
    for (name, text, end) in [
        ("closed-before-response", "Acts, then sends FIN instead of a response.", Step::Close),
        ("reset-before-response", "Acts, then sends RST instead of a response.", Step::Reset),
        ("silent-before-response", "Acts, then never answers.", Step::Silence),
    ] {
        let stalls = end == Step::Silence;
        let fault = Fault::new(name, text, script(move |_| vec![end.clone()])).must_be(&[Claim::Unknown]);
        faults.push(if stalls {
            // Under load the client's short time may be over before its request is sent.
            fault.never_a_response().stalling()
        } else {
            fault
        });
    }
    let good = |exchange: &Exchange| super::encode(&exchange.good);
    for (name, text, end) in [
        ("closed-while-idle", "Sends FIN after the response before this call.", Step::Close),
        ("reset-while-idle", "Sends RST after the response before this call.", Step::Reset),
        ("silent-after-idle", "Goes silent after the response before this call.", Step::Silence),
    ] {
        let stalls = end == Step::Silence;
        let behavior = script(move |exchange| vec![Step::Send(good(exchange)), end.clone()]);
        let fault = Fault::new(name, text, behavior).over(Protocol::ONE).primed();
        faults.push(if stalls { fault.stalling() } else { fault });
    }
    faults
}
