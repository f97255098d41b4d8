//! The new chunks of a corpus, laid end to end, and their division into blocks.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use fastcdc::v2020::FastCDC;

/// Every chunk of the corpus once, in order.
pub struct Unique {
    /// The chunks' bytes.
    pub bytes: Vec<u8>,
    /// Length of each chunk.
    pub lengths: Vec<usize>,
    /// Index in `lengths` at which a file of more than `whole` bytes begins or ends.
    bounds: HashSet<usize>,
    /// Bytes before deduplication.
    pub raw: u64,
}

impl Unique {
    /// Chunks the files, with least size average/4 and greatest size average×4.
    ///
    /// A file larger than `whole` bytes shares no block with another file.
    pub fn read(files: &[PathBuf], average: usize, whole: usize) -> io::Result<Self> {
        let mut unique =
            Self { bytes: Vec::new(), lengths: Vec::new(), bounds: HashSet::new(), raw: 0 };
        let mut seen = HashSet::new();
        for path in files {
            let data = fs::read(path)?;
            unique.raw += data.len() as u64;
            unique.mark_bound(data.len() > whole);
            for chunk in FastCDC::new(&data, average / 4, average, average * 4) {
                let chunk = &data[chunk.offset..][..chunk.length];
                if seen.insert(blake3::hash(chunk)) {
                    unique.bytes.extend_from_slice(chunk);
                    unique.lengths.push(chunk.len());
                }
            }
            unique.mark_bound(data.len() > whole);
        }
        Ok(unique)
    }

    fn mark_bound(&mut self, large: bool) {
        if large {
            self.bounds.insert(self.lengths.len());
        }
    }

    /// Ranges of `bytes`: a block ends before the chunk that would take it beyond `size`.
    pub fn blocks(&self, size: usize) -> Vec<Range<usize>> {
        let mut blocks = Vec::new();
        let (mut start, mut end) = (0, 0);
        for (index, length) in self.lengths.iter().enumerate() {
            let full = end - start + length > size || self.bounds.contains(&index);
            if full && end > start {
                blocks.push(start..end);
                start = end;
            }
            end += length;
        }
        if end > start {
            blocks.push(start..end);
        }
        blocks
    }
}
