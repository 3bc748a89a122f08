//! The keys for a client certificate in a build without TLS: they are refused.

use crate::error::Error;
use crate::json::ObjectReader;

/// A client certificate, which this build cannot have.
#[derive(Clone, Debug)]
pub(crate) enum ClientCertificate {}

/// Refuses the keys of a client certificate.
pub(super) fn take_client_certificate(reader: &mut ObjectReader) -> Result<Option<ClientCertificate>, Error> {
    for key in ["client_cert_file", "client_cert_pem", "client_key_file", "client_key_pem"] {
        if reader.take_string(key)?.is_some() {
            return Err(Error::invalid(
                format!("/{key}"),
                format!("This build of the library contains no TLS, so `{key}` has no meaning. Remove it."),
            ));
        }
    }
    Ok(None)
}
