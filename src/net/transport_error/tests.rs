use super::*;
use crate::sys;

fn alert(description: rustls::AlertDescription) -> TransportErrorKind {
    let error = rustls::Error::AlertReceived(description);
    let error = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    on_connection(&error, &AttemptStatus::default()).kind
}

#[test]
fn a_tls_error_after_the_handshake_is_a_lost_connection() {
    use rustls::AlertDescription as Alert;
    for description in [Alert::InternalError, Alert::BadRecordMac, Alert::UserCanceled, Alert::DecryptError] {
        assert_eq!(alert(description), TransportErrorKind::ConnectionClosed, "{description:?}");
    }
    let error = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::DecryptError);
    assert_eq!(on_connection(&error, &AttemptStatus::default()).kind, TransportErrorKind::ConnectionClosed);
}

#[test]
fn a_connection_without_a_descriptor_is_an_error_of_resources() {
    assert!(sys::EXHAUSTED_CODES.len() >= 4);
    for code in sys::EXHAUSTED_CODES {
        let error = std::io::Error::from_raw_os_error(*code);
        assert_eq!(unconnected(&error).kind, TransportErrorKind::Resources, "{error}");
    }
    let error = std::io::Error::from_raw_os_error(sys::REFUSED_CODE);
    assert_eq!(unconnected(&error).kind, TransportErrorKind::Connect);
}

fn source(error: &(dyn StdError + 'static)) -> ErrorSource {
    unconnected(error).source.expect("the error has a source")
}

#[test]
fn the_source_is_the_innermost_error_of_io_without_its_text() {
    use std::io::{Error, ErrorKind};
    let nested = Error::other(Error::new(ErrorKind::ConnectionReset, "text"));
    let found = source(&nested);
    let found = found.downcast_ref::<Error>().unwrap();
    assert_eq!((found.kind(), found.get_ref().is_none()), (ErrorKind::ConnectionReset, true));
    let found = source(&Error::other(Error::from_raw_os_error(9)));
    assert_eq!(found.downcast_ref::<Error>().unwrap().raw_os_error(), Some(9));
}

#[test]
fn a_tls_error_inside_an_error_of_io_is_the_source() {
    let nested = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::DecryptError);
    for found in [source(&nested), on_connection(&nested, &AttemptStatus::default()).source.unwrap()] {
        assert_eq!(found.downcast_ref::<rustls::Error>(), Some(&rustls::Error::DecryptError));
    }
}

#[test]
fn a_tls_error_that_refuses_the_client_or_the_handshake_is_a_tls_failure() {
    use rustls::AlertDescription as Alert;
    for description in [Alert::CertificateRequired, Alert::UnknownCA, Alert::AccessDenied] {
        assert_eq!(alert(description), TransportErrorKind::Tls, "{description:?}");
    }
    let error = rustls::Error::AlertReceived(Alert::HandshakeFailure);
    assert_eq!(unconnected(&error).kind, TransportErrorKind::Tls);
}
