//! JSON helpers. [`depth`], [`members`], [`pointer`] and [`write`] inspect and write JSON text
//! without building a value: numbers keep their digits, and a document of any size costs one pass.
//! [`object_reader`] reads objects that people write by hand (configurations, options, commands).
//! None depends on the API or on the error type of the library.

mod depth;
mod error;
mod members;
mod object_reader;
mod pointer;
mod write;

pub(crate) use depth::{MAX_DEPTH, is_within_max_depth};
pub(crate) use error::ObjectError;
pub(crate) use members::{Key, parse_object};
pub(crate) use object_reader::{ObjectReader, ZeroizingMap};
pub(crate) use pointer::{PointerError, get};
pub(crate) use write::{escape_token, object, push_compact, write_string};
