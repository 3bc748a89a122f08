//! JSON helpers: [`raw`] inspects JSON text without building a value, [`object_reader`] reads
//! objects that people write by hand (configurations, options, commands). Neither knows the API or
//! the library's error type.

mod error;
mod object_reader;
mod raw;

pub(crate) use error::ObjectError;
pub(crate) use object_reader::{ObjectReader, ZeroizingMap};
pub(crate) use raw::{Key, MAX_DEPTH, Missing, at, entries, is_shallow, pointer_step, push_compact};
