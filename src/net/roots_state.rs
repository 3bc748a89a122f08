//! The state of the root certificates of a client, for its statistics.

/// Which roots are loaded, for the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootsState {
    None,
    /// The roots of the configuration only.
    Given,
    /// The roots of the system and of the configuration.
    System,
    /// The roots inside the library (feature `bundled-roots`) and those of the configuration.
    Bundled,
}
