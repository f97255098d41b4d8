//! Bytes of a blob, handed on group by group once each has the value that its recipe says.

use std::io::Write;

use crate::id::BlobId;
use crate::recipe;
use crate::store::StoreError;

/// Bytes written at once when a hole is filled.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

pub(super) fn write_zeros(
    mut len: u64,
    checker: &mut GroupChecker,
    sink: &mut Window<'_>,
) -> Result<(), StoreError> {
    while len > 0 {
        let piece = &ZEROS[..len.min(ZEROS.len() as u64) as usize];
        checker.push(piece, sink).map_err(|e| match e {
            CheckError::Mismatch(at) => StoreError::Damaged {
                what: "a hole".to_owned(),
                why: format!("bytes at {at} have another hash"),
            },
            CheckError::Output(e) => StoreError::Output(e),
        })?;
        len -= piece.len() as u64;
    }
    Ok(())
}

/// Passes on a window of the bytes it is given.
pub(super) struct Window<'o> {
    pub(super) out: &'o mut dyn Write,
    pub(super) skip: u64,
    pub(super) left: u64,
}

impl Window<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let skip = self.skip.min(bytes.len() as u64);
        self.skip -= skip;
        let rest = &bytes[skip as usize..];
        let take = self.left.min(rest.len() as u64);
        self.left -= take;
        self.out.write_all(&rest[..take as usize])
    }
}

pub(super) enum CheckError {
    Mismatch(u64),
    Output(std::io::Error),
}

/// Collects bytes until a group is whole, compares its value, and only then passes it on.
pub(super) struct GroupChecker {
    pub(super) group_bytes: u64,
    /// Offset in the blob of the buffer's first byte.
    pub(super) at: u64,
    pub(super) buffer: Vec<u8>,
    pub(super) values: Vec<recipe::Value>,
    pub(super) done: usize,
    /// Where the page, or the blob, ends.
    pub(super) end: u64,
    /// Set for a blob of one group, which has no values.
    pub(super) whole: Option<BlobId>,
}

impl GroupChecker {
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        sink: &mut Window<'_>,
    ) -> Result<(), CheckError> {
        while !bytes.is_empty() {
            let want = self.group_len() as usize;
            if self.buffer.is_empty() && bytes.len() >= want {
                let (group, rest) = bytes.split_at(want);
                self.check(group)?;
                sink.write(group).map_err(CheckError::Output)?;
                bytes = rest;
                continue;
            }
            let take = (want - self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if self.buffer.len() == want {
                self.flush(sink)?;
            }
        }
        Ok(())
    }

    /// Bytes of the group at hand; more than is left would never be complete.
    fn group_len(&self) -> u64 {
        self.group_bytes.min(self.end - self.at).max(1)
    }

    fn flush(&mut self, sink: &mut Window<'_>) -> Result<(), CheckError> {
        let buffer = std::mem::take(&mut self.buffer);
        let result =
            self.check(&buffer).and_then(|()| sink.write(&buffer).map_err(CheckError::Output));
        self.buffer = buffer;
        self.buffer.clear();
        result
    }

    pub(super) fn finish(&mut self, sink: &mut Window<'_>) -> Result<(), CheckError> {
        if self.buffer.is_empty() { Ok(()) } else { self.flush(sink) }
    }

    fn check(&mut self, group: &[u8]) -> Result<(), CheckError> {
        let is_right = match self.whole {
            Some(id) => BlobId::of(group) == id,
            None => self.values.get(self.done) == Some(&recipe::group_value(self.at, group)),
        };
        if !is_right {
            return Err(CheckError::Mismatch(self.at));
        }
        self.done += 1;
        self.at += group.len() as u64;
        Ok(())
    }
}
