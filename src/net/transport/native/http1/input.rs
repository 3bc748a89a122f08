//! The buffer of received bytes that are not consumed yet. It limits the memory that a connection
//! keeps, and it does not interpret the bytes.

/// The number of bytes of one read if the remaining length is unknown.
pub(super) const READ_CHUNK: usize = 4 * 1024;

/// Received bytes, consumed from the front.
#[derive(Debug, Default)]
pub(super) struct InputBuffer {
    bytes: Vec<u8>,
    /// The number of consumed bytes, at most `bytes.len()`.
    consumed: usize,
}

impl InputBuffer {
    /// Returns the bytes that are not consumed.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.consumed == self.bytes.len()
    }

    /// Removes up to `count` bytes from the front.
    pub(super) fn consume(&mut self, count: usize) {
        self.consumed += count.min(self.bytes.len() - self.consumed);
    }

    /// Returns the vector to append received bytes to. It holds the unread bytes and has spare
    /// capacity.
    pub(super) fn spare(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.consumed);
        self.consumed = 0;
        if self.bytes.capacity() - self.bytes.len() < READ_CHUNK / 4 {
            self.bytes.reserve(READ_CHUNK);
        }
        &mut self.bytes
    }

    /// Frees the memory of an unusually large head. Unread bytes stay.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() && self.bytes.capacity() > 4 * READ_CHUNK {
            *self = InputBuffer::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_bytes_stay_in_order_when_memory_is_reused_or_freed() {
        let mut input = InputBuffer::default();
        input.spare().extend_from_slice(&[1; 100_000]);
        input.spare().extend_from_slice(b"abc");
        input.consume(100_000);
        input.shrink();
        assert_eq!(input.unread(), b"abc");
        input.consume(1);
        input.spare().push(b'd');
        assert_eq!(input.unread(), b"bcd");
        input.consume(usize::MAX);
        assert!(input.is_empty());
        input.shrink();
        assert_eq!((input.bytes.capacity(), input.unread()), (0, b"".as_slice()));
        input.spare().push(b'e');
        assert_eq!(input.unread(), b"e");
    }
}
