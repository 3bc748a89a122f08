//! A `user_data` of the host together with its finalizer. The functions that take both convert them
//! here first, so that the finalizer runs on every path.

use std::ffi::c_void;

use super::types::ipg_finalizer;
use crate::fork;
use crate::panics::InsideGuard;

/// A `user_data` of the host. Dropping it calls the finalizer. What owns it is dropped on threads
/// of the host only, with no lock held.
pub(super) struct FinalizedData {
    user_data: *mut c_void,
    finalizer: ipg_finalizer,
    /// The process that the host passed the data in (its fork generation).
    process: u64,
}

// SAFETY: the library never dereferences the pointer. It passes the pointer to the host's
// functions, which the host allows to run on any of its threads.
unsafe impl Send for FinalizedData {}
// SAFETY: as above.
unsafe impl Sync for FinalizedData {}

impl FinalizedData {
    pub(super) fn new(user_data: *mut c_void, finalizer: ipg_finalizer) -> FinalizedData {
        FinalizedData { user_data, finalizer, process: fork::generation() }
    }

    /// Returns the pointer, for a callback.
    pub(super) fn get(&self) -> *mut c_void {
        self.user_data
    }
}

impl Drop for FinalizedData {
    fn drop(&mut self) {
        // In a forked child, the data is a copy of data that the parent finalizes.
        if let Some(finalizer) = self.finalizer
            && self.process == fork::generation()
        {
            // SAFETY: the host passed the finalizer for this purpose. Nothing uses the data any
            // more.
            unsafe { invoke(finalizer, self.get()) }
        }
    }
}

/// Calls the finalizer. This function does not unwind: an exception that leaves the finalizer ends
/// the process, before the state of the library becomes inconsistent.
///
/// # Safety
///
/// The finalizer comes from the host.
unsafe extern "C" fn invoke(finalizer: unsafe extern "C-unwind" fn(*mut c_void), user_data: *mut c_void) {
    let _outside = InsideGuard::leave();
    // SAFETY: guaranteed by the caller.
    unsafe { finalizer(user_data) };
}
