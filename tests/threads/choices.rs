//! Choices that are the same in every run.

/// A number for the choices of one thread, the same in every run.
pub struct Choices(u32);

impl Choices {
    pub fn of(round: u32, thread: u32) -> Choices {
        Choices((round * 64 + thread + 1).wrapping_mul(0x9e37_79b9))
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % end
    }
}
