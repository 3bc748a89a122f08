//! The error for invalid JSON. `crate::error::Error` converts from it.

/// The error for a JSON document, or a member of a JSON object, that is invalid.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ObjectError {
    /// A JSON pointer to the member; empty for the whole document.
    pub(crate) pointer: String,
    /// The message, a complete sentence.
    pub(crate) message: String,
}

impl ObjectError {
    #[cold]
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> ObjectError {
        ObjectError { pointer: pointer.into(), message: message.into() }
    }
}
