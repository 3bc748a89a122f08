//! The key `journal` in a build without the journal: it is refused.

use crate::error::Error;
use crate::json::ObjectReader;

/// The journal of a client, which this build cannot have.
#[derive(Clone, Debug)]
pub(crate) enum JournalConfig {}

/// Refuses the key.
pub(super) fn take_journal(reader: &mut ObjectReader) -> Result<Option<JournalConfig>, Error> {
    match reader.take_value("journal") {
        None => Ok(None),
        Some(_) => Err(Error::invalid(
            "/journal",
            "This build of the library does not contain the journal. Remove `journal`, or use a build with \
             the cargo feature `journal`.",
        )),
    }
}
