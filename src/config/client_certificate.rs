//! The certificate that the client presents to servers that ask for one: the keys
//! `client_cert_file`, `client_cert_pem`, `client_key_file` and `client_key_pem`. Everything is
//! read and checked when the configuration is parsed. `net/tls.rs` uses the result. The
//! certificates of servers are in `certificates.rs`.

use std::fmt;
use std::sync::Arc;

use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::{Zeroize as _, Zeroizing};

use super::client_pem::{parse_certificates, parse_private_key};
use super::pem_file::read_pem_file;
use crate::error::Error;
use crate::json::ObjectReader;

const KEY_KINDS: &str = "Use an RSA key of 2048 to 4096 bits, an ECDSA key on the curve P-256 or P-384, or \
                         an Ed25519 key";

/// A certificate chain and its private key. Its `Debug` shows neither.
#[derive(Clone)]
pub(crate) struct ClientCertificate(pub(crate) Arc<CertifiedKey>);

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("given")
    }
}

/// A text in PEM format, and the configuration key that it comes from.
struct Pem {
    key: &'static str,
    text: Zeroizing<Vec<u8>>,
}

impl Pem {
    /// Takes a text of one of two keys: the name of a file, or the text itself.
    fn take(
        reader: &mut ObjectReader,
        file_key: &'static str,
        pem_key: &'static str,
    ) -> Result<Option<Pem>, Error> {
        let file = reader.take_string(file_key)?;
        match (file, reader.take_secret_string(pem_key)?) {
            (Some(_), Some(_)) => Err(Error::invalid(
                format!("/{pem_key}"),
                format!("`{file_key}` and `{pem_key}` cannot be given together. Remove one."),
            )),
            (Some(path), None) => match read_pem_file(path.as_ref()) {
                Ok(text) => Ok(Some(Pem { key: file_key, text })),
                Err(problem) => {
                    Err(Error::invalid(format!("/{file_key}"), format!("The file {path:?} {problem}.")))
                }
            },
            (None, Some(text)) => {
                Ok(Some(Pem { key: pem_key, text: Zeroizing::new(text.as_bytes().to_vec()) }))
            }
            (None, None) => Ok(None),
        }
    }

    /// Returns an error about the text. `problem` is the predicate of a sentence, and shows nothing
    /// of the text, which may contain a private key.
    fn error(&self, problem: impl fmt::Display) -> Error {
        Error::invalid(format!("/{}", self.key), format!("`{}` {problem}.", self.key))
    }
}

/// Takes the client certificate and its key. Without `client_key_file` and `client_key_pem`, the
/// key is expected beside the certificate.
pub(super) fn take_client_certificate(reader: &mut ObjectReader) -> Result<Option<ClientCertificate>, Error> {
    let certificate = Pem::take(reader, "client_cert_file", "client_cert_pem")?;
    let key = Pem::take(reader, "client_key_file", "client_key_pem")?;
    let Some(certificate) = certificate else {
        return match key {
            Some(key) => Err(key.error("needs a certificate: give `client_cert_file` or `client_cert_pem`")),
            None => Ok(None),
        };
    };
    let chain = parse_certificates(&certificate.text).map_err(|problem| certificate.error(problem))?;
    for (index, certificate_der) in chain.iter().enumerate() {
        ParsedCertificate::try_from(certificate_der).map_err(|error| {
            certificate.error(format_args!(
                "has a certificate (number {}) that cannot be parsed: {error}",
                index + 1
            ))
        })?;
    }
    let key_source = key.as_ref().unwrap_or(&certificate);
    let der = parse_private_key(&key_source.text).map_err(|problem| match key {
        None if problem.is_absent => certificate.error(
            "has no private key. Append the key in PEM format, or give `client_key_file` or `client_key_pem`",
        ),
        _ => key_source.error(problem.text),
    })?;
    certified_key(chain, der, &certificate, key_source).map(Some)
}

fn certified_key(
    chain: Vec<CertificateDer<'static>>,
    mut der: PrivateKeyDer<'static>,
    certificate: &Pem,
    key_source: &Pem,
) -> Result<ClientCertificate, Error> {
    let signing_key = rustls::crypto::ring::sign::any_supported_type(&der);
    der.zeroize();
    // The error of ring says nothing that helps.
    let signing_key = signing_key.map_err(|_| {
        key_source.error(format_args!("has a private key that is damaged or of an unknown kind. {KEY_KINDS}"))
    })?;
    let certified = CertifiedKey::new(chain, signing_key);
    match certified.keys_match() {
        Ok(()) => Ok(ClientCertificate(Arc::new(certified))),
        Err(_) => Err(key_source.error(format_args!(
            "has a private key that does not belong to the first certificate of `{}`. Give the key of that \
             certificate, and put the certificate of the client before those of its issuers",
            certificate.key
        ))),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
    use serde_json::{Value, json};

    use super::*;

    fn certificate_of(key: &KeyPair) -> String {
        CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(key).unwrap().pem()
    }

    fn identity_of(algorithm: &'static SignatureAlgorithm) -> (String, String) {
        let key = KeyPair::generate_for(algorithm).unwrap();
        (certificate_of(&key), key.serialize_pem())
    }

    fn identity() -> (String, String) {
        identity_of(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    fn take(configuration: &Value) -> Result<Option<ClientCertificate>, Error> {
        let mut reader = ObjectReader::parse(&configuration.to_string(), "The configuration").unwrap();
        take_client_certificate(&mut reader)
    }

    fn refusal(configuration: &Value) -> (String, String) {
        let error = take(configuration).unwrap_err();
        (error.field().unwrap().to_owned(), error.message().to_owned())
    }

    fn sec1(key: &KeyPair) -> String {
        // The PKCS#8 document of ring contains the SEC1 key: an ECPrivateKey of version 1 with 32
        // bytes.
        let pkcs8 = key.serialize_der();
        let start = pkcs8.windows(7).position(|found| found[..1] == [0x30] && found[2..] == [2, 1, 1, 4, 32]);
        let start = start.unwrap();
        let end = start + 2 + usize::from(pkcs8[start + 1]);
        // The curve is not in the inner document, as RFC 5915 requires outside of PKCS#8.
        let inner = &pkcs8[start + 2..end];
        let (before_public, public) = inner.split_at(3 + 2 + 32);
        let curve = [0xA0, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
        let body = [before_public, &curve, public].concat();
        let der = [&[0x30, body.len() as u8], body.as_slice()].concat();
        block("EC PRIVATE KEY", &der)
    }

    fn block(label: &str, der: &[u8]) -> String {
        use base64::Engine as _;
        let base64 = base64::prelude::BASE64_STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
    }

    #[test]
    fn every_kind_of_key_is_accepted_beside_the_certificate_and_apart_from_it() {
        let mut identities = vec![
            identity_of(&rcgen::PKCS_ECDSA_P256_SHA256),
            identity_of(&rcgen::PKCS_ECDSA_P384_SHA384),
            identity_of(&rcgen::PKCS_ED25519),
        ];
        let key = KeyPair::generate().unwrap();
        identities.push((certificate_of(&key), sec1(&key)));
        // `openssl ecparam -genkey` writes the curve in a block of its own.
        let parameters = block("EC PARAMETERS", &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]);
        identities.push((certificate_of(&key), format!("{parameters}{}", sec1(&key))));
        let rsa = KeyPair::from_pem(include_str!("test_rsa_key.pem")).unwrap();
        identities.push((certificate_of(&rsa), rsa.serialize_pem()));
        // PKCS#8 puts 26 bytes before the PKCS#1 document of a key of 2048 bits.
        let pkcs1 = block("RSA PRIVATE KEY", &rsa.serialize_der()[26..]);
        identities.push((certificate_of(&rsa), pkcs1));
        for (index, (certificate, key)) in identities.iter().enumerate() {
            for configuration in [
                json!({"client_cert_pem": certificate, "client_key_pem": key}),
                json!({"client_cert_pem": format!("{certificate}{key}")}),
                json!({"client_cert_pem": format!("{key}{certificate}")}),
            ] {
                assert!(take(&configuration).unwrap().is_some(), "{index}");
            }
        }
        assert!(take(&json!({})).unwrap().is_none());
    }

    #[test]
    fn files_are_read_and_may_be_combined_with_texts() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = identity();
        let path = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (certificate_file, key_file) = (path("cert.pem", &certificate), path("key.pem", &key));
        let both = path("both.pem", &format!("{certificate}{key}"));
        for configuration in [
            json!({"client_cert_file": certificate_file, "client_key_file": key_file}),
            json!({"client_cert_file": both}),
            json!({"client_cert_file": both, "client_key_file": both}),
            json!({"client_cert_file": certificate_file, "client_key_pem": key}),
            json!({"client_cert_pem": certificate, "client_key_file": key_file}),
        ] {
            assert!(take(&configuration).unwrap().is_some(), "{configuration}");
        }
        for (configuration, field) in [
            (json!({"client_cert_file": directory.path()}), "/client_cert_file"),
            (json!({"client_cert_file": "/no/such/file"}), "/client_cert_file"),
            (json!({"client_cert_pem": certificate, "client_key_file": "/no/such/file"}), "/client_key_file"),
        ] {
            assert_eq!(refusal(&configuration).0, field, "{configuration}");
        }
    }

    #[test]
    fn an_error_names_the_key_and_the_remedy_and_shows_no_content() {
        let (certificate, key) = identity();
        let (other_certificate, other_key) = identity();
        let secret = "c2VjcmV0";
        let damaged_rsa = block("RSA PRIVATE KEY", &[0x30, 3, 2, 1, 0]);
        let cut = key.split("-----END").next().unwrap();
        let encrypted = block("ENCRYPTED PRIVATE KEY", b"secret");
        let old_encrypted = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n{secret}\n\
             -----END RSA PRIVATE KEY-----\n"
        );
        let both =
            |certificate: &str, key: &str| json!({"client_cert_pem": certificate, "client_key_pem": key});
        for (configuration, field, expected) in [
            (both(&certificate, &other_key), "/client_key_pem", "does not belong"),
            (both(&other_certificate, &key), "/client_key_pem", "does not belong"),
            (both(&format!("{other_certificate}{certificate}"), &key), "/client_key_pem", "does not belong"),
            (both(&certificate, &encrypted), "/client_key_pem", "openssl pkey"),
            (both(&certificate, &old_encrypted), "/client_key_pem", "openssl pkey"),
            (both(&certificate, &damaged_rsa), "/client_key_pem", "2048"),
            (both(&certificate, cut), "/client_key_pem", "END line"),
            (both(&certificate, &block("PRIVATE KEY", b"secret")), "/client_key_pem", "damaged"),
            (both(&certificate, &key.replacen('\n', "\n!", 1)), "/client_key_pem", "base64"),
            (both(&certificate, &format!("{key}{other_key}")), "/client_key_pem", "more than one"),
            (both(&certificate, &certificate), "/client_key_pem", "no private key"),
            (both(&certificate, secret), "/client_key_pem", "no private key"),
            (both(secret, &key), "/client_cert_pem", "no certificate"),
            (both(&key, &key), "/client_cert_pem", "no certificate"),
            (both(&block("CERTIFICATE", b"secret"), &key), "/client_cert_pem", "number 1"),
            (
                both(&format!("{certificate}{}", block("CERTIFICATE", b"secret")), &key),
                "/client_cert_pem",
                "number 2",
            ),
            (json!({"client_cert_pem": certificate}), "/client_cert_pem", "client_key_file"),
            (json!({"client_key_pem": key}), "/client_key_pem", "client_cert_file"),
            (json!({"client_key_pem": 5}), "/client_key_pem", "string"),
            (
                json!({"client_cert_pem": certificate, "client_cert_file": "x"}),
                "/client_cert_pem",
                "together",
            ),
        ] {
            let (found, message) = refusal(&configuration);
            assert_eq!(found, field, "{message}");
            assert!(message.contains(expected), "{expected}: {message}");
            let shown = message + &format!("{:?}", take(&configuration).unwrap_err());
            for line in key.lines().chain(other_key.lines()).filter(|line| !line.starts_with('-')) {
                assert!(!shown.contains(line), "{shown}");
            }
            assert!(!shown.contains(secret) && !shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn debug_output_shows_neither_certificate_nor_key() {
        let (certificate, key) = identity();
        let taken = take(&json!({"client_cert_pem": certificate, "client_key_pem": key})).unwrap();
        assert_eq!(format!("{:?}", taken.unwrap()), "given");
    }
}
