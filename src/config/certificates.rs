//! The certificates that the client trusts in addition to the system: the keys `ca_file` and
//! `ca_pem`. The file is only looked up here; `net/tls.rs` reads it at the first connection over
//! TLS.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use rustls::pki_types::CertificateDer;

use super::env::{Environment, read_environment};
use super::pem::parse_pem;
use crate::error::Error;
use crate::json::ObjectReader;

/// The size limit of certificates, in bytes.
const MAX_PEM: u64 = 16 << 20;

/// The certificates of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct TrustedCertificates {
    /// The certificates of `ca_pem`.
    pub(crate) pem: Vec<CertificateDer<'static>>,
    /// The path of `ca_file`.
    pub(crate) file: Option<String>,
    /// Whether the certificates of the system are not trusted.
    pub(crate) only_these: bool,
}

/// Takes the certificates of a text in PEM format, and the name of a file with further ones.
pub(super) fn take_certificates(
    reader: &mut ObjectReader,
    environment: Environment<'_>,
) -> Result<TrustedCertificates, Error> {
    let file = reader.take_string("ca_file")?;
    if let Some(path) = &file {
        std::fs::metadata(path)
            .map_err(|error| format!("cannot be read: {error}"))
            .and_then(|metadata| check_metadata(&metadata))
            .map_err(|problem| Error::invalid("/ca_file", format!("The file {path:?} {problem}.")))?;
    }
    let pem = match reader.take_string("ca_pem")? {
        Some(pem) => read_pem(pem.as_bytes())
            .map_err(|problem| Error::invalid("/ca_pem", format!("`ca_pem` {problem}.")))?,
        None => Vec::new(),
    };
    let only_these = reader.take_bool("only_these_cas")?.unwrap_or(false);
    if only_these && file.is_none() && pem.is_empty() {
        return Err(Error::invalid(
            "/only_these_cas",
            "`only_these_cas` needs certificates: give `ca_file` or `ca_pem`.",
        ));
    }
    if !only_these {
        // They name the certificates of the system.
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            read_environment(environment, name, "/ca_file")?;
        }
    }
    Ok(TrustedCertificates { pem, file, only_these })
}

/// Reads the certificates of a file: a regular file of at most 16 MB, because a pipe or a device
/// may never end.
///
/// # Errors
///
/// Returns the predicate of a sentence about the file.
pub(crate) fn read_certificate_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = open_without_waiting(path).map_err(unreadable)?;
    check_metadata(&file.metadata().map_err(unreadable)?)?;
    let mut pem = Vec::new();
    file.take(MAX_PEM + 1).read_to_end(&mut pem).map_err(unreadable)?;
    check_size(pem.len() as u64)?;
    parse_pem(&pem)
}

/// Checks that each certificate can be a trust anchor. A certificate that webpki cannot use would
/// otherwise fail later, with a less clear error.
///
/// # Errors
///
/// Returns the predicate of a sentence about the source of the certificates.
pub(crate) fn check_trust_anchors(certificates: &[CertificateDer<'static>]) -> Result<(), String> {
    for (index, certificate) in certificates.iter().enumerate() {
        rustls::RootCertStore::empty().add(certificate.clone()).map_err(|error| {
            format!("has a PEM block (number {}) that cannot be trusted: {error}", index + 1)
        })?;
    }
    Ok(())
}

fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    check_size(pem.len() as u64)?;
    let certificates = parse_pem(pem)?;
    check_trust_anchors(&certificates)?;
    Ok(certificates)
}

fn check_metadata(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("is not a regular file. Name a file in PEM format".to_owned());
    }
    check_size(metadata.len())
}

fn check_size(size: u64) -> Result<(), String> {
    match size {
        0..=MAX_PEM => Ok(()),
        _ => Err(format!("is larger than {} MB, so it is not a list of certificates", MAX_PEM >> 20)),
    }
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    File::open(path)
}
