//! Rejects requests that web pages of other sites send. Commands need no key, and every page that
//! is open in a browser on this machine can send requests to the sandbox. A request is rejected if
//! its `Host` is not this machine (DNS rebinding) or if its headers name a page of another site.

use http::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use http::request::Parts;
use http::uri::{Authority, Uri};

use super::response::{self, JSON, Response};
use crate::config::is_loopback_host;

/// Returns the response that rejects a request, or none if the request comes from a program or a
/// page of this machine. `port` is the port that the sandbox listens on.
pub(super) fn rejection(head: &Parts, port: u16) -> Option<Response> {
    let reject = |reason: &str| {
        Some(response::framework_error(403, &format!("The sandbox refuses this request: {reason}")))
    };
    let mut hosts = head.headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let is_sandbox =
        |authority: &Authority| is_loopback(authority) && authority.port_u16().unwrap_or(80) == port;
    let is_own_host =
        host.is_some_and(|host| Authority::try_from(host.as_bytes()).is_ok_and(|host| is_sandbox(&host)));
    if !is_own_host || second.is_some() || !head.uri.authority().is_none_or(is_sandbox) {
        return reject(&format!(
            "its Host header must be a loopback address or localhost, with the port {port}."
        ));
    }
    let is_own_page = |origin: &[u8]| {
        Uri::try_from(origin).is_ok_and(|origin| {
            matches!(origin.scheme_str(), Some("http" | "https"))
                && origin.authority().is_some_and(is_loopback)
        })
    };
    if !head.headers.get_all(ORIGIN).iter().all(|origin| is_own_page(origin.as_bytes())) {
        return reject("its Origin header names a page that is not on this machine.");
    }
    if has_header_value(&head.headers, "sec-fetch-site", "cross-site") && !is_navigation_to_a_game(head) {
        return reject("its Sec-Fetch-Site header says that a page of another site sent it.");
    }
    None
}

/// Returns whether the content type is JSON. A page of another site cannot send that content type
/// with a form.
pub(super) fn has_json_content_type(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(JSON))
}

/// Returns whether a page opens a game in a window or a frame. A lobby on another site may do that,
/// because it cannot read the content.
fn is_navigation_to_a_game(head: &Parts) -> bool {
    head.method == http::Method::GET
        && head.uri.path().starts_with("/play/")
        && has_header_value(&head.headers, "sec-fetch-mode", "navigate")
}

fn has_header_value(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get_all(name).iter().any(|given| given.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
}

fn is_loopback(authority: &Authority) -> bool {
    !authority.as_str().contains('@') && is_loopback_host(authority.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(target: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = http::Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        rejection(&head, 8080).map_or(200, |response| response.status().as_u16())
    }

    #[test]
    fn only_a_loopback_host_with_the_sandboxs_port_is_accepted() {
        for host in [
            "127.0.0.1:8080",
            "127.9.9.9:8080",
            "localhost:8080",
            "LOCALHOST:8080",
            "localhost.:8080",
            "game.localhost:8080",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
        ] {
            assert_eq!(status("/", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "localhost.evil.example:8080",
            "evillocalhost:8080",
            "localhost@evil.example:8080",
            "x@localhost:8080",
            "192.0.2.1:8080",
            "[::2]:8080",
            "0.0.0.0:8080",
            "localhost:8081",
            "localhost",
            "127.0.0.1",
            "",
            "a b",
        ] {
            assert_eq!(status("/", &[("host", host)]), 403, "{host}");
        }
        assert_eq!(status("/", &[]), 403);
        assert_eq!(status("/", &[("host", "localhost:8080"), ("host", "evil.example:8080")]), 403);
        assert_eq!(status("http://evil.example:8080/", &[("host", "localhost:8080")]), 403);
        assert_eq!(status("http://127.0.0.1:8080/", &[("host", "localhost:8080")]), 200);
    }

    #[test]
    fn only_pages_of_this_machine_are_accepted() {
        let here = ("host", "localhost:8080");
        for origin in
            ["http://localhost:8080", "http://127.0.0.1:3000", "https://app.localhost", "http://[::1]:1"]
        {
            assert_eq!(status("/", &[here, ("origin", origin)]), 200, "{origin}");
        }
        for origin in
            ["null", "", "https://evil.example", "http://localhost.evil.example", "localhost", "file://"]
        {
            assert_eq!(status("/", &[here, ("origin", origin)]), 403, "{origin}");
        }
        let twice = [here, ("origin", "http://localhost"), ("origin", "https://evil.example")];
        assert_eq!(status("/", &twice), 403);
    }

    #[test]
    fn a_page_of_another_site_may_open_a_game_and_nothing_else() {
        let from =
            |site| [("host", "localhost:8080"), ("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
        for site in ["none", "same-origin", "same-site"] {
            assert_eq!(status("/_sandbox", &from(site)), 200, "{site}");
        }
        assert_eq!(status("/play/x", &from("cross-site")), 200);
        assert_eq!(status("/_sandbox", &from("cross-site")), 403);
        assert_eq!(status("/_sandbox", &from("Cross-Site")), 403);
        let fetched =
            [("host", "localhost:8080"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
        assert_eq!(status("/play/x", &fetched), 403);
    }
}
