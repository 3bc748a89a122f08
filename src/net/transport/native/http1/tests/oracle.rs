//! Compares random responses with hyper, which must read them in the same way.

use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;

use super::random::Random;
use super::*;
use crate::test_support::length::rounds;

/// Returns a client of hyper that accepts the same obsolete syntax as this library.
pub(super) fn lenient_hyper() -> hyper::client::conn::http1::Builder {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true);
    builder
}

/// Sends up to `count` requests, one after another. Returns the responses that hyper has read, and
/// whether it could send another request.
pub(super) async fn receive_by_hyper(script: Script, count: usize) -> (Vec<(u16, Vec<u8>)>, bool) {
    let (mut sender, connection) = lenient_hyper().handshake(TokioIo::new(script)).await.unwrap();
    // The task drops the connection when it ends, so that the sender is notified.
    let mut connection = Some(Box::pin(connection));
    let mut answers = Vec::new();
    while answers.len() < count {
        let answer = {
            let mut answered = pin!(async {
                sender.ready().await.ok()?;
                let request = http::Request::get("/").header("host", "x");
                let request = request.body(http_body_util::Empty::<Bytes>::new()).unwrap();
                let response = sender.send_request(request).await.ok()?;
                let status = response.status().as_u16();
                let body =
                    http_body_util::Limited::new(response.into_body(), MAX_BODY).collect().await.ok()?;
                Some((status, body.to_bytes().to_vec()))
            });
            poll_fn(|context| {
                if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready())
                {
                    connection = None;
                }
                answered.as_mut().poll(context)
            })
            .await
        };
        let Some(answer) = answer else { return (answers, false) };
        answers.push(answer);
    }
    (answers, connection.is_some() && sender.is_ready())
}

/// The comparison of the two results of a response.
#[derive(Debug, PartialEq)]
enum Alike {
    Read { outlived: bool },
    Refused,
    RefusedByUs,
}

async fn compare(seed: u64) -> Alike {
    let mut random = Random(seed);
    let bytes = random.answer();
    let pieces = random.pieces(&bytes);
    let (ours, reusable) = receive(Script::new(pieces.clone())).await;
    let theirs = receive_by_hyper(Script::new(pieces.clone()), 1).await.0.pop();
    let told =
        || format!("SEED={seed}: {:?}\nours {ours:?}\nhyper {theirs:?}", String::from_utf8_lossy(&bytes));
    match (&ours, &theirs) {
        (Ok(ours), Some((status, body))) => {
            assert_eq!((ours.status, &ours.body), (*status, body), "{}", told());
            if !reusable {
                return Alike::Read { outlived: false };
            }
            // Both check whether the server sends anything after the response.
            let script = || Script { stays_open: true, ..Script::new(pieces.clone()) };
            let outlived = stays_reusable(script()).await;
            assert_eq!(outlived, receive_by_hyper(script(), 1).await.1, "{}", told());
            Alike::Read { outlived }
        }
        (Err(_), None) => Alike::Refused,
        // Known differences: hyper returns bodies in transfer codings that the request does not
        // accept, and accepts some invalid trailers.
        (Err(failure), Some(_))
            if failure.message.contains("Transfer-Encoding") || failure.message.contains("trailer") =>
        {
            Alike::RefusedByUs
        }
        _ => panic!("{}", told()),
    }
}

/// Runs a comparison for each seed. `ROUNDS` is the number of seeds, and `SEED` is the first seed.
pub(super) fn for_each_seed<T>(usual_rounds: u64, compare: impl AsyncFn(u64) -> T) -> Vec<T> {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (rounds, first) = (number("ROUNDS", usual_rounds), number("SEED", 1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    (first..first + rounds).map(|seed| runtime.block_on(in_time(compare(seed)))).collect()
}

#[test]
fn random_responses_are_read_the_same_as_by_hyper() {
    let seen = for_each_seed(rounds(20_000, 2_000), compare);
    let rounds = seen.len() as u64;
    // The generator creates valid and invalid responses.
    for kind in [Alike::Read { outlived: true }, Alike::Read { outlived: false }, Alike::Refused] {
        let count = seen.iter().filter(|one| **one == kind).count() as u64;
        assert!(count > rounds / 100, "{kind:?}: {count} of {rounds}");
    }
}
