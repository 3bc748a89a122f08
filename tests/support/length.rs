//! How long the long tests run: in full where the variable CI is `true`, which `make test` sets,
//! and short otherwise.

/// Returns whether the long tests run in full.
pub fn is_full() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Returns `full` if the long tests run in full, else `short`: a number of rounds, seeds or steps.
pub fn rounds<T>(full: T, short: T) -> T {
    if is_full() { full } else { short }
}
