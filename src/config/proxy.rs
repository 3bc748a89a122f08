//! The proxy: the key `proxy`, and the variables of the environment that name a proxy. Which hosts
//! need none is in `no_proxy.rs`.

use url::Url;
use zeroize::Zeroizing;

use super::env::{Environment, read_environment, trim_outside_key};
use super::no_proxy::bypasses_proxy;
use super::proxy_scheme::ProxyScheme;
use crate::error::Error;
use crate::json::ObjectReader;
use crate::redact::Redactor;
use crate::sys;

/// The environment variables for the proxies of the system. Their passwords are secret too.
const PROXY_ENVS: &[&str] =
    &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The proxy that requests go through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    /// The proxy of the operating system's settings, except for a server on this machine: neither
    /// the configuration nor the environment names one.
    System,
    /// No proxy, even if the system has one.
    None,
    /// The proxy with this URL, of the configuration or of the environment.
    Url(Url),
}

/// Takes the proxy of a server. Adds the passwords in its URL, or in the variables of the
/// environment, to `secrets`.
pub(super) fn take_proxy(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
    (base_url, loopback): (&str, bool),
    secrets: &mut Redactor,
) -> Result<ProxyChoice, Error> {
    let Some(text) = reader.take_secret_string("proxy")? else {
        return environment_proxy(environment, base_url, loopback, secrets);
    };
    let text = trim_outside_key(&text);
    if text.eq_ignore_ascii_case("none") {
        return Ok(ProxyChoice::None);
    }
    let url = parse_proxy(text).map_err(|problem| {
        Error::invalid("/proxy", format!("`proxy` must be {}, or \"none\"; {problem}.", ProxyScheme::URLS))
    })?;
    add_proxy_credentials(url.as_str(), secrets);
    Ok(ProxyChoice::Url(url))
}

/// Returns the proxy that the environment names for a server. A value that cannot be used is an
/// error, because a direct connection would bypass the proxy.
fn environment_proxy(
    environment: Environment<'_>,
    base_url: &str,
    loopback: bool,
    secrets: &mut Redactor,
) -> Result<ProxyChoice, Error> {
    let read = |name: &str| read_environment(environment, name, "/proxy");
    for name in PROXY_ENVS {
        if let Some(text) = read(name)? {
            add_proxy_credentials(trim_outside_key(&text), secrets);
        }
    }
    if loopback {
        return Ok(ProxyChoice::System);
    }
    let Ok(server) = Url::parse(base_url) else { return Ok(ProxyChoice::System) };
    for name in ["NO_PROXY", "no_proxy"] {
        let Some(list) = read(name)?.filter(|list| !trim_outside_key(list).is_empty()) else { continue };
        let bypassed = bypasses_proxy(trim_outside_key(&list), &server).map_err(|entry| {
            Error::invalid(
                "/proxy",
                format!(
                    "The environment variable {name} has the entry {entry:?}, which cannot be read. Use \
                     entries such as example.com, *.example.com, example.com:8080 or 10.0.0.0/8."
                ),
            )
        })?;
        if bypassed {
            return Ok(ProxyChoice::None);
        }
        break;
    }
    // A CGI program has the header `Proxy` of a request in `HTTP_PROXY`, which is the same variable
    // as `http_proxy` where names have no case.
    let is_cgi = environment("REQUEST_METHOD").is_some();
    let names: &[&str] = match server.scheme() {
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ if is_cgi && !sys::ENV_NAMES_HAVE_CASE => &["ALL_PROXY", "all_proxy"],
        _ if is_cgi => &["http_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    for name in names {
        let Some(text) = read(name)? else { continue };
        let text = trim_outside_key(&text);
        if text.is_empty() {
            continue;
        }
        let url = parse_proxy(text).map_err(|problem| {
            Error::invalid(
                "/proxy",
                format!(
                    "The environment variable {name} cannot be used as a proxy: {problem}. Correct it, \
                     unset it, or set `proxy` to a URL or to \"none\"."
                ),
            )
        })?;
        add_proxy_credentials(url.as_str(), secrets);
        return Ok(ProxyChoice::Url(url));
    }
    Ok(ProxyChoice::System)
}

/// Parses the URL of a proxy, which may lack its scheme. The error is the end of a sentence. It
/// shows nothing of the text, which may contain a password.
fn parse_proxy(text: &str) -> Result<Url, &'static str> {
    // The parser of URLs removes or converts these characters.
    if text
        .contains(|character: char| character.is_whitespace() || character.is_control() || character == '\\')
    {
        return Err("it has white space, a control character or a backslash inside");
    }
    let with_scheme = Zeroizing::new(match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    });
    let url = Url::parse(&with_scheme).map_err(|_| "it is not a URL such as http://host:3128")?;
    let has_port = url.port().is_some() || text.trim_end_matches('/').ends_with(":80");
    if !text.contains("://") && !has_port {
        // A word such as `direct` is not a host.
        return Err("it has neither a scheme nor a port; write http://host:3128");
    }
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    match ProxyScheme::from_name(url.scheme()) {
        None => return Err("its scheme is none of http, https, socks4, socks4a, socks5 and socks5h"),
        Some(ProxyScheme::Socks { version: 4, .. }) if has_credentials => {
            return Err(
                "a SOCKS4 proxy takes no user name and no password here; remove them, or use socks5 or socks5h",
            );
        }
        Some(_) => {}
    }
    // The parser admits quotes in the name of a host.
    let is_host = |host: &str| {
        host.starts_with('[')
            || host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    if !url.host_str().is_some_and(|host| !host.is_empty() && is_host(host)) || url.port() == Some(0) {
        return Err("its host or port is not valid");
    }
    // A password with one of these characters ends the host early.
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(
            "it has a path, a query or a fragment (in a password write # as %23, / as %2F and ? as %3F)",
        );
    }
    Ok(url)
}
/// Adds the user name and the password of a proxy URL to the redactor. The URL may have no scheme.
fn add_proxy_credentials(address: &str, secrets: &mut Redactor) {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((credentials, _)) = authority.rsplit_once('@') else { return };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let decode = |text: &str| {
        Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
    };
    secrets.add(if password.is_empty() { user } else { password });
    secrets.add_credentials(&decode(user), &decode(password));
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    /// Returns the URL of the proxy that these variables name for a server; None for no proxy.
    fn proxy_of(base_url: &str, variables: &[(&str, &str)]) -> Result<Option<String>, Error> {
        let environment = |name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
        };
        environment_proxy(&environment, base_url, false, &mut Redactor::default()).map(
            |choice| match choice {
                ProxyChoice::Url(url) => Some(url.to_string()),
                ProxyChoice::System | ProxyChoice::None => None,
            },
        )
    }

    const SERVER: &str = "https://game.test";
    const PROXY: &str = "http://proxy.test:3128/";

    #[test]
    fn white_space_around_a_proxy_variable_is_removed_and_its_scheme_may_be_absent() {
        for value in [
            "http://proxy.test:3128",
            " http://proxy.test:3128/ ",
            "http://proxy.test:3128\r",
            "\thttp://proxy.test:3128\r\n",
            "proxy.test:3128",
            "HTTP://PROXY.test:3128",
        ] {
            for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                let found = proxy_of(SERVER, &[(name, value)]).unwrap();
                assert_eq!(found.as_deref(), Some(PROXY), "{name} {value:?}");
            }
        }
        for empty in ["", " ", "\r\n"] {
            let found = proxy_of(SERVER, &[("HTTPS_PROXY", empty), ("https_proxy", PROXY)]);
            assert_eq!(found.unwrap().as_deref(), Some(PROXY));
            assert_eq!(proxy_of(SERVER, &[("HTTPS_PROXY", empty)]).unwrap(), None);
        }
    }

    #[test]
    fn a_proxy_variable_that_cannot_be_used_is_an_error_that_names_it_and_shows_no_password() {
        for value in [
            "\"http://proxy.test:3128\"",
            "'http://proxy.test:3128'",
            "\"proxy.test\"",
            "http://'proxy.test'",
            "http://[zz",
            "http://",
            "http://:3128",
            "http://proxy.test:port",
            "http://proxy.test:70000",
            "http://proxy.test:0",
            "http://user:pa#w0rd@proxy.test:3128",
            "http://user:12#w0rd@proxy.test:3128",
            "http://user:12/w0rd@proxy.test:3128",
            "http://user:12?w0rd@proxy.test:3128",
            "http://user:pa\\w0rd@proxy.test:3128",
            "http://proxy .test:3128",
            "http://proxy.test:31\n28",
            "http:proxy.test:3128",
            "ftp://proxy.test",
            "socks4://user:w0rd@proxy.test",
            "socks4a://user:w0rd@proxy.test",
            "none such",
            "nonsense",
            "proxy.test",
            "direct",
        ] {
            let error = proxy_of(SERVER, &[("https_proxy", value)]).unwrap_err();
            assert_eq!(error.field(), Some("/proxy"), "{value:?}");
            assert!(error.message().contains(" https_proxy "), "{value:?}: {error}");
            assert!(!error.to_json().contains("w0rd"), "{error}");
            let json = serde_json::json!({ "proxy": value }).to_string();
            let mut reader = ObjectReader::parse(&json, "The configuration").unwrap();
            let taken = take_proxy(&mut reader, &|_| None, (SERVER, false), &mut Redactor::default());
            let error = taken.map(|_| ()).unwrap_err();
            assert_eq!(error.field(), Some("/proxy"), "{value:?}");
            assert!(!error.to_json().contains("w0rd"), "{error}");
        }
    }

    #[test]
    fn the_key_proxy_accepts_what_a_variable_accepts() {
        for (value, expected) in [
            ("proxy.test:3128", Some(PROXY)),
            (" http://proxy.test:3128\r\n", Some(PROXY)),
            ("none", None),
            (" None ", None),
        ] {
            let json = serde_json::json!({ "proxy": value }).to_string();
            let mut reader = ObjectReader::parse(&json, "The configuration").unwrap();
            let variable = |_: &str| Some(OsString::from("http://other.test"));
            let taken = take_proxy(&mut reader, &variable, (SERVER, false), &mut Redactor::default());
            match taken.unwrap() {
                ProxyChoice::Url(url) => assert_eq!(Some(url.as_str()), expected, "{value:?}"),
                ProxyChoice::None => assert_eq!(None, expected, "{value:?}"),
                ProxyChoice::System => panic!("{value:?} was not taken"),
            }
        }
    }

    #[test]
    fn a_server_has_the_proxy_of_its_scheme_and_a_cgi_program_does_not_use_the_variable_http_proxy() {
        let both = [("HTTPS_PROXY", "http://s.test"), ("HTTP_PROXY", "http://p.test")];
        assert_eq!(proxy_of(SERVER, &both).unwrap().as_deref(), Some("http://s.test/"));
        assert_eq!(proxy_of("http://game.test", &both).unwrap().as_deref(), Some("http://p.test/"));
        let cgi = |name| [("REQUEST_METHOD", "GET"), (name, PROXY)];
        assert_eq!(proxy_of("http://game.test", &cgi("HTTP_PROXY")).unwrap(), None);
        for (server, name) in [
            (SERVER, "HTTPS_PROXY"),
            (SERVER, "ALL_PROXY"),
            ("http://game.test", "http_proxy"),
            ("http://game.test", "all_proxy"),
        ] {
            if name != "http_proxy" || sys::ENV_NAMES_HAVE_CASE {
                assert_eq!(proxy_of(server, &cgi(name)).unwrap().as_deref(), Some(PROXY), "{name}");
            }
        }
    }

    #[test]
    fn no_proxy_is_read_before_the_proxy_and_its_unreadable_entries_are_errors() {
        for name in ["NO_PROXY", "no_proxy"] {
            let found = |list| proxy_of(SERVER, &[("HTTPS_PROXY", PROXY), (name, list)]);
            assert_eq!(found("a.test; game.test:443").unwrap(), None);
            assert_eq!(found("other.test").unwrap().as_deref(), Some(PROXY));
            let error = found("other.test,10.0.0.0/99").unwrap_err();
            assert!(error.message().contains(name) && error.message().contains("10.0.0.0/99"), "{error}");
        }
    }
}
