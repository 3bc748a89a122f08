//! The C interface: nothing but checking, converting and forwarding. Three walls stand between the
//! host and the library, `handle`, `text` and `guard`; behind them every file here holds the exported
//! functions of one subject. What the doc comments of exported functions say is the C header:
//! build.rs puts it together.
//!
//! Every exported function has the same shape: the places for results are emptied, then the inputs
//! are converted, then comes the work, then one return.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]
// The names are those of the header.
#![allow(non_camel_case_types)]

mod base;
mod client;
mod guard;
mod handle;
mod json;
mod log;
mod request;
mod sandbox;
mod session;
mod submit;
mod text;

use base::{ipg_client, ipg_code};
