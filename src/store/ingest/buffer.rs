//! A buffer that files are read into, again and again.

use std::io::{self, Read};
use std::ops::Deref;

/// Bytes read so far. Memory once taken is kept and never cleared: a fresh page costs more than to fill it.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Drops all bytes and makes room for `front` bytes before those that will be read.
    pub(super) fn clear(&mut self, front: usize) {
        (self.start, self.end) = (0, 0);
        self.room(front);
        (self.start, self.end) = (front, front);
    }

    /// Puts bytes into the room before the others.
    pub(super) fn prepend(&mut self, bytes: &[u8]) {
        let start = self.start - bytes.len();
        self.bytes[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }

    /// Drops the first `len` bytes; their room can be used again.
    pub(super) fn drop_front(&mut self, len: usize) {
        self.start = (self.start + len).min(self.end);
    }

    /// Reads until `enough` more bytes are there or the source ends, and never more than `max`;
    /// returns how many came.
    pub(super) fn read_from(
        &mut self,
        source: &mut dyn Read,
        enough: usize,
        max: usize,
    ) -> io::Result<usize> {
        let start = self.end;
        loop {
            let left = max - (self.end - start);
            match source.read(&mut self.room(left)[..left]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            if self.end - start >= enough {
                break;
            }
        }
        Ok(self.end - start)
    }

    /// What follows the bytes read, at least `len` bytes long.
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < self.end + len {
            self.bytes.resize(self.end + len, 0);
        }
        &mut self.bytes[self.end..]
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
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
        buffer.clear(4);
        buffer.prepend(b"ab");
        assert_eq!(buffer.read_from(&mut source, 4, 5).expect("read"), 5);
        assert_eq!(&buffer[..], b"ab56789");
        buffer.drop_front(3);
        buffer.prepend(b"cdefg");
        assert_eq!(&buffer[..], b"cdefg6789");
        assert_eq!(buffer.read_from(&mut source, 1, 1).expect("read"), 0);
    }
}
