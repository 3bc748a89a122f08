//! The certificates that the client trusts in addition to the system: the keys `ca_file` and
//! `ca_pem`. The file is only looked up here; `net/tls.rs` reads it at the first connection over
//! TLS.

use std::path::Path;

use rustls_pki_types::CertificateDer;

use super::env::{Environment, read_environment};
use super::pem::parse_pem;
use super::pem_file::{check_metadata, check_size, read_pem_file};
use crate::error::Error;
use crate::json::ObjectReader;

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
    let only_these = reader.take_bool("ca_only")?.unwrap_or(false);
    if only_these && file.is_none() && pem.is_empty() {
        return Err(Error::invalid("/ca_only", "`ca_only` needs certificates: give `ca_file` or `ca_pem`."));
    }
    check_extra_roots((!pem.is_empty(), file.is_some()), only_these, TRUSTS_EXTRA_ROOTS)?;
    if !only_these {
        // They name the certificates of the system.
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            read_environment(environment, name, "/ca_file")?;
        }
    }
    Ok(TrustedCertificates { pem, file, only_these })
}

/// Whether certificates can be trusted beside those that every client trusts.
const TRUSTS_EXTRA_ROOTS: bool = cfg!(feature = "bundled-roots") || crate::sys::TRUSTS_EXTRA_ROOTS;

/// Refuses certificates beside those of the system where the system cannot trust them.
fn check_extra_roots(
    (has_pem, has_file): (bool, bool),
    only_these: bool,
    trusts_extra: bool,
) -> Result<(), Error> {
    if only_these || trusts_extra {
        return Ok(());
    }
    let key = match (has_pem, has_file) {
        (false, false) => return Ok(()),
        (true, _) => "ca_pem",
        (false, true) => "ca_file",
    };
    Err(Error::invalid(
        format!("/{key}"),
        format!(
            "`{key}` cannot be used on this system, which trusts no certificates beside its own. Set \
             `ca_only` to true, or build the library with the feature `bundled-roots`."
        ),
    ))
}

/// Reads the certificates of a file: a regular file of at most 16 MB, because a pipe or a device
/// may never end.
///
/// # Errors
///
/// Returns the predicate of a sentence about the file.
pub(crate) fn read_certificate_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    parse_pem(&read_pem_file(path)?)
}

/// Checks that each certificate can be a trust anchor. A certificate that webpki cannot use would
/// otherwise fail later, with a less clear error.
///
/// # Errors
///
/// Returns the predicate of a sentence about the source of the certificates.
pub(crate) fn check_trust_anchors(certificates: &[CertificateDer<'static>]) -> Result<(), String> {
    #[cfg(feature = "tls")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_beside_those_of_the_system_are_refused_where_the_system_cannot_trust_them() {
        let field = |given, only_these, trusts_extra| {
            check_extra_roots(given, only_these, trusts_extra)
                .err()
                .map(|error| error.field().unwrap().to_owned())
        };
        assert_eq!(field((true, true), false, false).as_deref(), Some("/ca_pem"));
        assert_eq!(field((false, true), false, false).as_deref(), Some("/ca_file"));
        for (given, only_these, trusts_extra) in
            [((false, false), false, false), ((true, true), true, false), ((true, true), false, true)]
        {
            assert_eq!(field(given, only_these, trusts_extra), None);
        }
    }
}
