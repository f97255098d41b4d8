//! The parameters that are part of a repository's format.
//!
//! They are fixed when a repository is made and travel with it. Nothing here enters an id: two
//! repositories with different parameters give the same ids to the same files.

use crate::chunk::ChunkLengths;

/// Version of the storage format this program writes; newer ones are refused.
pub const FORMAT_VERSION: u32 = 1;

/// How a repository lays data out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatParams {
    /// Lengths of chunks.
    pub chunk: ChunkLengths,
    /// Bytes of a block of small files, before compression.
    pub small_block_bytes: u32,
    /// Bytes of a block inside one large file, before compression.
    pub large_block_bytes: u32,
    /// Bytes of a block of trees, commits or recipes, before compression.
    pub meta_block_bytes: u32,
    /// Binary logarithm of the bytes covered by one chaining value of a recipe.
    pub group_log2: u8,
}

impl FormatParams {
    /// What a new repository gets; `docs/design` holds the measurements behind each figure.
    pub const DEFAULT: Self = Self {
        chunk: ChunkLengths::DEFAULT,
        small_block_bytes: 128 << 10,
        large_block_bytes: 1 << 20,
        meta_block_bytes: 64 << 10,
        group_log2: 18,
    };

    /// Bytes covered by one chaining value.
    pub fn group_bytes(&self) -> u64 {
        1 << self.group_log2
    }

    /// Text form kept in `state.db`: seven decimal numbers, in the order of the fields.
    pub fn encode(&self) -> String {
        let c = self.chunk;
        format!(
            "{} {} {} {} {} {} {}",
            c.min,
            c.avg,
            c.max,
            self.small_block_bytes,
            self.large_block_bytes,
            self.meta_block_bytes,
            self.group_log2
        )
    }

    /// Reads the text form; `None` when it is malformed or outside the fixed bounds.
    pub fn decode(text: &str) -> Option<Self> {
        let numbers: Vec<u32> = text.split(' ').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let &[min, avg, max, small, large, meta, group] = numbers.as_slice() else { return None };
        let params = Self {
            chunk: ChunkLengths { min, avg, max },
            small_block_bytes: small,
            large_block_bytes: large,
            meta_block_bytes: meta,
            group_log2: u8::try_from(group).ok()?,
        };
        params.is_valid().then_some(params)
    }

    /// Whether every parameter lies in the fixed bounds that keep readers' memory bounded.
    pub fn is_valid(&self) -> bool {
        let block = |n: u32| (16 << 10..=8 << 20).contains(&n);
        self.chunk.is_valid()
            && block(self.small_block_bytes)
            && block(self.large_block_bytes)
            && block(self.meta_block_bytes)
            && (16..=22).contains(&self.group_log2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_is_bounded() {
        let p = FormatParams::DEFAULT;
        assert_eq!(FormatParams::decode(&p.encode()), Some(p));
        assert_eq!(FormatParams::decode("16384 65536 262144 131072 1048576 65536 63"), None);
        assert_eq!(FormatParams::decode("1 2 3"), None);
        assert_eq!(FormatParams::decode("a b c d e f g"), None);
    }
}
