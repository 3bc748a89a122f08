//! JSON helpers: [`raw`] inspects JSON text without building a value, [`object_reader`] reads
//! objects that people write by hand (configurations, options, commands). Neither depends on the
//! API or on the error type of the library.

mod error;
mod object_reader;
mod raw;

pub(crate) use error::ObjectError;
pub(crate) use object_reader::{ObjectReader, ZeroizingMap};
pub(crate) use raw::{
    Key, MAX_DEPTH, PointerError, escape_token, get, is_within_max_depth, parse_object, push_compact,
    write_string,
};
