//! Headers of a single call, and the headers of its response, over HTTP/2.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use iplaygames::CallOptions;
use serde_json::json;

use crate::fixture::at;
use crate::support::http2_server::{send_json, serve_http2};
use crate::support::tls::Authority;
use crate::support::transport::is_native_only;
use crate::support::{ACTIVE, SESSION, TEST_TIMEOUT, options};

#[test]
fn headers_of_a_call_replace_those_of_the_client_over_http2() {
    if is_native_only("its client speaks HTTP/1.1 only") {
        return;
    }
    let authority = Authority::new("Test CA");
    let (sender, received) = channel();
    let sender = Mutex::new(sender);
    let respond = move |request: http::Request<h2::RecvStream>, response| {
        let _ = sender.lock().unwrap().send(request.headers().clone());
        async { send_json(response, 200, ACTIVE) }
    };
    let port = serve_http2(authority.certify("127.0.0.1").config(&["h2"]), || (), respond);
    let client = at(port, json!({"ca_pem": authority.pem(), "headers": {"X-Region": "eu", "X-Tenant": "a"}}));
    let text = r#"{"headers": {"x-tenant": "b", "traceparent": "00-1"}, "keep_headers": true}"#;
    let of_call = CallOptions::from_json(text).unwrap();
    for (options, tenant, trace) in [(&of_call, "b", Some("00-1")), (&options(), "a", None)] {
        let reply = client.call("get_session_status", SESSION, options).unwrap();
        let headers = received.recv_timeout(TEST_TIMEOUT).unwrap();
        let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(
            (value("x-region"), value("x-tenant"), value("traceparent")),
            (Some("eu"), Some(tenant), trace)
        );
        assert_eq!(headers.get_all("x-tenant").iter().count(), 1);
        assert_eq!(value("x-request-id"), Some(reply.call_id()));
        assert_eq!(reply.headers(), trace.map(|_| "content-type: application/json\r\n"));
    }
}
