//! Tests with one response on one connection.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

#[test]
fn a_response_is_the_same_wherever_it_is_divided() {
    for (bytes, body, keeps) in WHOLE {
        for cut in 0..bytes.len() {
            let (response, reusable) = receive_pieces([&bytes[..cut], &bytes[cut..]]);
            let response = response.unwrap_or_else(|failure| panic!("{bytes:?} at {cut}: {failure:?}"));
            assert_eq!((response.body.as_slice(), reusable), (body.as_bytes(), keeps), "{bytes:?} at {cut}");
        }
        let (response, reusable) = receive_pieces(bytes.bytes().map(|byte| [byte]));
        assert_eq!(
            (response.unwrap().body.as_slice(), reusable),
            (body.as_bytes(), keeps),
            "{bytes:?} by bytes"
        );
    }
}

#[test]
fn a_response_that_ends_too_early_is_a_lost_connection() {
    for (bytes, _, _) in WHOLE {
        let to_the_end =
            bytes.find("\r\n\r\nhello").filter(|_| !bytes.contains("ength")).map(|head| head + 4);
        for end in 0..to_the_end.unwrap_or(bytes.len()) {
            let kind = failure_of(&bytes[..end]);
            assert_eq!(kind, TransportErrorKind::ConnectionClosed, "{bytes:?} ends at {end}");
        }
    }
}

#[test]
fn a_connection_with_bytes_after_the_response_is_not_reused() {
    for (bytes, body, _) in WHOLE.iter().filter(|(_, _, keeps)| *keeps) {
        for more in ["x", "HTTP/1.1 408 Request Timeout\r\n\r\n"] {
            let (response, reusable) = receive_pieces([[bytes.as_bytes(), more.as_bytes()].concat()]);
            assert_eq!((response.unwrap().body.as_slice(), reusable), (body.as_bytes(), false), "{bytes:?}");
        }
    }
    // Later bytes are found by the check before the next request.
    let mut http1 = Http1::new(Script::new([WHOLE[0].0, "later"]), true);
    block_on(ask(&mut http1)).unwrap();
    assert!(http1.is_reusable());
    http1.poll_unsolicited();
    http1.poll_unsolicited();
    assert!(!http1.is_reusable());
}

#[test]
fn an_invalid_response_and_a_lost_connection_are_different_errors() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail.example ESMTP\r\n",
        "<html>",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\ny\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n",
    ] {
        assert_eq!(failure_of(bytes), TransportErrorKind::InvalidHttp, "{bytes:?}");
    }
}

#[test]
fn every_part_of_a_response_has_a_limit() {
    let endless = |start: &str, again: &str| {
        let mut bytes = start.as_bytes().to_vec();
        while bytes.len() < 2_000_000 {
            bytes.extend_from_slice(again.as_bytes());
        }
        failure_of(bytes)
    };
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extension = format!("1;x={}\r\nx\r\n", "y".repeat(100));
    for (start, again) in [
        ("HTTP/1.1 200 ", "x"),
        ("HTTP/1.1 200 OK\r\nX: ", "x"),
        ("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        (&format!("{chunked}5;"), "x"),
        (chunked, &extension),
        (&format!("{chunked}0\r\nX: "), "y"),
        (&format!("{chunked}0\r\n"), "X: y\r\n"),
    ] {
        assert_eq!(endless(start, again), TransportErrorKind::InvalidHttp, "{start:?} {again:?}");
    }
    for (start, again) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x"),
        (chunked, "1\r\nx\r\n"),
        (&format!("{chunked}1e8480\r\n"), "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", "x"),
    ] {
        assert_eq!(endless(start, again), TransportErrorKind::TooLarge, "{start:?} {again:?}");
    }
}

#[test]
fn a_response_of_the_maximum_size_is_read_and_one_byte_more_is_an_error() {
    for (size, fits) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
        let body = "x".repeat(size);
        for bytes in [
            format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{body}"),
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"),
            format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
        ] {
            let (response, _) = receive_pieces([bytes.as_str()]);
            match response {
                Ok(response) => assert!(fits && response.body == body.as_bytes()),
                Err(failure) => assert!(!fits && failure.kind == TransportErrorKind::TooLarge, "{failure:?}"),
            }
        }
    }
}

#[test]
fn a_long_head_in_small_pieces_is_read() {
    let value = "v".repeat(20_000);
    let bytes = format!("HTTP/1.1 200 OK\r\nX-Long: {value}\r\nContent-Length: 2\r\n\r\nhi");
    let (response, reusable) = receive_pieces(bytes.as_bytes().chunks(7));
    assert_eq!((response.unwrap().body.as_slice(), reusable), (b"hi".as_slice(), true));
}

#[test]
fn the_future_that_waits_for_a_response_is_small() {
    // Every attempt contains this future.
    let mut http1 = Http1::new(Script::default(), false);
    let (request, attempt) = (request(), AttemptStatus::default());
    let size = size_of_val(&http1.round_trip(&request, MAX_BODY, &attempt));
    assert!(size <= 1024, "{size} bytes");
}

fn upload(size: usize) -> EncodedRequest {
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n");
    EncodedRequest::new(head.into_bytes(), vec![b'u'; size].into())
}

#[test]
fn a_request_of_any_size_is_sent_completely() {
    for size in [0, 1, READ_CHUNK, READ_CHUNK + 1, 1_000_000] {
        let script = Script::new([WHOLE[0].0]);
        let received = Arc::clone(&script.received);
        let mut http1 = Http1::new(script, false);
        block_on(http1.round_trip(&upload(size), MAX_BODY, &AttemptStatus::default())).unwrap();
        let received = received.lock().unwrap();
        let (head, body) = received.split_at(received.len() - size);
        assert!(head.ends_with(format!("content-length: {size}\r\n\r\n").as_bytes()));
        assert!(body.iter().all(|byte| *byte == b'u'));
    }
}

#[test]
fn a_request_of_which_no_byte_was_accepted_was_not_sent() {
    let ask = |takes, says: &str, is_buffered| {
        let script = Script { takes: Some(takes), ..Script::new([says]) };
        let attempt = AttemptStatus::default();
        let mut http1 = Http1::new(script, is_buffered);
        let response = block_on(http1.round_trip(&upload(100_000), MAX_BODY, &attempt));
        assert!(!http1.is_reusable());
        (response, attempt.may_be_sent())
    };
    let (response, may_be_sent) = ask(0, "", false);
    assert_eq!((response.unwrap_err().kind, may_be_sent), (TransportErrorKind::ConnectionClosed, false));
    // A server may act on a part of the request. For a buffered stream it is unknown how many bytes
    // were sent.
    for (takes, is_buffered) in [(1, false), (60_000, false), (0, true)] {
        let (response, may_be_sent) = ask(takes, "", is_buffered);
        assert_eq!((response.unwrap_err().kind, may_be_sent), (TransportErrorKind::ConnectionClosed, true));
        // The response of the server is received nevertheless.
        let (response, may_be_sent) =
            ask(takes, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", is_buffered);
        assert_eq!((response.unwrap().status, may_be_sent), (413, true));
    }
}

#[test]
fn a_response_before_the_complete_request_is_accepted() {
    block_on(async {
        let (near, mut far) = tokio::io::duplex(1000);
        let mut http1 = Http1::new(near, false);
        // The server reads only what fits into the buffer, and it does not close the connection.
        far.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
        let response = http1.round_trip(&upload(100_000), MAX_BODY, &AttemptStatus::default()).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (413, b"no".as_slice()));
        assert!(!http1.is_reusable(), "the rest of the request is missing");
    });
}

#[test]
fn an_interim_response_does_not_stop_the_request() {
    block_on(async {
        let (near, mut far) = tokio::io::duplex(1000);
        let mut http1 = Http1::new(near, false);
        let server = async {
            far.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 1").await.unwrap();
            tokio::task::yield_now().await;
            far.write_all(b"03 Early Hints\r\n\r\n").await.unwrap();
            let mut received = Vec::new();
            while received.len() < 100_000 || !received.ends_with(b"u") {
                far.read_buf(&mut received).await.unwrap();
                if received.iter().filter(|byte| **byte == b'u').count() == 100_000 {
                    break;
                }
            }
            far.write_all(WHOLE[0].0.as_bytes()).await.unwrap();
        };
        let request = upload(100_000);
        let attempt = AttemptStatus::default();
        let (response, ()) = tokio::join!(http1.round_trip(&request, MAX_BODY, &attempt), server);
        assert_eq!(response.unwrap().body, b"hello");
        assert!(http1.is_reusable());
    });
}
