//! Limits that every transport of this library keeps.

use std::time::Duration;

/// The maximum size of the head of a response, with the interim responses before it.
pub(in crate::net) const MAX_HEAD: usize = 64 * 1024;

/// The maximum number of headers of a response over HTTP/1.1.
pub(in crate::net) const MAX_HEADERS: usize = 100;

/// How long an idle connection is kept.
pub(in crate::net) const POOL_IDLE: Duration = Duration::from_secs(20);

/// How long a silent connection stays before the system asks whether the other side is still there.
pub(in crate::net) const KEEPALIVE: Duration = Duration::from_secs(15);
