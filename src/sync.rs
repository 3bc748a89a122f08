//! The synchronization primitives of the types that loom models test. They are the primitives of
//! `std`, and in the models (`make test-loom`) those of loom, which runs the threads of a model in
//! every relevant order.
//!
//! `Arc` and `Weak` are always those of `std`: the models explore states, not reference counts. The
//! lock in `fork.rs` is also that of `std`: no model forks, and its readers never wait for each
//! other.

#[cfg(all(test, iplaygames_loom))]
pub(crate) mod model;
#[cfg(all(test, iplaygames_loom))]
mod model_types;

#[cfg(not(all(test, iplaygames_loom)))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, OnceLock, atomic},
    thread,
};

#[cfg(all(test, iplaygames_loom))]
pub(crate) use {
    loom::{
        sync::{MutexGuard, atomic},
        thread,
    },
    model_types::{Mutex, OnceLock},
};
