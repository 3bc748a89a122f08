//! Random numbers for call ids and for the pauses between attempts. Nothing secret depends on them.

use std::sync::{Mutex, PoisonError};

use crate::codes::Code;
use crate::error::Error;

/// A random number generator that threads share. Each driver has its own, so that a forked child
/// does not repeat the numbers of its parent.
pub(crate) struct Random(Mutex<fastrand::Rng>);

impl Random {
    /// Makes a generator with a seed of the system.
    ///
    /// # Errors
    ///
    /// [`Code::INTERNAL`] when the system has no random numbers.
    pub(crate) fn new() -> Result<Random, Error> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::new(Code::INTERNAL, format!("The system has no random numbers: {error}"))
        })?;
        Ok(Random::with_seed(u64::from_ne_bytes(seed)))
    }

    pub(crate) fn with_seed(seed: u64) -> Random {
        Random(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a call id: 128 random bits in hexadecimal.
    pub(crate) fn call_id(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bits = self.with(|rng| rng.u128(..));
        let mut id = String::with_capacity(32);
        for byte in bits.to_be_bytes() {
            id.push(char::from(DIGITS[usize::from(byte >> 4)]));
            id.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        id
    }

    /// Returns a number from 0 up to 1, not including 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.with(fastrand::Rng::f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_are_32_digits_and_differ() {
        let random = Random::new().unwrap();
        let ids: std::collections::HashSet<String> = (0..1000).map(|_| random.call_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_ne!(Random::new().unwrap().call_id(), Random::new().unwrap().call_id());
    }
}
