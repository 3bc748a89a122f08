//! Converts the errors of hyper-util's SOCKS connectors, which both transports use. hyper-util does
//! not export their types, so the text decides. The tests of proxies contain every text.

use std::error::Error as StdError;

/// The failure of a SOCKS proxy.
#[derive(Debug)]
pub(super) struct SocksFailure {
    pub(super) message: String,
    /// Whether the proxy would refuse another attempt, too.
    pub(super) is_final: bool,
}

/// Returns the failure of a SOCKS proxy that an error stands for, without its sources.
pub(super) fn socks_failure(error: &(dyn StdError + 'static)) -> Option<SocksFailure> {
    let text = error.to_string();
    let reason = text.strip_prefix("SOCKS error: ")?;
    let refused = match reason {
        "credentials not accepted" => {
            "The SOCKS proxy refused the user name and password. Check them in the proxy's URL."
        }
        "server does not support user/pass authentication" => {
            "The SOCKS proxy accepts no offered way to log in: a user name and password if its URL has them, \
             none otherwise. Add them to the proxy's URL, or remove them."
        }
        "server implements authentication incorrectly" => {
            "The SOCKS proxy chose a way to log in that was not offered. Check the address of the proxy."
        }
        "connection not allowed" => "The SOCKS proxy does not allow a connection to the server.",
        "server ident service failed" | "server ident service did not recognise client identifier" => {
            "The SOCKS proxy requires an ident service on this machine, which SOCKS5 does not need."
        }
        "command not supported" => "The SOCKS proxy does not open connections to servers.",
        "address type not supported" => {
            "The SOCKS proxy does not support the type of the server's address. Use a socks5h URL for names, \
             or a socks5 URL for addresses."
        }
        "IPV6 is not supported" => {
            "A SOCKS4 proxy cannot connect to an IPv6 address. Use a socks5 or socks5h proxy."
        }
        _ => {
            let message = format!("No connection could be established through the SOCKS proxy: {reason}.");
            return Some(SocksFailure { message, is_final: false });
        }
    };
    Some(SocksFailure { message: refused.to_owned(), is_final: true })
}
