//! The TLS configuration and the root certificates. The roots are loaded at the first handshake and
//! not when a client is made, because reading those of the system takes long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::roots_state::RootsState;
use super::stdio_guard::StdioGuard;
use super::system_roots;
use super::unwind;
use crate::config::{
    ClientCertificate, Config, TrustedCertificates, check_trust_anchors, read_certificate_file,
};
use crate::sys;

/// The error of root certificates that cannot be loaded, with its reason.
#[derive(Debug)]
pub(super) struct RootsError(String);

impl std::fmt::Display for RootsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The root certificates cannot be loaded: {}", self.0)
    }
}

impl std::error::Error for RootsError {}

/// Verifies certificates with roots that it loads at the first use.
#[derive(Debug)]
pub(crate) struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    given: TrustedCertificates,
    // It belongs to the driver of one process, so it need not be fork-safe.
    verifier: Mutex<Option<Arc<dyn ServerCertVerifier>>>,
    is_loaded: AtomicBool,
}

impl LazyVerifier {
    pub(crate) fn new(config: &Config) -> LazyVerifier {
        LazyVerifier {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            given: config.certificates.clone(),
            verifier: Mutex::new(None),
            is_loaded: AtomicBool::new(false),
        }
    }

    /// Returns which roots are loaded.
    pub(crate) fn loaded(&self) -> RootsState {
        match self.is_loaded.load(Ordering::Relaxed) {
            true => self.state_of_loaded(),
            false => RootsState::None,
        }
    }

    /// Returns which roots this verifier trusts.
    fn state_of_loaded(&self) -> RootsState {
        match self.given.only_these {
            true => RootsState::Given,
            false if cfg!(feature = "bundled-roots") => RootsState::Bundled,
            false => RootsState::System,
        }
    }

    /// Loads the roots on a helper thread of the runtime if they are not loaded: it takes longer
    /// than a frame of a game.
    pub(super) async fn load_elsewhere(self: &Arc<LazyVerifier>) -> Result<(), RootsError> {
        if self.loaded() != RootsState::None {
            return Ok(());
        }
        let roots = Arc::clone(self);
        let load = move || {
            let _stdio = StdioGuard::new();
            roots.load().map(|_| ())
        };
        // Tokio panics if the system provides no thread. Then this thread loads the roots.
        let Ok(task) = unwind::run(|| tokio::task::spawn_blocking(load)) else {
            return self.load().map(|_| ());
        };
        match task.await {
            Ok(loaded) => loaded,
            // The runtime shuts down, or loading panicked.
            Err(error) => Err(RootsError(error.to_string())),
        }
    }

    /// Loads the roots if they are not loaded.
    fn load(&self) -> Result<Arc<dyn ServerCertVerifier>, RootsError> {
        let mut verifier = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = &*verifier {
            return Ok(Arc::clone(verifier));
        }
        let provider = Arc::clone(&self.provider);
        let mut given = self.given.pem.clone();
        if let Some(path) = &self.given.file {
            let in_file = read_certificate_file(path.as_ref())
                .and_then(|certificates| check_trust_anchors(&certificates).map(|()| certificates))
                .map_err(|problem| RootsError(format!("the file {path:?} of `ca_file` {problem}.")))?;
            given.extend(in_file);
        }
        let error = |error: &dyn std::fmt::Display| RootsError(error.to_string());
        let state = self.state_of_loaded();
        let made: Arc<dyn ServerCertVerifier> = if state == RootsState::System {
            given.extend(system_roots::check_variables().map_err(RootsError)?);
            sys::system_verifier(given, provider).map_err(RootsError)?
        } else {
            let mut store = RootCertStore::empty();
            #[cfg(feature = "bundled-roots")]
            if state == RootsState::Bundled {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
            for certificate in given {
                store.add(certificate).map_err(|problem| error(&problem))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|problem| error(&problem))?
        };
        // An error is not kept: the system may get its roots later.
        *verifier = Some(Arc::clone(&made));
        self.is_loaded.store(true, Ordering::Relaxed);
        Ok(made)
    }
}

/// Returns the TLS configuration that verifies with `roots`, and presents `certificate` to servers
/// that ask for one. It names its provider and installs nothing for the process, so it does not
/// affect a host that uses rustls itself.
pub(crate) fn client_config(
    roots: &Arc<LazyVerifier>,
    certificate: Option<&ClientCertificate>,
) -> Result<ClientConfig, rustls::Error> {
    let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(roots) as _;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&roots.provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match certificate {
        Some(ClientCertificate(certified)) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(certified))))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = self.load().map_err(|error| rustls::Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
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
