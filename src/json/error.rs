//! The error of JSON that cannot be accepted. `crate::error::Error` converts from it.

/// A JSON document, or a member of a JSON object, that is not acceptable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ObjectError {
    /// A JSON pointer to the member; empty for the whole document.
    pub(crate) pointer: String,
    /// A whole sentence.
    pub(crate) message: String,
}

impl ObjectError {
    #[cold]
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> ObjectError {
        ObjectError { pointer: pointer.into(), message: message.into() }
    }
}
