//! A buffer that files are read into, again and again.

use std::io::{self, Read};
use std::ops::Deref;

/// Bytes read so far. Memory once taken is kept and never cleared: a fresh page costs more than to fill it.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Reads until `enough` more bytes are there or the source ends, and never more than `max`;
    /// returns how many came.
    pub(super) fn read_from(
        &mut self,
        source: &mut dyn Read,
        enough: usize,
        max: usize,
    ) -> io::Result<usize> {
        let start = self.len;
        loop {
            let left = max - (self.len - start);
            match source.read(&mut self.room(left)[..left]) {
                Ok(0) => break,
                Ok(read) => self.len += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            if self.len - start >= enough {
                break;
            }
        }
        Ok(self.len - start)
    }

    /// What follows the bytes read, at least `len` bytes long.
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < self.len + len {
            self.bytes.resize(self.len + len, 0);
        }
        &mut self.bytes[self.len..]
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, and is interrupted before each.
    struct Drip<'b>(&'b [u8], bool);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = out.len().min(3);
            self.0.read(&mut out[..len])
        }
    }

    #[test]
    fn it_holds_what_was_read_since_it_was_cleared() {
        let mut buffer = Buffer::default();
        let mut source = Drip(b"0123456789", false);
        assert_eq!(buffer.read_from(&mut source, 4, 5).expect("read"), 5);
        assert_eq!(&buffer[..], b"01234");
        buffer.clear();
        buffer.extend_from_slice(b"ab");
        assert_eq!(buffer.read_from(&mut source, 4, 5).expect("read"), 5);
        assert_eq!(&buffer[..], b"ab56789");
        assert_eq!(buffer.read_from(&mut source, 1, 1).expect("read"), 0);
    }
}
