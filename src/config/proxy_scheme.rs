//! The schemes of proxies. `proxy.rs` checks the configuration with them; `net` selects the
//! protocol.

/// The protocol that a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyScheme {
    Http,
    Https,
    /// SOCKS version 4 (`socks4`, `socks4a`) or 5 (`socks5`, `socks5h`).
    Socks {
        version: u8,
        /// Whether the proxy resolves the name of the server.
        proxy_resolves: bool,
    },
}

impl ProxyScheme {
    /// What a message says about the URL of a proxy.
    pub(crate) const URLS: &'static str = "an http, https, socks4, socks4a, socks5 or socks5h URL";

    /// Returns the scheme with this name in lower case; None for an unknown name.
    pub(crate) fn from_name(name: &str) -> Option<ProxyScheme> {
        let socks = |version, proxy_resolves| ProxyScheme::Socks { version, proxy_resolves };
        Some(match name {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            "socks4" => socks(4, false),
            "socks4a" => socks(4, true),
            "socks5" => socks(5, false),
            "socks5h" => socks(5, true),
            _ => return None,
        })
    }

    /// Returns the port of a URL that names none.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            ProxyScheme::Http => 80,
            ProxyScheme::Https => 443,
            ProxyScheme::Socks { .. } => 1080,
        }
    }
}
