//! The synchronization primitives of the types that loom models explore. They are those of `std`. In the models
//! (`make test-loom`) they are those of loom, which runs a few threads in every order that matters.
//!
//! `Arc` and `Weak` are always those of `std`: the models explore states, not reference counts. So is the lock that
//! `fork` takes (`fork.rs`): no model forks, and its readers never wait for each other.

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
