//! A certificate authority made for the test, and a TLS server whose certificate it signed.

use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

pub type Secured = StreamOwned<ServerConnection, TcpStream>;

/// Makes a configuration trust only the certificates that it names, if the environment asks for it:
/// wine cannot verify with the system's certificates and others together. On wine,
/// tests/windows/rust.sh sets the variable.
pub fn trust_only_given_on_wine(config: &mut serde_json::Value) {
    let names = ["ca_pem", "ca_file"];
    if std::env::var_os("IPLAYGAMES_TEST_CA_ONLY").is_some()
        && names.iter().any(|name| config.get(name).is_some())
        && config.get("ca_only").is_none()
    {
        config["ca_only"] = true.into();
    }
}

/// An authority that nobody trusts unless told to.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Whether a server asks for a certificate of the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClientCertificates {
    Requested,
    Required,
}

/// A server's or a client's certificates and key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a host name or an address.
    pub fn certify(&self, host: &str) -> Identity {
        self.sign(for_host(host))
    }

    /// The same, but its time is over.
    pub fn certify_expired(&self, host: &str) -> Identity {
        let mut params = for_host(host);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(params)
    }

    /// Returns what verifies the certificates of clients that this authority has signed.
    fn verifier(&self, asked: ClientCertificates) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        match asked {
            ClientCertificates::Requested => builder.allow_unauthenticated().build().unwrap(),
            ClientCertificates::Required => builder.build().unwrap(),
        }
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }
}

impl Identity {
    /// A certificate that vouches for itself.
    pub fn self_signed(host: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = for_host(host).self_signed(&key).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    /// A certificate that vouches for itself and that is an authority, as `openssl req -x509` makes
    /// it.
    pub fn self_signed_authority(host: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = for_host(host);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    /// A certificate that vouches for itself and has a common name only.
    pub fn self_signed_without_names(host: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = for_host(host);
        params.subject_alt_names.clear();
        params.is_ca = IsCa::ExplicitNoCa;
        let certificate = params.self_signed(&key).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    pub fn pem(&self) -> String {
        use base64::Engine as _;
        let base64 = base64::prelude::BASE64_STANDARD.encode(&self.chain[0]);
        format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
    }

    pub fn config(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        self.config_with(WebPkiClientVerifier::no_client_auth(), rustls::ALL_VERSIONS, protocols)
    }

    /// The configuration of a server that asks for certificates that `authority` has signed.
    pub fn config_for_clients(
        &self,
        authority: &Authority,
        asked: ClientCertificates,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Arc<ServerConfig> {
        self.config_with(authority.verifier(asked), versions, protocols)
    }

    fn config_with(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// The certificates in PEM format.
    pub fn certificate_pem(&self) -> String {
        self.chain.iter().map(|der| pem_block("CERTIFICATE", der)).collect()
    }

    /// The private key in PEM format.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

fn pem_block(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let base64 = base64::prelude::BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

/// The server's end of a connection.
pub fn secure(config: &Arc<ServerConfig>, stream: TcpStream) -> Secured {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

fn for_host(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name = named(host);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
