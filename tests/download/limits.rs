//! The sandbox serves large exports, and a transport of the host keeps its limit.

use std::sync::Arc;

use iplaygames::{Client, Code, Config, Exchange, HostRequest, HostTransport};

use crate::fixture::{Folder, OPERATION};
use crate::support::sandbox_and_client;

#[test]
fn the_sandbox_serves_a_large_export() {
    const SIZE: usize = 20_000_000;
    let (sandbox, client) = sandbox_and_client("");
    let fault = |more: &str| {
        let fault = format!(
            r#"{{"command": "fault", "operation": "{OPERATION}", "oversize_bytes": {SIZE},
                 "content_type": "text/csv"{more}}}"#
        );
        sandbox.control(&fault).unwrap();
    };
    let folder = Folder::new();
    // The first attempt breaks half-way.
    fault(r#", "truncate": true"#);
    fault("");
    let download = folder.download(&client).unwrap();
    assert_eq!((download.bytes(), download.reply().attempts()), (SIZE as u64, 2));
    assert_eq!(download.filename().as_deref(), Some("transactions.csv"));
    assert_eq!(std::fs::metadata(&folder.target).unwrap().len(), SIZE as u64);
    let document: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&folder.target).unwrap()).unwrap();
    assert_eq!(document["success"], true);
}

/// A transport of the host whose response has a body of this size.
struct Answering(usize);

impl HostTransport for Answering {
    fn send(&self, exchange: Exchange, _: &HostRequest<'_>) {
        exchange.respond(200, &[("content-type", "text/csv")], vec![b'x'; self.0]).unwrap();
    }

    fn cancel(&self, _: iplaygames::ExchangeId) {}
}

#[test]
fn a_transport_of_the_host_delivers_the_file_in_memory() {
    for (size, is_small) in [(1000, true), (1001, false)] {
        let mut config = Config::from_json(
            r#"{"api_key": "k", "base_url": "http://127.0.0.1:9", "max_response_bytes": 1000}"#,
        )
        .unwrap();
        config.set_host_transport(Arc::new(Answering(size))).unwrap();
        let folder = Folder::new();
        let result = folder.download(&Client::new(config).unwrap());
        if is_small {
            assert_eq!(result.unwrap().bytes(), 1000);
            assert_eq!(std::fs::read(&folder.target).unwrap(), vec![b'x'; 1000]);
        } else {
            assert_eq!(result.unwrap_err().code(), Code::RESPONSE_TOO_LARGE);
            assert_eq!(folder.names(), [""; 0]);
        }
    }
}
