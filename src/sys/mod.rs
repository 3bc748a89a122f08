//! Everything that differs between operating systems. All other files are the same on every system.
//!
//! `unix/` has what Unix systems share. `linux.rs`, `apple.rs` and `bsd.rs` have what only some of
//! them have; today only the transport over reqwest needs it. `android.rs` has what Android has
//! besides `linux.rs`, and `windows.rs` has the same functions for Windows. `roots.rs` has the part
//! of the system's root certificates that most systems share.
//!
//! A function has one signature on all systems, and does nothing where a system does not need it. A
//! constant says so where the caller would do work for nothing.
//!
//! Two files are not modules of this one. `closed_stdout.rs` belongs to the program `iplaygames`,
//! because a library must not run code before `main`. `android_exports.rs` belongs to the C
//! interface, because its function exists on Android only. `tests/layers.rs` fails if a file
//! outside of this folder names a system.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use self::unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use self::windows::*;

#[cfg(not(any(unix, windows)))]
compile_error!("iplaygames supports Unix systems and Windows. Build for one of these targets.");

#[cfg(all(feature = "reqwest", any(target_os = "linux", target_os = "android")))]
mod linux;
#[cfg(all(feature = "reqwest", any(target_os = "linux", target_os = "android")))]
pub(crate) use self::linux::*;

#[cfg(all(feature = "reqwest", target_vendor = "apple"))]
mod apple;
#[cfg(all(feature = "reqwest", target_vendor = "apple"))]
pub(crate) use self::apple::*;

#[cfg(all(
    feature = "reqwest",
    unix,
    not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))
))]
mod bsd;
#[cfg(all(
    feature = "reqwest",
    unix,
    not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))
))]
pub(crate) use self::bsd::*;

#[cfg(all(target_os = "android", any(feature = "capi", feature = "tls")))]
mod android;
#[cfg(all(target_os = "android", any(feature = "capi", feature = "tls")))]
pub(crate) use self::android::*;

#[cfg(feature = "native")]
mod liveness;
#[cfg(feature = "native")]
pub(crate) use self::liveness::Liveness;

#[cfg(all(feature = "tls", not(target_os = "android")))]
mod roots;
#[cfg(all(feature = "tls", not(target_os = "android")))]
pub(crate) use self::roots::*;

/// Whether the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the roots of the system.
pub(crate) const HAS_ROOTS_VARIABLES: bool =
    cfg!(all(unix, not(target_os = "android"), not(target_vendor = "apple")));

/// Whether the verifier of the system can trust certificates beside those of the system.
pub(crate) const TRUSTS_EXTRA_ROOTS: bool = cfg!(not(target_os = "android"));

#[cfg(test)]
mod tests;
