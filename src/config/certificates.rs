//! The certificates that the client trusts in addition to the system: the keys `ca_file` and
//! `ca_pem`.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;
use crate::json::{ObjectReader, escape_token};

/// Takes the certificates of a file and of a text in PEM format.
pub(super) fn take_certificates(reader: &mut ObjectReader) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut certificates = Vec::new();
    if let Some(path) = reader.take_string("ca_file")? {
        let pem = std::fs::read(&path).map_err(|error| {
            Error::invalid("/ca_file", format!("The file {path:?} cannot be read: {error}."))
        })?;
        read_pem("ca_file", &pem, &mut certificates)?;
    }
    if let Some(pem) = reader.take_string("ca_pem")? {
        read_pem("ca_pem", pem.as_bytes(), &mut certificates)?;
    }
    Ok(certificates)
}

fn read_pem(key: &str, pem: &[u8], certificates: &mut Vec<CertificateDer<'static>>) -> Result<(), Error> {
    let count_before = certificates.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            Error::invalid(
                escape_token(key),
                format!("`{key}` has a certificate that cannot be parsed: {error}."),
            )
        })?;
        // A trust anchor that webpki cannot use would otherwise fail later, with a less clear
        // error.
        rustls::RootCertStore::empty().add(certificate.clone()).map_err(|error| {
            Error::invalid(
                escape_token(key),
                format!("`{key}` has a certificate that cannot be trusted: {error}."),
            )
        })?;
        certificates.push(certificate);
    }
    if certificates.len() == count_before {
        return Err(Error::invalid(escape_token(key), format!("`{key}` has no certificate in PEM format.")));
    }
    Ok(())
}
