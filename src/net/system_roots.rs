//! The variables `SSL_CERT_FILE` and `SSL_CERT_DIR`, which replace the root certificates of the
//! system on Linux and the BSDs. The platform verifier ignores a path that cannot be read; this
//! file makes it an error. `tls.rs` uses it.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::config::read_certificate_file;
use crate::sys;

/// Checks the variables, and returns the certificates of `SSL_CERT_FILE`. The platform verifier
/// reads them too, but it skips some blocks.
///
/// # Errors
///
/// Returns the reason why the certificates of the system cannot be loaded.
pub(super) fn check_variables() -> Result<Vec<CertificateDer<'static>>, String> {
    if !sys::HAS_ROOTS_VARIABLES {
        return Ok(Vec::new());
    }
    if let Some(directories) = std::env::var_os("SSL_CERT_DIR") {
        for directory in std::env::split_paths(&directories).filter(|path| !path.as_os_str().is_empty()) {
            std::fs::read_dir(&directory).map_err(|error| {
                format!(
                    "the environment variable SSL_CERT_DIR names the directory {directory:?}, which cannot \
                     be read: {error}. Correct the variable or unset it."
                )
            })?;
        }
    }
    let Some(path) = std::env::var_os("SSL_CERT_FILE") else { return Ok(Vec::new()) };
    let unusable = |problem: String| {
        format!(
            "the environment variable SSL_CERT_FILE names the file {path:?}, which {problem}. Correct the \
             variable or unset it."
        )
    };
    let metadata = std::fs::metadata(&path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    if metadata.is_dir() {
        return Err(unusable("is a directory".to_owned()));
    }
    if !metadata.is_file() {
        // A pipe can be read only once, by the platform verifier.
        return Ok(Vec::new());
    }
    let mut certificates = read_certificate_file(path.as_ref()).map_err(unusable)?;
    // The files of systems have certificates that webpki cannot use.
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    Ok(certificates)
}
