//! The root certificates of the system, except on Android.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

/// Returns a verifier that trusts the roots of the system, and `extra` beside them.
///
/// # Errors
///
/// Returns why the roots cannot be loaded.
pub(crate) fn system_verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let verifier = match extra.is_empty() {
        // On Windows, an empty list of extra roots would make a second engine that trusts nothing.
        true => Verifier::new(provider),
        false => Verifier::new_with_extra_roots(extra, provider),
    };
    verifier.map(|verifier| Arc::new(verifier) as _).map_err(|error| error.to_string())
}
