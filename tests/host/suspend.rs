//! The host suspends a client and resumes it.

use std::sync::atomic::Ordering;

use crate::fixture::{ask, echo};
use crate::support::client_with;

#[test]
fn after_a_suspension_no_request_uses_a_connection_that_was_idle() {
    for transport in ["native", "reqwest"] {
        if transport == "reqwest" && !cfg!(feature = "reqwest") {
            continue;
        }
        let (port, connections) = echo();
        let client = client_with(port, &format!(r#", "transport": "{transport}""#));
        ask(&client, "before");
        ask(&client, "before");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{transport}");
        for resumed in 1..=2 {
            client.suspend().unwrap();
            client.resume().unwrap();
            ask(&client, "after");
            ask(&client, "after");
            assert_eq!(connections.load(Ordering::SeqCst), 1 + resumed, "{transport}");
        }
    }
}
