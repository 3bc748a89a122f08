//! The queue of scripted faults: which fault applies to which request.

use std::sync::Arc;

use crate::api::operation::{operation, operations};
use crate::error::Error;
use crate::json::ObjectReader;
use crate::nearest::did_you_mean;

use super::fault::Fault;

/// A fault, with the requests that it applies to.
pub(super) struct QueuedFault {
    /// The operation's id; none for every request.
    operation: Option<&'static str>,
    /// How many matching requests pass before the fault applies.
    skip: u64,
    /// How many requests the fault still applies to; none for no limit.
    remaining: Option<u64>,
    fault: Arc<Fault>,
}

impl QueuedFault {
    /// Parses the members of the command `fault`.
    pub(super) fn parse(mut reader: ObjectReader) -> Result<QueuedFault, Error> {
        let operation = parse_target(&mut reader)?;
        let times = reader.take_integer("times", 0..=u64::MAX)?.unwrap_or(1);
        let after = reader.take_integer("after", 0..=u64::MAX)?.unwrap_or(0);
        let fault = Fault::parse(&mut reader)?;
        reader.finish()?;
        Ok(QueuedFault {
            operation,
            skip: after,
            remaining: (times > 0).then_some(times),
            fault: Arc::new(fault),
        })
    }
}

/// Parses the operation that the fault applies to; none for every request.
fn parse_target(reader: &mut ObjectReader) -> Result<Option<&'static str>, Error> {
    match reader.take_string("operation")?.as_deref() {
        Some("*") => Ok(None),
        Some(id) => operation(id).map(|row| Some(row.id)).ok_or_else(|| {
            let hint = did_you_mean(id, operations().iter().map(|operation| operation.id));
            Error::invalid("/operation", format!("The API has no operation {id:?}{hint}"))
        }),
        None => Err(Error::invalid(
            "/operation",
            "`operation` is missing. It must be the id of an operation, or \"*\" for all.",
        )),
    }
}

/// The faults that wait for a request, oldest first.
#[derive(Default)]
pub(super) struct FaultQueue(Vec<QueuedFault>);

impl FaultQueue {
    /// Appends a fault and returns the new length of the queue.
    pub(super) fn add(&mut self, fault: QueuedFault) -> usize {
        self.0.push(fault);
        self.0.len()
    }

    /// Returns the fault that applies to a request of this operation, if there is one. Every
    /// matching fault counts the request towards its `after`; of those that are due, only the
    /// oldest applies.
    pub(super) fn take_matching(&mut self, operation: Option<&str>) -> Option<Arc<Fault>> {
        let mut due = None;
        for (index, queued) in self.0.iter_mut().enumerate() {
            if queued.operation.is_some_and(|target| Some(target) != operation) {
                continue;
            }
            if queued.skip > 0 {
                queued.skip -= 1;
            } else if due.is_none() {
                due = Some((index, Arc::clone(&queued.fault)));
            }
        }
        let (index, fault) = due?;
        let queued = &mut self.0[index];
        queued.remaining = queued.remaining.map(|times| times - 1);
        if queued.remaining == Some(0) {
            self.0.remove(index);
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_fault_that_is_due_applies_to_the_request() {
        let mut queue = FaultQueue::default();
        for fault in [
            r#"{"operation":"list_games","status":500}"#,
            r#"{"operation":"*","status":501,"after":1,"times":2}"#,
            r#"{"operation":"list_games","status":502,"times":0}"#,
        ] {
            let reader = ObjectReader::parse(fault, "The fault").unwrap();
            queue.add(QueuedFault::parse(reader).unwrap());
        }
        let mut status = |operation| {
            let fault = queue.take_matching(Some(operation))?;
            Some(fault.apply_to(None, 0).status().as_u16())
        };
        let statuses: Vec<_> = (0..5).map(|_| status("list_games")).collect();
        assert_eq!(statuses, [Some(500), Some(501), Some(501), Some(502), Some(502)]);
        assert_eq!(status("get_session_status"), None);
    }
}
