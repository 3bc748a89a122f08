//! Reads certificates and a private key from a PEM text that may contain both. Errors show nothing
//! of the text. `client_certificate.rs` checks what the blocks contain.

use rustls_pki_types::pem::{self, PemObject as _, SectionKind};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use zeroize::Zeroizing;

/// The reason why a text has no usable private key.
#[derive(Debug)]
pub(super) struct KeyProblem {
    /// The predicate of a sentence about the text.
    pub(super) text: &'static str,
    /// Whether the text has no block of a private key.
    pub(super) is_absent: bool,
}

/// Returns the certificates of a text, at least one. Other blocks are skipped.
///
/// # Errors
///
/// Returns the predicate of a sentence about the text.
pub(super) fn parse_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    if is_encrypted(pem) {
        return Err(ENCRYPTED);
    }
    let mut certificates = Vec::new();
    for section in sections(pem) {
        let (kind, der) = section?;
        if kind == SectionKind::Certificate {
            certificates.push(CertificateDer::from(der.to_vec()));
        }
    }
    match certificates.is_empty() {
        true => Err("has no certificate in PEM format"),
        false => Ok(certificates),
    }
}

const ENCRYPTED: &str = "has an encrypted private key. Decrypt the key with \
                         `openssl pkey -in FILE -out NEW_FILE`";

/// Returns the private key of a text, which must have one.
///
/// # Errors
///
/// Returns why the text has no usable key.
pub(super) fn parse_private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, KeyProblem> {
    let unusable = |text| KeyProblem { text, is_absent: false };
    if is_encrypted(pem) {
        return Err(unusable(ENCRYPTED));
    }
    let mut key = None;
    for section in sections(pem) {
        let (kind, der) = section.map_err(unusable)?;
        if !is_key(kind) {
            continue;
        }
        if key.is_some() {
            return Err(unusable("has more than one private key. Give the key of the client only"));
        }
        key = Some((kind, der));
    }
    // The copy is handed to the caller, who erases it.
    match key {
        Some((SectionKind::RsaPrivateKey, der)) => Ok(PrivatePkcs1KeyDer::from(der.to_vec()).into()),
        Some((SectionKind::EcPrivateKey, der)) => Ok(PrivateSec1KeyDer::from(der.to_vec()).into()),
        Some((_, der)) => Ok(PrivatePkcs8KeyDer::from(der.to_vec()).into()),
        None => Err(KeyProblem { text: "has no private key in PEM format", is_absent: true }),
    }
}

fn is_key(kind: SectionKind) -> bool {
    matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
}

type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// Returns the blocks of a text whose kind is known.
fn sections(pem: &[u8]) -> impl Iterator<Item = Result<Section, &'static str>> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem).map(|section| match section {
        Ok((kind, der)) => Ok((kind, Zeroizing::new(der))),
        // The errors of the parser contain lines of the text.
        Err(pem::Error::MissingSectionEnd { .. }) => Err("has a PEM block without its END line"),
        Err(pem::Error::IllegalSectionStart { .. }) => {
            Err("has a PEM block whose BEGIN line does not end with five hyphens")
        }
        Err(pem::Error::Base64Decode(_)) => Err("has a PEM block that is not valid base64"),
        Err(_) => Err("cannot be parsed as PEM"),
    })
}

/// Returns whether a text has an encrypted private key: in PKCS#8, or with the headers of OpenSSL's
/// older format.
fn is_encrypted(pem: &[u8]) -> bool {
    let has = |marker: &[u8]| pem.windows(marker.len()).any(|found| found == marker);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"\nProc-Type: 4,ENCRYPTED")
}
