//! The interface for a record of calls that is kept outside of this process: the journal. A call
//! that has a record is sent only after the record is durable. This file records nothing itself.

use std::future::Future;
use std::pin::Pin;

use super::call_report::CallReport;
use super::transport_error::TransportError;

/// A write to a record that is under way. Dropping the future does not stop the write.
pub(crate) type RecordFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The record of one call.
pub(crate) trait CallRecord: Send + Sync {
    /// Records that the call is about to be sent. The call waits for the result; after an error it
    /// is not sent.
    fn begin(&self) -> RecordFuture<Result<(), TransportError>>;

    /// Records the end of the call, which waits for it unless it is canceled. Called once, on any
    /// thread, with no lock held. Blocks no thread.
    fn end(&self, report: &CallReport) -> RecordFuture<()>;
}
