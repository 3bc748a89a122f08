//! The list of hosts that are reached without a proxy: the variable `NO_PROXY`. `proxy.rs` uses it.

use std::net::IpAddr;

use url::Url;

/// Returns whether an entry of the list names the server. Entries are separated by commas,
/// semicolons or white space.
///
/// # Errors
///
/// Returns the entry that cannot be read.
pub(super) fn bypasses_proxy<'a>(list: &'a str, server: &Url) -> Result<bool, &'a str> {
    let separator = |character: char| matches!(character, ',' | ';') || character.is_ascii_whitespace();
    let mut found = false;
    // Every entry is read, so that an error does not depend on the order of the entries.
    for entry in list.split(separator).filter(|entry| !entry.is_empty()) {
        found |= matches_entry(entry, server).ok_or(entry)?;
    }
    Ok(found)
}

/// Returns whether an entry names the server; None if the entry cannot be read.
fn matches_entry(entry: &str, server: &Url) -> Option<bool> {
    if entry == "*" {
        return Some(true);
    }
    let host = bare(server.host_str()?);
    let address: Option<IpAddr> = host.parse().ok();
    if let Some((network, bits)) = entry.split_once('/') {
        let network: IpAddr = bare(network).parse().ok()?;
        return in_network(address, network, bits.parse().ok()?);
    }
    let (name, port) = split_port(entry)?;
    if port.is_some_and(|port| server.port_or_known_default() != Some(port)) {
        return Some(false);
    }
    if let Ok(named) = bare(name).parse::<IpAddr>() {
        return Some(address.is_some_and(|address| address.to_canonical() == named.to_canonical()));
    }
    let name = name.trim_end_matches('.');
    // The host of a URL has no brackets or colons unless it is an IPv6 address.
    if name.is_empty() || name.contains(['[', ']', ':', '@', '"', '\'']) {
        return None;
    }
    let (name, host) = (name.to_ascii_lowercase(), host.trim_end_matches('.').to_ascii_lowercase());
    if name.contains('*') {
        return Some(matches_pattern(&name, &host));
    }
    let name = name.trim_start_matches('.');
    Some(
        address.is_none()
            && host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    )
}

/// Returns a host without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Divides `host:port`. An IPv6 address with a port needs brackets. Returns None if the port is not
/// a number.
fn split_port(entry: &str) -> Option<(&str, Option<u16>)> {
    let after_address = entry.rfind(']').map_or(0, |end| end + 1);
    if after_address == 0 && entry.parse::<IpAddr>().is_ok() {
        return Some((entry, None));
    }
    match entry.get(after_address..)?.split_once(':') {
        None => Some((entry, None)),
        Some((name, port)) => Some((entry.get(..after_address + name.len())?, Some(port.parse().ok()?))),
    }
}

/// Returns whether an address is in a network; None if the network has not so many bits.
fn in_network(address: Option<IpAddr>, network: IpAddr, bits: u32) -> Option<bool> {
    // The first `bits` bits, as a number; none are left for a shift by the whole width.
    let prefix = |address: IpAddr| match address {
        IpAddr::V4(address) => {
            Some(u128::from(address.to_bits().checked_shr(32u32.checked_sub(bits)?).unwrap_or(0)))
        }
        IpAddr::V6(address) => Some(address.to_bits().checked_shr(128u32.checked_sub(bits)?).unwrap_or(0)),
    };
    let expected = prefix(network)?;
    let address = address.map(|address| if network.is_ipv4() { address.to_canonical() } else { address });
    Some(
        address.is_some_and(|address| {
            address.is_ipv4() == network.is_ipv4() && prefix(address) == Some(expected)
        }),
    )
}

/// Returns whether a host matches a pattern, in which `*` stands for any characters.
fn matches_pattern(pattern: &str, host: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = host.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            // Every `*` stands for at least one character.
            return rest.len() > part.len() && rest.ends_with(part);
        }
        match rest.get(1..).and_then(|rest| rest.split_once(part)) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bypasses<'a>(list: &'a str, server: &str) -> Result<bool, &'a str> {
        bypasses_proxy(list, &Url::parse(server).unwrap())
    }

    #[test]
    fn the_documented_forms_of_an_entry_match_their_hosts_only() {
        for (list, server, expected) in [
            ("", "https://game.test", false),
            ("*", "https://game.test", true),
            ("game.test", "https://game.test", true),
            ("GAME.test.", "https://game.TEST", true),
            ("game.test", "https://eu.game.test.", true),
            ("game.test", "https://notgame.test", false),
            (".game.test", "https://game.test", true),
            (".game.test", "https://eu.game.test", true),
            ("*.game.test", "https://eu.game.test", true),
            ("*.game.test", "https://game.test", false),
            ("*.game.test", "https://eu.notgame.test", false),
            ("game.*", "https://game.test", true),
            ("a.*.test", "https://a.b.test", true),
            ("a.*.test", "https://a.test", false),
            ("192.168.*", "https://192.168.1.1", true),
            ("game.test:443", "https://game.test", true),
            ("game.test:80", "http://game.test", true),
            ("game.test:8443", "https://game.test", false),
            ("*.game.test:8443", "https://eu.game.test:8443", true),
            ("10.0.0.1", "https://10.0.0.1", true),
            ("10.0.0.1:8443", "https://10.0.0.1:8443", true),
            ("10.0.0.1:8443", "https://10.0.0.1", false),
            ("0.0.1", "https://10.0.0.1", false),
            ("10.0.0.0/8", "https://10.9.9.9", true),
            ("10.0.0.0/8", "https://11.0.0.1", false),
            ("0.0.0.0/0", "https://11.0.0.1", true),
            ("0.0.0.0/0", "https://game.test", false),
            ("10.0.0.1/32", "https://10.0.0.1", true),
            ("10.0.0.0/8", "https://[2001:db8::1]", false),
            ("10.0.0.0/8", "https://[::ffff:10.0.0.1]", true),
            ("[2001:db8::1]", "https://[2001:db8::1]", true),
            ("2001:db8::1", "https://[2001:db8::1]:8", true),
            ("2001:DB8:0::1", "https://[2001:db8::1]", true),
            ("[2001:db8::1]:8", "https://[2001:db8::1]:8", true),
            ("[2001:db8::1]:8", "https://[2001:db8::1]", false),
            ("2001:db8::/32", "https://[2001:db8::1]", true),
            ("[2001:db8::]/32", "https://[2001:db8::1]", true),
            ("2001:db8::/32", "https://[2001:db9::1]", false),
            ("::/0", "https://[2001:db9::1]", true),
            (" a.test , game.test ", "https://game.test", true),
            ("a.test;game.test", "https://game.test", true),
            ("a.test game.test\r\n", "https://game.test", true),
            (",;, ", "https://game.test", false),
            ("<local>", "https://game.test", false),
        ] {
            assert_eq!(bypasses(list, server), Ok(expected), "{list:?} {server}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_returned() {
        for entry in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "game.test/8",
            "::/129",
            "[zz",
            "[zz]",
            "a:b",
            "a:70000",
            "[::1]x",
            ".",
        ] {
            assert_eq!(bypasses(&format!("*,{entry},game.test"), "https://game.test"), Err(entry));
        }
    }
}
