//! A body that is not whole is no response.

use iplaygames::{Code, Outcome};
use serde_json::json;

use crate::fixture::{ENDED, end, start, status};
use crate::support::STARTED;
use crate::support::frames::NO_ERROR;
use crate::support::http2::Server;

#[test]
fn a_body_that_is_cut_is_no_response_whatever_the_reason_says() {
    const EXPORT: &str = "transactions,of,a,month\n1,2,3,4\n";
    for announces in [true, false] {
        for by_reset in [true, false] {
            let server = Server::start(move |peer, _| {
                peer.greet(&[]);
                while let Some(stream) = peer.request() {
                    let mut fields = vec![(":status", "200"), ("content-type", "text/csv")];
                    if announces {
                        fields.push(("content-length", "10000"));
                    }
                    peer.headers(stream, &fields, false);
                    peer.data(stream, &EXPORT.repeat(160).as_bytes()[..5000], false);
                    match by_reset {
                        true => peer.reset(stream, NO_ERROR),
                        false => {
                            peer.go_away(stream, NO_ERROR);
                            return;
                        }
                    }
                }
            });
            let error = status(&server.client(json!({"max_retries": 0}))).unwrap_err();
            assert_eq!(error.code(), Code::CONNECTION_LOST, "{announces}, {by_reset}: {error}");
        }
    }
}

#[test]
fn an_end_whose_empty_body_is_cut_is_no_success() {
    for announces in [true, false] {
        for by_reset in [true, false] {
            let server = Server::start(move |peer, _| {
                peer.greet(&[]);
                while let Some(stream) = peer.request() {
                    let length = ("content-length", "42");
                    let fields = [(":status", "200"), length];
                    peer.headers(stream, &fields[..1 + usize::from(announces)], false);
                    match by_reset {
                        true => peer.reset(stream, NO_ERROR),
                        false => {
                            peer.go_away(stream, NO_ERROR);
                            return;
                        }
                    }
                }
            });
            let error = end(&server.client(json!({"max_retries": 0}))).unwrap_err();
            assert_eq!(
                (error.code(), error.outcome()),
                (Code::CONNECTION_LOST, Outcome::Unknown),
                "{announces}, {by_reset}: {error}"
            );
        }
    }
}

#[test]
fn a_body_that_is_longer_or_shorter_than_announced_is_no_response() {
    for announced in ["10", "100"] {
        let server = Server::start(move |peer, _| {
            peer.greet(&[]);
            while let Some(stream) = peer.request() {
                peer.headers(stream, &[(":status", "200"), ("content-length", announced)], false);
                peer.data(stream, ENDED.as_bytes(), true);
            }
        });
        let error = end(&server.client(json!({"max_retries": 0}))).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{announced}: {error}");
    }
}

#[test]
fn a_whole_response_before_a_reset_without_error_is_a_success() {
    for announces in [true, false] {
        let server = Server::start(move |peer, _| {
            peer.greet(&[]);
            while let Some(stream) = peer.request() {
                let length = STARTED.len().to_string();
                let fields = [(":status", "201"), ("content-length", length.as_str())];
                peer.headers(stream, &fields[..1 + usize::from(announces)], false);
                peer.data(stream, STARTED.as_bytes(), true);
                peer.reset(stream, NO_ERROR);
            }
        });
        assert_eq!(start(&server.client(json!({}))).unwrap().json(), STARTED);
    }
}
