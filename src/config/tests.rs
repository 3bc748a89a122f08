//! Tests of the configuration as a whole.

use std::ffi::OsString;

use super::*;

fn read(text: &str) -> Result<Config, Error> {
    Config::parse(text, &|_| None)
}

fn field(text: &str) -> String {
    read(text).unwrap_err().field().unwrap().to_owned()
}

#[test]
fn the_defaults_equal_the_documented_ones() {
    let config = read(r#"{"api_key": "k3y-secret"}"#).unwrap();
    assert_eq!(config.base_url, DEFAULT_BASE_URL);
    assert_eq!(config.timeout, Duration::from_secs(30));
    assert_eq!(config.attempt_timeout, Duration::from_secs(10));
    assert_eq!(config.connect_timeout, Duration::from_secs(5));
    assert_eq!((config.max_retries, config.max_connections), (2, 32));
    assert_eq!(config.max_response_bytes, 8_388_608);
    assert!(matches!(config.proxy, ProxyChoice::System));
    let agent = concat!("iplaygames-native/", env!("CARGO_PKG_VERSION"));
    assert_eq!(config.headers[header::USER_AGENT], agent);
}

#[test]
fn an_invalid_value_is_an_error_that_names_its_key() {
    for (text, at) in [
        (r#"{"api_kye": "k"}"#, "/api_kye"),
        (r#"{"a/b~c": 1, "api_key": "k"}"#, "/a~1b~0c"),
        (r#"{"api_key": ""}"#, "/api_key"),
        (r#"{"api_key": 5}"#, "/api_key"),
        (r#"{"api_key": "a\nb"}"#, "/api_key"),
        (r#"{}"#, "/api_key"),
        (r#"{"api_key": "k", "timeout_ms": 0}"#, "/timeout_ms"),
        (r#"{"api_key": "k", "timeout_ms": -1}"#, "/timeout_ms"),
        (r#"{"api_key": "k", "timeout_ms": 1.5}"#, "/timeout_ms"),
        (r#"{"api_key": "k", "timeout_ms": "1"}"#, "/timeout_ms"),
        (r#"{"api_key": "k", "max_retries": 21}"#, "/max_retries"),
        (r#"{"api_key": "k", "max_connections": 0}"#, "/max_connections"),
        (r#"{"api_key": "k", "base_url": "http://example.com"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "http://127.0.0.1.example.com"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "https://u:p@example.com"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "https://example.com/?a=1"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "https://example.com/#a"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "ftp://example.com"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": "example.com"}"#, "/base_url"),
        (r#"{"api_key": "k", "base_url": ""}"#, "/base_url"),
        (r#"{"api_key": "k", "headers": []}"#, "/headers"),
        (r#"{"api_key": "k", "headers": {"X": 1}}"#, "/headers/X"),
        (r#"{"api_key": "k", "headers": {"X": "a\r\nY: b"}}"#, "/headers/X"),
        (r#"{"api_key": "k", "headers": {"x y": "1"}}"#, "/headers/x y"),
        (r#"{"api_key": "k", "headers": {"Authorization": "x"}}"#, "/headers/Authorization"),
        (r#"{"api_key": "k", "headers": {"HOST": "x"}}"#, "/headers/HOST"),
        (r#"{"api_key": "k", "headers": {"Content-Type": "x"}}"#, "/headers/Content-Type"),
        (r#"{"api_key": "k", "headers": {"accept": "x"}}"#, "/headers/accept"),
        (r#"{"api_key": "k", "proxy": "socks6://x"}"#, "/proxy"),
        (r#"{"api_key": "k", "ca_file": "no such file"}"#, "/ca_file"),
        (r#"{"api_key": "k", "ca_pem": "nothing"}"#, "/ca_pem"),
        (r#"{"api_key": "k", "ca_only": true}"#, "/ca_only"),
        (r#"{"api_key": "k", "client_cert_pem": "nothing"}"#, "/client_cert_pem"),
        (r#"{"api_key": "k", "client_key_file": "no such file"}"#, "/client_key_file"),
        (r#"{"api_key": "k", "user_agent": "a\nb"}"#, "/user_agent"),
        (r#"{"api_key": "k", "api_key": "l"}"#, "/api_key"),
        (r#"[]"#, ""),
        (r#"{"#, ""),
    ] {
        assert_eq!(field(text), at, "{text}");
    }
}

#[test]
fn only_the_default_base_url_needs_an_api_key() {
    assert!(read(r#"{"base_url": "https://relay.example.com"}"#).unwrap().authorization.is_none());
    let own = r#"{"base_url": "https://relay.example.com", "headers": {"Authorization": "Player x"}}"#;
    assert!(read(own).is_ok());
    assert_eq!(field(r#"{"base_url": "https://api.iplaygames.ai/"}"#), "/api_key");
}

#[test]
fn the_environment_provides_absent_values() {
    let environment = |name: &str| match name {
        API_KEY_ENV => Some("from-env".into()),
        BASE_URL_ENV => Some("http://127.0.0.1:9/v/".into()),
        _ => None,
    };
    let config = Config::parse("", &environment).unwrap();
    assert_eq!((config.base_url.as_str(), config.loopback), ("http://127.0.0.1:9/v", true));
    assert_eq!(config.authorization.unwrap(), "Bearer from-env");
    let given = r#"{"api_key": "given", "base_url": "https://x.example"}"#;
    let config = Config::parse(given, &environment).unwrap();
    assert_eq!((config.base_url.as_str(), config.loopback), ("https://x.example", false));
    assert_eq!(config.authorization.unwrap(), "Bearer given");
}

#[test]
fn neither_debug_output_nor_errors_show_a_secret() {
    let text = r#"{"api_key": "sk-\"quoted\"/x", "headers": {"X-Token": "player-token"},
                   "proxy": "http://user:proxy-pass@127.0.0.1:1"}"#;
    let config = read(text).unwrap();
    let shown = format!("{config:?}");
    for secret in ["sk-", "player-token", "proxy-pass"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let mut echo =
        r#"{"message":"sk-\"quoted\"/x or sk-\"quoted\"\/x, player-token, proxy-pass"}"#.to_owned();
    config.secrets.redact(&mut echo);
    for secret in ["quoted", "player-token", "proxy-pass"] {
        assert!(!echo.contains(secret), "{echo}");
    }
    let bad = read(r#"{"api_key": "k", "proxy": "http://user:proxy-pass@"}"#).unwrap_err();
    assert!(!bad.to_json().contains("proxy-pass"));
}

#[test]
fn spaces_around_a_key_or_header_and_non_ascii_characters_are_refused_with_their_field() {
    for bad in
        ["k3y ", " k3y", "k3y\\t", "   ", "\\ufeffk3y", "k3y\\u200b", "k3\u{FC}", "k\\u0000", "\u{A0}k3y"]
    {
        assert_eq!(field(&format!(r#"{{"api_key": "{bad}"}}"#)), "/api_key", "{bad:?}");
        let header = format!(r#"{{"api_key": "k", "headers": {{"X": "{bad}"}}}}"#);
        assert_eq!(field(&header), "/headers/X", "{bad:?}");
    }
    assert_eq!(field(r#"{"api_key": "a\tb"}"#), "/api_key");
    assert_eq!(field(r#"{"api_key": "\ud83c"}"#), "/api_key");
    assert_eq!(field(r#"{"api_key": "k", "user_agent": " game"}"#), "/user_agent");
    assert!(read(r#"{"api_key": "k", "headers": {"X": "a \t b", "Y": ""}}"#).is_ok());
}

#[test]
fn a_key_from_the_environment_is_trimmed_and_then_checked() {
    let key = |value: &str| {
        let value = OsString::from(value);
        let environment = move |name: &str| (name == API_KEY_ENV).then(|| value.clone());
        Config::parse("", &environment).map(|config| config.authorization.unwrap())
    };
    for good in ["k3y", "k3y\r\n", "\u{FEFF}k3y\n", " \tk3y ", "\u{FEFF} k3y"] {
        assert_eq!(key(good).unwrap(), "Bearer k3y", "{good:?}");
    }
    for bad in [" \n", "\u{FEFF}", "k3y\u{200B}", "\u{FEFF}\u{FEFF}k3y", "a\nb", "k3\u{FC}"] {
        assert_eq!(key(bad).unwrap_err().field(), Some("/api_key"), "{bad:?}");
    }
}

#[test]
fn a_base_url_from_the_environment_is_trimmed_and_its_error_names_the_variable() {
    let base_url = |value: &str| {
        let value = OsString::from(value);
        let environment = move |name: &str| (name == BASE_URL_ENV).then(|| value.clone());
        Config::parse(r#"{"api_key": "k3y"}"#, &environment).map(|config| config.base_url)
    };
    for good in ["https://x.example", "\u{FEFF}https://x.example/\r\n", " \thttps://x.example "] {
        assert_eq!(base_url(good).unwrap(), "https://x.example", "{good:?}");
    }
    for bad in [" \n", "\"https://x.example\"", "https://x.exa\nmple", "x.example", "https://x.example/ a"] {
        let error = base_url(bad).unwrap_err();
        assert_eq!(error.field(), Some("/base_url"), "{bad:?}");
        assert!(error.message().contains(BASE_URL_ENV), "{error}");
    }
    for bad in [" https://x.example", "https://x.example\\n", "https://x.\\texample"] {
        assert_eq!(field(&format!(r#"{{"api_key": "k", "base_url": "{bad}"}}"#)), "/base_url", "{bad:?}");
    }
}

#[test]
fn an_environment_value_that_is_not_unicode_is_an_error_that_names_the_variable() {
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    for name in [
        [API_KEY_ENV, BASE_URL_ENV, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"].as_slice(),
        &proxies,
    ]
    .concat()
    {
        let environment = |asked: &str| (asked == name).then(crate::sys::not_unicode);
        let config = if name == API_KEY_ENV { "" } else { r#"{"api_key": "k"}"# };
        let error = Config::parse(config, &environment).unwrap_err();
        assert!(error.message().contains(name), "{error}");
    }
}

#[test]
fn a_proxy_password_is_redacted_from_every_source() {
    for (config, variable) in [
        (r#"{"api_key": "k", "proxy": "http://user:p%40ss-word@127.0.0.1:1"}"#, ""),
        (r#"{"api_key": "k"}"#, "http://user:p%40ss-word@127.0.0.1:1/"),
        (r#"{"api_key": "k"}"#, "user:p%40ss-word@127.0.0.1:1"),
    ] {
        let environment =
            |name: &str| (name == "HTTPS_PROXY" && !variable.is_empty()).then(|| OsString::from(variable));
        let config = Config::parse(config, &environment).unwrap();
        let mut text = "p%40ss-word p@ss-word dXNlcjpwQHNzLXdvcmQ=".to_owned();
        config.secrets.redact(&mut text);
        assert_eq!(text, "[hidden] [hidden] [hidden]", "{variable}");
    }
}

#[test]
fn an_older_name_of_a_key_is_accepted_unless_the_object_has_both_names() {
    let config = Config::from_json(r#"{"api_key": "k", "background": true}"#).unwrap();
    assert!(config.io_thread);
    let error = Config::from_json(r#"{"api_key": "k", "only_these_cas": true}"#).unwrap_err();
    assert_eq!(error.field(), Some("/ca_only"), "{error}");
    let error = Config::from_json(r#"{"api_key": "k", "background": true, "io_thread": true}"#).unwrap_err();
    assert_eq!(error.field(), Some("/background"), "{error}");
}
