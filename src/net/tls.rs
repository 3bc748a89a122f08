//! Whom to trust. The roots are loaded when the first certificate has to be judged, not when a client
//! is made: reading the system's takes longer than everything else together.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::Config;

/// Which roots are in memory, for the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loaded {
    None,
    /// Only those of the configuration.
    Given,
    /// The system's, and those of the configuration.
    System,
}

/// Judges certificates, by roots that it loads when it has to.
#[derive(Debug)]
pub(crate) struct Roots {
    provider: Arc<CryptoProvider>,
    given: Vec<CertificateDer<'static>>,
    only_given: bool,
    // Belongs to one driver of one process, so no fork can leave it locked for another.
    judge: Mutex<Option<Arc<dyn ServerCertVerifier>>>,
    loaded: AtomicU8,
}

impl Roots {
    pub(crate) fn new(config: &Config) -> Roots {
        Roots {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            given: config.cas.clone(),
            only_given: config.only_these_cas,
            judge: Mutex::new(None),
            loaded: AtomicU8::new(0),
        }
    }

    /// The roots in memory.
    pub(crate) fn loaded(&self) -> Loaded {
        match self.loaded.load(Ordering::Relaxed) {
            0 => Loaded::None,
            1 => Loaded::Given,
            _ => Loaded::System,
        }
    }

    /// Loads the roots, unless they are loaded, on a helper thread of the runtime: it takes longer than a frame of a
    /// game may.
    pub(super) async fn load_elsewhere(self: &Arc<Roots>) -> Result<(), rustls::Error> {
        if self.loaded() != Loaded::None {
            return Ok(());
        }
        let roots = Arc::clone(self);
        match tokio::task::spawn_blocking(move || roots.load().map(|_| ())).await {
            Ok(loaded) => loaded,
            // The runtime shuts down, or loading panicked.
            Err(error) => Err(rustls::Error::General(format!("the roots were not loaded: {error}"))),
        }
    }

    /// Loads the roots, unless they are.
    pub(crate) fn load(&self) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(judge) = &*judge {
            return Ok(Arc::clone(judge));
        }
        let provider = Arc::clone(&self.provider);
        let made: Arc<dyn ServerCertVerifier> = if self.only_given {
            let mut store = RootCertStore::empty();
            for certificate in &self.given {
                store.add(certificate.clone())?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?
        } else {
            let given = self.given.iter().cloned();
            Arc::new(rustls_platform_verifier::Verifier::new_with_extra_roots(given, provider)?)
        };
        // A failure is not kept: a system may get its roots later.
        *judge = Some(Arc::clone(&made));
        self.loaded.store(if self.only_given { 1 } else { 2 }, Ordering::Relaxed);
        Ok(made)
    }
}

/// The TLS configuration that judges by `roots`. Explicit in everything: nothing is installed for the
/// process, so a host's own rustls is left alone.
pub(crate) fn client_config(roots: &Arc<Roots>) -> Result<ClientConfig, rustls::Error> {
    let judge: Arc<dyn ServerCertVerifier> = Arc::clone(roots) as _;
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&roots.provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(judge)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.load()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
