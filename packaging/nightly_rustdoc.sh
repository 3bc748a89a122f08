#!/bin/sh
# Cargo's rustdoc for `make public-api`: a stable rustdoc that takes the options of a nightly one.
# Only rustdoc gets RUSTC_BOOTSTRAP. Crates such as proc-macro2 look for it: in the environment of
# cargo, it would make cargo build them and all that depend on them anew, now and the next time.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
