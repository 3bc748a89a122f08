//! A proxy that cannot be used fails the call before anything is sent.

use iplaygames::{Client, Code, Outcome};
use serde_json::json;

use crate::fixture::{assert_never_holds, call, config, refusing_proxy};
use crate::support::transport::expected;
use crate::support::{START, options};

#[test]
fn a_proxy_that_refuses_is_no_connection_and_nothing_was_sent() {
    for (status, attempts) in [
        ("407 Proxy Authentication Required", 1),
        // reqwest reports the status of a refusal only for a 407.
        ("403 Forbidden", expected(1, 2)),
        ("429 Too Many Requests", expected(1, 2)),
        ("502 Bad Gateway", 2),
    ] {
        let (proxy, received) = refusing_proxy(status);
        let url = format!("http://user:pa%24s-w0rd@127.0.0.1:{proxy}");
        let more = json!({"proxy": url, "max_retries": 1});
        let shown = format!("{:?}", config("https://game.test", more.clone()));
        let client = Client::new(config("https://game.test", more)).unwrap();
        let error = client.call("start_a_game_session", START, &options()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
        assert_eq!(
            (error.attempts(), received.try_iter().count()),
            (attempts, attempts as usize),
            "{status}"
        );
        assert_eq!(error.retryable(), attempts == 2, "{status}");
        assert_eq!(error.message().contains(&status[..3]), attempts == 1, "{error}");
        for text in [error.to_json(), error.to_string(), format!("{error:?}"), shown] {
            assert_never_holds(&text, &["w0rd", "pa$s", "pa%24s", "dXNlcjpw", "test-key"]);
        }
    }
}

#[test]
fn a_proxy_that_refuses_connections_is_no_connection_and_its_password_stays_secret() {
    // Bound, but nobody listens: the port is taken, and every connection is refused.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = taken.local_addr().unwrap().port();
    let url = format!("http://user:pa%24s-w0rd@127.0.0.1:{nobody}");
    for base_url in ["https://game.test", "http://game.test"] {
        let more = json!({"proxy": url, "max_retries": 0, "allow_insecure_http": true});
        let error = call(base_url, more).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::CONNECT, Outcome::NotSent), "{error}");
        for text in [error.to_json(), error.to_string(), format!("{error:?}")] {
            assert_never_holds(&text, &["w0rd", "pa$s", "pa%24s", "dXNlcjpw", "test-key"]);
        }
    }
}
