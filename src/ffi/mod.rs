//! The C interface: checks parameters, converts them and calls the library. `handle`, `string` and
//! `boundary` validate; `types`, `tables`, `finalizer` and `request_handle` have what several files
//! use; each of the other files has the exported functions of one subject. The C header consists of
//! the doc comments of these functions; build.rs writes it.
//!
//! Every exported function takes the same steps: it clears the out-parameters, converts the
//! parameters, does the work and returns.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]
// The types have the names of the header. cbindgen exports only items that are `pub`.
#![allow(non_camel_case_types, unreachable_pub)]

mod allocator;
// Its functions exist on Android only.
#[path = "../sys/android_exports.rs"]
mod android_exports;
mod base;
mod boundary;
mod call;
mod client;
mod finalizer;
mod handle;
mod host_loop;
mod journal;
mod json;
mod log;
mod request;
mod request_handle;
mod sandbox;
mod session;
mod string;
mod submit;
mod tables;
mod transport;
mod types;
