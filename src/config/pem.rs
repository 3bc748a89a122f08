//! Reads the certificates of a PEM text. Every block is read or refused: a certificate that is
//! skipped silently would later be an error of TLS that does not say why.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

const DASHES: &str = "-----";
const BEGIN: &str = "BEGIN ";
const END: &str = "-----END ";

/// Returns the certificates of a PEM text, at least one. Text around the blocks, a byte order mark,
/// indented lines and blocks without a line break between them are accepted.
///
/// # Errors
///
/// Returns the predicate of a sentence about the text, such as "has no certificate". It shows
/// nothing of the text, which may contain a private key.
pub(crate) fn parse_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if pem.starts_with(&[0xFF, 0xFE]) || pem.starts_with(&[0xFE, 0xFF]) {
        return Err("is encoded in UTF-16. Save it as UTF-8".to_owned());
    }
    let text = ascii(pem);
    let mut certificates = Vec::new();
    let mut rest: &str = &text;
    let mut number = 0;
    while let Some((before, block)) = split_at_begin(rest) {
        number += 1;
        let (certificate, after) = parse_block(before, block)
            .map_err(|problem| format!("has a PEM block (number {number}) that {problem}"))?;
        certificates.push(certificate);
        rest = after;
    }
    if rest.contains(END) {
        return Err("has an END line without a BEGIN line".to_owned());
    }
    match certificates.is_empty() {
        false => Ok(certificates),
        true if pem.starts_with(&[0x30, 0x82]) => Err("is in the format DER. Convert it with \
             `openssl x509 -inform der -in FILE -out NEW_FILE`"
            .to_owned()),
        true => Err("has no certificate in PEM format".to_owned()),
    }
}

/// Reads a block. `before` is the text from the last block to the word BEGIN, and `block` the text
/// after that word. Returns the certificate and the text after the block.
fn parse_block<'a>(before: &str, block: &'a str) -> Result<(CertificateDer<'static>, &'a str), &'static str> {
    if before.contains(END) {
        return Err("follows an END line without a BEGIN line");
    }
    let (label, content) = block
        .split_once(DASHES)
        .filter(|(label, _)| before.ends_with(DASHES) && !label.contains(['\r', '\n', '-']))
        .ok_or("has a BEGIN line without five hyphens at each end")?;
    let (content, rest) = content
        .split_once(END)
        .filter(|(content, _)| split_at_begin(content).is_none())
        .ok_or("has no END line")?;
    let rest = rest
        .strip_prefix(label)
        .and_then(|rest| rest.strip_prefix(DASHES))
        .ok_or("has an END line that does not match its BEGIN line")?;
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => {}
        "TRUSTED CERTIFICATE" => {
            return Err("is a TRUSTED CERTIFICATE of OpenSSL. Convert it with \
                        `openssl x509 -in FILE -out NEW_FILE`");
        }
        label if label.ends_with("PRIVATE KEY") => {
            return Err("is a private key. Remove the key: only certificates belong here");
        }
        _ => return Err("is not a certificate. Remove it"),
    }
    let base64: String = content.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let der = BASE64_STANDARD.decode(base64).map_err(|_| "is not valid base64")?;
    Ok((CertificateDer::from(der), rest))
}

/// Divides a text at the next word BEGIN of a block. A word that lacks its hyphens counts if a
/// certificate is named after it.
fn split_at_begin(text: &str) -> Option<(&str, &str)> {
    text.match_indices(BEGIN).find_map(|(index, word)| {
        let (before, after) = (text.get(..index)?, text.get(index + word.len()..)?);
        let names_certificate = after.lines().next().is_some_and(|line| line.contains("CERTIFICATE"));
        (before.ends_with('-') || names_certificate).then_some((before, after))
    })
}

/// Returns the text of bytes, with `?` for each byte that is not ASCII: only ASCII has a meaning
/// here.
fn ascii(pem: &[u8]) -> Zeroizing<String> {
    // The capacity suffices, so no copy of a private key is left in memory.
    let mut text = Zeroizing::new(String::with_capacity(pem.len()));
    text.extend(pem.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn count(pem: &str) -> usize {
        parse_pem(pem.as_bytes()).unwrap_or_else(|problem| panic!("{pem:?} {problem}")).len()
    }

    #[test]
    fn every_block_is_read_whatever_stands_around_and_between_the_blocks() {
        let joined = ONE.trim_end().repeat(2);
        assert!(joined.contains("----------BEGIN"));
        let indented: String = ONE.lines().map(|line| format!("  \t{line}\r\n")).collect();
        for (pem, expected) in [
            (ONE.to_owned(), 1),
            (joined, 2),
            (format!("\u{FEFF}{ONE}{ONE}"), 2),
            (indented.repeat(3), 3),
            (ONE.replace('\n', "\r"), 1),
            (ONE.replace('\n', ""), 1),
            (ONE.replace('\n', " \n\n"), 1),
            (format!("# J\u{FC}rgen's CA, the BEGIN of all\n{ONE}subject=/CN=x\n{ONE}"), 2),
            (ONE.replace("CERTIFICATE", "X509 CERTIFICATE"), 1),
        ] {
            assert_eq!(count(&pem), expected, "{pem:?}");
        }
    }

    #[test]
    fn a_block_that_is_not_read_is_refused_with_its_number_and_without_its_content() {
        let secret = "c2VjcmV0";
        let block = |label: &str| format!("-----BEGIN {label}-----\n{secret}\n-----END {label}-----\n");
        for (second, expected) in [
            (block("TRUSTED CERTIFICATE"), "TRUSTED CERTIFICATE"),
            (block("PRIVATE KEY"), "private key"),
            (block("RSA PRIVATE KEY"), "private key"),
            (block("ENCRYPTED PRIVATE KEY"), "private key"),
            (block("X509 CRL"), "not a certificate"),
            (block(secret), "not a certificate"),
            (block("CERTIFICATE").replace("\nc2", "\n!2"), "base64"),
            (block("CERTIFICATE").replace("\nc2", "\nX-Header: c2"), "base64"),
            (format!("-----BEGIN CERTIFICATE-----\n{secret}\n"), "no END line"),
            (format!("-----BEGIN CERTIFICATE-----\n{secret}\n{ONE}"), "no END line"),
            (block("CERTIFICATE").replace("END CERT", "END PRIVATE CERT"), "END line"),
            (block("CERTIFICATE").replace("-----BEGIN", "----BEGIN"), "five hyphens"),
            (block("CERTIFICATE").replace("-----BEGIN", "\u{2014}BEGIN"), "five hyphens"),
            (block("CERTIFICATE").replace("CERTIFICATE-----\nc", "CERTIFICATE----\nc"), "five hyphens"),
            (format!("{secret}\n-----END CERTIFICATE-----\n{ONE}"), "without a BEGIN line"),
        ] {
            let problem = parse_pem(format!("{ONE}{second}").as_bytes()).unwrap_err();
            assert!(problem.contains(expected), "{second:?} {problem}");
            assert!(problem.contains("(number 2)"), "{second:?} {problem}");
            assert!(!problem.contains(secret), "{problem}");
        }
        let problem = parse_pem(format!("{ONE}c2\n-----END CERTIFICATE-----\n").as_bytes()).unwrap_err();
        assert!(problem.contains("without a BEGIN line"), "{problem}");
    }

    #[test]
    fn a_text_without_pem_is_refused_with_its_format() {
        for (text, expected) in [
            (b"".as_slice(), "no certificate"),
            (b"nothing", "no certificate"),
            (b"\xFF\xFE-\0-\0", "UTF-16"),
            (b"\x30\x82\x01\x00", "DER"),
        ] {
            let problem = parse_pem(text).unwrap_err();
            assert!(problem.contains(expected), "{text:?} {problem}");
        }
    }
}
