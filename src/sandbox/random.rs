//! Random bytes for ids, tokens and keys.

use crate::codes::Code;
use crate::error::Error;

/// Returns `N` bytes from the operating system's random number generator.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|problem| {
        Error::new(Code::INTERNAL, format!("The system provides no random numbers: {problem}."))
    })?;
    Ok(bytes)
}

/// Returns `N` random bytes as hexadecimal digits.
pub(super) fn hex<const N: usize>() -> Result<String, Error> {
    bytes::<N>().map(|bytes| to_hex(&bytes))
}

/// Returns a random UUID (RFC 9562, version 4).
pub(super) fn uuid() -> Result<String, Error> {
    let mut bytes = bytes::<16>()?;
    // The version is 4 and the variant is 1.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = to_hex(&bytes);
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_36_characters_version_4_and_variant_1() {
        let id = uuid().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
    }
}
