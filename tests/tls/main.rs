//! Which servers a client trusts, when it reads its roots, and how it speaks HTTP/2, against
//! servers whose certificates are made on the spot.

#[path = "../support/mod.rs"]
mod support;

mod call_headers;
mod certificates;
mod client_certificates;
mod connections;
mod fixture;
mod handshake;
mod http2;
mod http2_server;
mod roots;
mod trust;
