//! Faults in what a response says, over either version of HTTP.

use super::super::fault::{Claim, Fault, Response, started, status};
use super::super::ledger::Operation;
use super::respond;

const PAGE: &str = "<html><body>An error page.</body></html>";
const REFUSAL: &str = r#"{"success":false,"message":"No"}"#;

pub fn faults() -> Vec<Fault> {
    let mut faults = statuses();
    faults.extend(bodies());
    faults
}

fn with(
    name: impl Into<String>,
    text: &'static str,
    response: impl Fn() -> Response + Send + Sync + 'static,
) -> Fault {
    Fault::new(name, text, respond(move |_| response()))
}

fn statuses() -> Vec<Fault> {
    let mut faults = Vec::new();
    for status in [400, 401, 403, 404, 405, 409, 413, 422, 429] {
        let envelope = with(format!("status-{status}"), "Refuses with the API's envelope.", move || {
            Response::json(status, REFUSAL)
        });
        faults.push(envelope.refusing(&Operation::ALL).must_be(&[Claim::Rejected]));
    }
    for status in [400, 401, 404, 409, 418, 425, 429] {
        let page = with(format!("status-{status}-page"), "Refuses with a page.", move || {
            Response::typed(status, "text/html", PAGE)
        });
        faults.push(page.refusing(&Operation::ALL).must_be(&[Claim::Rejected, Claim::Unknown]));
    }
    // What stands between may have sent the request on.
    for status in [408, 444, 460, 499, 500, 502, 503, 504, 520, 524, 599] {
        let page =
            with(format!("status-{status}-page-acted"), "Acts, then answers with a page.", move || {
                Response::typed(status, "text/html", PAGE)
            });
        faults.push(page.must_be(&[Claim::Unknown]));
    }
    for status in [500, 502, 504] {
        for (what, body) in [("false", REFUSAL), ("true", r#"{"success":true}"#)] {
            let fault = with(
                format!("status-{status}-success-{what}-acted"),
                "Acts, then fails with the envelope.",
                move || Response::json(status, body),
            );
            faults.push(fault.must_be(&[Claim::Unknown]));
        }
    }
    faults.extend([
        with("status-503-refusal", "Refuses a start as documented; acts on an end.", || {
            Response::json(503, REFUSAL)
        })
        .refusing(&[Operation::Start])
        .must_be(&[Claim::Rejected, Claim::Unknown])
        .must_be_for(Operation::End, &[Claim::Unknown]),
        with("retry-after-0", "Refuses and asks to come back at once.", || {
            Response::json(429, REFUSAL).header("retry-after", "0")
        })
        .refusing(&Operation::ALL)
        .must_be(&[Claim::Rejected]),
        with("retry-after-fraction", "Refuses and asks to come back after 0.1 s.", || {
            Response::json(429, REFUSAL).header("retry-after", "0.1")
        })
        .refusing(&Operation::ALL)
        .must_be(&[Claim::Rejected]),
        with("retry-after-never", "Refuses and asks to come back in a year.", || {
            Response::json(429, REFUSAL).header("retry-after", "31536000")
        })
        .refusing(&Operation::ALL)
        .must_be(&[Claim::Rejected]),
        with("retry-after-503", "Acts, fails, and asks to come back at once.", || {
            Response::typed(503, "text/html", PAGE).header("retry-after", "0")
        })
        .must_be(&[Claim::Unknown]),
    ]);
    for status in [301, 302, 303, 307, 308, 304] {
        let fault = with(format!("status-{status}"), "Acts, then redirects.", move || {
            Response::empty(status).header("location", "/api/v1/game-sessions/start")
        });
        faults.push(fault.must_be(&[Claim::Unknown]));
    }
    for status in [200, 201, 202, 204, 205] {
        // An empty response is all that an end needs.
        let fault = with(format!("status-{status}-empty"), "Acts, then answers without a body.", move || {
            Response::empty(status)
        });
        faults.push(
            fault.must_be(&[Claim::Unknown]).must_be_for(Operation::End, &[Claim::Success, Claim::Unknown]),
        );
    }
    faults
}

fn bodies() -> Vec<Fault> {
    let start = &[Operation::Start];
    let looks_good = |name: &str, text, body: fn(String) -> Vec<u8>| {
        Fault::new(
            name,
            text,
            respond(move |exchange| {
                let mut response = exchange.good.clone();
                response.body = body(String::from_utf8_lossy(&response.body).into_owned());
                response
            }),
        )
    };
    let doubtful = &[Claim::Unknown];
    vec![
        with("success-false-200", "Refuses with status 200.", || Response::json(200, REFUSAL))
            .refusing(&Operation::ALL)
            .must_be(&[Claim::Rejected]),
        with("success-false-201", "Refuses with status 201.", || Response::json(201, REFUSAL))
            .refusing(&Operation::ALL)
            .must_be(&[Claim::Rejected]),
        with("page-200", "Answers with a page and does nothing, as a captive portal.", || {
            Response::typed(200, "text/html", PAGE)
        })
        .refusing(&Operation::ALL)
        .must_be(doubtful),
        with("array-200", "Acts, then answers with an array.", || Response::json(200, "[]"))
            .must_be(doubtful),
        with("null-200", "Acts, then answers with null.", || Response::json(200, "null")).must_be(doubtful),
        with("session-id-missing", "Acts, then answers without a session id.", || {
            Response::json(201, r#"{"success":true,"data":{"game_url":"https://games.example/1"}}"#)
        })
        .of(start)
        .must_be(doubtful),
        with("session-id-null", "Acts, then answers with null for the session id.", || {
            Response::json(
                201,
                r#"{"success":true,"data":{"session_id":null,"game_url":"https://games.example/1"}}"#,
            )
        })
        .of(start)
        .must_be(doubtful),
        with("session-id-empty", "Acts, then answers with an empty session id.", || {
            Response::json(201, started(""))
        })
        .of(start)
        .must_be(doubtful),
        with("session-of-another", "Answers with the status of another session.", || {
            Response::json(200, status("another-session"))
        })
        .of(&[Operation::Status])
        .must_be(doubtful),
        looks_good("success-twice", "Acts, then says success twice, differently.", |body| {
            body.replacen('{', r#"{"success":false,"#, 1).into_bytes()
        })
        .must_be(doubtful),
        looks_good("success-twice-reversed", "Acts, then says success twice, the other way round.", |body| {
            let end = body.len() - 1;
            format!(r#"{},"success":false}}"#, &body[..end]).into_bytes()
        })
        .must_be(doubtful),
        looks_good("success-as-text", "Acts, then says success as a text.", |body| {
            body.replacen("true", "\"true\"", 1).into_bytes()
        })
        .must_be(doubtful),
        looks_good("success-as-null", "Acts, then says null for success.", |body| {
            body.replacen("true", "null", 1).into_bytes()
        })
        .must_be(doubtful),
        looks_good("body-with-mark", "Puts a byte order mark before the body.", |body| {
            format!("\u{feff}{body}").into_bytes()
        })
        .must_be(&[Claim::Success]),
        looks_good("body-in-utf-16", "Writes the body in UTF-16.", |body| {
            body.encode_utf16().flat_map(u16::to_le_bytes).collect()
        })
        .must_be(doubtful),
        looks_good("body-not-utf-8", "Writes bytes that are no UTF-8.", |body| {
            body.replace("success", "succes\u{1}")
                .bytes()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect()
        })
        .must_be(doubtful),
        looks_good("body-cut-json", "Ends the JSON too early, with a length that fits.", |body| {
            body.as_bytes()[..body.len() / 2].to_vec()
        })
        .must_be(doubtful),
        looks_good("body-with-more", "Writes more behind the JSON.", |body| {
            format!("{body} {{}}").into_bytes()
        })
        .must_be(doubtful),
        looks_good("body-nested-deep", "Nests the JSON 100,000 deep.", |body| {
            let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
            body.replacen('{', &format!(r#"{{"deep":{open}{close},"#), 1).into_bytes()
        })
        .over(super::super::fault::Protocol::ONE)
        .must_be(doubtful),
        Fault::new(
            "body-in-gzip",
            "Compresses the body, which nobody asked for.",
            respond(|exchange| {
                let mut response = exchange.good.clone().header("content-encoding", "gzip");
                response.body = gzip(&response.body);
                response
            }),
        )
        .must_be(doubtful),
        Fault::new(
            "content-type-wrong",
            "Calls the JSON a page.",
            respond(|exchange| {
                let good = &exchange.good;
                Response::typed(good.status, "text/html", &good.body)
            }),
        )
        .must_be(&[Claim::Success, Claim::Unknown]),
    ]
}

/// A gzip file whose content is stored.
fn gzip(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let mut sum = u32::MAX;
    for byte in content {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        content,
        &(!sum).to_le_bytes(),
        &u32::from(length).to_le_bytes(),
    ]
    .concat()
}
