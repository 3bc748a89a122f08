//! The transport that the suites run with: `IPLAYGAMES_TRANSPORT`, as the clients read it.
//! docs/transports.md has the differences that the callers name.

/// Returns whether the clients of this process use the transport over reqwest.
pub fn is_reqwest() -> bool {
    std::env::var_os("IPLAYGAMES_TRANSPORT").is_some_and(|name| name == "reqwest")
}

/// Returns true with another transport than the native one, and prints why the test does not apply
/// to it. The test then returns.
#[must_use]
pub fn is_native_only(reason: &str) -> bool {
    if is_reqwest() {
        println!("skipped with the reqwest transport: {reason}");
    }
    is_reqwest()
}

/// Returns the expected value for the transport in use.
pub fn expected<T>(native: T, reqwest: T) -> T {
    if is_reqwest() { reqwest } else { native }
}
